/** Short labels for kinds of layer: many columns must fit into a narrow view. */

/** Generic words, which are left out beside others. */
const common = new Set(['proj', 'projection', 'dense', 'linear', 'layer', 'fc', 'conv', 'weight', 'w', 'module']);

const short: ReadonlyMap<string, string> = new Map([
  ['query', 'q'],
  ['key', 'k'],
  ['value', 'v'],
  ['intermediate', 'in'],
  ['input', 'in'],
  ['output', 'out'],
  ['pointwise', 'pw'],
  ['depthwise', 'dw'],
  ['position', 'pos'],
  ['positions', 'pos'],
  ['positional', 'pos'],
  ['linear', 'lin'],
]);

/**
 * `attention.q_proj` is `q` of the part `attention`, `intermediate.dense` is `in` of the block itself, `conv_module.pointwise_conv1` is `pw1`
 * of the part `conv_module`.
 */
export function shortLabel(kind: string): { readonly part: string; readonly label: string } {
  const tokens = kind.split('.');
  const last = tokens.at(-1) ?? '';
  const telling = common.has(last) && tokens.length > 1 ? tokens.length - 2 : tokens.length - 1;
  return { part: tokens.slice(0, telling).join('.'), label: shorten(tokens[telling] ?? kind) };
}

/** The labels of kinds in one part; the last words of their names where the short labels are equal. */
export function uniqueLabels(kinds: readonly string[]): string[] {
  const labels = kinds.map((kind) => shortLabel(kind).label);
  return labels.map((label, at) =>
    labels.filter((other) => other === label).length > 1 ? lastWords(kinds[at] ?? '') : label,
  );
}

/** `feed forward1` becomes `ff1`; a single word is unchanged. */
export function initials(title: string): string {
  const words = title.split(/[ .]/u).filter((word) => word !== '');
  if (words.length < 2) return title;
  return words.map((word) => word.charAt(0)).join('') + (/\d+$/u.exec(title)?.[0] ?? '');
}

function lastWords(kind: string): string {
  return kind.slice(shortLabel(kind).part.length).replace(/^\./u, '');
}

function shorten(token: string): string {
  const words = token.split('_').filter((word) => word !== '');
  const telling = words.filter((word) => !common.has(word));
  return (telling.length > 0 ? telling : words)
    .map((word, at) => shortenWord(word, at > 0))
    .join(' ')
    .replace(/ (\d)/gu, '$1');
}

/** A generic word with a number, behind other words, becomes the number: `pointwise_conv1` is `pw1`. */
function shortenWord(word: string, behindOthers: boolean): string {
  const [, letters = word, digits = ''] = /^(\D+)(\d*)$/u.exec(word) ?? [];
  if (behindOthers && digits !== '' && common.has(letters)) return digits;
  return (short.get(letters) ?? letters) + digits;
}
