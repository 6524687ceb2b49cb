import { allowed, record } from './consent.js';
import { notify } from './hooks.js';
import { touch, visitorAndSession } from './identity.js';
import { page } from './page.js';
import { push } from './queue.js';
import { uuid } from './util.js';

// Asking for the time zone is slow, and it does not change.
const metadata = {
  language: navigator.language,
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
};

export const make = (type, payload, timestamp = Date.now()) => {
  const [visitorId, sessionId] = visitorAndSession();
  return {
    id: uuid(),
    type,
    timestamp,
    sessionId,
    visitorId,
    payload: { ...payload, page: page() },
    metadata: RECORD ? { ...metadata, consent: record() } : metadata,
  };
};

const enqueue = (type, payload, timestamp) => {
  const event = make(type, payload, timestamp);
  push(event);
  notify('event', event);
};

/** The only way in: nothing is made, stored or sent without consent. */
export const emit = (type, payload) => {
  if (!allowed()) return;
  const now = Date.now();
  const attribution = touch(now);
  if (attribution) enqueue('session_start', { attribution }, now);
  enqueue(type, payload, now);
};
