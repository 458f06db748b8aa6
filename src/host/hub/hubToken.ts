/** Which hub a token is for, how it reaches the command, and what a refusal means. */

import type { HubRefusal } from '../../protocol/results/pull.ts';

/** A hub's own key, so that a token is never sent to another. */
export const keyOf = (hub: string): string => `pinch.hubToken ${hub}`;

/** The hub that the command will ask, without its path. */
export function hubAddress(environment: NodeJS.ProcessEnv = process.env): string {
  const address = environment['HF_ENDPOINT'] ?? '';
  return URL.canParse(address) ? new URL(address).origin : 'https://huggingface.co';
}

/** The variable in which the process gets the token. Command lines are seen by other users of the machine. */
export const tokenVariable = 'PINCH_HUB_TOKEN';

/** What the hub's answer means, and what to do. @param saved whether the token was the one in the secret storage. */
export function describeRefusal(
  id: string,
  hub: string,
  { status, withToken, page, tokens }: HubRefusal,
  saved: boolean,
): string {
  const whose = saved ? 'The saved token' : 'The token in HF_TOKEN';
  const wish = `Tokens are made at ${tokens}. The editor saves it in its secret storage.`;
  if (status === 401) {
    return withToken
      ? `${whose} is not valid. Enter another. ${wish}`
      : `There is no model "${id}" on ${new URL(hub).host}, or it is gated or private. Check the name, or enter a token that may read it. ${wish}`;
  }
  return withToken
    ? `${whose} may not read "${id}". Accept its conditions at ${page}, or enter another. ${wish}`
    : `"${id}" is gated. Accept its conditions at ${page}, and enter a token of yours. ${wish}`;
}
