import { adoptHint, config, load } from './config.js';
import { DECISION, allowed } from './consent.js';
import { emit, make } from './events.js';
import { forgetIdentity, renewIdentity } from './identity.js';
import { routeChanged } from './page.js';
import { startQueue } from './queue.js';
import { PREFIX, keys, read, remove, write } from './storage.js';
import { post } from './transport.js';
import { safe } from './util.js';

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

export const consent = (state, options) => {
  // A refusal in another tab may be news here.
  settle();
  const before = RECORD && [read(DECISION), allowed()];
  // At once, whatever is known of the client: a refusal must not be lost to a page that navigates.
  write(DECISION, RECORD && options?.version ? state + '|' + options.version : state);
  // Banners repeat a decision on each page.
  if (RECORD && read(DECISION) !== before[0]) {
    // A refusal is told of once, and nothing else that waits: what is kept on the device goes now.
    if (before[1] && !allowed()) post([JSON.stringify(make('consent'))]);
    whenReady(() => emit('consent'));
  }
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
  load(safe(settle));
};
