// dom.js: the few helpers with which the pages build and find their elements.

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** A part of a page by its `data-test` name, the name by which tests find it too. */
export const part = (root, name) => root.querySelector(`[data-test="${name}"]`);

/**
 * Makes an element. Text always goes through textContent, so what the server sends is never read as HTML.
 * `on` holds listeners, `data` the data-* attributes; a property that is null or false is left out.
 */
export function el(tag, { class: name, text, on = {}, data = {}, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
  for (const [key, value] of Object.entries(data)) element.dataset[key] = value;
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Writes text only if it is another one, so that screen readers and selections are left in peace. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** One clear sentence in a live region: of what went wrong (`"error"`), or of what is going on. */
export function say(region, text, tone = "info") {
  region.dataset.tone = text ? tone : "";
  write(region, text);
}

/** Fills a select; keeps `wanted` chosen where it is among the options. */
export function setOptions(select, options, wanted) {
  select.replaceChildren(...options.map(({ value, label, group }) => el("option", { value, text: label, data: group ? { group } : {} })));
  if (options.some((option) => option.value === wanted)) select.value = wanted;
}

/** Calls `work` at most once a frame, however often it is asked for. */
export function eachFrame(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}

/** Calls `work` once the calls have paused for `pause` milliseconds. */
export function afterPause(work, pause = 150) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(work, pause, ...values);
  };
}
