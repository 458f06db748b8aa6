/** Lines of the text files that manifests are made of. */

export interface Line {
  readonly number: number;
  readonly text: string;
}

/** The lines that are not blank, with their numbers from 1. */
export function linesOf(text: string): Line[] {
  return text
    .split(/\r\n|\n|\r/)
    .map((line, i) => ({ number: i + 1, text: line }))
    .filter((line) => line.text.trim() !== '');
}

/** A line of the form "key the rest": the rest may be empty. */
export function splitKey(line: string): { readonly key: string; readonly rest: string } {
  const trimmed = line.trim();
  const space = trimmed.search(/\s/);
  return space < 0 ? { key: trimmed, rest: '' } : { key: trimmed.slice(0, space), rest: trimmed.slice(space).trim() };
}
