/** The methods by name. */

import type { RunSettings } from '../../protocol/settings.ts';
import { channelSearch } from './channelSearch.ts';
import type { Method } from './method.ts';
import { none } from './none.ts';
import { selfPinching } from './selfPinching.ts';
import { uniformMagnitude } from './uniform.ts';

const methods: Readonly<Record<RunSettings['method'], (settings: RunSettings) => Method>> = {
  'self-pinching': selfPinching,
  ump: uniformMagnitude,
  'nas-cp': channelSearch,
  none: () => none,
};

export function chooseMethod(settings: RunSettings): Method {
  return methods[settings.method](settings);
}
