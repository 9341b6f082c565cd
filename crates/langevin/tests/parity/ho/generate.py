"""Reference vectors for a PyTorch port of Ho et al.'s U-Net: a state dict as it saves it, and what it makes of it.

The network is built by the original code, which is not kept here: LANGEVIN_ORIGINALS names a folder with a checkout of
pesser/pytorch_diffusion. Without it the vectors stay as they are.

Weights are random and representable in bfloat16, in which the state dict is saved; outputs are computed in float64 (the
encoding of the timesteps included) and stored in float32.

model.ckpt: the state dict of a network for 32x32 pictures that attends at 16x16.

vectors.safetensors:
  x   [2, 3, 32, 32]
  t   [2], timesteps
  y   [2, 3, 32, 32], output
"""

import json
import math
import os
import sys
from pathlib import Path

import safetensors.torch
import torch

SEED = 20200619
HERE = Path(__file__).parent


def encoded(timesteps, dim):
    """The port's encoding in float64."""
    half = dim // 2
    freqs = torch.exp(torch.arange(half, dtype=torch.float64) * -(math.log(10000) / (half - 1)))
    args = timesteps.double()[:, None] * freqs[None]
    return torch.cat([args.sin(), args.cos()], dim=1)


def main():
    """Write the state dict and the vectors."""
    root = os.environ.get("LANGEVIN_ORIGINALS")
    if not root:
        print("LANGEVIN_ORIGINALS is not set: the vectors stay as they are")
        return
    sys.path.insert(0, str(Path(root) / "pytorch_diffusion"))
    from pytorch_diffusion import model as port

    port.get_timestep_embedding = encoded
    generator = torch.Generator().manual_seed(SEED)
    model = port.Model(
        ch=32, out_ch=3, ch_mult=(1, 1), num_res_blocks=1, attn_resolutions=(16,), in_channels=3, resolution=32
    )
    model = model.double().eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            draw = torch.randn(parameter.shape, generator=generator, dtype=torch.float32).double()
            if parameter.ndim > 1:
                draw *= parameter[0].numel() ** -0.5
            elif key.endswith("weight"):
                draw = 1 + 0.2 * draw
            else:
                draw *= 0.1
            parameter.copy_(draw.bfloat16().double())
    x = torch.randn(2, 3, 32, 32, generator=generator, dtype=torch.float32).double()
    t = torch.tensor([3.0, 741.0], dtype=torch.float64)
    with torch.no_grad():
        y = model(x, t)
    assert y.dtype == torch.float64
    torch.save({key: value.bfloat16() for key, value in model.state_dict().items()}, HERE / "model.ckpt")
    tensors = {"x": x.to(torch.float32), "t": t, "y": y.to(torch.float32)}
    versions = json.dumps({"torch": torch.__version__})
    safetensors.torch.save_file(tensors, HERE / "vectors.safetensors", metadata={"versions": versions})


if __name__ == "__main__":
    main()
