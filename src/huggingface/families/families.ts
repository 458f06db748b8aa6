/** The architectures that Pinch can write. */

import { data2vecAudio } from './data2vecAudio.ts';
import type { Family } from './family.ts';
import { hubert } from './hubert.ts';
import { sew } from './sew.ts';
import { unispeech } from './unispeech.ts';
import { unispeechSat } from './unispeechSat.ts';
import { wav2vec2 } from './wav2vec2.ts';
import { wav2vec2Conformer } from './wav2vec2Conformer.ts';
import { wavlm } from './wavlm.ts';

export const families: readonly Family[] = [
  wav2vec2,
  hubert,
  wavlm,
  data2vecAudio,
  unispeech,
  unispeechSat,
  sew,
  wav2vec2Conformer,
];
