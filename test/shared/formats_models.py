"""Writes tiny random CTC models of eight architectures, each by both of PyTorch's exporters: formats_models.py FOLDER [ARCHITECTURE …]"""

import json
import logging
import os
import sys
import warnings

import torch
import transformers

logging.disable(logging.WARNING)
warnings.filterwarnings("ignore")

FAMILIES = ["Wav2Vec2", "Hubert", "WavLM", "Data2VecAudio", "UniSpeech", "UniSpeechSat", "SEW", "Wav2Vec2Conformer"]
SYMBOLS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"]


def configured(family):
    settings = dict(
        vocab_size=len(SYMBOLS), hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96,
        conv_dim=(32,) * 7, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4, num_codevectors_per_group=8,
        codevector_dim=16, proj_codevector_dim=16, pad_token_id=0, bos_token_id=1, eos_token_id=2, attn_implementation="eager",
        layerdrop=0.0,
    )
    if family == "SEW":
        settings.update(conv_dim=(32,) * 13, squeeze_factor=2)
    if family == "Data2VecAudio":
        settings.update(num_conv_pos_embeddings=2, conv_pos_kernel_size=5)
    return getattr(transformers, f"{family}Config")(**settings)


class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_values):
        return self.model(input_values).logits


def make(folder, family, seed):
    torch.manual_seed(seed)
    config = configured(family)
    model = getattr(transformers, f"{family}ForCTC")(config).eval()
    # Biases as training leaves them: none equals another.
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.add_(torch.randn_like(parameter) * 0.05)
    audio = torch.randn(2, 16000)
    for exporter in ["dynamo", "legacy"]:
        out = os.path.join(folder, family, exporter)
        os.makedirs(out, exist_ok=True)
        common = dict(input_names=["input_values"], output_names=["logits"])
        path = os.path.join(out, "model.onnx")
        if exporter == "dynamo":
            batch, samples = torch.export.Dim("batch"), torch.export.Dim("samples", min=4000)
            torch.onnx.export(
                Logits(model), (audio,), path, dynamo=True, opset_version=18, verbose=False,
                dynamic_shapes=({0: batch, 1: samples},), **common,
            )
        else:
            axes = {"input_values": {0: "batch", 1: "samples"}, "logits": {0: "batch", 1: "frames"}}
            torch.onnx.export(Logits(model), (audio,), path, dynamo=False, opset_version=17, dynamic_axes=axes, **common)
        config.save_pretrained(out)
        with open(os.path.join(out, "vocab.json"), "w") as file:
            json.dump({symbol: i for i, symbol in enumerate(SYMBOLS)}, file)
        with open(os.path.join(out, "tokenizer_config.json"), "w") as file:
            json.dump(dict(tokenizer_class="Wav2Vec2CTCTokenizer", pad_token="<pad>", word_delimiter_token="|"), file)
        with open(os.path.join(out, "preprocessor_config.json"), "w") as file:
            json.dump(dict(feature_extractor_type="Wav2Vec2FeatureExtractor", sampling_rate=16000, do_normalize=True), file)


if __name__ == "__main__":
    folder, *chosen = sys.argv[1:]
    for index, family in enumerate(FAMILIES):
        if chosen and family not in chosen:
            continue
        make(folder, family, index)
        print(family, flush=True)
