"""Reference vectors for noise schedules and the ancestral step: diffusers' DDPMScheduler, float64.

Tables, beta_start 1e-4 and beta_end 0.02, SCHEDULE one of linear, scaled_linear, squaredcos_cap_v2,
sigmoid, T 1000 or 37; index 0 is the first noising step:
  numpy.SCHEDULE.T.{betas,alphas_cumprod}       [T], the formulas in float64: the reference
  diffusers.SCHEDULE.T.{betas,alphas_cumprod}   [T], what diffusers computes, in float32

Timesteps, for N = 1000, 30, 37 and SPACING leading, trailing, linspace of a linear T = 1000 schedule:
  timesteps.N.SPACING.all                       [N], int64, from noise to picture
  timesteps.N.SPACING.picked                    [3], int64: the first, the middle (index N / 2), the last
  timesteps.N.SPACING.previous                  [3], int64: the timestep each of these steps to, or -1
  timesteps.N.SPACING.beta                      [3], 1 - alpha_bar_t / alpha_bar_previous
  timesteps.N.SPACING.posterior_variance        [3], (1 - alpha_bar_previous) / (1 - alpha_bar_t) beta

diffusers steps to the next timestep of the list, whatever its distance, and from the last one to -1,
where alpha_bar is 1; beta and the posterior are those of the respaced chain. Two consequences it keeps:
noise is added at every t > 0, so when the list does not end at 0 (trailing, N < 1000) the last step is
noisy too: with variance beta for fixed_large, and 1e-20 (the floor of the posterior variance, applied
to all steps) for fixed_small. Only t = 0 adds none.

Steps, for PREDICTION epsilon, sample, v_prediction, VARIANCE fixed_small, fixed_large and CLIP clip
(x0 clamped to [-1, 1]) or noclip:
  step.sample, step.model_output, step.noise    [2, 1, 4, 6]: x_t, the network's output, z
  step.PREDICTION.VARIANCE.CLIP.N.SPACING.prev_sample
                                                [3, 2, 1, 4, 6]: from each of the picked timesteps

These come from `DDPMScheduler.step` with its tables replaced by the float64 ones and its random draw
by step.noise. (In float32 its own 1 - alpha_bar is off by 2e-4 of itself at t = 0.)
"""

import itertools
import math
from pathlib import Path

import diffusers
import numpy as np
import safetensors.numpy
import torch
from diffusers import DDPMScheduler
from diffusers.schedulers import scheduling_ddpm

SEED = 20200619
BETA_START, BETA_END = 1e-4, 0.02
SCHEDULES = ("linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid")
PREDICTIONS = ("epsilon", "sample", "v_prediction")
VARIANCES = ("fixed_small", "fixed_large")
SPACINGS = ("leading", "trailing", "linspace")
STEP_COUNTS = (1000, 30, 37)


def betas_f64(schedule, count):
    """The schedule's betas in float64."""
    if schedule == "linear":
        return np.linspace(BETA_START, BETA_END, count)
    if schedule == "scaled_linear":
        return np.linspace(math.sqrt(BETA_START), math.sqrt(BETA_END), count) ** 2
    if schedule == "sigmoid":
        return (BETA_END - BETA_START) / (1 + np.exp(-np.linspace(-6, 6, count))) + BETA_START
    alpha_bar = np.cos((np.arange(count + 1) / count + 0.008) / 1.008 * math.pi / 2) ** 2
    return np.minimum(1 - alpha_bar[1:] / alpha_bar[:-1], 0.999)


def tables():
    """Both versions of every table."""
    tensors = {}
    for schedule, count in itertools.product(SCHEDULES, (1000, 37)):
        scheduler = DDPMScheduler(count, BETA_START, BETA_END, schedule)
        betas = betas_f64(schedule, count)
        tensors[f"numpy.{schedule}.{count}.betas"] = betas
        tensors[f"numpy.{schedule}.{count}.alphas_cumprod"] = np.cumprod(1 - betas)
        tensors[f"diffusers.{schedule}.{count}.betas"] = scheduler.betas.double().numpy()
        tensors[f"diffusers.{schedule}.{count}.alphas_cumprod"] = scheduler.alphas_cumprod.double().numpy()
    return tensors


def scheduler_f64(spacing, count, **config):
    """A linear DDPMScheduler on float64 tables, with `count` timesteps set."""
    scheduler = DDPMScheduler(1000, BETA_START, BETA_END, "linear", timestep_spacing=spacing, **config)
    scheduler.betas = torch.from_numpy(betas_f64("linear", 1000))
    scheduler.alphas = 1 - scheduler.betas
    scheduler.alphas_cumprod = torch.cumprod(scheduler.alphas, dim=0)
    scheduler.one = torch.tensor(1.0, dtype=torch.float64)
    scheduler.set_timesteps(count)
    assert len(scheduler.timesteps) == count
    return scheduler


def picked(scheduler):
    """The first, the middle and the last timestep."""
    timesteps = scheduler.timesteps.tolist()
    return [timesteps[0], timesteps[len(timesteps) // 2], timesteps[-1]]


def timesteps(spacing, count):
    """The list of timesteps, and what diffusers derives for three of them."""
    small = scheduler_f64(spacing, count, variance_type="fixed_small")
    large = scheduler_f64(spacing, count, variance_type="fixed_large")
    chosen = picked(small)
    return {
        "all": small.timesteps.numpy(),
        "picked": np.array(chosen),
        "previous": np.array([int(small.previous_timestep(t)) for t in chosen]),
        "beta": np.array([float(large._get_variance(t)) for t in chosen]),
        "posterior_variance": np.array([float(small._get_variance(t)) for t in chosen]),
    }


def steps(scheduler, sample, model_output):
    """[3, 2, 1, 4, 6]: one step from each of the picked timesteps."""
    results = [scheduler.step(model_output, t, sample).prev_sample for t in picked(scheduler)]
    return torch.stack(results).numpy()


def main():
    generator = torch.Generator().manual_seed(SEED)
    draws = torch.randn(3, 2, 1, 4, 6, generator=generator, dtype=torch.float64)
    sample, model_output, noise = draws
    scheduling_ddpm.randn_tensor = lambda *args, **kwargs: noise
    tensors = tables() | {
        "step.sample": sample.numpy(),
        "step.model_output": model_output.numpy(),
        "step.noise": noise.numpy(),
    }
    for count, spacing in itertools.product(STEP_COUNTS, SPACINGS):
        for key, value in timesteps(spacing, count).items():
            tensors[f"timesteps.{count}.{spacing}.{key}"] = value
        for prediction, variance, clip in itertools.product(PREDICTIONS, VARIANCES, (True, False)):
            scheduler = scheduler_f64(
                spacing, count, prediction_type=prediction, variance_type=variance, clip_sample=clip
            )
            name = f"{prediction}.{variance}.{'clip' if clip else 'noclip'}.{count}.{spacing}"
            tensors[f"step.{name}.prev_sample"] = steps(scheduler, sample, model_output)
    tensors = {key: np.ascontiguousarray(value) for key, value in tensors.items()}
    versions = f"torch {torch.__version__}, diffusers {diffusers.__version__}, numpy {np.__version__}"
    path = Path(__file__).with_name("vectors.safetensors")
    path.write_bytes(safetensors.numpy.save(tensors, {"versions": versions}))


if __name__ == "__main__":
    main()
