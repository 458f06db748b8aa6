"""
The numbers in grouped.json: five updates of a small CTC model whose 32 units share one gate, by PyTorch's autograd.
Run as: python grouped_reference.py > grouped.json
"""

import json

import numpy as np
import torch
import torch.nn.functional as F

tau, target, multiplier, quadratic, steps = 0.1, 0.4, 0.3, 10, 5
shapes = {"conv": [16, 1, 320], "dense0": [16, 32], "bias0": [32], "dense1": [32, 32], "bias1": [32], "head": [32, 5]}
scales = {"conv": 0.05, "dense0": 1, "bias0": 0.1, "dense1": 0.4, "bias1": 0.1, "head": 0.4}


def numbers(dims, scale, phase):
    i = np.arange(np.prod(dims), dtype=np.float64)
    values = scale * np.sin(i * 12.9898 + phase) * np.cos(i * 0.37 + phase)
    return torch.tensor(values.astype(np.float32).reshape(dims))


def hard(x):
    """The hard mask forward, the soft one's slope backward; x is in units of 2 tau."""
    soft = torch.sigmoid(x)
    return soft + ((x >= 0).float() - soft).detach()


def mean_squares(w):
    return (w["dense0"].pow(2).sum(0) + w["dense1"].pow(2).sum(1)) / 48


def run(granularity):
    w = {name: numbers(dims, scales[name], k) for k, (name, dims) in enumerate(shapes.items())}
    trained = [name for name in w if name != "conv"]
    for name in trained:
        w[name].requires_grad_()
    layers = [["dense0", "dense1"]] + ([["dense0"], ["dense1"]] if granularity == "neuron+weight" else [])
    rms = [torch.cat([w[n].detach().flatten() for n in names]).pow(2).mean().sqrt() for names in layers]
    squares = mean_squares(w).detach()
    base = max(0, 2 * min(squares.min(), 0.99 * squares.mean()) - squares.mean())
    rms[0] = (squares.mean() - base).sqrt()
    starts = [0.97, 0.3, 0.3][: len(layers)]
    thresholds = [torch.tensor(start, requires_grad=True) for start in starts]
    weights = torch.optim.AdamW([w[n] for n in trained], lr=5e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    gates = torch.optim.AdamW(thresholds, lr=1e-2, betas=(0.9, 0.999), eps=1e-8, weight_decay=0)
    audio = numbers([2, 8000], 1, 9)
    labels = torch.tensor([[2, 3, 4], [3, 2, 0]])
    lengths = torch.tensor([3, 2])
    found = []
    for _ in range(steps):
        edges = [(t * r) ** 2 for t, r in zip(thresholds, rms)]
        score = mean_squares(w) - base
        unit = hard((score - edges[0]) / (2 * tau * rms[0] ** 2))
        own = {n: torch.ones_like(w[n]) for n in ("dense0", "dense1")}
        if granularity == "neuron+weight":
            for k, n in enumerate(own):
                own[n] = hard((w[n] ** 2 - edges[1 + k]) / (2 * tau * rms[1 + k] ** 2))
        kept = [(own["dense0"] * unit[None, :]).sum(), (own["dense1"] * unit[:, None]).sum()]
        frames = F.conv1d(audio[:, None], w["conv"], stride=160).abs().transpose(1, 2)
        x = torch.tanh(frames @ (w["dense0"] * own["dense0"]) + w["bias0"])
        x = torch.tanh(x @ (w["dense1"] * own["dense1"] * unit[:, None]) + w["bias1"])
        logits = x @ w["head"]
        ctc = F.ctc_loss(logits.log_softmax(-1).transpose(0, 1), labels, torch.tensor([49, 49]), lengths, blank=0)
        gap = target - (1 - sum(kept) / (16 * 32 + 32 * 32))
        loss = ctc + multiplier * gap + quadratic * gap**2
        weights.zero_grad()
        gates.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_([w[n] for n in trained], 1)
        found.append(
            {
                "loss": loss.item(),
                "ctcLoss": ctc.item(),
                "gradientNorm": norm.item(),
                "sparsity": target - gap.item(),
                "thresholds": [t.item() for t in thresholds],
                "layers": [1 - unit.mean().item()]
                + [1 - k.item() / w[n].numel() for k, n in zip(kept, own)][: len(layers) - 1],
            }
        )
        weights.step()
        gates.step()
    return found


print(json.dumps({granularity: run(granularity) for granularity in ("neuron", "neuron+weight")}, indent=1))
