/** Derives the heatmap's rows and columns from layer names: one row for each block, one column for each kind of layer, for any architecture. */

import { append } from '../../../src/base/append.ts';
import { shortLabel, uniqueLabels } from './layerLabels.ts';

export interface GridColumn {
  /** The name after the block's number: `attention.q_proj`. */
  readonly kind: string;
  readonly label: string;
}

/** Neighbouring columns of one part of the block: `attention`. */
export interface GridPart {
  readonly title: string;
  readonly span: number;
}

export interface GridRow {
  /** The block's number, `0.1` for blocks in stages; the whole name for a layer outside blocks. */
  readonly label: string;
  /** The layer's index in the names, by column; undefined where the block has no such layer. */
  readonly cells: readonly (number | undefined)[];
}

/** Blocks of one list, such as `encoder.layers`; or the layers outside blocks. */
export interface GridGroup {
  /** The list's name; empty for layers outside blocks. */
  readonly title: string;
  readonly parts: readonly GridPart[];
  readonly columns: readonly GridColumn[];
  readonly rows: readonly GridRow[];
}

/** A layer's place. */
interface Place {
  readonly index: number;
  readonly list: string;
  readonly block: readonly number[];
  readonly kind: string;
}

/**
 * A number in a name is a block number if it is the first in the name, or if several kinds of layer repeat below it under more than one number:
 * `stages.0.blocks.1.attn.qkv` has two block numbers, `layers.0.ffn.2` has one. A name without such a number may have one at the end of a part:
 * `block_0.fc`.
 */
export function gridLayout(names: readonly string[]): GridGroup[] {
  const parts = names.map(partsOf);
  const levels = blockLevels(parts);
  const groups = new Map<string, Place[]>();
  const single: number[] = [];
  for (const [index, tokens] of parts.entries()) {
    const place = placeOf(tokens, index, levels);
    if (!place) single.push(index);
    else groups.set(place.list, [...(groups.get(place.list) ?? []), place]);
  }
  const laidOut = Array.from(groups, ([title, places]) => groupOf(title, places, single));
  return single.length === 0 ? laidOut : [...laidOut, withoutBlocks(names, single)];
}

const isNumber = (token: string): boolean => /^\d{1,9}$/u.test(token);

function partsOf(name: string): string[] {
  const tokens = name.split(/[./]/u).filter((token) => token !== '');
  if (tokens.some(isNumber)) return tokens;
  const counted = tokens.findIndex((token, at) => at < tokens.length - 1 && /^\D+\d{1,9}$/u.test(token));
  const [, word = '', number = ''] = /^(\D+?)_?(\d+)$/u.exec(tokens[counted] ?? '') ?? [];
  return counted < 0 ? tokens : [...tokens.slice(0, counted), word, number, ...tokens.slice(counted + 1)];
}

const pattern = (tokens: readonly string[]): string => tokens.map((token) => (isNumber(token) ? '*' : token)).join('.');

/** The prefixes of all block numbers. */
function blockLevels(parts: readonly (readonly string[])[]): Set<string> {
  const numbersByKind = new Map<string, Map<string, Set<string>>>();
  const levels = new Set<string>();
  for (const tokens of parts) {
    const positions = Array.from(tokens.keys()).filter((at) => isNumber(tokens[at] ?? ''));
    for (const [nth, at] of positions.entries()) {
      const level = pattern(tokens.slice(0, at));
      if (nth === 0) levels.add(level);
      const kinds = numbersByKind.get(level) ?? new Map<string, Set<string>>();
      numbersByKind.set(level, kinds);
      const kind = pattern(tokens.slice(at + 1));
      kinds.set(kind, (kinds.get(kind) ?? new Set()).add(tokens[at] ?? ''));
    }
  }
  for (const [level, kinds] of numbersByKind) {
    const recurring = Array.from(kinds.values()).filter((numbers) => numbers.size > 1);
    if (recurring.length > 1) levels.add(level);
  }
  return levels;
}

function placeOf(tokens: readonly string[], index: number, levels: ReadonlySet<string>): Place | undefined {
  const counted = Array.from(tokens.keys()).filter(
    (at) => isNumber(tokens[at] ?? '') && levels.has(pattern(tokens.slice(0, at))),
  );
  const last = counted.at(-1);
  if (last === undefined) return undefined;
  const list = tokens.slice(0, last).filter((_, at) => !counted.includes(at));
  return {
    index,
    list: list.join('.'),
    block: counted.map((at) => Number(tokens[at])),
    kind: tokens.slice(last + 1).join('.') || (list.at(-1) ?? ''),
  };
}

/** A layer whose cell is taken goes to `leftOver`. */
function groupOf(title: string, places: readonly Place[], leftOver: number[]): GridGroup {
  const columns = columnsOf(places.map(({ kind }) => kind));
  const columnOf = new Map(columns.map(({ kind }, column) => [kind, column]));
  const rows = new Map<string, { block: readonly number[]; cells: (number | undefined)[] }>();
  for (const { block, kind, index } of places) {
    const label = block.join('.');
    const row = rows.get(label) ?? { block, cells: columns.map(() => undefined) };
    rows.set(label, row);
    const column = columnOf.get(kind) ?? 0;
    if (row.cells[column] === undefined) row.cells[column] = index;
    else leftOver.push(index);
  }
  const inOrder = Array.from(rows).sort(([, a], [, b]) => compareBlocks(a.block, b.block));
  return { title, parts: partsAcross(columns), columns, rows: inOrder.map(([label, { cells }]) => ({ label, cells })) };
}

function compareBlocks(a: readonly number[], b: readonly number[]): number {
  const differing = a.findIndex((number, level) => number !== b[level]);
  return differing < 0 ? 0 : (a[differing] ?? 0) - (b[differing] ?? 0);
}

/** The columns, part by part, in the order of their first layers; q, k and v in this order, as papers write them. */
function columnsOf(kinds: readonly string[]): GridColumn[] {
  const byPart = new Map<string, string[]>();
  for (const kind of new Set(kinds)) {
    const { part } = shortLabel(kind);
    append(byPart, part, kind);
  }
  return Array.from(byPart.values()).flatMap((ofPart) => {
    const labels = uniqueLabels(ofPart);
    const columns = ofPart.map((kind, at) => ({ kind, label: labels[at] ?? kind }));
    return columns.sort((a, b) => rank(a.label) - rank(b.label));
  });
}

function rank(label: string): number {
  const known = ['q', 'k', 'v'].indexOf(label);
  return known < 0 ? 3 : known;
}

function partsAcross(columns: readonly GridColumn[]): GridPart[] {
  const parts: { title: string; span: number }[] = [];
  for (const { kind } of columns) {
    const title = shortLabel(kind).part;
    const last = parts.at(-1);
    if (last?.title === title) last.span += 1;
    else parts.push({ title, span: 1 });
  }
  return parts;
}

function withoutBlocks(names: readonly string[], indices: readonly number[]): GridGroup {
  return {
    title: '',
    parts: [{ title: '', span: 1 }],
    columns: [{ kind: '', label: '' }],
    rows: indices.map((index) => ({ label: names[index] ?? '', cells: [index] })),
  };
}
