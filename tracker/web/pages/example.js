/* What the example site's own pages do; nothing of it is there for the tracker's sake. */
(() => {
  'use strict';

  const say = (form, text) => {
    form.querySelector('[role=status]').textContent = text;
  };

  /** Forms that a script sends, as most of today's do. */
  document.addEventListener('submit', event => {
    const form = event.target;
    if (!form.dataset.thanks) return;
    event.preventDefault();
    say(form, form.dataset.thanks);
    form.reset();
  });

  const steps = form => {
    const all = [...form.querySelectorAll('[data-step]')];
    const [back, next, send] = ['[data-back]', '[data-next]', '[data-send]'].map(one => form.querySelector(one));
    let at = 0;
    const show = (to, focus) => {
      at = to;
      all.forEach((step, index) => (step.hidden = index !== at));
      back.hidden = at === 0;
      next.hidden = at === all.length - 1;
      send.hidden = !next.hidden;
      form.querySelector('[data-step-number]').textContent = at + 1;
      form.querySelector('progress').value = at + 1;
      if (focus) all[at].querySelector('input,select').focus();
    };
    next.addEventListener('click', () => {
      const wrong = [...all[at].querySelectorAll('input,select')].find(input => !input.checkValidity());
      if (wrong) wrong.reportValidity();
      else show(at + 1, true);
    });
    back.addEventListener('click', () => show(at - 1, true));
    form.addEventListener('reset', () => show(0));
    show(0);
  };
  document.querySelectorAll('[data-steps]').forEach(steps);

  const view = document.querySelector('[data-view]');
  const title = document.querySelector('[data-view-title]');

  const route = focus => {
    const path = location.pathname;
    const template = document.querySelector(`template[data-route="${CSS.escape(path).replace(/\\\//g, '/')}"]`);
    view.replaceChildren(template.content.cloneNode(true));
    title.textContent = template.dataset.title;
    document.title = `${template.dataset.title} · Fernwood Gardens`;
    document.querySelectorAll('[data-routes] a').forEach(link => {
      if (link.dataset.route === path) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    });
    if (focus) title.focus();
  };

  if (view) {
    document.querySelector('[data-routes]').addEventListener('click', event => {
      const link = event.target.closest('a');
      if (!link) return;
      event.preventDefault();
      history.pushState(null, '', link.href);
      route(true);
    });
    addEventListener('popstate', () => route(true));
    route();
  }

  class CallBackForm extends HTMLElement {
    connectedCallback() {
      const make = (tag, attributes, ...children) => {
        const node = document.createElement(tag);
        Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
        node.append(...children);
        return node;
      };
      const style = make('link', { rel: 'stylesheet', href: '/pages/pages.css' });
      const status = make('p', { class: 'hint', role: 'status' });
      const form = make(
        'form',
        { id: 'call-back', name: 'Call back', class: 'card', 'aria-label': 'Call back' },
        make('label', { for: 'cb-name' }, 'Name'),
        make('input', { id: 'cb-name', name: 'name', autocomplete: 'name' }),
        make('label', { for: 'cb-phone' }, 'Phone'),
        make('input', { id: 'cb-phone', name: 'phone', type: 'tel', autocomplete: 'tel', required: '' }),
        make('label', { for: 'cb-email' }, 'E-mail'),
        make('input', { id: 'cb-email', name: 'email', type: 'email', autocomplete: 'email' }),
        make('button', { type: 'submit' }, 'Call me'),
        status,
      );
      form.addEventListener('submit', event => {
        event.preventDefault();
        status.textContent = 'We will call. Thank you!';
      });
      this.attachShadow({ mode: 'open' }).append(style, form);
    }
  }
  customElements.define('call-back-form', CallBackForm);
})();
