/** A path as it stands in a command that people copy into a POSIX shell: quoted only where it must be. */
export function shellQuoted(path: string): string {
  return /^[\w./:\\@%+=,-]+$/u.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
