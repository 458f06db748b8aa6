/** The host's state as far as a page knows it. In a message, an absent key is unchanged and null is cleared. */

/** Every key of a state; null where the host has said nothing yet. */
export type Known<State> = { readonly [Key in keyof State]-?: Exclude<State[Key], undefined> | null };

/** The state that is known after a message. */
export function merge<State extends object>(
  known: State,
  message: { readonly [Key in keyof State]?: State[Key] | undefined },
): State {
  const sent = Object.entries(message).filter(([, value]) => value !== undefined);
  return { ...known, ...Object.fromEntries(sent) };
}
