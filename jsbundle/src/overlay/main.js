/**
 * The debug overlay: loaded by the snippet on `?tracker_debug=1`, or by a tag of the page's own, before or after the script. It knows
 * nothing but the public API, `on('event')` and `on('sent')`, and the forms of the page.
 */
import { eventList } from './events.js';
import { formList } from './forms.js';
import { openPanel } from './panel.js';

const HOST_ID = 'website-tracker-debug';

const start = () => {
  const { globalName = 'WebsiteTracker' } = window.WebsiteTrackerConfig || {};
  const tracker = window[globalName];
  if (!tracker?.on || document.getElementById(HOST_ID)) return;
  const forms = formList();
  const events = eventList();
  tracker.on('event', event => {
    events.made(event);
    if (/^form_(inter|sub)/.test(event.type)) forms.show(event.payload);
  });
  tracker.on('sent', (texts, answered) => events.sent(texts.map(text => JSON.parse(text)), answered));
  openPanel(HOST_ID, [forms.section, events.section]);
};

start();
