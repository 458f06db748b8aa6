/** What the names in a folder say about the manifests in it. */

/** `.wrd`, `.ltr`, `.phn`: the texts of fairseq's lists, as words, letters or phones, the best first. */
export const fairseqTexts = ['.wrd', '.ltr', '.phn'] as const;

const metadataFiles = ['metadata.csv', 'metadata.jsonl', 'metadata.tsv'];

/** The name, or the name with `.gz` behind it, if it is there. */
export function nameIn(names: readonly string[], name: string): string | undefined {
  return [name, `${name}.gz`].find((found) => names.includes(found));
}

/** A data folder of Kaldi or ESPnet. */
export function isKaldiFolder(names: readonly string[]): boolean {
  return nameIn(names, 'wav.scp') !== undefined;
}

/** The table that describes an audio folder of Hugging Face, or LJSpeech; undefined if there is none. */
export function metadataIn(names: readonly string[]): string | undefined {
  return metadataFiles.map((name) => nameIn(names, name)).find((found) => found !== undefined);
}

/** The manifest in a folder that Lhotse wrote, cuts before supervisions; undefined if there is none, or several. */
export function lhotseFileIn(names: readonly string[]): string | undefined {
  for (const kind of ['cuts', 'supervisions']) {
    const found = names.filter((name) => name.includes(kind) && /\.jsonl(\.gz)?$/.test(name));
    if (found.length === 1) return found[0];
  }
  return undefined;
}

/** The name, without `.gz`, that the recordings of Lhotse's supervisions have, or the other way round; undefined if the name does not say. */
export function lhotseCounterpart(name: string, own: string, other: string): string | undefined {
  return name.includes(own) ? name.replace(/\.gz$/, '').replace(own, other) : undefined;
}

/** The only list of fairseq in a folder that has its texts beside it; undefined if there is none, or several. */
export function fairseqFileIn(names: readonly string[]): string | undefined {
  const lists = names.filter((name) => /\.tsv(\.gz)?$/.test(name) && hasFairseqTexts(name, names));
  return lists.length === 1 ? lists[0] : undefined;
}

export function hasFairseqTexts(list: string, names: readonly string[]): boolean {
  return fairseqTexts.some((ending) => nameIn(names, `${fairseqStem(list)}${ending}`) !== undefined);
}

export function fairseqStem(list: string): string {
  return list.replace(/\.gz$/, '').replace(/\.tsv$/, '');
}

/** The splits of a folder of parquet files, as `train-00000-of-00002.parquet` is a part of `train`; each with its files in order. */
export function parquetSplits(names: readonly string[]): Map<string, string[]> {
  const splits = new Map<string, string[]>();
  for (const name of names.filter((each) => each.endsWith('.parquet')).sort()) {
    const split = name.replace(/(-\d+-of-\d+|[-_]?\d+)?\.parquet$/, '');
    splits.set(split, [...(splits.get(split) ?? []), name]);
  }
  return splits;
}
