/** Texts in plain spelling for a tokenizer that would make phones of them: refused; texts in phones: taken. */

import { expect, test } from 'vitest';
import { refusePlainSpelling } from '../../../src/speech/text/plainSpelling.ts';
import { ProcessorError } from '../../../src/speech/text/json.ts';
import { readProcessor } from '../../../src/speech/text/processor.ts';
import { folderWith } from '../files.ts';

const folder = (settings: object): Promise<string> =>
  folderWith({
    'vocab.json': JSON.stringify({ '<pad>': 0, '<s>': 1, '</s>': 2, '<unk>': 3, t: 4, uː: 5 }),
    'tokenizer_config.json': JSON.stringify({ tokenizer_class: 'Wav2Vec2PhonemeCTCTokenizer', ...settings }),
  });
const utterance = (text: string): { id: string; audio: string; text: string } => ({ id: 'a', audio: '/a.wav', text });

test('do_phonemize, which is on by default, refuses words and takes phones', async () => {
  for (const settings of [{}, { do_phonemize: true }]) {
    const { vocabulary } = await readProcessor(await folder(settings));
    expect(vocabulary.unit).toBe('phone');
    const refused = (): void => refusePlainSpelling(vocabulary, [utterance('two two'), utterance('t')], 'x.jsonl');
    expect(refused).toThrow(ProcessorError);
    expect(refused).toThrow(/^x\.jsonl: .*plain spelling.*write the texts in the phones/u);
    refusePlainSpelling(vocabulary, [utterance('t uː'), utterance('t uː oops')], 'x.jsonl');
  }
});

test('without do_phonemize nothing is refused, the warning of evaluations says it', async () => {
  const { vocabulary } = await readProcessor(await folder({ do_phonemize: false, phone_delimiter_token: ' ' }));
  refusePlainSpelling(vocabulary, [utterance('two two')], 'x.jsonl');
});
