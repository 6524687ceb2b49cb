import { apiKey, endpoint, ingestPath } from './config.js';

// Of at most three bytes each. The browser refuses more than 64 KB under way for pages that are left.
const KEEPALIVE_CHARACTERS = 21000;
// Less than a claim on the events lasts, see queue.js.
const TIMEOUT_MS = 14000;

/** Milliseconds until another try may help; nothing when the batch is done with, taken or refused for good. */
export const post = async texts => {
  try {
    // A string is sent as text/plain, which needs no preflight.
    const body = `{"apiKey":${JSON.stringify(apiKey)},"sentAt":${Date.now()},"events":[${texts}]}`;
    const { status, headers } = await fetch(endpoint(ingestPath), {
      method: 'POST',
      body,
      keepalive: body.length < KEEPALIVE_CHARACTERS,
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
    });
    if (status > 499 || status === 429) return headers.get('Retry-After') * 1000 || 0;
  } catch {
    return 0;
  }
};
