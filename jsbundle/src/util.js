import { config } from './config.js';

export const log = (...details) => config?.debug && console.log('WebsiteTracker', ...details);

/** A host page must never see an error of ours, so everything it can call or trigger goes through here. */
export const safe = job => (...args) => {
  try {
    return job(...args);
  } catch (error) {
    log(error);
  }
};

export const listen = (target, types, handler) =>
  types.split(' ').forEach(type => target.addEventListener(type, safe(handler), true));

/** Runs `before` ahead of the host's method, whose arguments, result and errors stay its own. */
export const wrap = (owner, name, before) => {
  const native = owner[name];
  owner[name] = function () {
    safe(before)(this);
    return native.apply(this, arguments);
  };
};

/** randomUUID is missing on plain http pages; the name of a blob is a UUID everywhere. */
export const uuid = () => (crypto.randomUUID ? crypto.randomUUID() : URL.createObjectURL(new Blob()).slice(-36));
