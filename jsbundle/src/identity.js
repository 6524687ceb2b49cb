import { PREFIX, read, write } from './storage.js';
import { uuid } from './util.js';

const VISITOR = PREFIX + 'visitor_id';
const SESSION = PREFIX + 'session';
const INACTIVITY_MS = 30 * 60 * 1000;

// A host that clears the storage must not turn one visitor into two within a page.
let visitor = '';
let session = '';

export const visitorId = () => {
  const stored = read(VISITOR);
  visitor = stored || visitor || uuid();
  if (!stored) write(VISITOR, visitor);
  return visitor;
};

export const sessionId = () => session.split('|')[0];

/** Counts as activity. True when it began a new session. */
export const touchSession = now => {
  const [id, seen] = (read(SESSION) || session).split('|');
  const fresh = !(now - seen < INACTIVITY_MS);
  session = (fresh ? uuid() : id) + '|' + now;
  write(SESSION, session);
  return fresh;
};

export const forgetIdentity = () => {
  visitor = session = '';
};
