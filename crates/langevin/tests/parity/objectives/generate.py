"""Reference vectors for the training objectives: improved-diffusion's losses and their gradients, in float64.

The formulas are the original code's, which is not kept here: LANGEVIN_ORIGINALS names a folder with a checkout of
openai/improved-diffusion. Without it the vectors stay as they are. Its approximation of the normal distribution is replaced
by the error function.

The process has 20 timesteps, beta evenly spaced from 1e-3 to 0.3; sample k is at timestep k, and counts 0.05 (k + 1). Among the
elements of x_0 are the lowest and the highest of the 256 levels.

vectors.safetensors, float32 unless said otherwise:
  x0, eps              [20, 3, 4, 5]
  PREDICTION.output    [20, 6, 4, 5], what the network put out: the prediction with an error of about the noise's size, so that no
                       probability of a level is lost in the tails; v; the first 3 channels alone where the variance is fixed
  CASE.losses          [20], float64
  CASE.gradient        [20, 3 or 6, 4, 5], float64: of the weighted sum of losses, by the output
CASE is PREDICTION.VARIANCE.OBJECTIVE, as Langevin names them.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch

STEPS = 20
SHAPE = (STEPS, 3, 4, 5)
SEED = 20210219
PREDICTIONS = {"epsilon": "EPSILON", "x0": "START_X", "posterior-mean": "PREVIOUS_X"}
VARIANCES = {"fixed-large": "FIXED_LARGE", "fixed-small": "FIXED_SMALL", "learned": "LEARNED_RANGE"}
OBJECTIVES = {"simple": "MSE", "hybrid": "RESCALED_MSE", "vlb": "RESCALED_KL"}


def cases():
    """Every combination that trains all that the network puts out."""
    for prediction in PREDICTIONS:
        for variance in VARIANCES:
            learned = variance == "learned"
            for objective in ["hybrid", "vlb"] if learned else ["simple", "vlb"]:
                yield prediction, variance, objective


def main():
    """Write the vectors."""
    root = os.environ.get("LANGEVIN_ORIGINALS")
    if not root:
        print("LANGEVIN_ORIGINALS is not set: the vectors stay as they are")
        return
    sys.path.insert(0, str(Path(root) / "improved-diffusion"))
    from improved_diffusion import gaussian_diffusion as original
    from improved_diffusion import losses

    # `_extract_into_tensor` rounds its tables to float32: a double is kept.
    torch.Tensor.float = torch.Tensor.double
    losses.approx_standard_normal_cdf = torch.special.ndtr
    generator = torch.Generator().manual_seed(SEED)
    levels = torch.randint(0, 256, SHAPE, generator=generator)
    levels[:, 0, 0, 0], levels[:, 0, 0, 1] = 0, 255
    x0 = (levels.double() / 127.5 - 1).to(torch.float32).double()
    eps = torch.randn(SHAPE, generator=generator, dtype=torch.float32).double()
    errors, v = (0.7 * torch.randn(2, *SHAPE, generator=generator, dtype=torch.float64)).unbind()
    alpha_bar = torch.from_numpy(np.cumprod(1 - np.linspace(1e-3, 0.3, STEPS)))[:, None, None, None]
    size = ((1 - alpha_bar) / alpha_bar).sqrt()
    near = {"epsilon": eps + errors, "x0": x0 + size * errors, "posterior-mean": x0 + size * errors}
    outputs = {name: torch.cat([value, v], dim=1).to(torch.float32).double() for name, value in near.items()}
    tensors = {name: value.numpy().astype(np.float32) for name, value in [("x0", x0), ("eps", eps)]}
    tensors |= {f"{name}.output": value.numpy().astype(np.float32) for name, value in outputs.items()}
    weights = 0.05 * torch.arange(1, STEPS + 1, dtype=torch.float64)
    for prediction, variance, objective in cases():
        diffusion = original.GaussianDiffusion(
            betas=np.linspace(1e-3, 0.3, STEPS),
            model_mean_type=original.ModelMeanType[PREDICTIONS[prediction]],
            model_var_type=original.ModelVarType[VARIANCES[variance]],
            loss_type=original.LossType[OBJECTIVES[objective]],
        )
        channels = 6 if variance == "learned" else 3
        given = outputs[prediction][:, :channels].clone().requires_grad_()
        found = diffusion.training_losses(lambda *_, g=given, **__: g, x0, torch.arange(STEPS), noise=eps)["loss"]
        (found * weights).sum().backward()
        case = f"{prediction}.{variance}.{objective}"
        tensors[f"{case}.losses"] = found.detach().numpy()
        tensors[f"{case}.gradient"] = given.grad.numpy()
        assert found.dtype == given.grad.dtype == torch.float64
    path = Path(__file__).with_name("vectors.safetensors")
    versions = json.dumps({"torch": torch.__version__, "numpy": np.__version__})
    safetensors.numpy.save_file(tensors, path, metadata={"versions": versions})


if __name__ == "__main__":
    main()
