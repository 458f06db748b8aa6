/** What a run's page says of the end that is predicted. */

import { expect, test } from 'vitest';
import type { RunForecast } from '../../../src/protocol/views/run.ts';
import { forecastText } from '../../../webview/run/forecastText.ts';

const known: RunForecast = {
  ...{ secondsLeft: 10, sparsity: 0.65, nonZeroParameters: 35_000_000, parameters: 94_000_000 },
  ...{ bytes: { value: 376e6, atMost: false }, latency: { value: 412, seconds: 10 } },
};

test('all that is known', () =>
  expect(forecastText(known)).toBe(
    '65 % sparse, 35 M of 94 M weights, about 376.0 MB, about 412 ms for 10 s of speech',
  ));

test('without a latency, and with a size that may become smaller', () =>
  expect(forecastText({ ...known, bytes: { value: 376e6, atMost: true }, latency: null })).toBe(
    '65 % sparse, 35 M of 94 M weights, at most 376.0 MB',
  ));

test('a run that prunes nothing goes nowhere', () =>
  expect(forecastText({ ...known, sparsity: null, nonZeroParameters: null, bytes: null, latency: null })).toBe(''));
