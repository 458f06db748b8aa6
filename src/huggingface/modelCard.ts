/** README.md of a model that is shared: what it is, what it costs, what it recognises, and how to run it. */

import { byteSize, count, percent } from '../base/format.ts';
import { errorRateName, type ScoringUnit } from '../protocol/errorRate.ts';

export interface ModelCard {
  readonly title: string;
  /** Rows of files: name, bytes. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly parameters: number;
  readonly nonZeroParameters: number;
  /** Evaluations that are kept beside the model, of exactly its file. */
  readonly evaluations: readonly {
    readonly data: string;
    /** What is counted as a word; words if absent. */
    readonly unit?: ScoringUnit | undefined;
    readonly wer: number;
    readonly cer: number;
    readonly utterances: number;
    readonly words: number;
  }[];
  /** The kind of model, if its config.json names another for the pipeline's sake. */
  readonly replacedType: string | undefined;
}

/** Markdown with the hub's metadata at the top. */
export function modelCard({
  title,
  files,
  parameters,
  nonZeroParameters,
  evaluations,
  replacedType,
}: ModelCard): string {
  const unit = evaluations[0]?.unit;
  const zero = percent(1 - nonZeroParameters / Math.max(1, parameters), 1);
  const lines = [
    '---',
    'library_name: transformers.js',
    'pipeline_tag: automatic-speech-recognition',
    'tags: [onnx, ctc, pruned, pinch]',
    '---',
    '',
    `# ${title}`,
    '',
    `A CTC speech recognition model of ${count(parameters)} parameters, of which ${zero} are zero, pruned and exported by Pinch.`,
    '',
    '| file | size |',
    '| --- | --- |',
    ...files.map(({ name, bytes }) => `| \`${name}\` | ${byteSize(bytes)} |`),
    '',
    ...(evaluations.length === 0
      ? [
          'No evaluation of this model was kept. `pinch evaluate CHECKPOINT --data MANIFEST --keep`, then export again, adds its figures.',
        ]
      : [
          `| evaluated on | ${errorRateName(unit)} | ${unit === undefined ? 'character error rate | ' : ''}utterances | ${unit ?? 'word'}s |`,
          `| --- | --- | ${unit === undefined ? '--- | ' : ''}--- | --- |`,
          ...evaluations.map(
            ({ data, wer, cer, utterances, words }) =>
              `| ${data} | ${percent(wer, 2)} | ${unit === undefined ? `${percent(cer, 2)} | ` : ''}${count(utterances)} | ${count(words)} |`,
          ),
          '',
          'The figures are those of the checkpoint with float32 weights.',
        ]),
    '',
    ...(replacedType === undefined
      ? []
      : [
          `\`config.json\` says \`wav2vec2\`, because the pipeline of transformers.js knows no CTC models of type \`${replacedType}\`. The computation is that of the ONNX file.`,
          '',
        ]),
    '```js',
    "import { pipeline } from '@huggingface/transformers';",
    '',
    `const transcribe = await pipeline('automatic-speech-recognition', 'FOLDER OR HUB ID', { dtype: '${files.some(({ name }) => name.includes('quantized')) ? 'q8' : 'fp32'}' });`,
    "const { text } = await transcribe('clip.wav');",
    '```',
    '',
  ];
  return lines.join('\n');
}
