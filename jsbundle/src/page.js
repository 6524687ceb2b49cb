import { cleanUrl } from './redaction.js';

const MAX_URL = 2000;

let referrer = document.referrer;
let current = location.href;

const address = url => cleanUrl(url).slice(0, MAX_URL);

export const page = () => ({
  url: address(current),
  path: location.pathname,
  title: document.title,
  referrer: address(referrer),
});

/** Whether a single-page application has gone to another address since the last call; its page is the current one then. */
export const routeChanged = () => {
  if (location.href === current) return;
  referrer = current;
  return (current = location.href);
};
