"""Reference vectors for OpenAI's U-Nets: state dicts as their code saves them, and what their code makes of them.

The networks are built by the original code, which is not kept here: LANGEVIN_ORIGINALS names a folder with checkouts of
openai/improved-diffusion and openai/guided-diffusion. Without it the vectors stay as they are.

Weights are random and representable in bfloat16, in which the state dicts are saved; outputs are computed in float64
(GroupNorm and the encoding of the timesteps included, which the original computes in float32) and stored in float32.

Files CASE.pt, each a state dict:
  improved      improved-diffusion: scale and shift, learned variance, four heads, attention at one level
  classes       guided-diffusion: class-conditional, residual resampling, heads of 16 channels, queries first
  heads-first   guided-diffusion: residual resampling, two heads, heads first, the timestep added, in a nested file with
                an average: {"model": ..., "ema": ..., "step": 5}; the model is nothing but zeros, all of an array in one
                place

Two more cases are too large to keep: their weights are drawn by the formula of tools/parity/drawn.py, over the sorted keys
of their state dicts, which the metadata CASE lists with their shapes:
  grown         guided-diffusion with two levels of 32 and 64 channels
  adm           guided-diffusion as its models of 256x256 are: class-conditional, residual resampling, heads of 64 channels
                and heads first, at two of three levels, scale and shift

vectors.safetensors, for each case:
  CASE.x        [2, 3, 16, 24]
  CASE.t        [2], timesteps as the network is told them
  CASE.classes  [2], int64 (classes and adm only)
  CASE.y        [2, C, 16, 24], output
"""

import importlib
import json
import math
import os
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[5] / "tools/parity"))
import drawn as formula  # noqa: E402

SEED = 20210218
HERE = Path(__file__).parent
SIZE = (16, 24)


def imported(folder, package):
    """The module `unet` of a checkout, with nothing computed in float32."""
    sys.path.insert(0, str(folder))
    unet = importlib.import_module(f"{package}.unet")
    nn = importlib.import_module(f"{package}.nn")

    def timestep_embedding(timesteps, dim, max_period=10000):
        half = dim // 2
        freqs = torch.exp(-math.log(max_period) * torch.arange(half, dtype=torch.float64) / half)
        args = timesteps.double()[:, None] * freqs[None]
        return torch.cat([args.cos(), args.sin()], dim=1)

    unet.timestep_embedding = timestep_embedding
    nn.GroupNorm32.forward = torch.nn.GroupNorm.forward
    if hasattr(unet, "QKVAttention"):
        # `softmax(weight.float())` is the only float32 left; a double is kept by casting to what it is.
        torch.Tensor.float = torch.Tensor.double
    return unet


def drawn(model, generator):
    """The model in float64, every parameter random and representable in bfloat16."""
    model = model.double().eval()
    model.dtype = torch.float64
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            draw = torch.randn(parameter.shape, generator=generator, dtype=torch.float32).double()
            if parameter.ndim > 1:
                draw *= parameter[0].numel() ** -0.5
            elif key.endswith("weight"):
                draw = 1 + 0.2 * draw
            else:
                draw *= 0.1
            parameter.copy_(draw.bfloat16().double())
    return model


def drawn_by_formula(model):
    """The model in float64, every parameter as Langevin's tests draw it, and the shapes by key."""
    model = model.double().eval()
    model.dtype = torch.float64
    state = dict(sorted(model.state_dict().items()))
    for index, (key, value) in enumerate(state.items()):
        inputs = value[0].numel() if value.ndim > 1 else 0
        scale, offset = ((3 / inputs) ** 0.5, 0.0) if inputs else ((0.35, 1.0) if key.endswith("weight") else (0.17, 0.0))
        state[key] = formula.numbers(SEED, index, value.shape, scale, offset)
    model.load_state_dict(state)
    return model, {key: list(value.shape) for key, value in state.items()}


def halved(model):
    """The state dict in bfloat16, which holds it exactly."""
    return {key: value.bfloat16() for key, value in model.state_dict().items()}


def cases(root):
    """Name and model of each case."""
    generator = torch.Generator().manual_seed(SEED)
    improved = imported(root / "improved-diffusion", "improved_diffusion")
    common = dict(in_channels=3, model_channels=32, num_res_blocks=1, dropout=0.0)
    yield "improved", drawn(
        improved.UNetModel(
            **common, out_channels=6, channel_mult=(1, 1), attention_resolutions=(2,), num_heads=4,
            use_scale_shift_norm=True,
        ),
        generator,
    )
    guided = imported(root / "guided-diffusion", "guided_diffusion")
    yield "classes", drawn(
        guided.UNetModel(
            image_size=16, **common, out_channels=6, channel_mult=(1, 1), attention_resolutions=(1, 2),
            num_classes=5, num_head_channels=16, use_scale_shift_norm=True, resblock_updown=True,
            use_new_attention_order=True,
        ),
        generator,
    )
    yield "heads-first", drawn(
        guided.UNetModel(
            image_size=16, **common, out_channels=3, channel_mult=(1, 1), attention_resolutions=(2,),
            num_heads=2, resblock_updown=True,
        ),
        generator,
    )


def grown(root):
    """guided-diffusion with more channels at its second level, and two blocks a level."""
    guided = imported(root / "guided-diffusion", "guided_diffusion")
    return drawn_by_formula(
        guided.UNetModel(
            image_size=16, in_channels=3, model_channels=32, num_res_blocks=2, dropout=0.0, out_channels=6,
            channel_mult=(1, 2), attention_resolutions=(2,), num_head_channels=16, use_scale_shift_norm=True,
            resblock_updown=True, use_new_attention_order=True,
        )
    )


def adm(root):
    """guided-diffusion as it was trained on ImageNet, at a quarter of its width."""
    guided = imported(root / "guided-diffusion", "guided_diffusion")
    return drawn_by_formula(
        guided.UNetModel(
            image_size=16, in_channels=3, model_channels=64, num_res_blocks=1, dropout=0.0, out_channels=6,
            channel_mult=(1, 1, 2), attention_resolutions=(2, 4), num_classes=7, num_head_channels=64,
            use_scale_shift_norm=True, resblock_updown=True,
        )
    )


def main():
    """Write the state dicts and the vectors."""
    root = os.environ.get("LANGEVIN_ORIGINALS")
    if not root:
        print("LANGEVIN_ORIGINALS is not set: the vectors stay as they are")
        return
    tensors = {}
    for index, (name, model) in enumerate(cases(Path(root))):
        generator = torch.Generator().manual_seed(SEED + 1 + index)
        x = torch.randn(2, 3, *SIZE, generator=generator, dtype=torch.float32).double()
        t = torch.tensor([3.0, 741.0], dtype=torch.float64)
        classes = torch.tensor([4, 1]) if name == "classes" else None
        with torch.no_grad():
            y = model(x, t) if classes is None else model(x, t, classes)
        assert y.dtype == torch.float64
        tensors |= {f"{name}.x": x.to(torch.float32), f"{name}.t": t, f"{name}.y": y.to(torch.float32)}
        if classes is not None:
            tensors[f"{name}.classes"] = classes
        saved = halved(model)
        if name == "heads-first":
            blank = {key: torch.zeros(1).expand(value.shape) for key, value in saved.items()}
            saved = {"model": blank, "ema": saved, "step": 5}
        torch.save(saved, HERE / f"{name}.pt")
    versions = json.dumps({"torch": torch.__version__})
    metadata = {"versions": versions}
    for index, (name, build) in enumerate({"grown": grown, "adm": adm}.items()):
        model, shapes = build(Path(root))
        generator = torch.Generator().manual_seed(SEED + 10 + index)
        x = torch.randn(2, 3, *SIZE, generator=generator, dtype=torch.float32).double()
        t = torch.tensor([3.0, 741.0], dtype=torch.float64)
        classes = [torch.tensor([6, 2])] if name == "adm" else []
        with torch.no_grad():
            y = model(x, t, *classes)
        tensors |= {f"{name}.x": x.to(torch.float32), f"{name}.t": t, f"{name}.y": y.to(torch.float32)}
        tensors |= {f"{name}.classes": labels for labels in classes}
        metadata[name] = json.dumps(shapes)
    formula.save(tensors, metadata, HERE / "vectors.safetensors")


if __name__ == "__main__":
    main()
