/*
 * Shows each event of this page in four stages. Captured: the SDK says so. Queued: the service's own answer, seen on
 * the wire. Stored: asked of the server, by event id. Redacted: what stands in the form and is not in the event.
 */
(() => {
  'use strict';
  const root = document.getElementById('demo');
  const { client, globalName, ingestPath } = root.dataset;
  const form = document.getElementById('demo-form');
  const list = document.getElementById('events');
  const news = document.getElementById('news');
  const STAGES = ['captured', 'redacted', 'queued', 'stored'];
  const ASK_MS = 1000;
  const PATIENCE_MS = 60000;
  const MOST_SHOWN = 50;
  const events = new Map();
  const counts = { captured: 0, redacted: 0, queued: 0, stored: 0 };

  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  const count = (name, more = 1) => {
    counts[name] += more;
    document.getElementById(`count-${name}`).textContent = counts[name];
  };

  /** `state` is done, wait, none or fail; the words say the same as the colour. */
  const put = (entry, stage, state, words) => {
    if (entry.stages[stage].dataset.state === 'done') return;
    entry.stages[stage].dataset.state = state;
    entry.stages[stage].lastChild.textContent = words;
    if (state === 'done') count(stage);
  };

  const labelOf = name => {
    const input = form.elements[name];
    return (input && input.labels && input.labels[0] && input.labels[0].textContent) || name;
  };

  const draw = event => {
    const item = make('li', 'event card');
    const head = make('div', 'event-head');
    head.append(make('strong', '', event.type));
    const time = make('time', 'hint', new Date(event.timestamp).toLocaleTimeString());
    time.dateTime = new Date(event.timestamp).toISOString();
    head.append(time);
    const stages = make('dl', 'stages');
    const entry = { event, item, stages: {}, at: Date.now() };
    STAGES.forEach(name => {
      const box = make('div');
      box.dataset.stage = name;
      box.dataset.state = 'wait';
      box.append(make('dt', '', name[0].toUpperCase() + name.slice(1)), make('dd', '', 'waiting'));
      entry.stages[name] = box;
      stages.append(box);
    });
    item.append(head, stages, fieldsOf(event));
    list.prepend(item);
    while (list.children.length > MOST_SHOWN) list.lastChild.remove();
    return entry;
  };

  const fieldsOf = event => {
    const details = make('details');
    details.append(make('summary', '', 'What is in it'));
    const json = make('pre', '', JSON.stringify(event.payload, null, 2));
    json.tabIndex = 0;
    details.append(json);
    return details;
  };

  /** Labels of inputs that hold something which this event does not say. */
  const keptBack = ({ type, payload = {} }) => {
    const sent = payload.fields;
    if (!sent || payload.formId === undefined) return [];
    const named = type === 'form_interaction' ? [] : [...form.elements].filter(input => input.name && input.value);
    const silent = named.filter(input => !(input.name in sent)).map(input => labelOf(input.name));
    return silent.concat(Object.keys(sent).filter(name => sent[name] === '[REDACTED]').map(labelOf));
  };

  const seen = event => {
    let entry = events.get(event.id);
    if (entry) return entry;
    entry = draw(event);
    events.set(event.id, entry);
    put(entry, 'captured', 'done', 'made in this page');
    const kept = keptBack(event);
    put(entry, 'redacted', kept.length ? 'done' : 'none', kept.length ? kept.join(', ') : 'nothing to keep back');
    put(entry, 'queued', 'wait', 'kept in this browser');
    news.textContent = `Captured ${event.type}.`;
    return entry;
  };

  const answered = (entry, status, reason) => {
    if (reason) {
      put(entry, 'queued', 'fail', `refused: ${reason}`);
      put(entry, 'stored', 'none', 'never');
    } else if (status >= 200 && status < 300) {
      put(entry, 'queued', 'done', 'accepted by the service');
      put(entry, 'stored', 'wait', 'waiting for a worker');
      entry.at = Date.now();
    } else if (status >= 400 && status < 500 && status !== 429) {
      put(entry, 'queued', 'fail', `refused with status ${status}`);
      put(entry, 'stored', 'none', 'never');
    } else put(entry, 'queued', 'wait', status ? `status ${status}, will be sent again` : 'offline, will be sent again');
  };

  // ---------------------------------------------------------------------------------------------------- on the wire

  const send = window.fetch;

  const batchOf = (input, init) => {
    const url = new URL(input.url || input, location.href);
    if (!url.pathname.endsWith(`/${ingestPath}`) || !init || typeof init.body !== 'string') return [];
    return JSON.parse(init.body).events || [];
  };

  window.fetch = async (input, init) => {
    let batch = [];
    try {
      batch = batchOf(input, init).map(seen);
    } catch {
      // Not a batch of ours.
    }
    try {
      const response = await send.call(window, input, init);
      if (batch.length) readAnswer(response.clone(), batch);
      return response;
    } catch (error) {
      batch.forEach(entry => answered(entry, 0));
      throw error;
    }
  };

  const readAnswer = async (response, batch) => {
    const body = await response.json().catch(() => ({}));
    const refused = new Map((body.rejected || []).map(({ index, reason }) => [index, reason]));
    batch.forEach((entry, index) => answered(entry, response.status, refused.get(index)));
    askSoon();
  };

  // -------------------------------------------------------------------------------------------------- on the server

  let timer = 0;

  const unstored = () =>
    [...events.values()].filter(
      ({ stages }) => stages.queued.dataset.state === 'done' && stages.stored.dataset.state === 'wait',
    );

  const askSoon = () => {
    if (!timer && unstored().length) timer = setTimeout(ask, ASK_MS);
  };

  const ask = async () => {
    const waiting = unstored().slice(-50);
    const body = JSON.stringify({ clientId: client, ids: waiting.map(({ event }) => event.id) });
    const headers = { 'Content-Type': 'application/json' };
    try {
      const response = await send.call(window, '/demo/stored', { method: 'POST', headers, body });
      if (response.ok) show(await response.json(), waiting);
    } catch {
      // Asked again below.
    }
    timer = 0;
    askSoon();
  };

  const show = ({ events: found, testOnly }, waiting) => {
    found.forEach(({ id, fields, leadStatus, leadQuality }) => {
      const entry = events.get(id);
      const redacted = Object.keys(fields).filter(name => fields[name] === 'redacted');
      const lead = leadStatus ? `lead: ${leadStatus}, quality ${leadQuality}` : 'no lead';
      put(entry, 'stored', 'done', redacted.length ? `${lead}; redacted: ${redacted.join(', ')}` : lead);
      news.textContent = `Stored ${entry.event.type}.`;
    });
    waiting
      .filter(entry => entry.stages.stored.dataset.state === 'wait')
      .forEach(entry => {
        if (testOnly) put(entry, 'stored', 'none', 'shown for test events only; see trackerctl event tail');
        else if (Date.now() - entry.at > PATIENCE_MS)
          put(entry, 'stored', 'fail', 'not after a minute; see trackerctl event outcomes');
      });
  };

  // ---------------------------------------------------------------------------------------------------- on the page

  // The loader stands before this script, so the API or its queue is there unless the loader was blocked.
  const api = () => window[globalName];
  if (api() && api().on) api().on('event', seen);
  else document.getElementById('absent').hidden = Boolean(api());

  const calls = {
    track: () => api().track('demo_click', { button: 'track' }),
    chat: () => api().chat('Hello from the demo'),
    granted: () => api().consent('granted'),
    denied: () => api().consent('denied'),
    reset: () => api().reset(),
    flush: () => api().flush(),
  };
  document.querySelectorAll('[data-call]').forEach(button =>
    button.addEventListener('click', () => {
      calls[button.dataset.call]();
      news.textContent = `Called ${button.textContent}.`;
    }),
  );

  // A page whose own handler sends the form by itself is captured as well; and what is typed here stays out of the
  // address bar.
  form.addEventListener('submit', event => {
    event.preventDefault();
    document.getElementById('form-said').textContent = 'Sent. Thank you!';
  });
})();
