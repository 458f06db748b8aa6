/** The flag `--text`: the setting `text` on the command line. */

import * as v from 'valibot';
import { textSetting, type TextSetting } from '../protocol/textSteps.ts';
import { UsageError } from './output.ts';

/** A parser for commander. "none" is a list of no steps; names are separated by commas. @param flag its name in messages. */
export function textFlag(flag: string): (given: string) => TextSetting {
  return (given) => {
    const result = v.safeParse(textSetting, valueOf(given, flag), { abortEarly: true });
    if (result.success) return result.output;
    throw new UsageError(`${flag} ${result.issues[0].message}; it is ${JSON.stringify(given)}.`);
  };
}

function valueOf(given: string, flag: string): unknown {
  const text = given.trim();
  if (text === 'auto') return text;
  if (text === 'none') return [];
  if (!text.startsWith('[')) return text.split(',').map((name) => name.trim());
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${flag} is no JSON list: ${(error as Error).message}.`);
  }
}
