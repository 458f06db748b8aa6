/** The architectures that Pinch can write. */

import type { Family } from './family.ts';
import { wav2vec2 } from './wav2vec2.ts';

export const families: readonly Family[] = [wav2vec2];
