export const given = window.WebsiteTrackerConfig || {};

export const { apiKey, apiUrl = '', globalName = 'WebsiteTracker', ingestPath = 'v1/track/events' } = given;
export const endpoint = path => apiUrl.replace(/\/+$/, '') + '/' + path;

/** What the server says about this client; null until an answer has been adopted. */
export let config = null;

const adopt = (answer, onChange) => {
  config = { forms: [], features: {}, consent: {}, batching: {}, ...answer };
  onChange?.();
};

/**
 * For what cannot wait for the server's answer, which replaces it: the snippet may say what the visitor's consent rests on.
 * Without that nothing may be kept.
 */
export const adoptHint = onChange => {
  if (!config && given.consent) adopt(given, onChange);
};

export const load = async (onChange, attempt = 0) => {
  try {
    const response = await fetch(endpoint('v1/config/' + apiKey));
    if (response.ok) return adopt(await response.json(), onChange);
    // An unknown or revoked key.
    if (response.status < 429) return;
  } catch {}
  adoptHint(onChange);
  setTimeout(load, 1000 * 2 ** attempt, onChange, attempt + 1);
};
