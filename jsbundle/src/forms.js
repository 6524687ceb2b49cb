import { config, given } from './config.js';
import { optIn } from './consent.js';
import { emit } from './events.js';
import { attribute, hasField, inspectAll, isField, memo, rememberLabels, rememberPasswords, rememberTouched, valueOf, within } from './fields.js';
import { checkRoute, whenReady } from './lifecycle.js';
import { flush } from './queue.js';
import { listen, safe } from './util.js';

// Pages that check or ask a captcha first cancel the event and call submit() some seconds later.
const SAME_SUBMISSION_MS = 10000;
const BUTTON = 'button,[role=button],[type=submit]';
// How far a button may be from the fields outside any form that it sends off.
const GROUP_LEVELS = 5;

let started = [];
let lastSubmission;

const withShadow = root => {
  rememberLabels(root.getRootNode());
  return [...root.querySelectorAll('*')].flatMap(element =>
    element.shadowRoot ? withShadow(element.shadowRoot) : isField(element) ? element : [],
  );
};

/** Also the inputs of web components inside the form, and those outside that name it. */
const fieldsOf = form =>
  [...new Set([form, ...withShadow(form), ...Array.from(form.elements || [])])].filter(
    element => isField(element) && (element.form || form) === form,
  );

/** The form of a field or button; outside any, the nearest element that holds fields and a button; or nothing. */
const formOf = element => {
  let form = element.form || element.closest('form');
  for (let levels = GROUP_LEVELS; !form && levels-- && (element = element.parentElement); )
    if (hasField(element) && element.querySelector(BUTTON)) form = element;
  return form;
};

/** One look at a form: its part of a payload, and what it is in the configuration. */
const look = (form, job) =>
  whenReady(() => {
    if (config.features.formTracking === false) return;
    const configured =
      config.forms.find(({ formSelector, alternativeSelectors = [] }) =>
        [formSelector, ...alternativeSelectors].some(selector => within(form, selector)),
      ) || {};
    job(
      {
        formId: configured.formId || attribute(form, 'id') || attribute(form, 'name'),
        formName: configured.formName || attribute(form, 'name'),
        timeToComplete: Date.now() - memo(form)._start || undefined,
        ...given.form?.(form),
        ...inspectAll(fieldsOf(form), configured),
      },
      configured,
    );
  });

const captureSubmission = (form, loose) =>
  look(
    form,
    (payload, { formId }) => {
      const text = JSON.stringify([payload.formId, payload.fields]);
      // A button outside any form may do anything; it sent a lead only if one is there.
      if (loose && !formId && !/mail|phone/.test(JSON.stringify(payload.roles))) return;
      started = started.filter(one => one !== form);
      if (text === lastSubmission) return;
      lastSubmission = text;
      setTimeout(() => (lastSubmission = ''), SAME_SUBMISSION_MS);
      emit('form_submission', payload);
      flush();
    },
  );

const captureField = (element, form) => {
  const value = valueOf(element);
  if (value === (memo(element)._sent ?? element.defaultValue)) return;
  look(form, ({ fields, roles, ...payload }, { partialCapture }) => {
    const key = memo(element)._key;
    if (!key || !(partialCapture ?? config.features.partialCapture ?? !optIn())) return;
    memo(element)._sent = value;
    emit('form_interaction', {
      ...payload,
      trigger: 'blur',
      fieldName: key,
      fields: { [key]: fields[key] },
      roles: { [key]: roles[key] },
    });
  });
};

/** Events that speak of no value. */
const mention = (type, form) => look(form, ({ fields, roles, ...payload }) => emit(type, payload));

const onField = (element, type) => {
  const form = formOf(element) || element;
  if (type !== 'input') {
    rememberTouched(element);
    captureField(element, form);
  } else if (!memo(form)._start) {
    memo(form)._start = Date.now();
    started.push(form);
    // A first look at many fields takes longer than a key may.
    setTimeout(safe(mention), 0, 'form_start', form);
  }
};

const onClick = target => {
  const button = target.closest(BUTTON);
  const form = button && formOf(button);
  // What comes after the button it does not send: a menu above the fields.
  if (form && !form.elements && hasField(form).compareDocumentPosition(button) & 4) captureSubmission(form, true);
};

const onEvent = safe(event => {
  const path = event.composedPath();
  const [target] = path;
  const { type } = event;
  checkRoute();
  rememberPasswords(event.currentTarget);
  // submit and change stop at a shadow root, the others do not: they lead there in time.
  path.forEach(node => node.nodeType > 10 && watch(node));
  if (type === 'submit') captureSubmission(target);
  else if (type === 'load') enter(target);
  else if (type === 'click') onClick(target);
  else if (isField(target)) onField(target, type);
});

/** A frame of the same origin is part of the page, unless it has a tracker of its own. */
const enter = ({ contentDocument }) => {
  if (contentDocument && !contentDocument.defaultView.WebsiteTrackerConfig) watch(contentDocument);
};

/** Called by script it fires no event. */
const wrapSubmit = prototype => {
  const { submit } = prototype;
  prototype.submit = function () {
    safe(captureSubmission)(this);
    return submit.call(this);
  };
};

const watch = root => {
  // The same listener again changes nothing; a frame that a script writes anew has lost it.
  listen(root, 'submit change input focusout click load', onEvent);
  root.querySelectorAll('iframe').forEach(enter);
  if (root.defaultView && !memo(root)._watched) wrapSubmit(root.defaultView.HTMLFormElement.prototype);
  memo(root)._watched = true;
};

export const watchForms = () => {
  watch(document);
  listen(
    window,
    'pagehide visibilitychange',
    safe(({ type }) => {
      if (type < 'q') started.splice(0).forEach(form => mention('form_abandon', form));
      whenReady(flush);
    }),
  );
};
