"""diffusers' UNet2DModel as a recipe of Langevin describes it, and its forward pass in PyTorch."""

import tomllib

import torch
from diffusers import UNet2DModel


def build(recipe, shape):
    """The U-Net of a recipe's [model] section, without dropout, for samples of height x width x channels."""
    torch.manual_seed(0)
    height, width, channels = map(int, shape.split("x"))
    with open(recipe, "rb") as file:
        model = tomllib.load(file)["model"]
    # A setting that is not listed here would make another network than Langevin's.
    known = {"kind", "channels", "blocks_per_level", "attention_levels", "groups", "dropout"}
    unknown = sorted(set(model) - known)
    if model["kind"] != "unet" or unknown:
        raise SystemExit(f"{recipe}: expected a U-Net of known settings, got {model['kind']}, {unknown}")
    levels = range(1, len(model["channels"]) + 1)
    attends = [level in model.get("attention_levels", []) for level in levels]
    return UNet2DModel(
        sample_size=(height, width),
        in_channels=channels,
        out_channels=channels,
        flip_sin_to_cos=False,
        freq_shift=1,
        down_block_types=["AttnDownBlock2D" if here else "DownBlock2D" for here in attends],
        up_block_types=["AttnUpBlock2D" if here else "UpBlock2D" for here in reversed(attends)],
        block_out_channels=model["channels"],
        layers_per_block=model["blocks_per_level"],
        downsample_padding=0,
        attention_head_dim=None,
        norm_num_groups=model["groups"],
        norm_eps=1e-6,
        dropout=0.0,
    )


def count_parameters(model):
    """Elements of all parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def inputs(shape, batch):
    """Noise and timesteps."""
    height, width, channels = map(int, shape.split("x"))
    return torch.randn(batch, channels, height, width), torch.randint(1000, (batch,))


def forward(model, x, timesteps, layout, compiled):
    """The forward pass without gradient as a function, eager or compiled with the weights frozen."""
    model = model.eval().to(memory_format=layout)
    x = x.contiguous(memory_format=layout)
    if compiled:
        from torch._inductor import config

        config.freezing = True
        model = torch.compile(model)

    def run():
        # Weights are frozen under no_grad alone.
        with torch.no_grad() if compiled else torch.inference_mode():
            return model(x, timesteps, return_dict=False)[0]

    return run
