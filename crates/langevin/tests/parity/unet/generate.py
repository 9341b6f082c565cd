"""Reference vectors for the U-Net: diffusers' UNet2DModel, outputs, gradients and ten training steps.

Everything is computed in float64 from inputs that float32 holds exactly and weights that bfloat16 holds
exactly. Results are stored as float32, so the references are exact to float32 rounding; weights are
stored as bfloat16, which loses nothing and halves the file. diffusers computes the sinusoids of the time
embedding in float32 whatever the model's type; they are replaced here by the same formula in float64.

Configurations: "ddpm" (one head, one-sided padding, sine first), "wide" (three levels, two blocks a
level, four heads, 20x28, symmetric padding, cosine first), "scale-shift" (a norm before the middle
attention, as everywhere else) and "scale-shift-no-norm" (what diffusers builds for scale_shift unless
`attn_norm_num_groups` is given: no norm before the middle attention).

Metadata `versions` names the libraries. For each configuration NAME:
  metadata NAME.config     config.json of the model, as diffusers writes it
  NAME.weights.KEY         state dict, all of it random: no zero or unit initialisation is left.
                           scale-shift-no-norm has none of its own: it takes scale-shift's, without
                           mid_block.attentions.0.group_norm.{weight,bias}
  NAME.x, NAME.target      [B, C, H, W]
  NAME.t                   [B], timesteps
  NAME.time_proj           [B, C0], sinusoids before the time MLP
  NAME.y                   [B, C, H, W], output
  NAME.loss                [1], mean((y - target)^2) over all elements
  NAME.grad_x              d loss / d x, [B, C, H, W]
  NAME.grad.KEY            d loss / d weights.KEY: whole for ddpm (in KEY's shape), else the first 144
                           elements in row-major order, or all if there are fewer (one dimension);
                           scale-shift-no-norm has none
  NAME.grad_norm           [K], L2 norm of each parameter's whole gradient, the model's KEYs sorted

"steps": ten training steps from ddpm.weights, L_simple (mean over all elements), linear schedule
beta = 1e-4 .. 0.02 with T = 1000, x_t = sqrt(alpha_bar_t) x0 + sqrt(1 - alpha_bar_t) eps; gradients
scaled by min(1, 1 / (norm + 1e-6)) as clip_grad_norm_ does; Adam(1e-3, 0.9, 0.999, 1e-8); after each
step ema = 0.9 ema + 0.1 w, from ema = w at the start.
  steps.x0, steps.eps      [10, B, C, H, W]
  steps.t                  [10, B], int64, index 0 .. 999 into the table of alpha_bar
  steps.loss               [10], before each update
  steps.grad_norm          [10], global L2 norm before clipping
  steps.weights.KEY        after ten steps, for the four keys in SAMPLED
  steps.ema.KEY            its EMA
  steps.weights_norm       [K], L2 norm of each parameter after ten steps, ddpm's KEYs sorted
  steps.ema_norm           [K], and of its EMA

A bias of the attention's keys (`to_k.bias`) cannot change a softmax: its gradient is zero but for
rounding, and Adam turns that rounding into steps of any size below lr. Compare it with an absolute
tolerance, and leave it out of comparisons after training.
"""

import json
import math
import struct
from pathlib import Path

import diffusers
import safetensors.torch
import torch
from diffusers import UNet2DModel
from diffusers.models import embeddings

SEED = 20200619
STEPS = 10
SAMPLED = (
    "conv_in.weight",
    "time_embedding.linear_1.weight",
    "mid_block.attentions.0.to_q.weight",
    "up_blocks.1.resnets.0.norm1.weight",
)

DDPM = dict(
    sample_size=8,
    in_channels=1,
    out_channels=1,
    flip_sin_to_cos=False,
    freq_shift=1,
    down_block_types=("DownBlock2D", "AttnDownBlock2D"),
    up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    block_out_channels=(8, 16),
    layers_per_block=1,
    downsample_padding=0,
    act_fn="silu",
    attention_head_dim=None,  # the width of a head is then the block's channels: one head
    norm_num_groups=4,
    norm_eps=1e-6,
    add_attention=True,
)
WIDE = DDPM | dict(
    sample_size=(20, 28),
    in_channels=3,
    out_channels=3,
    flip_sin_to_cos=True,
    freq_shift=0,
    down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D"),
    up_block_types=("UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
    block_out_channels=(8, 16, 16),
    layers_per_block=2,
    downsample_padding=1,
    attention_head_dim=4,
    norm_eps=1e-5,
)
SCALE_SHIFT = DDPM | dict(
    in_channels=2, out_channels=2, resnet_time_scale_shift="scale_shift", attn_norm_num_groups=4
)


def time_embedding_f64(timesteps, embedding_dim, flip_sin_to_cos, downscale_freq_shift, scale=1.0):
    """diffusers' get_timestep_embedding in float64, for even `embedding_dim`."""
    half = embedding_dim // 2
    exponent = -math.log(10000) * torch.arange(half, dtype=torch.float64) / (half - downscale_freq_shift)
    angle = scale * timesteps.double()[:, None] * exponent.exp()[None, :]
    parts = [angle.sin(), angle.cos()]
    return torch.cat(parts[::-1] if flip_sin_to_cos else parts, dim=1)


def normal(generator, *shape):
    """A float64 tensor of normal draws, each a float32 value."""
    return torch.randn(shape, generator=generator, dtype=torch.float32).double()


def build(config, generator):
    """A float64 model in eval mode with every parameter random and representable in bfloat16."""
    model = UNet2DModel(**config).double().eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            draw = normal(generator, *parameter.shape)
            if parameter.ndim > 1:
                draw *= parameter[0].numel() ** -0.5
            elif key.endswith("weight"):
                draw = 1 + 0.2 * draw
            else:
                draw *= 0.1
            parameter.copy_(draw.bfloat16().double())
    return model


def without_mid_norm(model):
    """The same weights in the model that has no norm before its middle attention."""
    bare = UNet2DModel(**(SCALE_SHIFT | dict(attn_norm_num_groups=None))).double().eval()
    kept = bare.state_dict().keys()
    bare.load_state_dict({key: value for key, value in model.state_dict().items() if key in kept})
    return bare


def loss_of(model, x, t, target):
    """Output and mean square error."""
    y = model(x, t).sample
    return y, (y - target).square().mean()


def check_float64(model, x, t, target, generator):
    """Compare a directional derivative with central differences, which float32 anywhere would spoil."""
    step = 1e-5 * normal(generator, *x.shape)
    with torch.no_grad():
        numeric = (loss_of(model, x + step, t, target)[1] - loss_of(model, x - step, t, target)[1]) / 2
    exact = (x.grad * step).sum()
    assert abs(numeric - exact) <= 1e-12, f"not float64 all through: {numeric} against {exact}"


def case(model, size, timesteps, seed, grad_elements):
    """The tensors of one configuration, without its weights; `grad_elements` None: whole gradients."""
    generator = torch.Generator().manual_seed(seed)
    x = normal(generator, len(timesteps), model.config.in_channels, *size).requires_grad_()
    target = normal(generator, len(timesteps), model.config.out_channels, *size)
    t = torch.tensor(timesteps, dtype=torch.float64)
    y, loss = loss_of(model, x, t, target)
    loss.backward()
    check_float64(model, x, t, target, generator)
    gradients = {key: parameter.grad for key, parameter in sorted(model.named_parameters())}
    tensors = {"x": x, "t": t, "time_proj": model.time_proj(t), "y": y, "target": target}
    tensors |= {"loss": loss[None], "grad_x": x.grad, "grad_norm": norms(gradients)}
    for key, gradient in gradients.items():
        if grad_elements is None:
            tensors[f"grad.{key}"] = gradient
        elif grad_elements > 0:
            tensors[f"grad.{key}"] = gradient.flatten()[:grad_elements]
    return tensors


def norms(tensors):
    """[K]: the L2 norm of each tensor, by sorted key."""
    return torch.stack([tensors[key].norm() for key in sorted(tensors)])


def training_steps(model, seed):
    """Ten steps of Algorithm 1 from the model's weights, in float64."""
    generator = torch.Generator().manual_seed(seed)
    x0 = normal(generator, STEPS, 3, 1, 8, 8).clamp(-1, 1)
    eps = normal(generator, STEPS, 3, 1, 8, 8)
    t = torch.randint(1000, (STEPS, 3), generator=generator)
    alpha_bar = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64), dim=0)
    ema = {key: parameter.detach().clone() for key, parameter in model.named_parameters()}
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    losses, grad_norms = [], []
    for i in range(STEPS):
        a = alpha_bar[t[i]].reshape(-1, 1, 1, 1)
        x_t = a.sqrt() * x0[i] + (1 - a).sqrt() * eps[i]
        optimiser.zero_grad()
        _, loss = loss_of(model, x_t, t[i].double(), eps[i])
        loss.backward()
        grad_norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        losses.append(loss.item())
        optimiser.step()
        with torch.no_grad():
            for key, parameter in model.named_parameters():
                ema[key].mul_(0.9).add_(parameter, alpha=0.1)
    weights = dict(model.named_parameters())
    tensors = {"x0": x0, "eps": eps, "t": t}
    tensors |= {"loss": torch.tensor(losses), "grad_norm": torch.tensor(grad_norms)}
    tensors |= {"weights_norm": norms(weights), "ema_norm": norms(ema)}
    for key in SAMPLED:
        tensors[f"weights.{key}"] = weights[key]
        tensors[f"ema.{key}"] = ema[key]
    return tensors


def named(name, tensors):
    """The tensors as they are stored, under `name`."""
    stored = {}
    for key, tensor in tensors.items():
        tensor = tensor.detach().contiguous().clone()
        stored[f"{name}.{key}"] = tensor.float() if tensor.is_floating_point() else tensor
    return stored


def weights_of(model):
    """The state dict as it is stored."""
    return {f"weights.{key}": value.bfloat16().contiguous() for key, value in model.state_dict().items()}


def save(tensors, metadata, path):
    """Write the file with its metadata sorted: safetensors itself leaves their order to chance."""
    raw = safetensors.torch.save(tensors, metadata)
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + length :])


def main():
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    embeddings.get_timestep_embedding = time_embedding_f64
    generator = torch.Generator().manual_seed(SEED)
    ddpm, wide, scale_shift = (build(config, generator) for config in (DDPM, WIDE, SCALE_SHIFT))
    cases = {
        "ddpm": (ddpm, (8, 8), (0, 487, 999), None),
        "wide": (wide, (20, 28), (3, 250, 998), 144),
        "scale-shift": (scale_shift, (8, 8), (12, 731), 144),
        "scale-shift-no-norm": (without_mid_norm(scale_shift), (8, 8), (12, 731), 0),
    }
    tensors, metadata = {}, {"versions": f"torch {torch.__version__}, diffusers {diffusers.__version__}"}
    for index, (name, (model, size, timesteps, grad_elements)) in enumerate(cases.items()):
        if name != "scale-shift-no-norm":
            tensors |= {f"{name}.{key}": value for key, value in weights_of(model).items()}
        tensors |= named(name, case(model, size, timesteps, SEED + 1 + index, grad_elements))
        metadata[f"{name}.config"] = json.dumps(json.loads(model.to_json_string()), sort_keys=True)
    tensors |= named("steps", training_steps(ddpm, SEED + 100))
    save(tensors, metadata, Path(__file__).with_name("vectors.safetensors"))


if __name__ == "__main__":
    main()
