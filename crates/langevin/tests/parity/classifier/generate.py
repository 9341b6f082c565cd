"""Reference vectors for the noisy classifier: logits, loss and gradients of guided-diffusion's EncoderUNetModel.

The networks are built by the original code, which is not kept here: LANGEVIN_ORIGINALS names a folder with a checkout of
openai/guided-diffusion. Without it the vectors stay as they are.

Weights are drawn by the formula of tools/parity/drawn.py, over the sorted keys of the state dict, which the metadata CASE
lists with their shapes; x is stream 0 of SEED + 1, times sqrt(3). All is computed in float64 (GroupNorm, the attentions'
softmax and the encoding of the timesteps included, which the original computes in float32) and stored in float32.

Cases, all of pictures of 3 channels, pooling by attention in heads of the size of all others:
  scaled      16x16, two levels of 32 channels, residual resampling, scale and shift, attention at both levels
  added       24x24, two levels of 32 and 64 channels, resampling by a convolution, the timestep added, two blocks a level
  unscaled    16x16, three levels of 32 channels, residual resampling, the timestep added, queries first
  convolved   16x16, two levels of 32 channels, resampling by a convolution, scale and shift

vectors.safetensors, for each case:
  CASE.t            [3], timesteps, one of them between two
  CASE.classes      [3], int64, the class y of each sample
  CASE.logits       [3, K]
  CASE.by_x         [3, 3, H, W], the gradient of the sum over samples of log_softmax(logits)[y] by x
  CASE.loss         [1], float64, the mean cross-entropy
  CASE.grad.KEY     the gradient of the loss by the parameter KEY of the state dict, for some of them
"""

import importlib
import json
import math
import os
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[5] / "tools/parity"))
import drawn  # noqa: E402

SEED = 20210511
HERE = Path(__file__).parent
CLASSES = 7
TIMESTEPS = [0.0, 311.25, 998.0]
LABELS = [2, 6, 0]

# Parameters whose gradients are kept: of each kind one, and all after the middle.
KEPT = (
    "input_blocks.0.0.weight",
    "time_embed.0.weight",
    "input_blocks.1.0.emb_layers.1.bias",
    "input_blocks.1.0.in_layers.0.weight",
    "input_blocks.1.1.qkv.bias",
    "input_blocks.2.0.op.bias",
    "input_blocks.2.0.out_layers.3.bias",
    "middle_block.0.out_layers.0.weight",
    "middle_block.1.qkv.weight",
    "middle_block.1.proj_out.bias",
    "middle_block.2.in_layers.2.bias",
    "out.0.weight",
    "out.0.bias",
    "out.2.positional_embedding",
    "out.2.qkv_proj.weight",
    "out.2.qkv_proj.bias",
    "out.2.c_proj.weight",
    "out.2.c_proj.bias",
)

CASES = {
    "scaled": dict(
        image_size=16, channel_mult=(1, 1), num_res_blocks=1, attention_resolutions=(1, 2), num_head_channels=16,
        use_scale_shift_norm=True, resblock_updown=True,
    ),
    "added": dict(
        image_size=24, channel_mult=(1, 2), num_res_blocks=2, attention_resolutions=(2,), num_head_channels=32,
        use_scale_shift_norm=False, resblock_updown=False,
    ),
    "unscaled": dict(
        image_size=16, channel_mult=(1, 1, 1), num_res_blocks=1, attention_resolutions=(2, 4), num_head_channels=16,
        use_scale_shift_norm=False, resblock_updown=True, use_new_attention_order=True,
    ),
    "convolved": dict(
        image_size=16, channel_mult=(1, 1), num_res_blocks=1, attention_resolutions=(2,), num_head_channels=8,
        use_scale_shift_norm=True, resblock_updown=False,
    ),
}


def imported(folder):
    """guided-diffusion's module `unet`, with nothing computed in float32."""
    sys.path.insert(0, str(folder))
    unet = importlib.import_module("guided_diffusion.unet")
    nn = importlib.import_module("guided_diffusion.nn")

    def timestep_embedding(timesteps, dim, max_period=10000):
        half = dim // 2
        freqs = torch.exp(-math.log(max_period) * torch.arange(half, dtype=torch.float64) / half)
        args = timesteps.double()[:, None] * freqs[None]
        return torch.cat([args.cos(), args.sin()], dim=1)

    unet.timestep_embedding = timestep_embedding
    nn.GroupNorm32.forward = torch.nn.GroupNorm.forward
    # `softmax(weight.float())` is the only float32 left; a double is kept by casting to what it is.
    torch.Tensor.float = torch.Tensor.double
    return unet


def filled(model):
    """The model in float64, every parameter as Langevin's tests draw it, and the shapes by key."""
    model = model.double().eval()
    model.dtype = torch.float64
    state = dict(sorted(model.state_dict().items()))
    for index, (key, value) in enumerate(state.items()):
        inputs = value[0].numel() if value.ndim > 1 else 0
        scale, offset = ((3 / inputs) ** 0.5, 0.0) if inputs else ((0.35, 1.0) if key.endswith("weight") else (0.17, 0.0))
        state[key] = drawn.numbers(SEED, index, value.shape, scale, offset)
    model.load_state_dict(state)
    return model, {key: list(value.shape) for key, value in state.items()}


def results(model, size):
    """What the vectors hold of a network."""
    x = drawn.numbers(SEED + 1, 0, (len(TIMESTEPS), 3, size, size), math.sqrt(3)).requires_grad_()
    t = torch.tensor(TIMESTEPS, dtype=torch.float64)
    labels = torch.tensor(LABELS)
    logits = model(x, t)
    assert logits.dtype == torch.float64
    # As classifier_sample.py and classifier_train.py have them.
    selected = torch.log_softmax(logits, dim=-1)[range(len(logits)), labels]
    (by_x,) = torch.autograd.grad(selected.sum(), x)
    model.zero_grad()
    # Another forward pass: the attentions let go of theirs as they go back.
    loss = torch.nn.functional.cross_entropy(model(x, t), labels, reduction="none").mean()
    loss.backward()
    kept = {f"grad.{key}": p.grad.to(torch.float32) for key, p in model.named_parameters() if key in KEPT}
    return {
        "t": t,
        "classes": labels,
        "logits": logits.detach().to(torch.float32),
        "by_x": by_x.to(torch.float32),
        "loss": loss.detach().reshape(1),
        **kept,
    }


def main():
    """Write the vectors."""
    root = os.environ.get("LANGEVIN_ORIGINALS")
    if not root:
        print("LANGEVIN_ORIGINALS is not set: the vectors stay as they are")
        return
    unet = imported(Path(root) / "guided-diffusion")
    tensors, metadata = {}, {"versions": json.dumps({"torch": torch.__version__}), "cases": json.dumps(list(CASES))}
    for name, settings in CASES.items():
        model, shapes = filled(
            unet.EncoderUNetModel(in_channels=3, model_channels=32, out_channels=CLASSES, pool="attention", **settings)
        )
        metadata[name] = json.dumps(shapes)
        tensors |= {f"{name}.{key}": value for key, value in results(model, settings["image_size"]).items()}
    drawn.save(tensors, metadata, HERE / "vectors.safetensors")


if __name__ == "__main__":
    main()
