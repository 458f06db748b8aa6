/** Creates elements without HTML in strings: text from files can never become HTML. */

/** Numbers are written in decimal; `true` gives an empty attribute, `false` and `undefined` none. Styles go into style sheets or `element.style`. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>> & { readonly style?: never };

export type Child = Node | string | undefined;

/** An element with its attributes and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** Sets the text only if it has changed: an unchanged page needs no layout, and a screen reader does not repeat the text. */
export function setText(element: Node, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Calls `draw` once in the next frame, however often it is requested. */
export function oncePerFrame(draw: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/** Scrolls once to a position of an earlier time, after the tables have drawn their rows in the next frame. */
export function scrollOnce(position = 0): () => void {
  let to = position;
  return () => {
    const now = to;
    to = 0;
    if (now > 0) requestAnimationFrame(() => requestAnimationFrame(() => window.scrollTo(0, now)));
  };
}

/** A new id, for `aria-describedby` and similar attributes. */
export function newId(): string {
  lastId += 1;
  return `id${lastId}`;
}

let lastId = 0;
