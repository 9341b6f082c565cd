"""Reference vectors for the paper's network: the topology of Ho et al.'s CIFAR-10 at a quarter of its width.

Of the gradients, which would take nine megabytes, norms and random projections are stored. Weights and inputs are drawn by
the formula of tools/parity/drawn.py, and tools/parity/cases.py tells what is stored.
"""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[5] / "tools" / "parity"))
import cases
import drawn
from full_width import RATE, topology


def main():
    torch.set_num_threads(1)
    drawn.prepare()
    quarter = dict(config=topology(32), seed=2020, size=(32, 32), timesteps=(250, 999), rate=RATE, whole=False)
    cases.write({"quarter-width": quarter}, Path(__file__).with_name("vectors.safetensors"))


if __name__ == "__main__":
    main()
