/** A host page must never see an error of ours, so everything it can call or trigger goes through here. */
export const safe = job => (...args) => {
  try {
    return job(...args);
  } catch {}
};

export const listen = (target, types, handler) =>
  types.split(' ').forEach(type => target.addEventListener(type, handler, true));

/** randomUUID is missing on plain http pages; the name of a blob is a UUID everywhere. */
export const uuid = () => crypto.randomUUID?.() || Date.now() + '-' + Math.random();
