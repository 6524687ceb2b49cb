import { PREFIX, read, remove, write } from './storage.js';

const { apiKey, apiUrl = '' } = window.WebsiteTrackerConfig || {};
const COPY = PREFIX + 'config_' + apiKey;

export { apiKey };
export const endpoint = path => apiUrl.replace(/\/+$/, '') + '/v1/' + path;

/** What the server says about this client; null until an answer (or a kept copy of one) has been adopted. */
export let config = null;

const adopt = (answer, onChange) => {
  config = { forms: [], features: {}, consent: {}, batching: {}, ...answer };
  onChange();
};

export const keepCopy = () => write(COPY, JSON.stringify(config));

/** Only for what cannot wait for the server's answer; the answer replaces it. */
export const adoptCopy = onChange => {
  const copy = !config && read(COPY);
  if (copy) adopt(JSON.parse(copy), onChange);
};

export const load = async (onChange, attempt = 0) => {
  const response = await fetch(endpoint('config/' + apiKey), { credentials: 'omit' }).catch(() => ({ status: 503 }));
  if (response.ok) return adopt(await response.json(), onChange);
  // An unknown or revoked key: what was kept under it no longer holds.
  if (response.status < 500 && response.status !== 429) return remove(COPY);
  adoptCopy(onChange);
  if (!config) setTimeout(load, 1000 * 2 ** attempt, onChange, attempt + 1);
};
