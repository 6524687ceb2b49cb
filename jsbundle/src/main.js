import { api } from './api.js';
import { apiKey, globalName } from './config.js';
import { watchForms } from './forms.js';
import { boot } from './lifecycle.js';
import { safe } from './util.js';

safe(() => {
  const before = window[globalName] || {};
  // A tag manager and a theme may both carry the snippet. One with a queue is only the snippet's own stub.
  if (!apiKey || (before.track && !before.q)) return;
  window[globalName] = api;
  watchForms();
  boot();
  before.q?.forEach(safe(([name, ...args]) => api[name](...args)));
})();
