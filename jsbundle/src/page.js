import { cleanUrl } from './redaction.js';
import { listen, wrap } from './util.js';

let referrer = document.referrer;
let current = location.href;

export const page = () => ({
  url: cleanUrl(current),
  path: location.pathname,
  title: document.title,
  referrer: cleanUrl(referrer),
});

/** Calls back once per address that a single-page application settles on. */
export const watchRoutes = onRoute => {
  // Later, because frameworks set the title after the address, and a redirect sets the address twice.
  const changed = () =>
    setTimeout(() => {
      if (location.href === current) return;
      referrer = current;
      current = location.href;
      onRoute();
    });
  wrap(history, 'pushState', changed);
  wrap(history, 'replaceState', changed);
  listen(window, 'popstate hashchange', changed);
};
