"""Train diffusers' UNet2DModel on scikit-learn's digits, to set PyTorch beside Langevin.

1,797 pictures of 8x8 in [-1, 1]; L_simple on eps, T = 1000, linear beta 1e-4 .. 0.02; Adam at 1e-3, no
warm-up; batches of 128 from a random permutation of each epoch; t uniform; gradients clipped at global
norm 1; no augmentation. diffusers' own initialisation, in which no layer starts at zero.

Prints the mean loss of each 250 steps from 251 on, that of the last 250, and seconds per step (the
first 5 steps left out). Needs tools/peers/requirements.txt.
"""

import argparse
import time

import torch
from diffusers import UNet2DModel
from sklearn.datasets import load_digits

BATCH = 128
WINDOW = 250
TIMESTEPS = 1000
WARM_UP = 5


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def digits():
    """[1797, 1, 8, 8]: the pictures, from 0 .. 16 to [-1, 1]."""
    return torch.tensor(load_digits().images, dtype=torch.float32)[:, None] / 8 - 1


def batches(pictures):
    """Batches without end; what an epoch leaves over is dropped."""
    while True:
        order = torch.randperm(len(pictures))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            yield pictures[order[start : start + BATCH]]


def build():
    """The DDPM flavour at channels 32, 64, with attention at 4x4 and in the middle."""
    return UNet2DModel(
        sample_size=8,
        in_channels=1,
        out_channels=1,
        flip_sin_to_cos=False,
        freq_shift=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(32, 64),
        layers_per_block=1,
        downsample_padding=0,
        attention_head_dim=None,
        norm_num_groups=8,
        norm_eps=1e-6,
    )


def step(model, optimiser, alpha_bar, x0):
    """One step of Algorithm 1; the loss before the update."""
    t = torch.randint(TIMESTEPS, (len(x0),))
    eps = torch.randn_like(x0)
    a = alpha_bar[t].reshape(-1, 1, 1, 1)
    loss = (model(a.sqrt() * x0 + (1 - a).sqrt() * eps, t).sample - eps).square().mean()
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return loss.item()


def report(losses, times):
    """Print the means of the losses, and the time of a step."""
    for start in range(WINDOW, len(losses) - WINDOW + 1, WINDOW):
        mean = sum(losses[start : start + WINDOW]) / WINDOW
        print(f"steps {start + 1}-{start + WINDOW}: loss {mean:.5f}")
    last = losses[-WINDOW:]
    print(f"last {len(last)} steps: loss {sum(last) / len(last):.5f}")
    timed = times[WARM_UP:] or times
    print(f"seconds per step: {sum(timed) / len(timed):.4f}")


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    model = build().train()
    print(f"parameters: {sum(p.numel() for p in model.parameters())}")
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    beta = torch.linspace(1e-4, 0.02, TIMESTEPS, dtype=torch.float64)
    alpha_bar = torch.cumprod(1 - beta, dim=0).float()
    losses, times = [], []
    for _, x0 in zip(range(arguments.steps), batches(digits())):
        start = time.perf_counter()
        losses.append(step(model, optimiser, alpha_bar, x0))
        times.append(time.perf_counter() - start)
    report(losses, times)


if __name__ == "__main__":
    main()
