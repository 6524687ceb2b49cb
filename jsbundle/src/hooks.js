import { safe } from './util.js';

const listeners = [];

/** Calls back on every notification of that name, until the function that it returns is called. */
export const on = (name, callback) => {
  listeners.push([name, safe(callback)]);
};

export const notify = (name, ...args) => listeners.forEach(([wanted, callback]) => wanted === name && callback(...args));
