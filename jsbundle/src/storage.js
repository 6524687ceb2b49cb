import { safe } from './util.js';

/** localStorage that never throws: what it refuses (blocked, full) lives in memory for as long as the page does. */
export const PREFIX = '_crm_';

const memory = {};
const disk = safe(() => localStorage)() || {};

export const remove = key => {
  delete memory[key];
  delete disk[key];
};

/** Replaces in one step: a page killed between a removal and a write would lose both. */
export const write = (key, value) => {
  try {
    disk[key] = value;
    delete memory[key];
  } catch {
    memory[key] = value;
  }
};

export const read = key => memory[key] || disk[key] || '';

/** Our own keys that begin with `prefix`. */
export const keys = prefix => [memory, disk].flatMap(Object.keys).filter(key => key.startsWith(prefix));
