import { adoptHint, config, load } from './config.js';
import { DECISION, allowed, decide } from './consent.js';
import { emit } from './events.js';
import { forgetIdentity, renewIdentity } from './identity.js';
import { routeChanged } from './page.js';
import { flush, startQueue } from './queue.js';
import { PREFIX, keys, remove } from './storage.js';
import { listen, safe } from './util.js';

const ROUTE_MS = 300;

const pending = [];
let started = false;

const pageView = () => {
  if (config.features.pageViews !== false) emit('page_view');
};

/** Leaves nothing of ours on the device but the refusal. */
const erase = () => {
  forgetIdentity();
  keys(PREFIX).forEach(key => key !== DECISION && remove(key));
};

const start = () => {
  started = true;
  pageView();
  startQueue();
};

const settle = () => {
  if (!config) return;
  if (!allowed()) erase();
  else if (!started) start();
  pending.splice(0).forEach(job => job());
};

/** Runs the job once the configuration is known. What is about to be lost makes do with what the snippet says. */
export const whenReady = job => {
  adoptHint(settle);
  if (config) job();
  else pending.push(safe(job));
};

/**
 * Looked at now and then and before each action of the visitor, so that the host's history stays as it is, a redirect
 * counts once and the title is that of the new page: frameworks set it after the address.
 */
export const checkRoute = () => routeChanged() && whenReady(pageView);

export const consent = decision => {
  // A refusal in another tab may be news here.
  settle();
  decide(decision);
  settle();
};

/** Another person sits down: what waits still belongs to the one before. */
export const reset = () => allowed() && renewIdentity();

export const boot = () => {
  // Also a decision made in another tab.
  setInterval(
    safe(() => {
      settle();
      checkRoute();
    }),
    ROUTE_MS,
  );
  listen(window, 'pagehide visibilitychange', safe(() => whenReady(flush)));
  load(safe(settle));
};
