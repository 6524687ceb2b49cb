import { cleanUrl } from './redaction.js';
import { safe } from './util.js';

const MAX_URL = 2000;
const ROUTE_MS = 300;

let referrer = document.referrer;
let current = location.href;

const address = url => cleanUrl(url).slice(0, MAX_URL);

export const page = () => ({
  url: address(current),
  path: location.pathname,
  title: document.title,
  referrer: address(referrer),
});

/**
 * Calls back once per address that a single-page application settles on: frameworks set the title after the address, and
 * a redirect sets the address twice. Looking now and then leaves the host's history untouched.
 */
export const watchRoutes = onRoute =>
  setInterval(
    safe(() => {
      if (location.href === current) return;
      referrer = current;
      current = location.href;
      onRoute();
    }),
    ROUTE_MS,
  );
