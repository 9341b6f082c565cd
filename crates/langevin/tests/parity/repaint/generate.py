"""Reference vectors for RePaint's walk: diffusers' RePaintScheduler, float64.

The order of timesteps, for S, J, R of SCHEDULES out of T = 1000 timesteps:
  timesteps.S.J.R                               int64, `set_timesteps(S, J, R).timesteps` divided by T // S

Whole walks over T = S = 37 timesteps, linear betas from 1e-4 to 0.2, jumps of J = 5, R = 3, for ETA 0 and 1 and CLIP clip (x0
clamped to [-1, 1]) or noclip. MOVES is how many steps down and up there are:
  start, known                                  [2, 1, 3, 4]: x_T and x_0
  mask                                          [2, 1, 3, 4]: 1 where the picture is known
  noise                                         [MOVES, 2, 1, 3, 4]: the draw of each step, down or up
  walk.ETA.CLIP.x                               [MOVES, 2, 1, 3, 4]: x after each step

The network's output at timestep t is tanh(x + roll(x) / 2) (0.4 + t / 74), roll by one column. The steps are those of
`RePaintScheduler.step` and `undo_step`; with T = S the latter is the exact forward process. Which follows which is what the
authors' code does with the list of timesteps, an end of -1 appended: from each to the next, x being at the level of the first, so
that the walk begins at T - 1 and never goes back from the data. diffusers' pipeline takes x to be a level lower there: it goes
up from the data as well.
"""

import itertools
from pathlib import Path

import diffusers
import numpy as np
import safetensors.numpy
import torch
from diffusers import RePaintScheduler
from diffusers.schedulers import scheduling_repaint

SEED = 20220124
SCHEDULES = ((250, 10, 10), (30, 10, 10), (37, 10, 3), (37, 5, 3), (30, 1, 2), (20, 10, 4), (21, 10, 4), (10, 10, 5), (7, 20, 3), (5, 2, 1))
STEPS, JUMP, RESAMPLES = 37, 5, 3
BETAS = np.linspace(1e-4, 0.2, STEPS)
SHAPE = (2, 1, 3, 4)


def network(x, t):
    """The output."""
    return torch.tanh(x + torch.roll(x, 1, dims=3) / 2) * (0.4 + t / 74)


def walk(eta, clip, start, known, mask, noises):
    """x after each step."""
    scheduler = RePaintScheduler(STEPS, eta=eta, trained_betas=BETAS, clip_sample=clip)
    assert scheduler.alphas_cumprod.dtype == torch.float64
    scheduler.final_alpha_cumprod = torch.tensor(1.0, dtype=torch.float64)
    scheduler.set_timesteps(STEPS, JUMP, RESAMPLES)
    times = scheduler.timesteps.tolist() + [-1]
    draws = iter(noises)
    scheduling_repaint.randn_tensor = lambda *args, **kwargs: next(draws)
    x, xs = start, []
    for here, there in itertools.pairwise(times):
        if there < here:
            x = scheduler.step(network(x, here), here, x, known, mask).prev_sample
        else:
            x = scheduler.undo_step(x, there)
        xs.append(x)
    assert next(draws, None) is None
    return torch.stack(xs).numpy()


def main():
    tensors = {}
    for steps, jump, resamples in SCHEDULES:
        scheduler = RePaintScheduler(1000)
        scheduler.set_timesteps(steps, jump, resamples)
        tensors[f"timesteps.{steps}.{jump}.{resamples}"] = scheduler.timesteps.numpy() // (1000 // steps)
    moves = len(tensors[f"timesteps.{STEPS}.{JUMP}.{RESAMPLES}"])
    generator = torch.Generator().manual_seed(SEED)
    draws = torch.randn(moves + 2, *SHAPE, generator=generator, dtype=torch.float32).double()
    start, known, noises = draws[0], (draws[1] / 2).clamp(-1, 1), draws[2:]
    mask = (torch.rand(SHAPE, generator=generator) < 0.5).double()
    named = {"start": start, "known": known, "mask": mask, "noise": noises}
    tensors |= {name: value.numpy().astype(np.float32) for name, value in named.items()}
    for eta, clip in itertools.product((0, 1), (True, False)):
        xs = walk(float(eta), clip, start, known, mask, noises)
        tensors[f"walk.{eta}.{'clip' if clip else 'noclip'}.x"] = xs.astype(np.float32)
    tensors = {key: np.ascontiguousarray(value) for key, value in tensors.items()}
    versions = f"torch {torch.__version__}, diffusers {diffusers.__version__}, numpy {np.__version__}"
    path = Path(__file__).with_name("vectors.safetensors")
    path.write_bytes(safetensors.numpy.save(tensors, {"versions": versions}))


if __name__ == "__main__":
    main()
