import { config } from './config.js';
import { emit } from './events.js';
import {
  attribute,
  inspectAll,
  isField,
  matches,
  payloadOf,
  permitted,
  progressOf,
  rememberPassword,
  rememberTouched,
  valueOf,
} from './fields.js';
import { whenReady } from './lifecycle.js';
import { flush } from './queue.js';
import { listen, wrap } from './util.js';

// Pages that check or ask a captcha first cancel the event and call submit() some seconds later.
const SAME_SUBMISSION_MS = 10000;

const watchedRoots = new WeakSet();
const sentValues = new WeakMap();
const submitted = new WeakMap();

const enabled = () => config.features.formTracking !== false;

const configuredForm = form =>
  config.forms.find(({ formSelector, alternativeSelectors = [] }) =>
    [formSelector, ...alternativeSelectors].some(selector => matches(form, selector)),
  ) || {};

const describeForm = (form, { formId, formName }) => ({
  formId: formId || attribute(form, 'id', 'name', 'data-tracking-id') || 'unknown',
  formName: formName || attribute(form, 'name'),
});

const withShadow = root =>
  [...root.querySelectorAll('*')].flatMap(element => (element.shadowRoot ? withShadow(element.shadowRoot) : element));

/** Also the inputs of web components inside the form, and those outside that name it. */
const fieldsOf = form => [...new Set([...withShadow(form), ...Array.from(form.elements || [])])].filter(isField);

const isRepeat = (form, { fields }) => {
  const text = JSON.stringify(fields);
  const [before, at] = submitted.get(form) || [];
  const now = Date.now();
  submitted.set(form, [text, now]);
  return before === text && now - at < SAME_SUBMISSION_MS;
};

const captureSubmission = form =>
  whenReady(() => {
    const configured = configuredForm(form);
    const found = inspectAll(fieldsOf(form), configured);
    const payload = { ...describeForm(form, configured), ...payloadOf(found), formProgress: progressOf(found) };
    if (!enabled() || isRepeat(form, payload)) return;
    emit('form_submission', payload);
    flush(true);
  }, true);

const captureField = element =>
  whenReady(() => {
    const form = element.form || element;
    const configured = configuredForm(form);
    const value = valueOf(element);
    const before = sentValues.get(element) ?? element.defaultValue;
    if (!enabled() || !(config.features.partialCapture || configured.partialCapture) || value === before) return;
    const found = inspectAll(element.form ? fieldsOf(form) : [element], configured);
    const own = found.filter(field => field.element === element && permitted(field));
    if (!own.length) return;
    sentValues.set(element, value);
    emit('form_interaction', {
      ...describeForm(form, configured),
      trigger: 'blur',
      fieldName: own[0].key,
      ...payloadOf(own),
      formProgress: progressOf(found),
    });
  });

const onField = event => {
  const [target] = event.composedPath();
  if (!isField(target)) return;
  rememberPassword(target, target.type);
  if (event.type === 'focusin') return;
  rememberTouched(target);
  captureField(target);
};

const watch = root => {
  if (watchedRoots.has(root)) return;
  watchedRoots.add(root);
  listen(root, 'submit', event => captureSubmission(event.target));
  listen(root, 'change focusin focusout', onField);
  new MutationObserver(records =>
    records.forEach(({ target, oldValue }) => rememberPassword(target, oldValue)),
  ).observe(root, { subtree: true, attributeFilter: ['type'], attributeOldValue: true });
};

export const watchForms = () => {
  watch(document);
  // submit and change stop at a shadow root, these two do not: they lead there in time.
  listen(document, 'focusin click', event =>
    event.composedPath().forEach(node => node instanceof ShadowRoot && watch(node)),
  );
  // Called by script it fires no event.
  wrap(HTMLFormElement.prototype, 'submit', captureSubmission);
};
