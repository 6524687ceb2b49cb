import { allowed } from './consent.js';
import { sessionId, touchSession, visitorId } from './identity.js';
import { page } from './page.js';
import { push } from './queue.js';
import { uuid } from './util.js';

const metadata = () => ({
  language: navigator.language,
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
});

const enqueue = (type, payload, timestamp) =>
  push({
    id: uuid(),
    type,
    timestamp,
    sessionId: sessionId(),
    visitorId: visitorId(),
    payload: { ...payload, page: page() },
    metadata: metadata(),
  });

/** The only way in: nothing is made, stored or sent without consent. */
export const emit = (type, payload) => {
  if (!allowed()) return;
  const now = Date.now();
  if (touchSession(now)) enqueue('session_start', {}, now);
  enqueue(type, payload, now);
};
