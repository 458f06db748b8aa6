"""Writes the files of weights beside this script, as PyTorch and safetensors themselves write them. Needs torch and safetensors."""

import os
from collections import OrderedDict

import torch
from safetensors.torch import save_file

here = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(0)
base = torch.randn(4, 6)
state = OrderedDict(
    float32=torch.randn(3, 5),
    float16=torch.randn(7).half(),
    bfloat16=torch.randn(2, 3).bfloat16(),
    float64=torch.randn(2, 2, 2).double(),
    int64=torch.tensor(3),
    bool=torch.tensor([True, False]),
    scalar=torch.tensor(1.5),
    empty=torch.zeros(0, 4),
    whole=base,
    row=base[2],
    column=base[:, 1],
    transposed=base.t(),
    slice=base[1:3, ::2],
    permuted=torch.randn(2, 3, 4).permute(2, 0, 1),
    parameter=torch.nn.Parameter(torch.randn(4)),
)
state._metadata = OrderedDict([("", {"version": 1})])

torch.save(state, os.path.join(here, "state-dict.bin"))
torch.save(state, os.path.join(here, "protocol-4.bin"), pickle_protocol=4)
torch.save(state, os.path.join(here, "before-1.6.bin"), _use_new_zipfile_serialization=False)
torch.save(torch.nn.Linear(2, 2), os.path.join(here, "whole-module.bin"))
torch.save({"epoch": 3, "model": state}, os.path.join(here, "training.bin"))
save_file({name: tensor.detach().clone().contiguous() for name, tensor in state.items()}, os.path.join(here, "state-dict.safetensors"))
