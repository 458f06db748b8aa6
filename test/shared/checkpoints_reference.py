"""Tiny random checkpoints of every family and option that Pinch imports, and what transformers computes and learns with them.

Needs torch, transformers, soundfile and safetensors.

  checkpoints_reference.py --out FOLDER --data MANIFEST --like FOLDER [--only WORD ...] [--steps 8] [--workers 2]

FOLDER/NAME is a checkpoint as save_pretrained writes it, with the tokenizer's files of `--like` and a preprocessor_config.json beside it;
audio.f32 are recordings one behind the other, logits.f32 what the model makes of each alone and then of all together, padded, with a mask
where the processor gives one, and logits.json their lengths and shapes. dense.json and gated.json are PyTorch's losses, and FOLDER/train.jsonl
the utterances they are of, as in exports_reference.py. One JSON line is printed for each checkpoint when it is there.
"""
import argparse, json, logging, multiprocessing, os, shutil, time
import exports_reference as reference
import numpy as np
import torch
import transformers
from safetensors.torch import save_file

GROUP, LAYER, STABLE = reference.GROUP, reference.LAYER, reference.STABLE
ADAPTER = dict(add_adapter=True, num_adapter_layers=1)
NARROW = dict(**ADAPTER, output_hidden_size=32)
OPTIONS = dict(
    wav2vec2=dict(
        group=GROUP, layer=LAYER, stable=STABLE, masked=dict(**GROUP, mask=True), adapter=dict(**STABLE, **ADAPTER), narrow=dict(**GROUP, **NARROW),
        mms=dict(**STABLE, adapter_attn_dim=16), odd=dict(**GROUP, num_conv_pos_embeddings=15, hidden_act="gelu_new"),
    ),
    hubert=dict(
        group=GROUP, layer=LAYER, stable=STABLE, batchnorm=dict(**GROUP, conv_pos_batch_norm=True), unnormed=dict(**GROUP, feat_proj_layer_norm=False)),
    wavlm=dict(group=GROUP, layer=dict(**LAYER, num_buckets=16, max_bucket_distance=30), stable=STABLE, adapter=dict(**GROUP, **ADAPTER)),
    data2vec=dict(layer={}, even=dict(conv_pos_kernel_size=8), adapter=NARROW),
    unispeech=dict(group=GROUP, stable=STABLE, language=dict(**STABLE, adapter_attn_dim=16)),
    unispeechsat=dict(group=GROUP, stable=STABLE, language=dict(**STABLE, adapter_attn_dim=16)),
    sew=dict(group=GROUP, layer=LAYER, odd=dict(**GROUP, num_conv_pos_embeddings=15, squeeze_factor=3), narrow=dict(**GROUP, hidden_size=32)),
    conformer=dict(
        group=GROUP, layer=LAYER, rotary=dict(**GROUP, position_embeddings_type="rotary"), swish=dict(**LAYER, hidden_act="swish", position_embeddings_type="rotary"),
        unplaced=dict(**GROUP, position_embeddings_type=None), adapter=dict(**GROUP, **ADAPTER)),
)
LENGTHS = (16000, 9876, 12345)


def cases():
    return [(family, option) for family in OPTIONS for option in OPTIONS[family]]


def make_model(case, vocab, seed=0):
    family, option = case
    torch.manual_seed(sum(map(ord, "-".join(case))) + seed)
    extra = dict(OPTIONS[family][option])
    extra.pop("mask", None)
    if family == "data2vec":
        extra = dict(dict(conv_pos_kernel_size=7, num_conv_pos_embeddings=2), **extra)
    if family == "conformer":
        extra.setdefault("conv_depthwise_kernel_size", 7)
    config = getattr(transformers, reference.FAMILIES[family] + "Config")(
        vocab_size=vocab, pad_token_id=0, apply_spec_augment=False, layerdrop=0.0, **{**reference.SIZES, **extra})
    model = getattr(transformers, reference.FAMILIES[family] + "ForCTC")(config)
    with torch.no_grad():
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if not tensor.is_floating_point() or "embed_positions" in name:
                continue
            if tensor.dim() == 1 or "pos_bias" in name or "adapter_layer" in name:
                tensor.add_(0.1 * torch.rand_like(tensor) if "running_var" in name else 0.1 * torch.randn_like(tensor))
    return model.eval()


def takes_mask(case, model):
    family, option = case
    return bool(OPTIONS[family][option].get("mask", getattr(model.config, "feat_extract_norm", "layer") == "layer"))


def write_logits(folder, model, masked):
    generator = torch.Generator().manual_seed(1)
    audio = [torch.randn(length, generator=generator) for length in LENGTHS]
    padded = torch.nn.utils.rnn.pad_sequence(audio, batch_first=True)
    mask = (torch.arange(padded.shape[1])[None] < torch.tensor(LENGTHS)[:, None]).long()
    with torch.no_grad():
        made = [model(a[None], attention_mask=torch.ones(1, len(a), dtype=torch.long) if masked else None).logits for a in audio]
        made.append(model(padded, attention_mask=mask if masked else None).logits)
    np.concatenate([a.numpy() for a in audio]).astype("<f4").tofile(os.path.join(folder, "audio.f32"))
    np.concatenate([m.numpy().ravel() for m in made]).astype("<f4").tofile(os.path.join(folder, "logits.f32"))
    frames = model._get_feat_extract_output_lengths(torch.tensor(LENGTHS)).tolist()
    with open(os.path.join(folder, "logits.json"), "w") as out:
        json.dump(dict(lengths=LENGTHS, shapes=[list(m.shape) for m in made], frames=frames, masked=masked), out)


def ctc_with(masked):
    def ctc(model, batch):
        samples = batch["samples"]
        mask = (torch.arange(batch["inputs"].shape[1])[None] < samples[:, None]).long()
        logits = model(batch["inputs"], attention_mask=mask if masked else None).logits
        frames = model._get_feat_extract_output_lengths(samples)
        log_probs = torch.log_softmax(logits, -1, dtype=torch.float32).transpose(0, 1)
        return torch.nn.functional.ctc_loss(
            log_probs, batch["targets"], frames, batch["target_lengths"], blank=0, reduction="mean", zero_infinity=True)
    return ctc


def make(case):
    started = time.time()
    torch.set_num_threads(1)
    args = make.args
    folder = os.path.join(args.out, "-".join(case))
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(args.like, "vocab.json")) as file:
        vocab = json.load(file)
    model = make_model(case, len(vocab))
    masked = takes_mask(case, model)
    model.save_pretrained(folder)
    for file in ("vocab.json", "tokenizer_config.json", "preprocessor_config.json"):
        shutil.copy(os.path.join(args.like, file), folder)
    path = os.path.join(folder, "preprocessor_config.json")
    with open(path) as file:
        processor = json.load(file)
    with open(path, "w") as file:
        json.dump(dict(processor, return_attention_mask=masked), file)
    write_logits(folder, model, masked)
    if case == ("wav2vec2", "mms"):
        other = make_model(case, len(vocab) + 3, seed=1)
        save_file({name: tensor.contiguous().clone() for name, tensor in other._get_adapters().items()}, os.path.join(folder, "adapter.xyz.safetensors"))
        model = make_model(case, len(vocab))
        model.lm_head = other.lm_head
        model.load_state_dict(other._get_adapters(), strict=False)
        os.makedirs(os.path.join(folder, "xyz"), exist_ok=True)
        write_logits(os.path.join(folder, "xyz"), model, masked)
    reference.ctc = ctc_with(masked)
    batches = reference.read_batches(reference.manifest_in(args.out), vocab, args.steps)
    for file, gated in (("dense", False), ("gated", True)):
        result = dict(model="-".join(case), **reference.trajectory(make_model(case, len(vocab)), batches, gated))
        with open(os.path.join(folder, file + ".json"), "w") as out:
            json.dump(result, out)
    return dict(name="-".join(case), seconds=round(time.time() - started, 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--like", required=True)
    parser.add_argument("--only", nargs="*", default=[], help="words that a checkpoint's name must all have, such as wavlm or stable")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    make.args = args = parser.parse_args()
    logging.disable(logging.WARNING)
    wanted = [case for case in cases() if all(word in "-".join(case) for word in args.only)]
    torch.set_num_threads(1)
    os.makedirs(args.out, exist_ok=True)
    reference.write_manifest(args.data, reference.manifest_in(args.out))
    with multiprocessing.get_context("fork").Pool(args.workers) as pool:
        for made in pool.imap(make, wanted):
            print(json.dumps(made), flush=True)


if __name__ == "__main__":
    main()
