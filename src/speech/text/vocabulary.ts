/** The symbols a CTC model writes with: from text to labels, and from labels back to text. */

export interface VocabularySettings {
  /** Token by id; ids without a token are empty strings. */
  readonly tokens: readonly string[];
  /** The CTC blank, which Hugging Face models keep at their padding token. */
  readonly blank: number;
  /** The token that stands between words, if the model has one. */
  readonly wordDelimiter?: string;
  /** What a word delimiter becomes in text. */
  readonly wordSeparator?: string;
  /** Tokens that are no text: padding, unknown, start and end. */
  readonly special: ReadonlySet<string>;
}

export interface Spelling {
  /** Token ids; characters that the vocabulary lacks are left out. */
  readonly labels: Int32Array;
  /** The characters that the vocabulary lacks, each once. */
  readonly missing: readonly string[];
}

export class Vocabulary {
  readonly tokens: readonly string[];
  readonly blank: number;
  readonly wordDelimiter: string | undefined;
  readonly special: ReadonlySet<string>;
  private readonly separator: string;
  /** Token ids by their text in composed form (NFC). */
  private readonly ids = new Map<string, number>();
  private readonly alphabet = new Set<string>();
  private readonly longest: number;

  constructor(settings: VocabularySettings) {
    this.tokens = settings.tokens;
    this.blank = settings.blank;
    this.wordDelimiter = settings.wordDelimiter;
    this.separator = settings.wordSeparator ?? ' ';
    this.special = settings.special;
    settings.tokens.forEach((token, id) => {
      if (token === '' || id === settings.blank || settings.special.has(token)) return;
      const text = token.normalize('NFC');
      this.ids.set(text, id);
      if (token !== settings.wordDelimiter) for (const character of text) this.alphabet.add(character);
    });
    this.longest = Math.max(0, ...[...this.ids.keys()].map((text) => Array.from(text).length));
  }

  get size(): number {
    return this.tokens.length;
  }

  /**
   * Text as the model would write it: composed (NFC), single spaces, and each character in the case the vocabulary has. Characters
   * that it has in no case stay as they are. References must pass through this before they are compared with a model's output.
   */
  normalizeText(text: string): string {
    const collapsed = text.normalize('NFC').trim().split(/\s+/u).join(' ');
    return Array.from(collapsed)
      .map((character) => this.conformCharacter(character))
      .join('');
  }

  /** Labels for CTC. Tokens of several characters are preferred to shorter ones. */
  spell(text: string): Spelling {
    const characters = Array.from(this.normalizeText(text));
    const labels: number[] = [];
    const missing = new Set<string>();
    for (let at = 0; at < characters.length;) {
      const match = this.longestMatch(characters, at);
      if (match) labels.push(match.id);
      else if (characters[at] !== ' ') missing.add(characters[at] ?? '');
      // A vocabulary without anything for a space, as for Chinese, writes none.
      at += match?.length ?? 1;
    }
    return { labels: Int32Array.from(labels), missing: [...missing] };
  }

  /** The text of labels, special tokens left out. */
  text(labels: readonly number[]): string {
    const parts = labels.map((label) => {
      const token = this.tokens[label] ?? '';
      if (label === this.blank || this.special.has(token)) return '';
      return token === this.wordDelimiter ? this.separator : token;
    });
    return parts.join('').trim().split(/\s+/u).join(' ');
  }

  private conformCharacter(character: string): string {
    if (character === ' ') return character;
    const forms = [character, character.toUpperCase(), character.toLowerCase()];
    // Vocabularies of scripts with combining marks may have the marks alone.
    const candidates = [...forms, ...forms.map((form) => form.normalize('NFD'))];
    const known = candidates.find((candidate) => Array.from(candidate).every((part) => this.alphabet.has(part)));
    return known ?? character;
  }

  private longestMatch(characters: readonly string[], at: number): { id: number; length: number } | undefined {
    const first = characters[at];
    if (first === ' ' && this.wordDelimiter !== undefined) {
      const id = this.ids.get(this.wordDelimiter.normalize('NFC'));
      if (id !== undefined) return { id, length: 1 };
    }
    for (let length = Math.min(this.longest, characters.length - at); length > 0; length--) {
      const candidate = characters.slice(at, at + length).join('');
      // The delimiter's own character in a text is not a space.
      if (candidate === this.wordDelimiter) continue;
      const id = this.ids.get(candidate);
      if (id !== undefined) return { id, length };
    }
    return undefined;
  }
}
