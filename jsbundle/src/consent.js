import { config } from './config.js';
import { PREFIX, read } from './storage.js';

export const DECISION = PREFIX + 'consent';

/** The decision, and behind a bar the version of the site's text that it is about. Anything but "granted" is a refusal. */
export const decision = () => read(DECISION).split('|');

/** As it stands on each event in the script with the consent record; nothing where nothing was decided. */
export const record = () => {
  const [state, ...version] = decision();
  return state ? { state: state === 'granted' ? state : 'denied', version: version.join('|') || undefined } : undefined;
};

export const optIn = () => config.consent.mode === 'optin';

const objects = () =>
  (config.consent.respectGpc && navigator.globalPrivacyControl) || (config.consent.respectDnt && navigator.doNotTrack > 0);

/** Asked before every write and every request, so that a refusal in one tab holds in all. */
export const allowed = () => {
  const [state] = decision();
  return config && (state ? state === 'granted' : !optIn() && !objects());
};
