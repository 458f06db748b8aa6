/** Parsers of flag values. The whole text must be a valid value. */

import { UsageError } from './output.ts';

/** A parser for commander. @param flag its name in messages. */
export function numberFlag(flag: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value)) {
      throw new UsageError(`${flag} must be a number; it is "${text}".`);
    }
    return value;
  };
}

/** Like `numberFlag`, for whole numbers from `least` on. */
export function countFlag(flag: string, least = 1): (text: string) => number {
  return (text) => {
    const value = numberFlag(flag)(text);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new UsageError(`${flag} must be a whole number from ${least} on; it is "${text}".`);
    }
    return value;
  };
}

/** A parser that accepts one of a few words. */
export function choiceFlag<T extends string>(flag: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const choice = choices.find((choice) => choice === text);
    if (choice === undefined) throw new UsageError(`${flag} must be ${choices.join(' or ')}; it is "${text}".`);
    return choice;
  };
}
