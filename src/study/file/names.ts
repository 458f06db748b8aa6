/** Names of models and sets in a study file: they are folders, labels in the report, and words in a shell. */

import * as v from 'valibot';

const nameText = 'must be letters, digits, ".", "_" and "-", 64 at most';
const form = /^[A-Za-z0-9][\w.-]{0,63}$/u;

export const name = v.pipe(v.string(nameText), v.regex(form, nameText));

/** The first name that stands there twice. Some file systems make no difference between capitals and small letters. */
export function twiceIn(names: readonly string[]): string | undefined {
  const small = names.map((each) => each.toLowerCase());
  return names.find((_, at) => small.indexOf(small[at] ?? '') < at);
}
