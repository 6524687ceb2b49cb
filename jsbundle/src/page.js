import { cleanUrl } from './redaction.js';

let referrer = document.referrer;
let current = location.href;

export const page = () => ({
  url: cleanUrl(current),
  path: location.pathname,
  title: document.title,
  referrer: cleanUrl(referrer),
});

/** Whether a single-page application has gone to another address since the last call; its page is the current one then. */
export const routeChanged = () => {
  if (location.href === current) return;
  referrer = current;
  return (current = location.href);
};
