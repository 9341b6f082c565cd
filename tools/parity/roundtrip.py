"""Check that diffusers opens a checkpoint as it stands and draws the same samples from the same noise.

    python tools/parity/roundtrip.py RUN/checkpoints/step-0002000 [--langevin target/release/langevin] [-n 4]

The pipeline is loaded by DDPMPipeline. For each of several samplers the noise is drawn here, given to both, and the largest
difference of the unclipped results is printed. Fails above 1e-3.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import DDPMPipeline

# (scheduler, its options, what its step takes, our arguments, steps)
RUNS = [
    ("DDIMScheduler", {}, {"use_clipped_model_output": True}, "ddim --spacing leading", 50),
    ("DDIMScheduler", {}, {}, "DDIMScheduler", 50),
    ("DDIMScheduler", {}, {"eta": 1.0}, "DDIMScheduler --eta 1", 50),
    ("DDPMScheduler", {}, {}, "ddpm --spacing leading", 100),
    ("DPMSolverMultistepScheduler", {}, {}, "DPMSolverMultistepScheduler", 10),
    ("UniPCMultistepScheduler", {}, {}, "UniPCMultistepScheduler", 8),
    ("HeunDiscreteScheduler", {"use_karras_sigmas": True}, {}, "HeunDiscreteScheduler --set use_karras_sigmas=true", 18),
]
LIMIT = 1e-3


def theirs(unet, scheduler, noise, step_options):
    """x_0 of diffusers' own loop, unclipped."""
    module = __import__(type(scheduler).__module__, fromlist=["randn_tensor"])
    sigma_space = hasattr(scheduler, "sigmas") and "scale_model_input" in type(scheduler).__dict__ and (
        type(scheduler).__name__.startswith(("Euler", "Heun", "LMS", "KDPM2"))
    )
    x = noise[0] * (scheduler.sigmas[0] ** 2 + 1).sqrt() if sigma_space else noise[0]
    with torch.no_grad():
        for index, t in enumerate(scheduler.timesteps):
            if len(noise) > 1:
                module.randn_tensor = lambda *_, z=noise[index + 1], **__: z
            output = unet(scheduler.scale_model_input(x, t), t).sample
            x = scheduler.step(output, t, x, **step_options).prev_sample
    return x


def ours(program, checkpoint, arguments, steps, noise, folder):
    """x_0 of Langevin from the same noise."""
    path, out = folder / "noise.npy", folder / "out.npy"
    np.save(path, noise.numpy() if len(noise) > 1 else noise[0].numpy())
    command = [program, "sample", checkpoint, "--sampler", *arguments.split(), "--steps", str(steps)]
    subprocess.run([*command, "--noise", path, "--out", out, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return torch.from_numpy(np.load(out))


def main():
    """Draw with both and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--langevin", default="target/release/langevin")
    parser.add_argument("-n", type=int, default=4)
    options = parser.parse_args()

    pipeline = DDPMPipeline.from_pretrained(options.checkpoint)
    unet = pipeline.unet.eval()
    size = unet.config.sample_size
    height, width = (size, size) if isinstance(size, int) else size
    shape = (options.n, unet.config.in_channels, height, width)
    print(f"{sum(p.numel() for p in unet.parameters()):,} parameters, {options.n} samples of {shape[1:]}")
    failed = False
    generator = torch.Generator().manual_seed(0)
    for name, config, step_options, arguments, steps in RUNS:
        scheduler = getattr(diffusers, name).from_config(pipeline.scheduler.config, **config)
        scheduler.set_timesteps(steps)
        draws = steps if name == "DDPMScheduler" or step_options.get("eta", 0) > 0 else 0
        noise = torch.randn(draws + 1, *shape, generator=generator)
        with tempfile.TemporaryDirectory() as folder:
            mine = ours(options.langevin, options.checkpoint, arguments, steps, noise, Path(folder))
        difference = (theirs(unet, scheduler, noise, step_options) - mine).abs().max().item()
        failed |= not difference <= LIMIT
        print(f"{name:<28} {steps:>4} steps  largest difference {difference:.1e}  (--sampler {arguments})")
    if failed:
        raise SystemExit(f"the samples differ by more than {LIMIT}")


if __name__ == "__main__":
    main()
