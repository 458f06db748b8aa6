/** The JSON files that transformers.js reads beside a model, made from those that are there and completed. */

import { join } from 'node:path';
import { anyObject, readJson } from '../../speech/text/json.ts';
import type { Processor } from '../../speech/text/processor.ts';
import { tokenizerFile } from './tokenizerFile.ts';

/** The types whose CTC models its speech recognition pipeline runs. It computes nothing of its own for them, so that one stands for all. */
const pipelineTypes: readonly string[] = ['wav2vec2', 'unispeech', 'unispeech-sat', 'hubert'];
const usualType = 'wav2vec2';

export interface TransformersJsConfig {
  /** File name to content. */
  readonly files: ReadonlyMap<string, object>;
  /** The type that config.json had, where the pipeline does not know it. */
  readonly replacedType: string | undefined;
}

/**
 * @param folder with the model's own files, as far as there are any.
 * @param externalData whether weights stand in `onnx/model.onnx_data`.
 * @throws ProcessorError naming a file that is damaged.
 */
export async function transformersJsConfig(
  folder: string,
  { vocabulary, sampleRate, normalise, paddingValue }: Processor,
  externalData: boolean,
): Promise<TransformersJsConfig> {
  const read = async (name: string): Promise<Readonly<Record<string, unknown>>> =>
    (await readJson(join(folder, name), anyObject)) ?? {};
  const config = await read('config.json');
  const own = typeof config['model_type'] === 'string' ? config['model_type'] : undefined;
  const isKnown = own !== undefined && pipelineTypes.includes(own);
  const type = isKnown ? own : usualType;
  const tokenizer = await read('tokenizer_config.json');
  const given = await readJson(join(folder, 'tokenizer.json'), anyObject);
  const files = new Map<string, object>([
    [
      'config.json',
      {
        pad_token_id: vocabulary.blank,
        vocab_size: vocabulary.size,
        ...config,
        model_type: type,
        architectures: isKnown ? (config['architectures'] ?? ['Wav2Vec2ForCTC']) : ['Wav2Vec2ForCTC'],
        ...(externalData ? { 'transformers.js_config': { use_external_data_format: true } } : {}),
      },
    ],
    [
      'preprocessor_config.json',
      {
        do_normalize: normalise,
        feature_size: 1,
        padding_side: 'right',
        padding_value: paddingValue,
        return_attention_mask: false,
        sampling_rate: sampleRate,
        ...(await read('preprocessor_config.json')),
        feature_extractor_type: 'Wav2Vec2FeatureExtractor',
      },
    ],
    [
      'tokenizer_config.json',
      {
        ...tokenizer,
        tokenizer_class: 'Wav2Vec2CTCTokenizer',
        // Would take spaces out before punctuation, which the model has written.
        clean_up_tokenization_spaces: false,
      },
    ],
    ['tokenizer.json', given ?? tokenizerFile(vocabulary)],
  ]);
  return { files, replacedType: isKnown ? undefined : own };
}
