import { config } from './config.js';
import { PREFIX, read, remove, write } from './storage.js';

export const DECISION = PREFIX + 'consent';

const optIn = () => config.consent.mode === 'optin';

const objects = () =>
  (config.consent.respectGpc && navigator.globalPrivacyControl) || (config.consent.respectDnt && navigator.doNotTrack > 0);

/** Asked before every write and every request, so that a refusal in one tab holds in all. */
export const allowed = () => {
  const decision = read(DECISION);
  return config && (decision ? decision === 'granted' : !optIn() && !objects());
};

export const decide = decision => {
  // With opt-in a refusal is what holds anyway, and remembering it would store something unasked.
  if (decision === 'granted' || !optIn()) write(DECISION, decision);
  else remove(DECISION);
};
