/** Builds markup. Everything that is not markup already is escaped. */

/** Text that is markup, and is not escaped again. */
export interface Markup {
  readonly markup: string;
}

type Part = Markup | string | number | readonly Part[];

/** A template of HTML or SVG. Numbers have at most two decimals, which is finer than a pixel. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: strings.map((text, at) => text + (at < parts.length ? written(parts[at] ?? '') : '')).join('') };
}

function written(part: Part): string {
  if (typeof part === 'number') return String(Number(part.toFixed(2)));
  if (typeof part === 'string') return escaped(part);
  return 'markup' in part ? part.markup : part.map(written).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/gu, (character) => entities[character] ?? '');
}
