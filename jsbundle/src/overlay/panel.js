import { element } from './dom.js';
import { STYLES } from './styles.js';

/** A constructed sheet is no inline style, which a Content Security Policy may forbid. */
const dress = root => {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLES);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.append(element('style', {}, STYLES));
  }
};

const button = (text, onClick) => {
  const made = element('button', { type: 'button' }, text);
  made.addEventListener('click', onClick);
  return made;
};

/** Puts the panel over the page, in a shadow root so that neither's styles reach the other. */
export const openPanel = (id, sections) => {
  // Nothing in here is the page's.
  const host = element('div', { id, 'data-tracker-ignore': '' });
  const root = host.attachShadow({ mode: 'open' });
  const body = element('div', { id: 'body' }, ...sections);
  const fold = button('Hide', () => {
    body.hidden = !body.hidden;
    fold.textContent = body.hidden ? 'Show' : 'Hide';
    fold.setAttribute('aria-expanded', String(!body.hidden));
  });
  fold.setAttribute('aria-expanded', 'true');
  fold.setAttribute('aria-controls', 'body');
  const close = button('Close', () => host.remove());
  dress(root);
  root.append(
    element(
      'aside',
      { 'aria-labelledby': 'title' },
      element('header', {}, element('h2', { id: 'title' }, 'Website tracker'), fold, close),
      body,
    ),
  );
  document.documentElement.append(host);
};
