"""Make the paper's CIFAR-10 network at full width, with random weights, as diffusers saves it, and what it computes.

    python full_width.py FOLDER

FOLDER becomes a DDPMPipeline (35,746,307 parameters in float32), and beside it vectors.safetensors with one case
"full-width": its output, the gradient of every parameter and the losses of ten training steps, in float64. See drawn.py
and cases.py. `cargo xtask parity-full` runs it and compares.
"""

import sys
from pathlib import Path

SEED = 35746307
# The paper's. At 1e-3 PyTorch in float32 is 2.5e-4 away from itself in float64 after eight steps.
RATE = 2e-4


def topology(width):
    """Ho et al.'s CIFAR-10 network with `width` channels at the first level; 128 in the paper."""
    return dict(
        sample_size=32,
        in_channels=3,
        out_channels=3,
        flip_sin_to_cos=False,
        freq_shift=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(width, 2 * width, 2 * width, 2 * width),
        layers_per_block=2,
        downsample_padding=0,
        attention_head_dim=None,
        norm_num_groups=width // 4,
        norm_eps=1e-6,
    )


def main():
    """Write the folder."""
    import cases
    import drawn
    from diffusers import DDPMPipeline, DDPMScheduler

    folder = Path(sys.argv[1])
    drawn.prepare()
    model = drawn.build(topology(128), SEED).float()
    print(f"{sum(parameter.numel() for parameter in model.parameters()):,} parameters", flush=True)
    DDPMPipeline(unet=model, scheduler=DDPMScheduler()).save_pretrained(folder)
    full = dict(config=topology(128), seed=SEED, size=(32, 32), timesteps=(250, 999), rate=RATE)
    cases.write({"full-width": full}, folder / "vectors.safetensors")


if __name__ == "__main__":
    main()
