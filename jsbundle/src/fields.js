import { config } from './config.js';
import { REDACTED, secretValue, secretWords } from './redaction.js';
import { roleOf } from './roles.js';
import { words } from './words.js';

const MAX_VALUE = 5000;
const MAX_LABEL = 120;
// text, textarea, tel, email, number
const LEAD_TYPE = /^te|^email|^num/;

const passwords = new WeakSet();
const touched = new WeakSet();

export const attribute = (element, ...names) => names.map(name => element.getAttribute(name)).find(Boolean) || '';

export const isField = element => /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName);

/** A "show password" button makes it type=text: what was one once stays one. */
export const rememberPassword = (element, type) => {
  if (/^password$/i.test(type)) passwords.add(element);
};

/** A multi-step form hides what was filled in; a honeypot was never touched. */
export const rememberTouched = element => touched.add(element);

export const matches = (element, selector) => {
  try {
    return element.matches(selector);
  } catch {} // an operator's selector may be none
};

/** All that the page's author says about a field, its type and autocomplete included. */
const wordsOn = element =>
  words(
    [
      element.type,
      ...['autocomplete', 'name', 'id', 'aria-label', 'placeholder'].map(name => attribute(element, name)),
      ...[...(element.labels || [])].map(label => label.textContent.slice(0, MAX_LABEL)),
    ].join(' '),
  );

export const valueOf = element =>
  /^(checkbox|radio)$/.test(element.type) && !element.checked ? '' : element.value;

const offered = element =>
  !/hidden|submit|button|reset|image/.test(element.type) &&
  !element.matches(':disabled') &&
  (touched.has(element) || element.getClientRects().length);

const configuredField = (element, { fields = [] }) =>
  fields.find(({ fieldSelector, fieldName }) =>
    fieldSelector ? matches(element, fieldSelector) : fieldName === attribute(element, 'name'),
  );

/** What one input is and holds, read at once: the page may change or vanish before it is used. */
const inspect = (element, form) => {
  rememberPassword(element, element.type);
  const configured = configuredField(element, form);
  if (element.closest('[data-tracker-ignore]') || !(configured || offered(element))) return [];
  const text = wordsOn(element);
  const value = valueOf(element).trim().slice(0, MAX_VALUE);
  const secret =
    passwords.has(element) ||
    element.closest('[data-tracker-redact]') ||
    secretWords(text);
  const role = !secret && LEAD_TYPE.test(element.type) && roleOf(text, value);
  const key = configured?.fieldName || attribute(element, 'name', 'id') || role;
  return [{ element, key, value, role, configured, secret }];
};

export const inspectAll = (elements, form) => {
  const found = elements.flatMap(element => inspect(element, form));
  // Some pages show a password by copying it into a second, plain input.
  found.forEach(field => {
    field.secret = field.secret || (field.value[3] && found.some(other => other.secret && other.value === field.value));
  });
  return found;
};

/** The text that may leave the page for this field, if any. */
export const permitted = ({ value, role, configured, secret }) => {
  if (secret || secretValue(value)) return value && configured ? REDACTED : '';
  return configured || role || config.captureUnrecognised ? value : '';
};

/** The part of a payload that speaks of fields. Keys are data: no prototype for them to meet. */
export const payloadOf = found => {
  const fields = Object.create(null);
  const roles = Object.create(null);
  found.forEach(field => {
    const value = permitted(field);
    let { key, role } = field;
    if (!value || !key) return;
    while (key in fields) key += '_';
    fields[key] = value;
    if (role) roles[key] = role;
  });
  return { fields, roles };
};

export const progressOf = found => {
  const completed = found.filter(({ value }) => value);
  return {
    completedFields: Object.keys(payloadOf(completed).fields),
    totalFields: found.length,
    percentComplete: Math.round((100 * completed.length) / found.length) || 0,
  };
};
