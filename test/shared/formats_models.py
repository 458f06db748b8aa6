"""Tiny CTC models of eight architectures that recognise tones, whole and pruned, exported by both of PyTorch's exporters.

Needs torch, transformers, onnx and onnxscript.

  formats_models.py FOLDER [--only ARCHITECTURE ...] [--workers 2]

A model learns for a few seconds which letter each pitch is, so that its texts mean something: a random model's are ties that any
rounding decides. The pruned one of each has lost heads, units and half of its other weights, and has learned on without them. In FOLDER are
speech.f32, recordings that no model has learned, one float32 after the other, and speech.json, their texts and how many samples each has.
For each model there is FOLDER/ARCHITECTURE/whole|pruned/dynamo|legacy with model.onnx and the tokenizer's files, and, where it is pruned,
dead.json: each layer's groups, and how many of them live. One JSON line is printed for each architecture when it is there.
"""
import argparse, io, json, logging, multiprocessing, os, time, warnings
from contextlib import redirect_stderr, redirect_stdout

warnings.filterwarnings("ignore")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import torch
import transformers

FAMILIES = [
    "Wav2Vec2", "Hubert", "WavLM", "Data2VecAudio", "UniSpeech", "UniSpeechSat", "SEW", "Wav2Vec2Conformer", "Wav2Vec2ConformerRotary",
]
SYMBOLS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"]
LETTERS = "ABCDEF"
HEADS, UNITS = 4, 96


def configured(family):
    settings = dict(
        vocab_size=len(SYMBOLS), hidden_size=48, num_hidden_layers=2, num_attention_heads=HEADS, intermediate_size=UNITS,
        conv_dim=(32,) * 7, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4, num_codevectors_per_group=8,
        codevector_dim=16, proj_codevector_dim=16, pad_token_id=0, bos_token_id=1, eos_token_id=2, attn_implementation="eager",
        layerdrop=0.0, apply_spec_augment=False,
    )
    if family == "SEW":
        settings.update(conv_dim=(32,) * 13, squeeze_factor=2)
    if family == "Data2VecAudio":
        settings.update(num_conv_pos_embeddings=2, conv_pos_kernel_size=5)
    if family == "Wav2Vec2ConformerRotary":
        settings.update(position_embeddings_type="rotary")
    return getattr(transformers, f"{class_of(family)}Config")(**settings)


def class_of(family):
    return family.removesuffix("Rotary")


# ---------------------------------------------------------------- what is recognised

def recordings(random, count, tones):
    """[count, samples] of tones of 150 ms with 100 ms between them, and the letter of each sample, -1 where there is none."""
    time, size = np.arange(2400) / 16000, (count, tones)
    letters = random.integers(len(LETTERS), size=size)
    envelope = np.minimum(1, np.minimum(np.arange(2400), np.arange(2400)[::-1]) / 160)
    sound = envelope * np.sin(2 * np.pi * (250 * 1.45 ** letters)[..., None] * time)
    silence = np.zeros((*size, 1600))
    end = silence[:, 0]
    audio = np.concatenate([np.concatenate([silence, sound], -1).reshape(count, -1), end], -1)
    labels = np.concatenate([silence - 1, np.broadcast_to(letters[..., None], sound.shape)], -1)
    labels = np.concatenate([labels.reshape(count, -1), end - 1], -1).astype(int)
    audio += 0.02 * random.standard_normal(audio.shape)
    audio = (audio - audio.mean(-1, keepdims=True)) / np.sqrt(audio.var(-1, keepdims=True) + 1e-7)
    return torch.tensor(audio, dtype=torch.float32), labels, ["".join(LETTERS[i] for i in row) for row in letters]


def teach(model, steps, learning_rate, masks):
    """Frame by frame, by cross entropy; what `masks` are 0 for stays 0."""
    random = np.random.default_rng(len(masks))
    adam = torch.optim.Adam(model.parameters())
    for step in range(steps):
        for group in adam.param_groups:
            group["lr"] = learning_rate * min(1, (step + 1) / 10, 2 * (1 - step / steps))
        audio, labels, _ = recordings(random, 4, 5)
        logits = model(audio).logits
        centers = (np.arange(logits.shape[1]) * 320 + 200).clip(max=labels.shape[1] - 1)
        wanted = torch.tensor(labels[:, centers])
        wanted = torch.where(wanted < 0, 0, wanted + SYMBOLS.index(LETTERS[0]))
        adam.zero_grad()
        torch.nn.functional.cross_entropy(logits.transpose(1, 2), wanted).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        apply(masks)


# ---------------------------------------------------------------- pruning

def pruned(model):
    """Masks by parameter, and the groups that they leave: a third of the units, a head, and at last a whole feed-forward layer and attention."""
    masks, layers = {}, []
    outs = [(name, module) for name, module in model.named_modules() if name.endswith(("out_proj", "linear_out", "output_dense"))]
    heads = [module for name, module in outs if "output_dense" not in name]
    units = [module for name, module in outs if "output_dense" in name]
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and ".encoder.layers." in name:
            size = module.weight.detach().abs()
            masks[module.weight] = (size >= size.median()).float()
    for modules, groups, keeps in ((heads, HEADS, [3, 0]), (units, UNITS, [64, 0] if len(units) == 2 else [64, 80, 0, 96])):
        for module, kept in zip(modules, keeps):
            weights = module.weight.detach().view(module.weight.shape[0], groups, -1)
            least = weights.pow(2).sum((0, 2)).argsort()[:groups - kept]
            masks[module.weight].view(weights.shape)[:, least] = 0
            if kept < groups:
                layers.append(dict(groups=groups, kept=kept))
    return masks, layers


@torch.no_grad()
def apply(masks):
    for parameter, mask in masks.items():
        parameter.mul_(mask)


# ---------------------------------------------------------------- exports

class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_values):
        return self.model(input_values).logits


def export(model, out, exporters):
    wrapped = Logits(model).eval()
    audio, common = torch.randn(2, 16000), dict(input_names=["input_values"], output_names=["logits"])
    for exporter in exporters:
        folder = os.path.join(out, exporter)
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "model.onnx")
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            if exporter == "dynamo":
                batch, samples = torch.export.Dim("batch"), torch.export.Dim("samples", min=4000)
                torch.onnx.export(
                    wrapped, (audio,), path, dynamo=True, opset_version=18, verbose=False,
                    dynamic_shapes=({0: batch, 1: samples},), **common,
                )
            else:
                axes = {"input_values": {0: "batch", 1: "samples"}, "logits": {0: "batch", 1: "frames"}}
                torch.onnx.export(wrapped, (audio,), path, dynamo=False, opset_version=17, dynamic_axes=axes, **common)
        model.config.save_pretrained(folder)
        write(folder, "vocab.json", {symbol: i for i, symbol in enumerate(SYMBOLS)})
        write(folder, "tokenizer_config.json", dict(tokenizer_class="Wav2Vec2CTCTokenizer", pad_token="<pad>", word_delimiter_token="|"))
        write(folder, "preprocessor_config.json", dict(feature_extractor_type="Wav2Vec2FeatureExtractor", sampling_rate=16000, do_normalize=True))


def write(folder, name, content):
    with open(os.path.join(folder, name), "w") as file:
        json.dump(content, file)


def make(job):
    folder, family = job
    started = time.time()
    # What PyTorch 2.13 writes for relative positions fails in onnxruntime at some lengths, such as 157 frames: "cannot be reshaped".
    exporters = ["legacy"] if family == "Wav2Vec2Conformer" else ["dynamo", "legacy"]
    torch.set_num_threads(1)
    torch.manual_seed(FAMILIES.index(family))
    model = getattr(transformers, f"{class_of(family)}ForCTC")(configured(family)).eval()
    # Biases as training leaves them: none equals another.
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.add_(torch.randn_like(parameter) * 0.05)
        # The last of an odd number of SEW's frames is the head's bias alone; it is a blank.
        model.lm_head.bias[0] += 1
    # The squeezed frames of SEW are learned more slowly.
    teach(model, 200 if family == "SEW" else 100, 3e-3, {})
    export(model, os.path.join(folder, family, "whole"), exporters)
    masks, layers = pruned(model)
    apply(masks)
    teach(model, 40, 2e-3, masks)
    export(model, os.path.join(folder, family, "pruned"), exporters)
    write(os.path.join(folder, family, "pruned"), "dead.json", layers)
    return dict(name=family, seconds=round(time.time() - started, 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--only", nargs="*", default=FAMILIES, choices=FAMILIES)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    os.makedirs(args.folder, exist_ok=True)
    audio, _, texts = recordings(np.random.default_rng(1000), 10, 6)
    audio.numpy().astype("<f4").tofile(os.path.join(args.folder, "speech.f32"))
    write(args.folder, "speech.json", dict(samples=audio.shape[1], texts=texts))
    with multiprocessing.get_context("fork").Pool(args.workers) as pool:
        for made in pool.imap(make, [(args.folder, family) for family in args.only]):
            print(json.dumps(made), flush=True)


if __name__ == "__main__":
    main()
