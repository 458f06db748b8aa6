"""Tokenizers of many kinds in folders, and how transformers decodes random paths of symbols with each: a line of JSON for each kind."""

import json
import random
import sys
from pathlib import Path

from transformers import Wav2Vec2CTCTokenizer, Wav2Vec2PhonemeCTCTokenizer

usual = ["<pad>", "<s>", "</s>", "<unk>"]
english = list("ETAOINHSRDLUMWCFGYPBVKXJQZ'")
kinds = {
    "letters": (usual + ["|"] + english, {}),
    "lower": (usual + ["|"] + [letter.lower() for letter in english], {}),
    "spaces": (usual + [" "] + list("abcdefgh"), {"word_delimiter_token": " "}),
    "marks": (usual + ["▁"] + list("abcdefgh"), {"word_delimiter_token": "▁"}),
    "phones": (usual + ["tʃ", "oʊ", "ɑː", "n", "t", "ɹ"], {"do_phonemize": False}),
    "phones and words": (usual + ["|", "tʃ", "oʊ", "n"], {"do_phonemize": False, "word_delimiter_token": "|"}),
    "Chinese": (usual + list("的一是不了人我在有他这中大来上国"), {}),
    "Thai": (usual + list("กขคงจฉชซ") + ["\u0e31", "\u0e34", "\u0e48", "\u0e49"], {}),
    "Arabic": (usual + ["|"] + list("ابتثجحخدذرزسش"), {}),
    "MMS": (usual + ["|"] + list("aeiou'ŋɓ-"), {"target_lang": "hau"}),
}

random.seed(13)
for name, (tokens, settings) in kinds.items():
    folder = Path(sys.argv[1], name)
    folder.mkdir(parents=True)
    ids = {token: id for id, token in enumerate(tokens)}
    vocabulary = {settings["target_lang"]: ids} if "target_lang" in settings else ids
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    kind = Wav2Vec2PhonemeCTCTokenizer if "do_phonemize" in settings else Wav2Vec2CTCTokenizer
    tokenizer = kind(str(folder / "vocab.json"), **settings)
    written = folder / "written"
    tokenizer.save_pretrained(written)
    paths = [[random.choice([0, random.randrange(4, len(tokens))]) for _ in range(60)] for _ in range(20)]
    texts = [tokenizer.decode(path) for path in paths]
    print(json.dumps({"folder": str(written), "name": name, "paths": paths, "texts": texts}))
