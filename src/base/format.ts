/** Numbers for people: the same format in tables, logs and pages. */

/** A fraction as percent, `6.5 %`; `–` if unknown. */
export function percent(fraction: number, digits = 1): string {
  return Number.isFinite(fraction) ? `${(100 * fraction).toFixed(digits)} %` : '–';
}

/** A whole number with thousands separators: `1,668,176`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** A number with its noun: `1 utterance`, `2 utterances`, `1,000 matrices`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** `94.4 M`: three significant digits. */
export function shortCount(value: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const) {
    if (value >= 0.9995 * size) return `${Number((value / size).toPrecision(3))} ${unit}`;
  }
  return count(value);
}

/** Three significant digits; `–` if unknown. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4 ? value.toExponential(2) : String(Number(value.toPrecision(3)));
}

/** A small number as in settings files: `0.002`, `9.4e-5`. */
export function small(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3
    ? value.toExponential(1).replace('.0e', 'e')
    : String(Number(value.toPrecision(2)));
}

/** A duration in its two largest units: `45 s`, `3 min`, `1 h 20 min`, `2 d 3 h`; `–` if unknown. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  if (seconds < 1) return 'under 1 s';
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(seconds / 3600);
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function pair(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}

/** Bytes in a decimal unit: `920 B`, `14 kB`, `377.3 MB`, `1.26 GB`. */
export function byteSize(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
