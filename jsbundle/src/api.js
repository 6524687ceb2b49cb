import { emit } from './events.js';
import { on } from './hooks.js';
import { consent, reset, whenReady } from './lifecycle.js';
import { flush } from './queue.js';
import { cleanObject } from './redaction.js';
import { safe } from './util.js';

const track = (name = '', payload) => {
  emit(/^[a-z]\w{0,63}$/.test(name) ? name : 'custom', { name, ...cleanObject(payload) });
};

const methods = {
  track,
  reset,
  flush,
  identify: traits => {
    emit('identify', { fields: cleanObject(traits) });
    flush();
  },
  chat: said => {
    const { message, ...fields } = cleanObject(said.message ? said : { message: said });
    emit('chat_message', { message, fields });
    flush();
  },
};

/** A decision and a listener count at once; other calls are kept until the configuration is known, in order. */
export const api = { on, consent: safe(consent) };
for (const name in methods) {
  api[name] = safe((...args) => whenReady(() => methods[name](...args)));
}
