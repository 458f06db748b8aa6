/**
 * What each step does to texts of many scripts: what the vocabulary has stays, no letter, mark or digit is lost, words do not merge; and the steps
 * that a user names.
 */

import { describe, expect, test } from 'vitest';
import type { TextStep } from '../../../../src/protocol/textSteps.ts';
import type { Vocabulary } from '../../../../src/speech/text/vocabulary.ts';
import { after, capitals, english, lettersOf } from './vocabularies.ts';

const accents = lettersOf("abcdefghijklmnopqrstuvwxyzàâçéèêëîïôùûüÿœæ'");
const withMarks = lettersOf(['e', 'n', 'a', '\u0301', '\u0303', '\u0302', '\u0323']);
const turkish = lettersOf('abcçdefgğhıijklmnoöprsştuüvyz');
const arabic = lettersOf('ابتثجحخدذرزسشصضطظعغفقكلمنهويةىءأإآؤئ');
const hindi = lettersOf(['न', 'म', 'स', 'त', 'े', '्', 'ड़', 'क', 'ा', 'ड', '़', 'प']);
const chinese = lettersOf('你好世界中文', {});

describe('auto', () => {
  test.each<[string, Vocabulary, string, string]>([
    ['punctuation of every kind', capitals, 'Two, eight: one — three; FOUR!', 'TWO EIGHT ONE THREE FOUR'],
    ['a full stop', english, 'Hello world.', 'hello world'],
    ['typographic apostrophes', english, 'Don’t, it‘s rock ʼn’ roll', "don't it's rock 'n' roll"],
    ['apostrophes that the vocabulary lacks', lettersOf('DONTIS'), "Don't ’tis", 'DONT TIS'],
    ['an apostrophe of the vocabulary that is not the plain one', lettersOf('don’t'), "don't", 'don’t'],
    ['quotation marks around words', english, '‘The students’ and “it’s”, «oui» „ja“', "the students and it's oui ja"],
    ['a quotation mark behind a full stop', english, 'he said.’', 'he said'],
    [
      'hyphens and dashes between letters',
      english,
      'well-known and/or word—word e.g. non‑breaking',
      'well known and or word word e g non breaking',
    ],
    ['a hyphen of the vocabulary', lettersOf('wel-known'), 'Well–known, - well‐known', 'well-known - well-known'],
    ['dots between words', english, 'wait...what…no', 'wait what no'],
    ['what the vocabulary has stays', lettersOf('helo.,HELO'), 'Hello, hello.', 'Hello, hello.'],
    ['composed', accents, 'DE\u0301JA\u0300 VU', 'déjà vu'],
    ['decomposed', withMarks, 'éñ É', 'e\u0301n\u0303 e\u0301'],
    ['marks of which one is composed', lettersOf(['ê', '\u0323']), 'ệ', 'ê\u0323'],
    ['fullwidth and ligatures', english, 'Ｈｅｌｌｏ，　ﬁne', 'hello fine'],
    ['no letters are made of signs', english, 'Brand™ and ½', 'brand and ½'],
    ['white space of any kind', english, '\uFEFFa\u00A0b\u2003c\t\r\nd\u3000e\u2028f\u0085g', 'a b c d e f g'],
    [
      'no shape: zero-width space and joiners, soft hyphen, byte order mark',
      english,
      'a\u200Bb\u200Dc\u00ADd\uFEFFe\u200Ef',
      'abcdef',
    ],
    ['a joiner of the vocabulary', lettersOf('می\u200Cخ'), 'می\u200Cخ', 'می\u200Cخ'],
    ['ß where the vocabulary has it', lettersOf('straße'), 'STRAẞE Straße', 'straße straße'],
    ['ß where only capitals are there', capitals, 'Straße', 'STRASSE'],
    ['ß where the letter is a capital', lettersOf('STRAẞE'), 'Straße', 'STRAẞE'],
    ['ß in lower case without it', english, 'Straße', 'strasse'],
    ['Turkish letters I', turkish, 'ISPARTA İstanbul ısı', 'ısparta istanbul ısı'],
    ['Turkish capitals', lettersOf('İIZMR'), 'izmir ırm', 'İZMİR IRM'],
    ['a dotted capital in English', english, 'İstanbul', 'istanbul'],
    ['Greek sigma', lettersOf('οδςσ'), 'ΟΔΟΣ, ΣΟ', 'οδος σο'],
    ['Greek without final sigma', lettersOf('οδσ'), 'οδος', 'οδοσ'],
    ['both cases', lettersOf('aAbB'), 'aA Bb', 'aA Bb'],
    ['Arabic punctuation; marks and tatweel stay', arabic, 'كَتَبَ، كـتب؟', 'كَتَبَ كـتب'],
    ['danda, and composed letters as the vocabulary has them', hindi, 'नमस्ते। सड़क॥ पड\u093Cा', 'नमस्ते सड़क पड़ा'],
    ['Chinese punctuation and spaces', chinese, '你好，世界。 《中文》！', '你好世界中文'],
    ['Spanish', lettersOf('¿holaquet'), '¡Hola! ¿Qué tal?', 'hola ¿qué tal'],
    ['Thai', lettersOf(['ก', 'ั', 'น', 'ๆ'], {}), 'กัน ๆ กัน', 'กันๆกัน'],
    ["Catalan's middle dot", lettersOf('colegi'), 'Col·legi', 'collegi'],
    ['Hebrew abbreviations', lettersOf('צהלא'), 'צה״ל צה"ל "אל"', 'צהל צהל אל'],
    ['Armenian tones', lettersOf('ինչու'), 'ինչո՞ւ։', 'ինչու'],
    ['Japanese long vowels are letters', lettersOf('データ', {}), 'データ・データ', 'データデータ'],
    ['halfwidth katakana', lettersOf('ガデ', {}), 'ｶﾞﾃﾞ', 'ガデ'],
    ['Hangul as letters', lettersOf('\u1112\u1161\u11ab', {}), '한', '\u1112\u1161\u11ab'],
    ['SentencePiece signs in the text', lettersOf(['▁', 'h', 'i'], {}), '▁hi▁Hi', 'hi hi'],
    ['the delimiter in a text', capitals, 'a|b', 'A B'],
    ['emoji and other symbols', english, 'yes 👍🏽 ♪ no ❤️', 'yes no'],
    ['numbers and signs that are read aloud stay', english, 'R&B: 50% for $1,000.', 'r&b 50% for $1,000'],
    ['markers stay', english, 'Well, [Noise] <unk> YES. <spoken_noise>', 'well [Noise] <unk> yes <spoken_noise>'],
    ['less and greater are no markers', english, 'a < b', 'a < b'],
    ['nothing', english, ' ... ', ''],
  ])('%s', (_, vocabulary, text, expected) => {
    expect(after(text, vocabulary)).toBe(expected);
    expect(after(expected, vocabulary)).toBe(expected);
  });

  test('phones: the form, the case, and punctuation between them', () => {
    const phones = lettersOf(['tʃ', 'ɔ\u0303', 'AH0', 'N', 'ˈa', '.'], { phoneDelimiter: ' ', wordDelimiter: '|' });
    expect(after('tʃ , ah0 | N ! . ɔ̃ ˈa -', phones)).toBe('tʃ AH0 N . ɔ̃ ˈa');
    expect(after('tʃ-N', lettersOf(['tʃ', 'N'], { phoneDelimiter: '-' }))).toBe('tʃ N');
  });
});

describe('steps by name', () => {
  test.each<[string, readonly TextStep[], Vocabulary, string, string]>([
    ['none', [], english, 'Don’t.', 'Don’t.'],
    ['as before there was the setting', ['unicode', 'case'], english, 'Don’t stop.', 'don’t stop.'],
    ['lower, upper', ['lower'], capitals, 'ABC', 'abc'],
    ['forms', ['NFD'], english, 'é', 'e\u0301'],
    ['compatibility', ['NFKC'], english, '½ ™', '1⁄2 TM'],
    ['characters to remove', [{ remove: '.—' }], english, 'a.b — c', 'ab c'],
    ['a class to remove', [{ remove: 're:[\\p{M}\\u0640]' }], arabic, 'كَتَبَ كـتب', 'كتب كتب'],
    [
      'replacements, literally and in order',
      [{ replace: { '&': ' and ', '[noise]': '', 're:\\bdr\\.': 'doctor', $: ' dollars' } }, 'punctuation'],
      english,
      'dr. a&b [noise] 5$.',
      'doctor a and b 5 dollars',
    ],
    ['no patterns of a replacement', [{ replace: { a: '$&$1' } }], english, 'a', '$&$1'],
  ])('%s', (_, steps, vocabulary, text, expected) => {
    expect(after(text, vocabulary, steps)).toBe(expected);
  });
});
