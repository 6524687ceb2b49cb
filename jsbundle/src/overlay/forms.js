import { element, section } from './dom.js';

const OUTCOMES = {
  sent: 'sent',
  redacted: 'redacted',
  dropped: 'dropped: not recognised, or sensitive',
};

const row = ({ name, role, outcome }) =>
  element(
    'tr',
    { 'data-outcome': outcome },
    element('th', { scope: 'row' }, name),
    element('td', {}, role || '–'),
    element('td', { class: 'outcome' }, OUTCOMES[outcome]),
  );

/** What the form on the page has and the event has not. */
const dropped = (formId, known) => {
  const form = [...document.forms].find(({ id, name }) => formId && [id, name].includes(formId));
  const names = [...(form?.elements || [])].filter(({ value, type }) => value && !/submit|button|hidden/.test(type));
  return [...new Set(names.map(({ name, id }) => name || id))].filter(name => name && !(name in known));
};

const table = ({ formId, formName, fields = [] }) =>
  element(
    'table',
    { tabindex: '0' },
    element('caption', {}, [formName, formId && `(${formId})`].filter(Boolean).join(' ') || 'Form'),
    element(
      'thead',
      {},
      element('tr', {}, ...['Field', 'Role', 'Outcome'].map(title => element('th', { scope: 'col' }, title))),
    ),
    element('tbody', {}, ...fields.map(row)),
  );

/** One table per form: what became of each field when it was last looked at. */
export const formList = () => {
  const list = element('div', { class: 'list' });
  const tables = new Map();
  const seen = new Map();
  const seenRoles = new Map();
  return {
    section: section('Forms', 'No form was used yet.', list),
    show: ({ formId, formName, fields, roles }) => {
      const key = JSON.stringify([formId, formName]);
      const values = Object.assign(seen.get(key) || {}, fields);
      const named = Object.assign(seenRoles.get(key) || {}, roles);
      seen.set(key, values);
      seenRoles.set(key, named);
      const sent = Object.keys(values).map(name => ({
        name,
        role: named[name],
        outcome: values[name] === '[REDACTED]' ? 'redacted' : 'sent',
      }));
      const rest = dropped(formId, values).map(name => ({ name, outcome: 'dropped' }));
      const shown = table({ formId, formName, fields: [...sent, ...rest] });
      if (tables.has(key)) tables.get(key).replaceWith(shown);
      else list.append(shown);
      tables.set(key, shown);
    },
  };
};
