/* Asks the server, adds what only a browser can see, and writes it down as text: no HTML is ever made of an answer. */
(() => {
  'use strict';
  const { publicUrl, scriptName } = document.getElementById('test').dataset;
  const form = document.getElementById('test-form');
  const wrong = document.getElementById('key-wrong');
  const result = document.getElementById('result');
  const summary = document.getElementById('summary');
  const list = document.getElementById('checks');
  const MARKS = { ok: '✓', info: 'i', warning: '!', error: '✕', skipped: '–' };
  const WORDS = { ok: 'Fine', info: 'Note', warning: 'Look', error: 'Wrong', skipped: 'Not tried' };
  const SECRET =
    'That is a secret key. It was not sent anywhere and is no longer in the input. It belongs on a server only: if it ' +
    'stands in a page, revoke it with `trackerctl key revoke`. What goes here is the publishable key, pk_….';

  /** Text with `code` in it, as nodes. */
  const worded = (node, text) => {
    text.split('`').forEach((part, index) => {
      if (index % 2) {
        const code = document.createElement('code');
        code.textContent = part;
        node.append(code);
      } else node.append(part);
    });
    return node;
  };

  const make = (tag, className, text = '') => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    return worded(node, text);
  };

  const mark = status => {
    const node = make('span', `mark ${status}`);
    const sign = make('span', '', MARKS[status]);
    sign.setAttribute('aria-hidden', 'true');
    node.append(sign, make('span', 'hidden', `${WORDS[status]}: `));
    return node;
  };

  const rowsOf = rows => {
    const details = make('details');
    details.open = rows.some(({ status }) => status === 'error' || status === 'warning');
    const items = make('ul', 'rows');
    rows.forEach(({ name, status, detail }) => {
      const item = make('li');
      item.append(mark(status), make('strong', '', name), make('span', '', detail));
      items.append(item);
    });
    details.append(make('summary', '', 'Details'), items);
    return details;
  };

  const draw = ({ id, title, status, detail, remedy, rows }) => {
    const item = make('li', `card check-item ${status}`);
    item.dataset.check = id;
    item.dataset.status = status;
    const head = make('h3');
    head.append(mark(status), title);
    item.append(head, make('p', '', detail));
    if (remedy) item.append(make('p', 'remedy', remedy));
    if (rows && rows.length) item.append(rowsOf(rows));
    list.append(item);
  };

  const told = checks => {
    const errors = checks.filter(({ status }) => status === 'error').length;
    const warnings = checks.filter(({ status }) => status === 'warning').length;
    if (!errors && !warnings) return 'Nothing is wrong.';
    const parts = [];
    if (errors) parts.push(`${errors} ${errors === 1 ? 'thing is' : 'things are'} wrong`);
    if (warnings) parts.push(`${warnings} to look at`);
    return `${parts.join(', ')}.`;
  };

  /** Whether this browser can load the script from where pages are told to. */
  const reach = async () => {
    const title = 'From this browser';
    const address = `${publicUrl.replace(/\/$/, '')}/${scriptName}`;
    try {
      const response = await fetch(address, { credentials: 'omit' });
      if (!response.ok) throw new Error(`status ${response.status}`);
      await response.text();
      return { id: 'reach', title, status: 'ok', detail: `${address} was loaded.` };
    } catch {
      return {
        id: 'reach',
        title,
        status: 'error',
        detail: `${address} could not be loaded.`,
        remedy:
          'Check TRACKER_PUBLIC_URL, the reverse proxy and its certificate. An ad-blocker may be at work too: ' +
          'TRACKER_SCRIPT_NAME and TRACKER_INGEST_PATH give script and endpoint other names.',
      };
    }
  };

  const ask = async question => {
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch('/config-test/check', { method: 'POST', headers, body: JSON.stringify(question) });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.detail || answer.title);
    return answer.checks;
  };

  const run = async question => {
    result.setAttribute('aria-busy', 'true');
    summary.textContent = 'Checking…';
    list.replaceChildren();
    let checks = [];
    try {
      checks = await ask(question);
      if (checks.length > 1) checks.push(await reach());
      summary.textContent = told(checks);
    } catch (error) {
      summary.textContent = `The check did not run: ${error.message}`;
    }
    checks.forEach(draw);
    result.setAttribute('aria-busy', 'false');
    document.getElementById('result-title').focus();
  };

  /** Says what is wrong with the key before anything is sent. */
  const refuse = text => {
    const input = form.elements.key;
    wrong.hidden = !text;
    wrong.replaceChildren();
    worded(wrong, text);
    if (text) input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
    if (text) input.focus();
    return Boolean(text);
  };

  const refused = () => {
    const key = form.elements.key.value.trim();
    if (/^sk_/i.test(key)) {
      form.elements.key.value = '';
      return refuse(SECRET);
    }
    return refuse(key ? '' : 'Type the publishable key first.');
  };

  form.addEventListener('submit', event => {
    event.preventDefault();
    if (refused()) return;
    const { key, origin, url, html } = form.elements;
    run({ apiKey: key.value.trim(), origin: origin.value, url: url.value, html: html.value });
  });

  // A link may bring key and address along; they do not stay in the address bar or the history.
  const given = new URLSearchParams(location.search);
  if (location.search) history.replaceState(null, '', location.pathname);
  ['key', 'url', 'origin'].forEach(name => {
    form.elements[name].value = given.get(name) || '';
  });
  if (given.get('key') && !refused()) form.requestSubmit();
})();
