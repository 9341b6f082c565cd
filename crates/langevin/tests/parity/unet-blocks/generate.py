"""Reference vectors for what a U-Net can be made of: one small UNet2DModel for each of diffusers' settings.

Outputs, gradients and the losses of ten training steps, in float64; weights and inputs are drawn by the formula of
tools/parity/drawn.py, and tools/parity/cases.py tells what is stored of each case. The gradients of the cases in WHOLE are
stored whole; of the others, so that the file stays small, norms and random projections are.
"""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[5] / "tools" / "parity"))
import cases
import drawn

BASE = dict(
    sample_size=8,
    in_channels=1,
    out_channels=1,
    flip_sin_to_cos=False,
    freq_shift=1,
    down_block_types=("DownBlock2D", "AttnDownBlock2D"),
    up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    block_out_channels=(8, 12),
    layers_per_block=1,
    downsample_padding=0,
    attention_head_dim=None,
    norm_num_groups=4,
    norm_eps=1e-6,
)
LEVELS = BASE | dict(
    down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D"),
    up_block_types=("UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
    block_out_channels=(8, 12, 8),
)
RESNET = LEVELS | dict(
    down_block_types=("ResnetDownsampleBlock2D", "AttnDownBlock2D", "ResnetDownsampleBlock2D"),
    up_block_types=("ResnetUpsampleBlock2D", "AttnUpBlock2D", "UpBlock2D"),
    downsample_type="resnet",
    upsample_type="resnet",
)
COLOUR = dict(in_channels=3, out_channels=3)
SCALE_SHIFT = dict(resnet_time_scale_shift="scale_shift")


WHOLE = ("scale-shift", "heads", "class-labels", "resnet")


def of(config, **settings):
    """A case without its seed."""
    return dict(config=config) | settings


CASES = {
    "one-channel": of(BASE, old_names=True),
    "scale-shift": of(BASE | SCALE_SHIFT | dict(in_channels=2, out_channels=2), timesteps=(12, 731)),
    "heads": of(
        BASE
        | COLOUR
        | dict(
            attention_head_dim=4,
            down_block_types=("AttnDownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "AttnUpBlock2D"),
        ),
        old_names=True,
    ),
    "class-labels": of(BASE | dict(num_class_embeds=5), classes=(1, 4, 1)),
    "class-timestep": of(BASE | dict(class_embed_type="timestep"), classes=(7, 0, 400)),
    "class-identity": of(BASE | dict(class_embed_type="identity")),
    "20x28": of(
        LEVELS
        | COLOUR
        | dict(sample_size=(20, 28), flip_sin_to_cos=True, freq_shift=0, downsample_padding=1, norm_eps=1e-5),
        size=(20, 28),
        timesteps=(3, 998),
    ),
    "groups-8": of(BASE | dict(norm_num_groups=8, block_out_channels=(16, 24))),
    "resnet": of(RESNET, size=(8, 12)),
    "resnet-scale-shift": of(RESNET | SCALE_SHIFT | dict(attn_norm_num_groups=2), size=(12, 8)),
    "plain-middle": of(
        BASE
        | dict(
            add_attention=False,
            mid_block_scale_factor=1.5,
            down_block_types=("AttnDownBlock2D", "DownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        )
    ),
    "no-middle": of(
        BASE
        | COLOUR
        | dict(mid_block_type=None, act_fn="gelu", center_input_sample=True, time_embedding_dim=20, out_channels=6)
    ),
    "scaled-middle": of(BASE | SCALE_SHIFT | dict(mid_block_scale_factor=1.5, attn_norm_num_groups=4, act_fn="gelu")),
}


def main():
    torch.set_num_threads(1)
    drawn.prepare()
    complete = {
        name: case | dict(seed=20230 + 10 * index, whole=name in WHOLE)
        for index, (name, case) in enumerate(CASES.items())
    }
    cases.write(complete, Path(__file__).with_name("vectors.safetensors"))


if __name__ == "__main__":
    main()
