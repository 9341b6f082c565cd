"""Small files of torch.save, and what is in them.

zip.pt, legacy.pt: the same nested dictionary in the form of archives and in that of PyTorch before 1.6: floating-point
tensors of four types, views with strides and offsets, tensors that share a storage, a parameter, a tensor with gradient,
an empty one, a scalar, and beside them the state of an optimiser, integers, strings, sizes and a namespace of arguments.

calls.pt: an archive whose pickle asks for os.system beside a tensor. expanded.pt: one number as a tensor of a tebibyte.
integers.pt: a tensor of integers. empty.pt: no tensor. lucidrains.pt: the names of denoising-diffusion-pytorch.

vectors.safetensors: "model.KEY" for each floating-point tensor of the model, in float32.
"""

import argparse
import json
import os
from collections import OrderedDict
from pathlib import Path

import safetensors.torch
import torch

HERE = Path(__file__).parent


class Calls:
    """What a hostile file would hold."""

    def __reduce__(self):
        return os.system, ("touch langevin-was-here",)


def main():
    """Write the files."""
    generator = torch.Generator().manual_seed(7)
    base = torch.randn(4, 6, generator=generator)
    shared = torch.randn(10, generator=generator)
    model = OrderedDict(
        f32=base,
        f16=base.half(),
        bf16=base.bfloat16(),
        f64=base.double(),
        transposed=base.t(),
        window=base[1:3, ::2],
        shared_left=shared[:5],
        shared_right=shared[5:],
        tied=shared[:5],
        parameter=torch.nn.Parameter(base + 1),
        gradient=(base * 2).requires_grad_(),
        channels_last=torch.randn(2, 3, 2, 2, generator=generator).to(memory_format=torch.channels_last),
        scalar=torch.tensor(1.5),
        empty=torch.zeros(0, 3),
    )
    layer = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.zeros(1, 2)).sum().backward()
    optimizer.step()
    whole = {
        "model": model,
        "optimizer": optimizer.state_dict(),
        "step": 1234567890123,
        "name": "a file",
        "size": torch.Size([2, 3]),
        "arguments": argparse.Namespace(lr=0.1, layers=[1, 2]),
        "none": None,
    }
    torch.save(whole, HERE / "zip.pt")
    torch.save(whole, HERE / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save({"model": {"w": base}, "calls": Calls()}, HERE / "calls.pt")
    torch.save({"w": torch.zeros(1).expand(1 << 19, 1 << 19)}, HERE / "expanded.pt")
    torch.save({"w": torch.arange(3)}, HERE / "integers.pt")
    torch.save({"step": 3}, HERE / "empty.pt")
    torch.save({"time_mlp.1.weight": base, "downs.0.0.block1.proj.weight": base}, HERE / "lucidrains.pt")
    tensors = {f"model.{key}": value.detach().float().contiguous().clone() for key, value in model.items()}
    versions = json.dumps({"torch": torch.__version__})
    safetensors.torch.save_file(tensors, HERE / "vectors.safetensors", metadata={"versions": versions})


if __name__ == "__main__":
    main()
