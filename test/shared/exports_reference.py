"""Tiny random speech models, exported as the README says, and PyTorch's own training of each, step by step.

Needs torch, transformers, soundfile, onnx and onnxscript.

  exports_reference.py --out FOLDER --data MANIFEST --like FOLDER [--only WORD ...] [--steps 8] [--workers 2]

`--like` is a folder with the tokenizer's files. FOLDER/train.jsonl has the utterances that all models are trained on, the first twelve of
the manifest in three batches, again and again. For each model there is FOLDER/NAME with dense.json and gated.json, PyTorch's losses in the
form of reference/w2v2-tiny/dense.json, and the model in dynamo/ (opset 18) and legacy/ (opset 17). One JSON line is printed for each model
when it is there. Weight norm is not folded: PyTorch trains its two factors. The settings are those of reference/yardstick.json.
Fresh models have the biases that their initialization gives them, most of them zero; in the others every vector is random.
"""
import argparse, io, json, logging, math, multiprocessing, os, shutil, sys, time, warnings
from contextlib import redirect_stderr, redirect_stdout

warnings.filterwarnings("ignore")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import soundfile as sf
import torch
import torch.nn.functional as F
import transformers

FAMILIES = dict(
    wav2vec2="Wav2Vec2", hubert="Hubert", wavlm="WavLM", data2vec="Data2VecAudio", unispeech="UniSpeech",
    unispeechsat="UniSpeechSat", sew="SEW", conformer="Wav2Vec2Conformer",
)
GROUP, LAYER = dict(feat_extract_norm="group"), dict(feat_extract_norm="layer", conv_bias=True)
STABLE = dict(**LAYER, do_stable_layer_norm=True)
VARIANTS = dict(data2vec=dict(layer={}), sew=dict(group=GROUP, layer=LAYER), conformer=dict(group=GROUP, layer=LAYER, rotary=GROUP))
BOTH = dict(group=GROUP, stable=STABLE)
# Of weight norm, a kernel that the exporters are as little able to fold as that of a model of full size. Of the second of audio that is
# exported with, 49 frames, as full-size models make: SEW pads the last frame of an odd number only, and from an even number both exporters
# leave the padding out, so that their graphs lack the last frame of half of all lengths.
SIZES = dict(
    hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96, conv_dim=(32,) * 4,
    conv_kernel=(10, 8, 4, 3), conv_stride=(5, 8, 4, 2), num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4,
)


def cases():
    for family in FAMILIES:
        for variant in VARIANTS.get(family, BOTH):
            for biases in ("fresh", "random"):
                yield family, variant, biases


def manifest_in(out):
    return os.path.join(out, "train.jsonl")


def name_of(case):
    return "-".join(case)


def make_model(case, vocab):
    family, variant, biases = case
    torch.manual_seed(sum(map(ord, name_of(case))))
    extra = dict(VARIANTS.get(family, BOTH)[variant])
    if family == "conformer":
        extra["position_embeddings_type"] = "rotary" if variant == "rotary" else "relative"
    if family == "data2vec":
        extra.update(conv_pos_kernel_size=7, num_conv_pos_embeddings=2)
    config = getattr(transformers, FAMILIES[family] + "Config")(
        vocab_size=vocab, pad_token_id=0, apply_spec_augment=False, layerdrop=0.0, **{**SIZES, **extra})
    model = getattr(transformers, FAMILIES[family] + "ForCTC")(config)
    if biases == "random":
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if parameter.dim() == 1 or "pos_bias" in name:
                    parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval()


# ---------------------------------------------------------------- data and loss

def write_manifest(manifest, path, utterances=12):
    with open(manifest) as lines:
        rows = [json.loads(line) for _, line in zip(range(utterances), lines)]
    folder = os.path.dirname(os.path.abspath(manifest))
    with open(path, "w") as out:
        for row in rows:
            print(json.dumps(dict(row, audio_filepath=os.path.join(folder, row["audio_filepath"]))), file=out)


def read_batches(manifest, vocab, steps, size=4):
    with open(manifest) as lines:
        rows = [json.loads(line) for line in lines]
    batches = [make_batch(rows[i:i + size], vocab) for i in range(0, len(rows), size)]
    return [batches[step % len(batches)] for step in range(steps)]


def make_batch(rows, vocab):
    audio = [sf.read(row["audio_filepath"], dtype="float32")[0] for row in rows]
    audio = [torch.tensor((a - a.mean()) / np.sqrt(a.var() + 1e-7)) for a in audio]
    labels = [torch.tensor([vocab[c] for c in row["text"].upper().replace(" ", "|")]) for row in rows]
    pad = lambda tensors: torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True)
    lengths = lambda tensors: torch.tensor([len(t) for t in tensors])
    return dict(inputs=pad(audio), targets=pad(labels), samples=lengths(audio), target_lengths=lengths(labels))


def ctc(model, batch):
    logits = model(batch["inputs"]).logits
    frames = model._get_feat_extract_output_lengths(batch["samples"])
    log_probs = F.log_softmax(logits, -1, dtype=torch.float32).transpose(0, 1)
    return F.ctc_loss(log_probs, batch["targets"], frames, batch["target_lengths"], blank=0, reduction="mean", zero_infinity=True)


# ---------------------------------------------------------------- gates

class Gate(torch.nn.Module):
    """weight * (w^2 >= t^2), with the slope of sigmoid((w^2 - t^2) / (2 tau)) backward; t in units of the root-mean-square weight."""

    def __init__(self, weight, tau=0.1, start=0.1):
        super().__init__()
        self.rms = weight.detach().pow(2).mean().sqrt().item()
        self.tau = tau * self.rms ** 2
        self.threshold = torch.nn.Parameter(torch.tensor(float(start)))

    def forward(self, weight):
        margin = weight ** 2 - (self.threshold * self.rms) ** 2
        soft = torch.sigmoid(margin / (2 * self.tau))
        self.mask = (margin >= 0).to(weight.dtype) + soft - soft.detach()
        self.kept = (margin >= 0).sum()
        return weight * self.mask


def gate_layers(model):
    gates = {}
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and ".encoder.layers." in name and min(module.weight.shape) >= 16:
            gates[name] = Gate(module.weight)
    for name, gate in gates.items():
        torch.nn.utils.parametrize.register_parametrization(model.get_submodule(name), "weight", gate)
    return gates


# ---------------------------------------------------------------- training

def trajectory(model, batches, gated):
    model.freeze_feature_encoder()
    gates = gate_layers(model) if gated else {}
    thresholds = [gate.threshold for gate in gates.values()]
    weights = [p for p in model.parameters() if p.requires_grad and not any(p is t for t in thresholds)]
    groups = [dict(params=weights, weight_decay=0.01), dict(params=thresholds, lr=1e-2, weight_decay=0.0)]
    adam = torch.optim.AdamW(groups[: 2 if gates else 1], lr=1e-3)
    steps = []
    for step, batch in enumerate(batches):
        loss = ctc(model, batch)
        record, total = dict(step=step, loss=loss.item()), loss
        if gates:
            size = sum(gate.mask.numel() for gate in gates.values())
            total = loss + 10 * (0.65 - (1 - sum(gate.mask.sum() for gate in gates.values()) / size))
            record["sparsity"] = 1 - sum(gate.kept.item() for gate in gates.values()) / size
            record["thresholds"] = [t.item() for t in thresholds]
        adam.zero_grad()
        total.backward()
        record["grad_norm"] = torch.nn.utils.clip_grad_norm_(weights, 1.0).item()
        adam.step()
        steps.append(record)
    return dict(layers=list(gates), steps=steps)


# ---------------------------------------------------------------- exports

def export(model, path, legacy):
    names = dict(input_names=["input_values"], output_names=["logits"])
    if legacy:
        axes = {"input_values": {0: "batch", 1: "samples"}, "logits": {0: "batch", 1: "frames"}}
        torch.onnx.export(model, (torch.randn(2, 16000),), path, dynamo=False, opset_version=17, dynamic_axes=axes, **names)
    else:
        shapes = {"input_values": {0: "batch", 1: "samples"}}
        torch.onnx.export(model, (torch.randn(2, 16000),), path, dynamo=True, opset_version=18, dynamic_shapes=shapes, verbose=False, **names)


def make(case):
    started = time.time()
    torch.set_num_threads(1)
    args = make.args
    folder = os.path.join(args.out, name_of(case))
    vocab = json.load(open(os.path.join(args.like, "vocab.json")))
    made = dict(name=name_of(case), exports=[], failed={})
    for exporter in ("dynamo", "legacy"):
        into = os.path.join(folder, exporter)
        os.makedirs(into, exist_ok=True)
        model = make_model(case, len(vocab))
        model.config.save_pretrained(into)
        for file in ("vocab.json", "tokenizer_config.json", "preprocessor_config.json"):
            shutil.copy(os.path.join(args.like, file), into)
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                export(model, os.path.join(into, "model.onnx"), exporter == "legacy")
            made["exports"].append(exporter)
        except Exception as error:  # what PyTorch itself cannot export
            made["failed"][exporter] = str(error).strip().split("\n")[0]
    batches = read_batches(manifest_in(args.out), vocab, args.steps)
    for file, gated in (("dense", False), ("gated", True)):
        result = dict(model=name_of(case), **trajectory(make_model(case, len(vocab)), batches, gated))
        with open(os.path.join(folder, file + ".json"), "w") as out:
            json.dump(result, out)
    made["seconds"] = round(time.time() - started, 1)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--like", required=True)
    parser.add_argument("--only", nargs="*", default=[], help="words that a model's name must all have, such as wavlm or fresh")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    make.args = args = parser.parse_args()
    logging.disable(logging.WARNING)
    wanted = [case for case in cases() if all(word in name_of(case) for word in args.only)]
    torch.set_num_threads(1)
    os.makedirs(args.out, exist_ok=True)
    write_manifest(args.data, manifest_in(args.out))
    with multiprocessing.get_context("fork").Pool(args.workers) as pool:
        for made in pool.imap(make, wanted):
            print(json.dumps(made), flush=True)


if __name__ == "__main__":
    main()
