/** Where a run is going, in words. */

import { byteSize, percent, shortCount, significant } from '../../src/base/format.ts';
import type { RunForecast } from '../../src/protocol/views/run.ts';

/** What the run will be at its end. */
export function forecastText({ sparsity, nonZeroParameters, parameters, bytes, latency }: RunForecast): string {
  if (sparsity === null || nonZeroParameters === null || parameters === null) return '';
  const about = (atMost: boolean): string => (atMost ? 'at most' : 'about');
  return [
    `${percent(sparsity, 0)} sparse`,
    `${shortCount(nonZeroParameters)} of ${shortCount(parameters)} weights`,
    ...(bytes ? [`${about(bytes.atMost)} ${byteSize(bytes.value)}`] : []),
    ...(latency ? [`about ${significant(latency.value)} ms for ${significant(latency.seconds)} s of speech`] : []),
  ].join(', ');
}
