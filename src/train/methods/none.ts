/** No pruning: the model is fine-tuned as it is, to compare with. */

import { initialWeights } from '../../state/initialState.ts';
import type { Method } from './method.ts';

export const none: Method = { begins: 'learning', begin: initialWeights, target: () => 0 };
