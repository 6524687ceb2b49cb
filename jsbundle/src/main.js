import { api } from './api.js';
import { apiKey } from './config.js';
import { watchForms } from './forms.js';
import { boot } from './lifecycle.js';
import { safe } from './util.js';

safe(() => {
  // A tag manager and a theme may both carry the snippet.
  if (!apiKey || window.WebsiteTracker?.track) return;
  window.WebsiteTracker = api;
  watchForms();
  boot();
})();
