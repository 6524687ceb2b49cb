import { config } from './config.js';
import { PREFIX, read, write } from './storage.js';

export const DECISION = PREFIX + 'consent';

export const optIn = () => config.consent.mode === 'optin';

const objects = () =>
  (config.consent.respectGpc && navigator.globalPrivacyControl) || (config.consent.respectDnt && navigator.doNotTrack > 0);

/** Asked before every write and every request, so that a refusal in one tab holds in all. */
export const allowed = () => {
  const decision = read(DECISION);
  return config && (decision ? decision === 'granted' : !optIn() && !objects());
};

/** Kept at once, whatever is known of the client: a refusal must not be lost to a page that navigates. */
export const decide = decision => write(DECISION, decision);
