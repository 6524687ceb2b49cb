import { element, section } from './dom.js';

const MAX_SHOWN = 200;
const MADE = 'made, on the device';
const SENT = 'sent, acknowledged';
const FAILED = 'not acknowledged, will be sent again';

const item = event => {
  const state = element('span', { class: 'state' }, MADE);
  const details = element(
    'details',
    {},
    element('summary', {}, element('code', {}, event.type), ' ', state),
    element('p', {}, new Date(event.timestamp).toLocaleTimeString()),
  );
  // What leaves the page, and only for those who ask.
  const show = () => details.append(element('pre', { tabindex: '0' }, JSON.stringify(event.payload, null, 2)));
  details.addEventListener('toggle', show, { once: true });
  return { state, line: element('li', { 'data-state': 'made' }, details) };
};

/** The page's events, the newest first, and what became of them. */
export const eventList = () => {
  const list = element('ol', { class: 'list', reversed: '' });
  const items = new Map();
  const made = event => {
    const { line, state } = item(event);
    items.set(event.id, { line, state });
    list.prepend(line);
    if (items.size > MAX_SHOWN) {
      const [[oldest, { line: last }]] = items;
      items.delete(oldest);
      last.remove();
    }
  };
  const sent = (events, answered) =>
    events.forEach(event => {
      // One that an earlier page left behind was not seen when it was made.
      if (!items.has(event.id)) made(event);
      const { line, state } = items.get(event.id) || {};
      if (!line) return;
      line.dataset.state = answered ? 'sent' : 'failed';
      state.textContent = answered ? SENT : FAILED;
    });
  return { section: section('Events', 'No event yet.', list), made, sent };
};
