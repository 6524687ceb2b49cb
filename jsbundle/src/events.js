import { allowed } from './consent.js';
import { notify } from './hooks.js';
import { touch, visitorAndSession } from './identity.js';
import { page } from './page.js';
import { push } from './queue.js';
import { uuid } from './util.js';

// Asking for the time zone is slow, and it does not change.
const metadata = {
  language: navigator.language,
  timezone: window.Temporal?.Now.timeZoneId() || Intl.DateTimeFormat().resolvedOptions().timeZone,
};

const enqueue = (type, payload, timestamp) => {
  const [visitorId, sessionId] = visitorAndSession();
  const event = { id: uuid(), type, timestamp, sessionId, visitorId, payload: { ...payload, page: page() }, metadata };
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
