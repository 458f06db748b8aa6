/** Which hub a token is for, and what a refusal means for who has one and who has none. */

import { describe, expect, test } from 'vitest';
import { describeRefusal, hubAddress, keyOf } from '../../../src/host/hub/hubToken.ts';
import type { HubRefusal } from '../../../src/protocol/results/pull.ts';

test.each([
  ['nothing', {}, 'https://huggingface.co'],
  ['an empty variable', { HF_ENDPOINT: '' }, 'https://huggingface.co'],
  ['another hub', { HF_ENDPOINT: 'https://hub.example/models/' }, 'https://hub.example'],
  ['a port', { HF_ENDPOINT: 'http://127.0.0.1:8080' }, 'http://127.0.0.1:8080'],
])('the hub with %s', (_, environment, address) => expect(hubAddress(environment)).toBe(address));

test('each hub has a token of its own', () =>
  expect(keyOf('https://huggingface.co')).not.toBe(keyOf('https://hub.example')));

describe('a refusal', () => {
  const hub = 'https://hub.example';
  const pages = { page: `${hub}/org/model`, tokens: `${hub}/settings/tokens` };
  test.each<[string, HubRefusal['status'], boolean, boolean, RegExp]>([
    ['401 without a token', 401, false, false, /^There is no model "org\/model" on hub\.example, or it is gated or/u],
    ['401 with the saved token', 401, true, true, /^The saved token is not valid\./u],
    ['401 with that of the environment', 401, true, false, /^The token in HF_TOKEN is not valid\./u],
    [
      '403 without a token',
      403,
      false,
      false,
      /^"org\/model" is gated\. Accept its conditions at .*\/org\/model, and/u,
    ],
    ['403 with one', 403, true, true, /^The saved token may not read "org\/model"\. Accept its conditions/u],
  ])('%s', (_, status, withToken, kept, sentence) => {
    const text = describeRefusal('org/model', hub, { status, withToken, ...pages }, kept);
    expect(text).toMatch(sentence);
    expect(text).toContain(`Tokens are made at ${pages.tokens}.`);
  });
});
