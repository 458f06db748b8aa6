/** Lines as a collection like Common Voice has them, in six scripts: known words, dressed up in all the ways in which people type. Seeded. */

import { Random } from '../../../../src/base/random.ts';
import type { Vocabulary } from '../../../../src/speech/text/vocabulary.ts';
import { lettersOf } from './vocabularies.ts';

export interface Script {
  readonly name: string;
  readonly vocabulary: Vocabulary;
  /** As the vocabulary writes them. */
  readonly words: readonly string[];
  /** Marks at the end of a sentence, within it, and around words. */
  readonly ends: readonly string[];
  readonly within: readonly string[];
  readonly quotes: readonly (readonly [string, string])[];
  /** What the words can be typed as instead. */
  readonly forms: Readonly<Record<string, (text: string) => string>>;
}

export interface Line {
  readonly text: string;
  /** As it is to be spelled. */
  readonly spelled: string;
  /** The steps that have something to do. */
  readonly steps: ReadonlySet<string>;
}

const apart = (text: string): string => text.normalize('NFD');

export const scripts: readonly Script[] = [
  {
    name: 'Latin with accents',
    vocabulary: lettersOf("abcdefghijklmnopqrstuvwxyzàâçéèêëîïôùûüÿœæñßőşğı'"),
    words: ["l'été", 'garçon', 'où', 'señor', 'straße', 'œuvre', 'weiß', "aujourd'hui", 'façade', 'hej'],
    ends: ['.', '!', '?', '…', '...', ' !'],
    within: [',', ';', ' –', ' —', ':'],
    quotes: [
      ['«\u00A0', '\u00A0»'],
      ['“', '”'],
      ['„', '“'],
      ['‘', '’'],
      ['(', ')'],
      ['¿', '?'],
    ],
    forms: {
      unicode: apart,
      apostrophes: (text) => text.replaceAll("'", '’'),
      case: (text) => text.charAt(0).toUpperCase() + text.slice(1),
      invisible: (text) => `${text.slice(0, 2)}\u00AD${text.slice(2)}`,
    },
  },
  {
    name: 'Cyrillic, in capitals',
    vocabulary: lettersOf('АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ'),
    words: ['ПРИВЕТ', 'МИР', 'ЁЖ', 'МОЙ', 'ДЕНЬ', 'ОБЪЕКТ', 'ЩУКА', 'ЧАЙ', 'НОЧЬ', 'ЯБЛОКО'],
    ends: ['.', '!', '?', '?!', '…'],
    within: [',', ' -', ' —', ';'],
    quotes: [
      ['«', '»'],
      ['„', '“'],
      ['(', ')'],
      ['"', '"'],
    ],
    forms: { unicode: apart, case: (text) => text.toLowerCase(), invisible: (text) => `${text}\u200B` },
  },
  {
    name: 'Arabic',
    vocabulary: lettersOf('ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي\u0651\u064E'),
    words: ['مرحبا', 'العالم', 'آمن', 'مؤمن', 'كتب', 'سمّاعة', 'بيت', 'قرأ', 'شيء', 'كَتَبَ'],
    ends: ['.', '؟', '!', '۔'],
    within: ['،', '؛', ' -', ':'],
    quotes: [
      ['«', '»'],
      ['“', '”'],
      ['(', ')'],
      ['﴿', '﴾'],
    ],
    forms: { unicode: apart, invisible: (text) => `\u200F${text}\u200D` },
  },
  {
    name: 'Devanagari',
    vocabulary: lettersOf([
      ...['अ', 'आ', 'क', 'ग', 'घ', 'च', 'ट', 'ड', 'त', 'द', 'न', 'प', 'म', 'य', 'र', 'ल', 'स', 'ह', '\u095C', '\u095B'],
      ...['ा', 'ि', 'ी', 'ु', 'े', 'ो', '्', 'ं', 'ँ', '़'],
    ]),
    words: ['नमस्ते', 'सड\u093Cक', 'घर', 'हम', 'आम', 'पानी', 'दिन', 'मैं', 'चाँद', 'लोग'].map((word) =>
      word.replaceAll('ड\u093C', '\u095C').replaceAll('ैं', 'ें'),
    ),
    ends: ['।', '॥', '?', '!', '.'],
    within: [',', ';', ' —', ' -'],
    quotes: [
      ['“', '”'],
      ['(', ')'],
      ['"', '"'],
    ],
    forms: {
      unicode: (text) => text.replaceAll('\u095C', 'ड\u093C'),
      invisible: (text) => text.replace('्', '्\u200D') + '\u200C',
    },
  },
  {
    name: 'Chinese',
    vocabulary: lettersOf('你好世界我们今天去学校喝茶看书她说', {}),
    words: ['你好', '世界', '我们', '今天', '去', '学校', '喝茶', '看书', '她', '说'],
    ends: ['。', '！', '？', '……', '.'],
    within: ['，', '、', '；', '：', '——', ','],
    quotes: [
      ['《', '》'],
      ['「', '」'],
      ['“', '”'],
      ['（', '）'],
    ],
    forms: { invisible: (text) => `\uFEFF${text}` },
  },
  {
    name: 'Thai',
    vocabulary: lettersOf(
      [...Array.from('กขคงจชดตทนบปมยรลวสหอาะเแโไใๆ'), 'ั', 'ิ', 'ี', 'ุ', 'ู', '่', '้', '์', '\u0E33'],
      {},
    ),
    words: ['สวัสดี', 'ไป', 'กิน', 'น้ำ', 'มาก', 'ๆ', 'คน', 'ดี', 'เรา', 'อยู่'],
    ends: ['', '.', '!', '?', '…'],
    within: [',', ' -', ';'],
    quotes: [
      ['“', '”'],
      ['(', ')'],
      ['"', '"'],
    ],
    forms: { invisible: (text) => `${text}\u200B` },
  },
];

/** Lines of a script. In some of the words of most lines is something to do, and punctuation nearly everywhere. */
export function linesOf(
  { vocabulary, words, ends, within, quotes, forms }: Script,
  count: number,
  seed: number,
): Line[] {
  const random = Random.seeded(seed);
  const one = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;
  return Array.from({ length: count }, () => {
    const steps = new Set<string>();
    const chosen = Array.from({ length: 3 + random.below(6) }, () => one(words));
    const typed = chosen.map((word) => {
      let text = word;
      for (const [step, form] of Object.entries(forms)) {
        const changed = random.below(5) === 0 ? form(text) : text;
        // A form that the vocabulary has, too, is none: it cannot be told from what is meant.
        if (changed !== text) steps.add(step);
        text = changed;
      }
      if (random.below(6) === 0) {
        const [open, close] = one(quotes);
        steps.add(open === '‘' ? 'quotes' : 'punctuation');
        return open + text + close;
      }
      if (random.below(6) > 0) return text;
      steps.add('punctuation');
      return text + one(within);
    });
    const end = one(ends);
    if (end !== '') steps.add('punctuation');
    const text = typed.join(one([' ', '  ', '\t', '\u3000'])) + end;
    return { text, spelled: chosen.join(vocabulary.words.kind === 'none' ? '' : ' '), steps };
  });
}

/** Lines that cannot be spelled: a letter of another script, a number, a marker. */
export function impossible(line: Line, at: number): string {
  return `${line.text} ${['\u0416\u{10400}', '1,984', '[noise]', '5 %'][at % 4] ?? ''}`;
}
