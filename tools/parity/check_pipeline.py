"""Check that diffusers opens a checkpoint as it stands and draws the same samples.

    langevin sample RUN -n 4 --steps 25 --seed 7 --out samples.npy
    python check_pipeline.py RUN/checkpoints/step-0002000 samples.npy --steps 25 --seed 7

The pipeline is loaded by DDPMPipeline. The reverse steps are those of DDPMScheduler with trailing timesteps, fed
with Langevin's own noise: Philox4x32-10 by seed, sample and step, then Box-Muller. Prints the largest difference.
"""

import argparse

import numpy as np
import torch
from diffusers import DDPMPipeline
from diffusers.schedulers import scheduling_ddpm

SAMPLE_START, SAMPLE_NOISE = 7, 8


def philox(counter, key):
    """Ten rounds over uint64 arrays that hold 32-bit words."""
    mask = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    for _ in range(10):
        p0 = np.uint64(0xD2511F53) * counter[0]
        p1 = np.uint64(0xCD9E8D57) * counter[2]
        counter = [
            (p1 >> shift) ^ counter[1] ^ key[0],
            p1 & mask,
            (p0 >> shift) ^ counter[3] ^ key[1],
            p0 & mask,
        ]
        key = [(key[0] + np.uint64(0x9E3779B9)) & mask, (key[1] + np.uint64(0xBB67AE85)) & mask]
    return counter


def normal(seed, purpose, index, lane, count):
    """Standard normal numbers 0..count of a stream's lane."""
    blocks = np.arange((count + 3) // 4, dtype=np.uint64)
    word = lambda value: np.full_like(blocks, value)
    counter = [blocks, word(index & 0xFFFFFFFF), word(lane << 8 | purpose), word(index >> 32)]
    a, b, c, d = philox(counter, [word(seed & 0xFFFFFFFF), word(seed >> 32)])
    unit = 1.0 / 4294967296.0
    out = []
    for u, v in ((a, b), (c, d)):
        radius = np.sqrt(-2.0 * np.log((u.astype(np.float64) + 0.5) * unit))
        angle = 2.0 * np.pi * v.astype(np.float64) * unit
        out += [radius * np.cos(angle), radius * np.sin(angle)]
    return np.stack(out, axis=1).reshape(-1)[:count].astype(np.float32)


def noise(seed, purpose, lane, shape):
    """Noise of every sample, drawn channels last, as [n, channels, height, width]."""
    n, channels, height, width = shape
    rows = [normal(seed, purpose, k, lane, channels * height * width) for k in range(n)]
    last = np.stack(rows).reshape(n, height, width, channels)
    return torch.from_numpy(last.transpose(0, 3, 1, 2).copy())


def main():
    """Draw with diffusers and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("samples")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()

    ours = torch.from_numpy(np.load(options.samples))
    pipeline = DDPMPipeline.from_pretrained(options.checkpoint)
    unet = pipeline.unet.eval()
    scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config, timestep_spacing="trailing")
    scheduler.set_timesteps(options.steps)
    x = noise(options.seed, SAMPLE_START, 0, ours.shape)
    with torch.no_grad():
        for row, t in enumerate(scheduler.timesteps):
            index = options.steps - 1 - row
            # Algorithm 2 adds no noise at the last step; diffusers does, unless it is timestep 0.
            z = noise(options.seed, SAMPLE_NOISE, index, ours.shape) if index else torch.zeros_like(x)
            scheduling_ddpm.randn_tensor = lambda *_, z=z, **__: z
            x = scheduler.step(unet(x, t).sample, t, x).prev_sample
    difference = (x - ours).abs().max().item()
    print(f"{len(ours)} samples of {sum(p.numel() for p in unet.parameters()):,} parameters, {options.steps} steps: "
          f"largest difference {difference:.1e}")
    if difference > 1e-3:
        raise SystemExit("the samples differ")


if __name__ == "__main__":
    main()
