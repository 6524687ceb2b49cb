/*
 * The page as a text, as it is drawn now. What stands in an open shadow root or in a frame of the same origin is part of it,
 * as it is for the browser script: inside <trackerctl-shadow> and <trackerctl-frame>. What a visitor cannot see is marked, by
 * the rule of the script (jsbundle/src/fields.js). No value is taken along: it may be a visitor's.
 */
(() => {
  const inert = document.implementation.createHTMLDocument('');
  const FIELD = 'input,select,textarea';

  const unseen = element => {
    const view = element.ownerDocument.defaultView;
    const { right, bottom } = element.getBoundingClientRect();
    return (
      (element.matches(FIELD) && element.tabIndex < 0) ||
      right + view.scrollX <= 0 ||
      bottom + view.scrollY <= 0 ||
      !element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })
    );
  };

  const box = (name, nodes) => {
    const element = inert.createElement(name);
    element.append(...nodes);
    return element;
  };

  const inside = frame => {
    try {
      return frame.contentDocument?.body;
    } catch {
      return null;
    }
  };

  const copy = (node, form) => {
    // In another document no custom element comes to life.
    const result = inert.importNode(node, false);
    if (node.nodeType !== 1) return result;
    if (node.localName === 'input') result.removeAttribute('value');
    if (node.localName === 'textarea') return mark(node, result, form);
    if (node.localName === 'form') form = node;
    const body = node.localName === 'iframe' && inside(node);
    if (body) return box('trackerctl-frame', [...body.childNodes].map(child => copy(child)));
    if (node.shadowRoot) result.append(box('trackerctl-shadow', [...node.shadowRoot.childNodes].map(child => copy(child, form))));
    result.append(...[...node.childNodes].map(child => copy(child, form)));
    return mark(node, result, form);
  };

  // Of a form that is not shown yet, every field is out of sight.
  const mark = (node, result, form) => {
    const asked = form && form !== node && (node.matches(FIELD) || node.querySelector(FIELD));
    if (asked && form.checkVisibility() && unseen(node)) result.setAttribute('data-trackerctl-unseen', '');
    return result;
  };

  return '<!doctype html>' + copy(document.documentElement).outerHTML;
})()
