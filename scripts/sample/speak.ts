/** Speaks a sentence with eSpeak NG: the same samples for the same words and voice, on every machine. */

import run from 'espeak-ng';
import { decodeAudio } from '../../src/speech/audio/decode.ts';

export interface Voice {
  /** eSpeak NG's name for it: a language and a variant. */
  readonly name: string;
  /** Words a minute. */
  readonly speed: number;
  /** 0 to 99. */
  readonly pitch: number;
}

/** What is louder than this is speech, in parts of full scale. */
const silence = 0.01;

/** The sentence at `sampleRate`, without the silence that eSpeak NG leaves behind it but for a tenth of a second. */
export async function speak(text: string, voice: Voice, sampleRate: number): Promise<Float32Array> {
  const said: string[] = [];
  const program = await run({
    arguments: ['-v', voice.name, '-s', String(voice.speed), '-p', String(voice.pitch), '-w', 'out.wav', text],
    print: (line) => said.push(line),
    printErr: (line) => said.push(line),
  });
  let wav: Uint8Array;
  try {
    wav = program.FS.readFile('out.wav');
  } catch {
    throw new Error(`eSpeak NG did not speak "${text}" as ${voice.name}: ${said.join(' ')}`);
  }
  const samples = await decodeAudio(wav, { sampleRate, name: text });
  const end = samples.findLastIndex((sample) => Math.abs(sample) > silence);
  return samples.subarray(0, end + Math.round(sampleRate / 10));
}
