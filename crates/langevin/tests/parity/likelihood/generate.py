"""Reference vectors for the variational bound: improved-diffusion's terms in bits/dim, in float64.

The formulas are the original code's, which is not kept here: LANGEVIN_ORIGINALS names a folder with a checkout of
openai/improved-diffusion. Without it the vectors stay as they are.

The process has 20 timesteps, beta evenly spaced from 1e-3 to 0.3. The network answers 0.8 sin(3 x + t / 5) for the noise and, where
the variance is learned, cos(2 x + t / 3) in as many channels more. x_0 is clipped.

vectors.safetensors, float32 unless said otherwise:
  x0           [2, 3, 4, 5], of 256 levels
  eps          [20, 2, 3, 4, 5], the noise of each timestep
  KIND.terms   [20, 2], float64: L_0, L_1, ... of each sample, KIND being fixed_large, fixed_small or learned_range. Its L_0 is by an
               approximation of the normal distribution to 1e-3
  prior        [2], float64: L_T
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch

STEPS = 20
SHAPE = (2, 3, 4, 5)
SEED = 20210218
KINDS = {"fixed_large": "FIXED_LARGE", "fixed_small": "FIXED_SMALL", "learned_range": "LEARNED_RANGE"}


def network(learned):
    """The answer of the network described above."""

    def answer(x, t, **_):
        t = t.double()[:, None, None, None]
        eps = 0.8 * torch.sin(3 * x + t / 5)
        return torch.cat([eps, torch.cos(2 * x + t / 3)], dim=1) if learned else eps

    return answer


def main():
    """Write the vectors."""
    root = os.environ.get("LANGEVIN_ORIGINALS")
    if not root:
        print("LANGEVIN_ORIGINALS is not set: the vectors stay as they are")
        return
    sys.path.insert(0, str(Path(root) / "improved-diffusion"))
    from improved_diffusion import gaussian_diffusion as original

    # `_extract_into_tensor` rounds its tables to float32: a double is kept.
    torch.Tensor.float = torch.Tensor.double
    generator = torch.Generator().manual_seed(SEED)
    levels = torch.randint(0, 256, SHAPE, generator=generator)
    x0 = (levels.double() / 127.5 - 1).to(torch.float32).double()
    eps = torch.randn(STEPS, *SHAPE, generator=generator, dtype=torch.float32).double()
    tensors = {"x0": x0.numpy().astype(np.float32), "eps": eps.numpy().astype(np.float32)}
    for name, kind in KINDS.items():
        diffusion = original.GaussianDiffusion(
            betas=np.linspace(1e-3, 0.3, STEPS),
            model_mean_type=original.ModelMeanType.EPSILON,
            model_var_type=original.ModelVarType[kind],
            loss_type=original.LossType.MSE,
        )
        terms = []
        for step in range(STEPS):
            t = torch.full((SHAPE[0],), step)
            x_t = diffusion.q_sample(x0, t, noise=eps[step])
            found = diffusion._vb_terms_bpd(network(name == "learned_range"), x0, x_t, t, clip_denoised=True)
            terms.append(found["output"].numpy())
        tensors[f"{name}.terms"] = np.stack(terms)
        tensors["prior"] = diffusion._prior_bpd(x0).numpy()
    assert tensors["prior"].dtype == tensors["fixed_large.terms"].dtype == np.float64
    path = Path(__file__).with_name("vectors.safetensors")
    versions = json.dumps({"torch": torch.__version__, "numpy": np.__version__})
    safetensors.numpy.save_file(tensors, path, metadata={"versions": versions})


if __name__ == "__main__":
    main()
