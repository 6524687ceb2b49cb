import { config } from './config.js';
import { allowed } from './consent.js';
import { notify } from './hooks.js';
import { PREFIX, keys, read, remove, write } from './storage.js';
import { post } from './transport.js';

/*
 * Each event is a key of its own: keeping one costs the same however many wait, and tabs never overwrite each other.
 * The keys sort by importance and age. The text is a time and the event: until then it is claimed by the page that wrote
 * it, later any page may send it. A page claims what it makes while it gathers a batch, and what it sends while it waits
 * for the answer. So nothing has to be handed over when a page dies, sleeps or comes back.
 */
// A fifth of what a site may store.
const MAX_CHARACTERS = 1024 * 1024;
const MAX_AGE_MS = 7 * 24 * 3600 * 1000;
const MAX_BATCH = 50;
// Of at most three bytes each; a page that is left may have 64 KB under way.
const MAX_BATCH_CHARACTERS = 20000;
// Longer than a batch gathers: a page that is gone by then has left its events to others.
const GATHER_MS = 6000;
// Longer than a request may take. Nobody hears the answer to a page that is gone: this is when it counts as lost.
const ANSWER_MS = 15000;
// Four minutes and a quarter.
const MAX_DOUBLINGS = 8;

const QUEUE = PREFIX + 'q_';

// Keys that this page made and has not sent, with the time of the claim: whoever took one over has changed it.
let own = {};
let retryAt = 0;
let failures = 0;

const batchLimit = () => config.batching.maxEvents || MAX_BATCH;

/** Of too many the oldest goes, but a submission last of all. */
const waiting = alsoOthers => {
  let room = MAX_CHARACTERS;
  return keys(QUEUE)
    .sort()
    .reverse()
    .filter(key => {
      const text = read(key);
      const until = parseInt(text);
      room -= text.length;
      if (room > 0 && Date.now() - key.slice(8, 21) < MAX_AGE_MS)
        return own[key] === until || (alsoOthers && until < Date.now());
      remove(key);
    });
};

const deliver = async (batch, texts) => {
  const wait = await post(texts);
  const retry = wait >= 0 && allowed();
  // The browser may well have sent it, though it tells a page that is being left that it failed: the claim stands.
  if (retry && document.hidden) return;
  if (!retry) retryAt = failures = 0;
  // Requests that fail together count once.
  else if (Date.now() >= retryAt)
    retryAt = Math.ceil(Date.now() + Math.max(wait, 2 ** Math.min(failures++, MAX_DOUBLINGS) * (500 + Math.random() * 500)));
  batch.forEach((key, index) => (retry ? write(key, retryAt + texts[index]) : remove(key)));
  notify('sent', texts, !retry);
  if (!retry) tick();
};

const send = alsoOthers => {
  let room = MAX_BATCH_CHARACTERS;
  const texts = [];
  const batch = waiting(alsoOthers).filter(key => {
    const text = read(key).slice(13);
    room -= text.length;
    if ((room < 0 && texts[0]) || texts.length === batchLimit()) return;
    delete own[key];
    write(key, Date.now() + ANSWER_MS + text);
    return texts.push(text);
  });
  if (batch[0]) deliver(batch, texts);
  return batch[0];
};

const maySend = () => allowed() && Date.now() >= retryAt && navigator.onLine;

/** Sends what this page has made. */
export const flush = () => {
  while (maySend() && send());
};

/** Sends also what other pages left behind, one request at a time. */
export const tick = () => {
  // Two tabs that wake together might both take an event before either sees the other's claim: the server drops an id
  // that it knows.
  maySend() && send(true);
};

export const push = event => {
  const key = QUEUE + +(event.type === 'form_submission') + event.timestamp + event.id;
  own[key] = Date.now() + GATHER_MS;
  write(key, own[key] + JSON.stringify(event));
  if (Object.keys(own).length >= batchLimit()) flush();
};

export const startQueue = () => {
  tick();
  setInterval(tick, config.batching.flushIntervalMs || 5000);
};
