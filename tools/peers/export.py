"""Write a recipe's network as ONNX, for engines that run without PyTorch.

Into a folder: network.onnx, of fixed shapes; inputs and PyTorch's output for them as x.npy, timesteps.npy and
expected.npy. Prints the number of parameters.
"""

import sys
import warnings
from pathlib import Path

import numpy
import torch
from pytorch import build, count_parameters, inputs


def export(recipe, shape, batch, folder):
    """All four files; the number of parameters."""
    model = build(recipe, shape).eval()
    x, timesteps = inputs(shape, batch)
    with torch.inference_mode():
        expected = model(x, timesteps, return_dict=False)[0]
        torch.onnx.export(
            model, (x, timesteps), folder / "network.onnx", kwargs={"return_dict": False}, dynamo=True, verbose=False
        )
    for name, value in {"x": x, "timesteps": timesteps, "expected": expected}.items():
        numpy.save(folder / f"{name}.npy", value.numpy())
    return count_parameters(model)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    path, shape, batch, folder = sys.argv[1:]
    print(export(path, shape, int(batch), Path(folder)))
