import { apiKey, endpoint } from './config.js';

// The browser refuses more than 64 KB; what it refuses stays in the queue.
const KEEPALIVE_BYTES = 64000;

/**
 * Milliseconds until another try may help; nothing when the batch is done with, taken or refused for good.
 * With `unheard` the page is being left: the browser takes the batch, and after that time it counts as lost.
 */
export const post = async (events, unheard) => {
  const url = endpoint('track/events');
  // A string is sent as text/plain, which needs no preflight.
  const body = JSON.stringify({ apiKey, sentAt: Date.now(), events });
  if (unheard && navigator.sendBeacon(url, body)) return new Promise(resolve => setTimeout(resolve, unheard, 0));
  try {
    const { status, headers } = await fetch(url, {
      method: 'POST',
      body,
      keepalive: new Blob([body]).size < KEEPALIVE_BYTES,
      credentials: 'omit',
    });
    if (status > 499 || status === 429) return headers.get('Retry-After') * 1000 || 0;
  } catch {
    return 0;
  }
};
