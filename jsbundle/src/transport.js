import { apiKey, config, endpoint, ingestPath, load } from './config.js';

// Of at most three bytes each. The browser refuses more than 64 KB under way for pages that are left.
const KEEPALIVE_CHARACTERS = 21000;
// Less than a claim on the events lasts, see queue.js.
const TIMEOUT_MS = 14000;

/** Milliseconds until another try may help; nothing when the batch is done with, taken or refused for good. */
export const post = async texts => {
  try {
    // A string is sent as text/plain, which needs no preflight.
    const body = `{"events":[${texts}],` + JSON.stringify({ apiKey, siteToken: config.siteToken, sentAt: Date.now() }).slice(1);
    const { status, headers } = await fetch(endpoint(ingestPath), {
      method: 'POST',
      body,
      keepalive: body.length < KEEPALIVE_CHARACTERS,
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
    });
    const wait = headers.get('Retry-After');
    // A site token that is over comes with a time to wait, a key that is revoked without.
    if (status === 401) await load();
    if (status > 428 || wait) return wait * 1000 || 0;
  } catch {
    return 0;
  }
};
