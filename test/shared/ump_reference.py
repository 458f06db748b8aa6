"""Twenty steps of uniform magnitude pruning by PyTorch, for trajectory.test.ts: prints ump.json.

python test/shared/ump_reference.py ../shared > test/shared/ump.json

The model, the batches and the optimizer are those of torch_reference.py, its cut is that of its `prune --method ump`. A layer's mask is given
as the SHA-256 of its bytes, 0 or 1, in PyTorch's order [out, in].
"""
import hashlib, json, os, sys, types

sys.path.insert(0, os.path.join(sys.argv[1], "reference"))
import torch
import torch_reference as reference

folder = os.path.join(sys.argv[1], "reference", "w2v2-tiny")
args = types.SimpleNamespace(lr=1e-3, gate_lr=1e-2, weight_decay=0.01, clip=1.0, target=0.65, batch=4, steps=20)
torch.set_num_threads(2)
model = reference.load(folder)
model.freeze_feature_encoder()
gates = reference.gate_layers(model, 0.1, 0.1)
masks = {}
for (name, gate), module in zip(gates.items(), [m for n, m in model.named_modules() if n in gates]):
    weight = module.parametrizations.weight.original.detach().abs()
    gate.threshold.requires_grad_(False)
    edge = weight.flatten().kthvalue(max(1, int(args.target * weight.numel())))[0].item()
    gate.threshold.fill_(edge * (1 + 1e-6) / gate.rms)
    keep = (weight >= gate.threshold * gate.rms).float()
    gate.forward = lambda weight, keep=keep: weight * keep
    masks[name] = hashlib.sha256(keep.to(torch.uint8).numpy().tobytes()).hexdigest()

adam, weights = reference.optimizer(args, model, gates)
vocab = json.load(open(os.path.join(folder, "vocab.json")))
rows = reference.read_manifest(os.path.join(sys.argv[1], "data/digits/train.jsonl"))
steps = []
for step in range(args.steps):
    batch = reference.make_batch([rows[(step * args.batch + i) % len(rows)] for i in range(args.batch)], vocab)
    loss = reference.ctc(model, batch)
    adam.zero_grad()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(weights, args.clip)
    adam.step()
    steps.append(dict(loss=loss.item(), grad_norm=norm.item()))
print(json.dumps(dict(target=args.target, masks=masks, steps=steps), indent=1))
