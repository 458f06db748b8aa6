/** The symbols a CTC model writes with: from text to labels, and from labels back to text. */

import type { ScoringUnit } from '../../protocol/errorRate.ts';
import { unitOf, wordMark, wordRule, type WordRule, type WordSettings } from './words.ts';

export interface VocabularySettings extends WordSettings {
  /** Token by id; ids without a token are empty strings. */
  readonly tokens: readonly string[];
  /** The CTC blank, which Hugging Face models keep at their padding token. */
  readonly blank: number;
  /** What a word delimiter becomes in text. */
  readonly wordSeparator?: string;
  /** Tokens that are no text: padding, unknown, start and end. */
  readonly special: ReadonlySet<string>;
  /** Whether the tokenizer makes phones of plain spelling (`do_phonemize`), which Pinch does not. */
  readonly phonemizes?: boolean;
}

export interface Spelling {
  /** Token ids; characters that the vocabulary lacks are left out. */
  readonly labels: Int32Array;
  /** The characters (phones, if it writes these) that the vocabulary lacks, each once. */
  readonly missing: readonly string[];
}

/** Of any kind, but no byte order mark. */
const whiteSpace = /\p{White_Space}+/u;

export class Vocabulary {
  readonly tokens: readonly string[];
  readonly blank: number;
  /** How it writes words. */
  readonly words: WordRule;
  readonly special: ReadonlySet<string>;
  readonly phonemizes: boolean;
  private readonly separator: string;
  private readonly ids = new Map<string, number>();
  private readonly alphabet = new Set<string>();
  private written: RegExp | undefined;
  private readonly longest: number;

  constructor(settings: VocabularySettings) {
    this.tokens = settings.tokens;
    this.blank = settings.blank;
    this.special = settings.special;
    this.phonemizes = settings.phonemizes ?? false;
    const written = new Set(
      settings.tokens.filter((token, id) => token !== '' && id !== settings.blank && !settings.special.has(token)),
    );
    this.words = wordRule(written, settings);
    this.separator = this.words.kind === 'delimiter' ? (settings.wordSeparator ?? ' ') : ' ';
    const between = this.wordDelimiter;
    settings.tokens.forEach((token, id) => {
      if (id === settings.blank || !written.has(token)) return;
      this.ids.set(token, id);
      if (token === between) return;
      for (const character of token)
        if (this.words.kind !== 'mark' || character !== wordMark) this.alphabet.add(character);
    });
    this.longest = Math.max(0, ...[...this.ids.keys()].map((text) => Array.from(text).length));
  }

  get size(): number {
    return this.tokens.length;
  }

  /** What error rates count. */
  get unit(): ScoringUnit {
    return unitOf(this.words);
  }

  /** What stands for a space in the tokens, be it a token or the start of one; undefined if words have no sign. */
  get wordDelimiter(): string | undefined {
    switch (this.words.kind) {
      case 'delimiter':
        return this.words.token;
      case 'mark':
        return wordMark;
      case 'phones':
        return this.words.wordToken;
      case 'none':
        return undefined;
    }
  }

  /** Whether it can write this: a character or, if it writes phones, a phone. Never the sign between words. */
  has(unit: string): boolean {
    return this.words.kind === 'phones' ? unit !== this.wordDelimiter && this.ids.has(unit) : this.alphabet.has(unit);
  }

  /** Whether it can write all of a text, spaces left aside. */
  hasAll(text: string): boolean {
    if (this.words.kind === 'phones') return this.phonesOf(text).every((phone) => this.has(phone));
    // A hundred times faster than to look up each character of a large corpus.
    this.written ??= new RegExp(`^[ ${[...this.alphabet].map(escaped).join('')}]*$`, 'u');
    return this.written.test(text);
  }

  /** What it writes a text with: phones, or characters, spaces included. */
  unitsOf(text: string): string[] {
    return this.words.kind === 'phones' ? this.phonesOf(text) : Array.from(text);
  }

  /** The text of units. */
  textOf(units: readonly string[]): string {
    return units.join(this.words.kind === 'phones' ? ' ' : '');
  }

  /**
   * A text with its words as the model writes them: separated by single spaces, as phones are; without spaces if the vocabulary has no sign of a
   * word. Texts are compared with what a model recognised in this form.
   */
  spaced(text: string): string {
    if (this.words.kind === 'phones')
      return this.phonesOf(text)
        .filter((phone) => phone !== this.wordDelimiter)
        .join(' ');
    const words = text.split(whiteSpace).filter((word) => word !== '');
    return words.join(this.words.kind === 'none' ? '' : ' ');
  }

  /** Labels for CTC of a text that went through the steps of its run. Tokens of several characters are preferred to shorter ones. */
  spell(text: string): Spelling {
    const labels: number[] = [];
    const missing = new Set(this.spellInto(text, labels));
    return { labels: new Int32Array(labels), missing: [...missing] };
  }

  /** How often the vocabulary lacks each character (or phone) of these texts, the most frequent first. */
  missingIn(texts: Iterable<string>): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const text of texts) {
      for (const character of this.spellInto(text, [])) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    return new Map([...counts].sort(([, a], [, b]) => b - a));
  }

  /** The text of labels, special tokens left out. */
  text(labels: readonly number[]): string {
    const tokens = labels
      .filter((label) => label !== this.blank)
      .map((label) => this.tokens[label] ?? '')
      .filter((token) => !this.special.has(token));
    return this.join(tokens).trim().split(/\s+/u).join(' ');
  }

  private join(tokens: readonly string[]): string {
    switch (this.words.kind) {
      case 'delimiter':
        return tokens.map((token) => (token === this.wordDelimiter ? this.separator : token)).join('');
      case 'mark':
        return tokens.join('').replaceAll(wordMark, ' ');
      case 'phones':
        return tokens.filter((token) => token !== this.wordDelimiter).join(' ');
      case 'none':
        return tokens.join('').replaceAll(/\s+/gu, '');
    }
  }

  /** Adds the labels of a text. @returns the characters that the vocabulary lacks, as often as they occur. */
  private spellInto(text: string, labels: number[]): string[] {
    return this.words.kind === 'phones' ? this.spellPhones(text, labels) : this.spellCharacters(text, labels);
  }

  private spellPhones(text: string, labels: number[]): string[] {
    const missing: string[] = [];
    for (const phone of this.phonesOf(text)) {
      const id = this.ids.get(phone);
      if (id === undefined) missing.push(phone);
      else labels.push(id);
    }
    return missing;
  }

  private spellCharacters(text: string, labels: number[]): string[] {
    const missing: string[] = [];
    const characters = this.marked(Array.from(this.spaced(text)), missing);
    for (let at = 0; at < characters.length;) {
      const match = this.longestMatch(characters, at);
      if (match) labels.push(match.id);
      else missing.push(characters[at] ?? '');
      at += match?.length ?? 1;
    }
    return missing;
  }

  /** With "▁" before each word, where that is how words are written. Such a sign in the text itself is not a space. */
  private marked(characters: readonly string[], missing: string[]): readonly string[] {
    if (this.words.kind !== 'mark' || characters.length === 0) return characters;
    const own = characters.filter((character) => character === wordMark);
    missing.push(...own);
    const others = own.length === 0 ? characters : characters.filter((character) => character !== wordMark);
    return [wordMark, ...others.map((character) => (character === ' ' ? wordMark : character))];
  }

  /** The phones of a text, the sign between words included. */
  private phonesOf(text: string): string[] {
    const separator = this.words.kind === 'phones' ? this.words.separator.trim() : '';
    const spaced = separator === '' ? text : text.replaceAll(separator, ' ');
    return spaced.split(whiteSpace).filter((phone) => phone !== '');
  }

  private longestMatch(characters: readonly string[], at: number): { id: number; length: number } | undefined {
    const delimiter = this.words.kind === 'delimiter' ? this.words.token : undefined;
    if (characters[at] === ' ' && delimiter !== undefined) {
      const id = this.ids.get(delimiter);
      if (id !== undefined) return { id, length: 1 };
    }
    for (let length = Math.min(this.longest, characters.length - at); length > 0; length--) {
      const candidate = length === 1 ? (characters[at] ?? '') : characters.slice(at, at + length).join('');
      // The delimiter's own character in a text is not a space.
      if (candidate === delimiter) continue;
      const id = this.ids.get(candidate);
      if (id !== undefined) return { id, length };
    }
    return undefined;
  }
}

/** A character in a class of a regular expression. */
function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
