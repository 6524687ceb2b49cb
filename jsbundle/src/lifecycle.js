import { adoptCopy, config, keepCopy, load } from './config.js';
import { DECISION, allowed, decide } from './consent.js';
import { emit } from './events.js';
import { forgetIdentity } from './identity.js';
import { watchRoutes } from './page.js';
import { forgetQueue, handOver, startQueue, tick } from './queue.js';
import { PREFIX, keys, remove } from './storage.js';
import { listen, safe } from './util.js';

const pending = [];
let started = false;

export const pageView = () => {
  if (config.features.pageViews !== false) emit('page_view');
};

/** Leaves nothing of ours on the device but a decision that has to be remembered. */
const erase = () => {
  forgetQueue();
  forgetIdentity();
  keys(PREFIX).forEach(key => key !== DECISION && remove(key));
};

const start = () => {
  started = true;
  emit('tracker_initialized', { version: '1.0.0' });
  pageView();
  startQueue();
};

const settle = () => {
  if (!allowed()) erase();
  else {
    keepCopy();
    if (!started) start();
  }
  pending.splice(0).forEach(job => job());
};

/** Runs the job once the configuration is known. What is about to be lost makes do with the kept copy. */
export const whenReady = (job, urgent) => {
  if (urgent) adoptCopy(settle);
  if (config) job();
  else pending.push(safe(job));
};

export const consent = decision => {
  decide(decision);
  settle();
};

export const boot = () => {
  watchRoutes(() => whenReady(pageView));
  listen(window, 'pagehide', () => handOver(true));
  listen(document, 'visibilitychange', () => document.hidden && handOver());
  listen(window, 'online', tick);
  listen(window, 'pageshow', event => {
    if (event.persisted) {
      tick();
      pageView();
    }
  });
  load(safe(settle)).catch(() => {});
};
