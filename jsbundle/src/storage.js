/** localStorage that never throws: what it refuses (blocked, full) lives in memory for as long as the page does. */
export const PREFIX = '_crm_';

const memory = {};

export const remove = key => {
  delete memory[key];
  try {
    localStorage.removeItem(key);
  } catch {}
};

/** Replaces in one step: a page killed between a removal and a write would lose both. */
export const write = (key, value) => {
  delete memory[key];
  try {
    localStorage.setItem(key, value);
  } catch {
    memory[key] = value;
  }
};

export const read = key => {
  try {
    return memory[key] || localStorage.getItem(key) || '';
  } catch {
    return '';
  }
};

/** Our own keys that begin with `prefix`. */
export const keys = prefix => {
  let found = Object.keys(memory);
  try {
    found = found.concat(Object.keys(localStorage));
  } catch {}
  return found.filter(key => key.startsWith(prefix));
};
