import { emit } from './events.js';
import { consent, pageView, whenReady } from './lifecycle.js';
import { flush } from './queue.js';
import { cleanObject } from './redaction.js';
import { safe } from './util.js';

const track = (name = '', payload) => {
  const clean = cleanObject(payload);
  if (/^[a-z]\w{0,63}$/.test(name)) emit(name, clean);
  else emit('custom', { name: '' + name, ...clean });
};

const identify = traits => {
  emit('identify', { fields: cleanObject(traits) });
  flush(true);
};

const methods = { track, identify, page: pageView, consent, flush: () => flush(true) };

/** Calls made before the configuration is known are kept and made then, in order. */
export const api = {};
Object.keys(methods).forEach(name => {
  api[name] = safe((...args) => whenReady(() => methods[name](...args)));
});
