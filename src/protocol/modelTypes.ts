/** The `model_type` of the Hugging Face checkpoints that Pinch imports, as their config.json has it. */
export const checkpointModelTypes: readonly string[] = [
  'wav2vec2',
  'hubert',
  'wavlm',
  'data2vec-audio',
  'unispeech',
  'unispeech-sat',
  'sew',
  'wav2vec2-conformer',
];
