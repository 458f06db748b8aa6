/** Names for new values of a graph. */

/** `wanted`, or with a number appended if that is taken. The name is then taken. */
export function uniqueName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`;
  taken.add(name);
  return name;
}
