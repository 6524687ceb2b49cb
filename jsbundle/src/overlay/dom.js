/** An element with attributes and children. Text only, never markup: pages may require Trusted Types. */
export const element = (name, attributes = {}, ...children) => {
  const created = document.createElement(name);
  Object.entries(attributes).forEach(([key, value]) => created.setAttribute(key, value));
  created.append(...children);
  return created;
};

/** A headed part of the panel, with a sentence that stands there as long as `list` is empty. */
export const section = (title, empty, list) => {
  const heading = element('h3', { id: `heading-${title.toLowerCase()}` }, title);
  return element('section', { 'aria-labelledby': heading.id }, heading, list, element('p', { class: 'empty' }, empty));
};
