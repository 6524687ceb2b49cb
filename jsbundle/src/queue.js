import { config } from './config.js';
import { allowed } from './consent.js';
import { PREFIX, keys, read, remove, write } from './storage.js';
import { post } from './transport.js';
import { log, safe, uuid } from './util.js';

/*
 * Each page keeps its unacknowledged events under a key of its own, so that tabs never overwrite each other.
 * The key's text is [lease, events]: until the lease ends nobody else may touch it. A page that dies leaves
 * its lease to run out, one that is left in good order shortens it; the next page then takes the events over.
 */
const MAX_EVENTS = 1000;
const MAX_CHARACTERS = 512 * 1024;
const MAX_AGE_MS = 7 * 24 * 3600 * 1000;
const MAX_BATCH = 50;
const MAX_BATCH_CHARACTERS = 60000;
// Beyond the next tick, which renews it; a hidden tab may tick later and then finds its events taken over.
const LEASE_MARGIN_MS = 5000;
// Nobody hears the answer to a request of a page that is gone; after this it counts as lost.
const UNHEARD_MS = 10000;
const MAX_RETRY_MS = 300000;

const QUEUE = PREFIX + 'q_';
const OWN = QUEUE + uuid();

const inFlight = new Set();
let events = [];
let lease = 0;
let retryAt = 0;
let failures = 0;

const batchLimit = () => Math.min(config.batching.maxEvents || MAX_BATCH, MAX_BATCH);
const waiting = () => events.filter(event => !inFlight.has(event));
const canSend = () =>
  allowed() && Date.now() < lease && Date.now() >= retryAt && navigator.onLine && waiting().length;

const interval = () => config.batching.flushIntervalMs || 5000;

const save = (until = Date.now() + interval() + LEASE_MARGIN_MS) => {
  // Of too many the oldest goes, but a submission last of all.
  while (events.length > MAX_EVENTS || JSON.stringify(events).length > MAX_CHARACTERS)
    events.splice(Math.max(0, events.findIndex(event => event.type !== 'form_submission')), 1);
  lease = until;
  if (events.length) write(OWN, JSON.stringify([lease, events]));
  else remove(OWN);
};

/** After sleep or the back/forward cache another page may have taken the events over. */
const disown = () => {
  if (Date.now() >= lease && !read(OWN)) events = [];
};

/** The newest first: what has just happened must not queue behind a backlog. */
const nextBatch = () => {
  let room = MAX_BATCH_CHARACTERS;
  return waiting()
    .reverse()
    .slice(0, batchLimit())
    .filter((event, index) => (room -= JSON.stringify(event).length) > 0 || !index);
};

const dispatch = async leaving => {
  const batch = nextBatch();
  batch.forEach(event => inFlight.add(event));
  const wait = await post(batch, leaving && UNHEARD_MS);
  batch.forEach(event => inFlight.delete(event));
  if (wait >= 0) {
    const backoff = Math.min(1000 * 2 ** failures++, MAX_RETRY_MS) * (0.5 + Math.random() / 2);
    retryAt = Date.now() + Math.max(wait, backoff);
    setTimeout(flush, retryAt - Date.now());
  } else {
    events = events.filter(event => !batch.includes(event));
    failures = retryAt = 0;
    save();
    if (waiting().length >= batchLimit()) flush();
  }
};

/** One request at a time works off a backlog; what is urgent does not wait for it. */
export const flush = urgent => {
  if (canSend() && (urgent || !inFlight.size)) dispatch();
};

/** The page is hidden, or left: out with all that waits, and soon to the next page what was not heard of. */
export const handOver = leaving => {
  disown();
  while (canSend()) dispatch(leaving);
  if (leaving) save(inFlight.size ? Date.now() + UNHEARD_MS : retryAt);
};

export const push = event => {
  log(event);
  disown();
  events.push(event);
  save();
  if (waiting().length >= batchLimit()) flush();
};

const adopt = key => {
  const [until, left] = JSON.parse(read(key));
  if (key === OWN || until > Date.now()) return;
  events.unshift(...left.filter(event => Date.now() - event.timestamp < MAX_AGE_MS));
  save();
  remove(key);
};

export const tick = () => {
  if (!allowed()) return;
  const takeOver = () => {
    disown();
    save();
    keys(QUEUE).forEach(safe(adopt));
    flush();
  };
  // Two tabs that wake together must not take over the same events.
  if (navigator.locks) navigator.locks.request(QUEUE, takeOver).catch(flush);
  else takeOver();
};

export const startQueue = () => {
  tick();
  setInterval(safe(tick), interval());
};

export const forgetQueue = () => {
  events = [];
};
