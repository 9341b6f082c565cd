"""Reference vectors for samplers: whole trajectories of diffusers' schedulers and k-diffusion's functions, float64.

The network is exact and written in a few lines, so that both sides can have it: the denoiser of a mixture
of two Gaussians 1/2 N(-m, c^2) + 1/2 N(m, c^2) in each element, m = 0.6 and c = 0.4, at any real timestep t:

  u = (t + 1) / 1000, abar = exp(-u (0.1 + 19.9 u / 2)), a = sqrt(abar), s^2 = 1 - abar, d = a^2 c^2 + s^2
  x0 = a c^2 / d x + s^2 / d m tanh(a m x / d), eps = (x - a x0) / s, v = a eps - s x0

Its x is the VP-scaled one (what `scale_model_input` returns), its output eps, x0 or v by the prediction.
For a learned variance the output has twice the channels; the extra ones are sin(2 x + t / 300) for
learned_range, and the square of that for learned, which diffusers takes for the variance itself.
The schedulers' own schedule is discrete and close to it: linear betas, 1e-4 to 0.02, T = 1000.

Shared by all cases, [2, 1, 2, 2] being the shape of x:
  start                 [2, 1, 2, 2], x_T in VP scale. Where a scheduler works in sigma = sqrt(1 / abar - 1),
                        its first sample is start sqrt(sigma_0^2 + 1), whatever its init_noise_sigma
  clean                 [2, 1, 2, 2], where DDIMInverseScheduler starts
  noise                 [48, 2, 1, 2, 2], the k-th whole step draws noise[k] if it draws

Cases, NNN counting from 000:
  caseNNN.x             [steps, 8], float32: x after each whole step, in VP scale (divided by sqrt(sigma^2 + 1)
                        of the level arrived at). Inner stages of a Runge-Kutta, Heun or midpoint step are left
                        out. DPMSolverSinglestepScheduler's steps have one evaluation each: all are kept.
                        UniPCMultistepScheduler's are the predicted x, which its next step corrects
  caseNNN.t             [evaluations], float64: the timesteps told to the network, in order; of the first case only
                        that is told these

Metadata `cases` is a JSON list of objects:
  name, class           caseNNN; a class of diffusers or k_diffusion.FUNCTION
  told                  the case whose timesteps these are
  steps, prediction     10, 30 or 37; epsilon, sample or v_prediction
  spacing               leading, trailing, linspace (all that DPMSolverSinglestepScheduler has); for k-diffusion
                        karras: get_sigmas_karras(steps, sigmas of t = 0 and 999, rho 7), and a 0 at the end
  options               what else is passed: to the class (all the rest is its default, but beta_start and
                        beta_end), to `step`, to k-diffusion's function

diffusers keeps tables, levels and some samples in float32. Here its modules see a NumPy and a PyTorch whose
float32 is float64. k-diffusion's model is its own DiscreteEpsDDPMDenoiser, not quantized.
"""

import importlib
import importlib.util
import inspect
import itertools
import json
import sys
import types
import warnings
from importlib import metadata
from pathlib import Path

import diffusers
import numpy as np
import safetensors.numpy
import torch

# One of the few with which dynamic thresholding has elements above 1 to find in each class that has it.
SEED = 20200651
SHAPE = (2, 1, 2, 2)
BETAS = {"beta_start": 1e-4, "beta_end": 0.02}
PREDICTIONS = ("epsilon", "sample", "v_prediction")
SPACINGS = ("leading", "trailing", "linspace")
STEP_COUNTS, VARIANT_STEP_COUNTS = (10, 30, 37), (10, 37)
# The classes, and what their base case passes.
BASES = {
    "DDPMScheduler": {"clip_sample": False},
    "DDIMScheduler": {"clip_sample": False},
    "PNDMScheduler": {},
    "EulerDiscreteScheduler": {},
    "EulerAncestralDiscreteScheduler": {},
    "HeunDiscreteScheduler": {},
    "LMSDiscreteScheduler": {},
    "DPMSolverMultistepScheduler": {},
    "DPMSolverSinglestepScheduler": {},
    "UniPCMultistepScheduler": {},
    "DEISMultistepScheduler": {},
    "KDPM2DiscreteScheduler": {},
    "KDPM2AncestralDiscreteScheduler": {},
    "DDIMInverseScheduler": {"clip_sample": False},
}
SIGMA_SPACE = {name for name in BASES if name.startswith(("Euler", "Heun", "LMS", "KDPM2"))}
CLIP, MIN = {"clip_sample": True}, {"final_sigmas_type": "sigma_min"}
THRESHOLD = {"thresholding": True, "dynamic_thresholding_ratio": 0.8, "sample_max_value": 1.5}
THRESHOLD_MORE = THRESHOLD | {"dynamic_thresholding_ratio": 0.95, "sample_max_value": 1.125}
KARRAS, EXPONENTIAL = {"use_karras_sigmas": True}, {"use_exponential_sigmas": True}
CHURN = {"s_churn": 2.0, "s_tmin": 0.05, "s_tmax": 50.0, "s_noise": 1.003}
LOWER, NOT_LOWER = {"lower_order_final": True}, {"lower_order_final": False}
ODE, SDE, HEUN = {"algorithm_type": "dpmsolver"}, {"algorithm_type": "sde-dpmsolver++"}, {"solver_type": "heun"}
V = {"prediction": "v_prediction"}
FIRST, THIRD = {"solver_order": 1}, {"solver_order": 3}
# Samplers of their own, in all that the class supports as its base case is.
NAMED = {
    "DDPMScheduler": [{"variance_type": "fixed_large"}, {"variance_type": "learned_range"}],
    "DDIMScheduler": [{"eta": 0.5}, {"eta": 1.0}],
    "PNDMScheduler": [{"skip_prk_steps": True}],
    "DPMSolverMultistepScheduler": [THIRD, SDE],
    "DPMSolverSinglestepScheduler": [THIRD],
    "UniPCMultistepScheduler": [{"solver_type": "bh1"} | MIN],
    "DEISMultistepScheduler": [THIRD],
}
VARIANTS = {
    "DDPMScheduler": [{"variance_type": "learned"}, CLIP, THRESHOLD],
    "DDIMScheduler": [
        CLIP, THRESHOLD, THRESHOLD_MORE, {"set_alpha_to_one": False},
        CLIP | {"use_clipped_model_output": True}, CLIP | {"use_clipped_model_output": True, "eta": 0.5},
    ],
    "PNDMScheduler": [
        {"set_alpha_to_one": True}, {"skip_prk_steps": True, "set_alpha_to_one": True},
    ],
    "EulerDiscreteScheduler": [KARRAS, EXPONENTIAL, MIN, KARRAS | MIN, CHURN, CHURN | V, KARRAS | CHURN],
    "HeunDiscreteScheduler": [KARRAS, EXPONENTIAL, CLIP],
    "LMSDiscreteScheduler": [KARRAS, EXPONENTIAL],
    "KDPM2DiscreteScheduler": [KARRAS, EXPONENTIAL],
    "KDPM2AncestralDiscreteScheduler": [KARRAS, EXPONENTIAL],
    "EulerAncestralDiscreteScheduler": [],
    "DPMSolverMultistepScheduler": [
        FIRST, ODE | MIN, ODE | MIN | THIRD, ODE | MIN | HEUN, HEUN, SDE | FIRST, SDE | HEUN,
        KARRAS, EXPONENTIAL, {"use_lu_lambdas": True}, MIN, THIRD | MIN, NOT_LOWER, NOT_LOWER | MIN,
        THIRD | NOT_LOWER, {"euler_at_final": True}, {"euler_at_final": True} | MIN, THRESHOLD, THRESHOLD_MORE,
    ],
    "DPMSolverSinglestepScheduler": [
        FIRST, THIRD | HEUN, HEUN, ODE | MIN, ODE | MIN | THIRD, KARRAS, LOWER, LOWER | MIN, MIN,
        THIRD | MIN, SDE,
    ],
    "UniPCMultistepScheduler": [
        # At a final sigma of 0 bh1 is infinity times 0.
        FIRST, THIRD, {"solver_type": "bh1"} | MIN | THIRD,
        {"predict_x0": False} | MIN, KARRAS, KARRAS | MIN, EXPONENTIAL, MIN, NOT_LOWER | MIN,
        NOT_LOWER | MIN | THIRD,
    ],
    "DEISMultistepScheduler": [FIRST, KARRAS, NOT_LOWER],
    # Its first step divides by the noise's share where alpha_bar is 1: only with this option has `sample` a value.
    "DDIMInverseScheduler": [CLIP, {"set_alpha_to_one": False}, {"set_alpha_to_one": False, "prediction": "sample"}],
}
K_DIFFUSION = {
    "sample_euler": [{}, CHURN],
    "sample_heun": [{}, CHURN],
    "sample_dpm_2": [{}, CHURN],
    "sample_euler_ancestral": [{}, {"eta": 0.5}],
    "sample_dpm_2_ancestral": [{}],
    "sample_lms": [{}],
    "sample_dpmpp_2s_ancestral": [{}],
    "sample_dpmpp_2m": [{}],
    "sample_dpmpp_2m_sde": [{}, HEUN, {"eta": 0.0}],
    "sample_dpmpp_3m_sde": [{}, {"eta": 0.0}],
}


class Double:
    """A module whose float32 is float64, with some names replaced."""

    def __init__(self, module, **replaced):
        self.__dict__.update(replaced, module=module, float32=module.float64)

    def __getattr__(self, name):
        return getattr(self.module, name)


class Noise:
    """The shared draws: `step` says which one is next."""

    def __init__(self, draws):
        self.draws, self.step = draws, 0

    def __call__(self, *args, **kwargs):
        return self.draws[self.step]


def network(x, t, prediction="epsilon", variance=None):
    """The raw output of the network described above."""
    u = (t + 1) / 1000
    alpha_bar = torch.exp(-u * (0.1 + 0.5 * 19.9 * u))
    a, s = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    m, c = 0.6, 0.4
    d = a**2 * c**2 + s**2
    x0 = a * c**2 / d * x + s**2 / d * m * torch.tanh(a * m * x / d)
    eps = (x - a * x0) / s
    output = {"epsilon": eps, "sample": x0, "v_prediction": a * eps - s * x0}[prediction]
    if variance not in ("learned", "learned_range"):
        return output
    extra = torch.sin(2 * x + t / 300)
    return torch.cat([output, extra**2 if variance == "learned" else extra], dim=1)


def accepted(function, options):
    """Those of the options which the function has as parameters."""
    return {key: value for key, value in options.items() if key in inspect.signature(function).parameters}


def whole_step(scheduler):
    """Whether the call just made has completed a step."""
    if isinstance(scheduler, diffusers.PNDMScheduler):
        if scheduler.config.skip_prk_steps:
            return scheduler.counter != 1
        return scheduler.counter > len(scheduler.prk_timesteps) or scheduler.counter % 4 == 0
    if not hasattr(scheduler, "state_in_first_order"):
        return True
    return scheduler.state_in_first_order or scheduler.step_index == len(scheduler.timesteps)


def run_diffusers(case, start, noise):
    """The x after each whole step and the timesteps told to the network."""
    scheduler_class, options = getattr(diffusers, case["class"]), case["options"]
    config = BETAS | accepted(scheduler_class, options) | {"prediction_type": case["prediction"]}
    config |= accepted(scheduler_class, {"timestep_spacing": case["spacing"]})
    scheduler = scheduler_class(**config)
    scheduler.set_timesteps(case["steps"])
    sigma_space = case["class"] in SIGMA_SPACE
    sample = start * (scheduler.sigmas[0] ** 2 + 1).sqrt() if sigma_space else start
    xs, told = [], []
    for t in scheduler.timesteps:
        noise.step = len(xs)
        model_input = scheduler.scale_model_input(sample, t)
        output = network(model_input, t.double(), case["prediction"], options.get("variance_type"))
        sample = scheduler.step(output, t, sample, **accepted(scheduler.step, options)).prev_sample
        told.append(float(t))
        assert sample.dtype == torch.float64
        if whole_step(scheduler):
            scale = (scheduler.sigmas[scheduler.step_index] ** 2 + 1).sqrt() if sigma_space else 1
            xs.append(sample / scale)
    return xs, told


def import_k_diffusion():
    """k-diffusion's `sampling` and `external`, without the packages that only the rest of it needs."""
    stand_ins = {
        "k_diffusion": {"__path__": importlib.util.find_spec("k_diffusion").submodule_search_locations},
        "k_diffusion.utils": {"append_dims": lambda x, dims: x[(...,) + (None,) * (dims - x.ndim)]},
        "torchdiffeq": {"odeint": None},
        "torchsde": {},
    }
    for name, attributes in stand_ins.items():
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__dict__.update(attributes)
    sys.modules["k_diffusion"].utils = sys.modules["k_diffusion.utils"]
    return importlib.import_module("k_diffusion.sampling"), importlib.import_module("k_diffusion.external")


def run_k_diffusion(case, start, noise, sampling, external):
    """The x after each whole step and the timesteps told to the network."""
    betas = torch.linspace(BETAS["beta_start"], BETAS["beta_end"], 1000)
    xs, told = [], []

    def model(x, t):
        told.append(float(t[0]))
        assert x.dtype == t.dtype == torch.float64
        return network(x, t[:, None, None, None])

    denoiser = external.DiscreteEpsDDPMDenoiser(model, torch.cumprod(1 - betas, dim=0), quantize=False)
    sigmas = sampling.get_sigmas_karras(case["steps"], float(denoiser.sigma_min), float(denoiser.sigma_max))
    function, options = getattr(sampling, case["class"].removeprefix("k_diffusion.")), case["options"]

    def steps(count, **kwargs):
        for noise.step in range(count):
            yield noise.step

    def keep(x, i):
        if i >= 0:
            xs.append(x / (sigmas[i + 1] ** 2 + 1).sqrt())

    def callback(info):
        # Shown after the churn of step i has been added: without it, this is where step i - 1 arrived.
        churned = (info["sigma_hat"] ** 2 - info["sigma"] ** 2).sqrt() * options.get("s_noise", 1.0)
        keep(info["x"] - churned * noise(), info["i"] - 1)

    sampling.trange = steps
    options = options | accepted(function, {"noise_sampler": noise})
    first = start * (sigmas[0] ** 2 + 1).sqrt()
    keep(function(denoiser, first, sigmas, callback=callback, **options), case["steps"] - 1)
    return xs, told


def described(name, steps, prediction, spacing, options):
    """What the metadata tells of a case."""
    return {"class": name, "steps": steps, "prediction": prediction, "spacing": spacing, "options": options}


def cases():
    """Every case but its name, those that a class refuses too."""
    for name, options in BASES.items():
        scheduler_class = getattr(diffusers, name)
        defaults = inspect.signature(scheduler_class).parameters
        spaced = "timestep_spacing" in defaults
        default_spacing = defaults["timestep_spacing"].default if spaced else "linspace"
        spacings = SPACINGS if spaced else ("linspace",)
        whole = [{}, *NAMED.get(name, [])]
        base = [(p, s, v, n) for v, p, s, n in itertools.product(whole, PREDICTIONS, spacings, STEP_COUNTS)]
        variants = [
            (v.get("prediction", "epsilon"), default_spacing, {k: v[k] for k in v if k != "prediction"}, n)
            for v, n in itertools.product(VARIANTS[name], VARIANT_STEP_COUNTS)
        ]
        for prediction, spacing, variant, steps in base + variants:
            yield described(name, steps, prediction, spacing, options | variant)
    for name, variants in K_DIFFUSION.items():
        for options, steps in itertools.product(variants, STEP_COUNTS):
            yield described(f"k_diffusion.{name}", steps, "epsilon", "karras", options)


def inputs():
    """start, clean and noise, float64 that float32 holds exactly."""
    generator = torch.Generator().manual_seed(SEED)
    draws = torch.randn(50, *SHAPE, generator=generator, dtype=torch.float32).double()
    return {"start": draws[0], "clean": (0.75 * draws[1]).float().double(), "noise": draws[2:]}


def saved(tensors, described):
    """The bytes of the file. safetensors writes metadata in an order that changes from run to run: here it is fixed."""
    data = safetensors.numpy.save(tensors, described)
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end]) | {"__metadata__": described}
    header = json.dumps(header, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + data[end:]


def main():
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    warnings.filterwarnings("ignore", category=FutureWarning)
    diffusers.logging.set_verbosity_error()
    shared = inputs()
    noise = Noise(shared["noise"])
    for name in BASES:
        module = sys.modules[getattr(diffusers, name).__module__]
        module.np, module.torch, module.randn_tensor = Double(np), Double(torch), noise
    sampling, external = import_k_diffusion()
    sampling.torch = Double(torch, randn_like=noise)
    tensors = {key: value.numpy().astype(np.float32) for key, value in shared.items()}
    kept, largest, timesteps = [], {}, {}
    for case in cases():
        try:
            if case["class"].startswith("k_diffusion"):
                xs, told = run_k_diffusion(case, shared["start"], noise, sampling, external)
            else:
                start = shared["clean" if case["class"] == "DDIMInverseScheduler" else "start"]
                xs, told = run_diffusers(case, start, noise)
        except (NotImplementedError, ValueError) as error:
            print("skipped:", json.dumps(case), error)
            continue
        assert len(xs) == case["steps"], (case, len(xs))
        xs = torch.stack(xs).reshape(case["steps"], -1).numpy()
        if not np.isfinite(xs).all():
            print("skipped:", json.dumps(case), "not finite")
            continue
        name = f"case{len(kept):03}"
        # Predictions differ in x alone: timesteps are stored once.
        first = timesteps.setdefault(tuple(told), name)
        tensors[f"{name}.x"] = xs.astype(np.float32)
        if first == name:
            tensors[f"{name}.t"] = np.array(told)
        largest[case["class"]] = max(largest.get(case["class"], 0), np.abs(xs[-1]).max())
        kept.append({"name": name, "told": first} | case)
    versions = ", ".join(
        f"{name} {metadata.version(name)}" for name in ("torch", "diffusers", "numpy", "scipy", "k-diffusion")
    )
    path = Path(__file__).with_name("vectors.safetensors")
    path.write_bytes(saved(tensors, {"cases": json.dumps(kept), "versions": versions}))
    print(f"{len(kept)} cases, {path.stat().st_size} bytes")
    for name, value in largest.items():
        print(f"{name}: largest |x| at the end {value:.3f}")


if __name__ == "__main__":
    main()
