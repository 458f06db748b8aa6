"""Tiny random checkpoints, as transformers saves them and as torch.save does, for test/shared/checkpointFiles.test.ts."""

import argparse
import json
import os

import torch
from transformers import HubertConfig, HubertForCTC, Wav2Vec2Config, Wav2Vec2ForCTC

parser = argparse.ArgumentParser()
parser.add_argument("--out", required=True)
out = parser.parse_args().out

tiny = dict(
    hidden_size=48, num_hidden_layers=3, num_attention_heads=4, intermediate_size=96, conv_dim=(24, 24, 24), conv_kernel=(10, 3, 3),
    conv_stride=(5, 2, 2), num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4, vocab_size=12,
)
for name, config, kind in [
    ("wav2vec2", Wav2Vec2Config(**tiny), Wav2Vec2ForCTC),
    ("hubert", HubertConfig(**tiny, feat_extract_norm="layer", do_stable_layer_norm=True), HubertForCTC),
]:
    for dtype in [torch.float32, torch.float16, torch.bfloat16]:
        torch.manual_seed(1)
        model = kind(config).to(dtype)
        folder = os.path.join(out, f"{name}-{str(dtype).removeprefix('torch.')}")
        model.save_pretrained(os.path.join(folder, "safetensors"))
        model.save_pretrained(os.path.join(folder, "parts"), max_shard_size="100KB")
        os.makedirs(os.path.join(folder, "bin"))
        torch.save(model.state_dict(), os.path.join(folder, "bin", "pytorch_model.bin"))
        # As the older transformers wrote it.
        os.makedirs(os.path.join(folder, "bin-parts"))
        items = list(model.state_dict().items())
        halves = {"pytorch_model-1.bin": items[::2], "pytorch_model-2.bin": items[1::2]}
        for file, part in halves.items():
            torch.save(dict(part), os.path.join(folder, "bin-parts", file))
        index = {"metadata": {}, "weight_map": {key: file for file, part in halves.items() for key, _ in part}}
        with open(os.path.join(folder, "bin-parts", "pytorch_model.bin.index.json"), "w") as file:
            json.dump(index, file)
