import { config } from './config.js';
import { REDACTED, secretValue, secretWords } from './redaction.js';
import { roleOf } from './roles.js';
import { PREFIX } from './storage.js';
import { safe } from './util.js';
import { words } from './words.js';

const MAX_VALUE = 5000;
const MAX_LABEL = 120;
const FIELD = 'input,select,textarea';
const WORDY = ['type', 'autocomplete', 'name', 'id', 'placeholder', 'aria-label'];
// text, textarea, tel, email, number
const LEAD_TYPE = /^(te|em|nu)/;

/** What is known of a field or a form; gone with it. Names that begin with _ are shortened by the build. */
export const memo = node => (node[PREFIX] = node[PREFIX] || {});

export const attribute = (element, name) => element.getAttribute(name) || '';

export const isField = element => element.matches?.(FIELD);

export const hasField = element => element.querySelector(FIELD);

/** What the element is or stands in, shadow roots included, if the operator's selector fits (it may be none at all). */
export const within = safe(
  (element, selector) => element && (element.closest(selector) || within(element.getRootNode().host, selector)),
);

/** A "show password" button makes it type=text: what was one once stays one. */
export const rememberPasswords = root =>
  root.querySelectorAll('[type=password]').forEach(element => (memo(element)._password = true));

/** A honeypot is out of sight, whether by its own style or by that of what it stands in. */
const visible = element => {
  const { right, bottom } = element.getBoundingClientRect();
  return (
    element.tabIndex >= 0 &&
    right + scrollX > 0 &&
    bottom + scrollY > 0 &&
    element.checkVisibility?.({ checkOpacity: true, checkVisibilityCSS: true }) !== false
  );
};

/** Once is enough: a multi-step form hides what was filled in, and looking again at a thousand fields takes long. */
const seen = element => (memo(element)._seen = memo(element)._seen || visible(element));

/** A multi-step form may give one input another meaning at each step. */
export const rememberTouched = element => {
  seen(element);
  memo(element)._text = '';
};

/** Notes each field's labels: asked for them one by one, the browser walks through the document for each. */
export const rememberLabels = root =>
  root.querySelectorAll('label').forEach(label => {
    const known = memo(label.control || label);
    (known._labels = known._labels || new Set()).add(label);
  });

/** All that the page's author says about a field, its type and autocomplete included; parts between bars. */
const wordsOn = element =>
  words(
    [...WORDY, ...(element.ariaLabelledByElements || []), ...(memo(element)._labels || [])]
      .map(one => (one.textContent ?? attribute(element, one)).slice(0, MAX_LABEL))
      .join(' | ') + ' |',
  );

/** Of a file its name and size, never its content. */
export const valueOf = element =>
  element.files
    ? [...element.files].map(({ name, size }) => name + ' ' + size) + ''
    : /x$|io/.test(element.type) && !element.checked
      ? ''
      : element.value;

/** Notes what one input is and holds, all at once: the page may change or vanish. False where it is none of ours. */
const inspect = (element, fields = []) => {
  const known = memo(element);
  known._configured = fields.find(
    ({ fieldSelector, fieldName }) => within(element, fieldSelector || `[name="${fieldName}"]`) === element,
  );
  known._value = valueOf(element).trim().slice(0, MAX_VALUE);
  if (!known._text) {
    known._text = wordsOn(element);
    known._named = secretWords(known._text);
    known._promise = LEAD_TYPE.test(element.type) && roleOf(known._text);
  }
  known._secret =
    known._password || known._named || secretValue(known._value) || within(element, '[data-tracker-redact]');
  return (
    !within(element, '[data-tracker-ignore]') &&
    (known._configured ||
      (!/submit|button|reset|image/.test(element.type) &&
        !element.matches(':disabled') &&
        seen(element)))
  );
};

/** A bare "name" is the other half of a first or last name; a text area beside an address is the message. */
const roleAmong = (found, element) => {
  const { _promise, _text, _value } = memo(element);
  const role = _promise && roleOf(_text, _value);
  const beside = other => found.some(one => memo(one)._promise === other);
  if (role !== 'name') return role || (element.type === 'textarea' && beside('email') && 'message');
  const first = beside('first_name');
  return first === beside('last_name') ? 'full_name' : first ? 'last_name' : 'first_name';
};

/**
 * A form's fields, and the part of a payload that speaks of them: only what may leave the page.
 * Keys are data: no prototype for them to meet.
 */
export const inspectAll = (elements, form) => {
  const found = elements.filter(element => inspect(element, form.fields));
  const fields = { __proto__: null };
  const roles = { __proto__: null };
  const filled = found.filter(element => memo(element)._value);
  // Some pages show a password by copying it into a second, plain input.
  const secrets = found.map(element => memo(element)._secret && memo(element)._value);
  filled.forEach(element => {
    const known = memo(element);
    const secret = known._secret || (known._value[3] && secrets.includes(known._value));
    const role = !secret && roleAmong(found, element);
    const value = secret
      ? known._configured && REDACTED
      : (known._configured || role || config.captureUnrecognised) && known._value;
    let key = known._configured?.fieldName || attribute(element, 'name') || element.id || role || element.type;
    while (key in fields) key += '_';
    known._key = value && key;
    if (value) fields[key] = value;
    if (value && role) roles[key] = role;
  });
  return {
    fields,
    roles,
    formProgress: {
      completedFields: Object.keys(fields),
      totalFields: found.length,
      percentComplete: Math.round((100 * filled.length) / found.length),
    },
  };
};
