"""U-Nets whose weights and inputs are drawn by a formula that Langevin's tests have too, and what PyTorch makes of them.

A number is 2u - 1, u the uniform number in [0, 1) of Langevin's streams: the upper 24 bits of a word of Philox4x32-10, whose
key is the seed and whose counter is (block, index, 9, 0). Scaled in float64 and rounded to float32, all numbers are
the same on both sides to the last bit, so that no weights need to be stored.

  weights     stream k of the case's seed, k the place of the parameter's key among the sorted keys; times
              sqrt(3 / inputs) for matrices and kernels, 1 + 0.35 z for the normalisations' weights, 0.17 z for biases
  x, target   streams 0 and 1 of seed + 1, times sqrt(3): unit variance
  vectors     stream 2 of seed + 1, times sqrt(3): the classes of a network that takes them as vectors
  x0, eps, t  of training step i: streams 10 + i, 30 + i and 50 + i of seed + 1; x0 in [-1, 1], eps times sqrt(3), t
              the whole part of 1000 u
  classifiers as weights, times sqrt(gain) for matrices and kernels; 1 + 0.5 z for variances, 0.17 z for means; pictures are
              stream 0 of seed + 1, the whole part of 256 u b as a level of 255, b = (i + 1) / n the brightness of picture i
  signs       stream k of seed + 2, one u for each element of parameter k: projection j adds the element with the sign
              + where bit j of 2^24 u is set and - where it is not
"""

import json
import math
import struct

import numpy as np
import safetensors.torch
import torch
from diffusers import UNet2DModel
from diffusers.models import embeddings

STEPS = 10
PROJECTIONS = 16
DATA = 9


def words(seed, index, count):
    """32-bit words 0..count of a stream, as uint64."""
    mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    blocks = np.arange((count + 3) // 4, dtype=np.uint64)
    full = lambda value: np.full_like(blocks, value)
    counter = [blocks, full(index & 0xFFFFFFFF), full(DATA), full(index >> 32)]
    key = [np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)]
    for _ in range(10):
        p0 = np.uint64(0xD2511F53) * counter[0]
        p1 = np.uint64(0xCD9E8D57) * counter[2]
        counter = [(p1 >> shift) ^ counter[1] ^ key[0], p1 & mask, (p0 >> shift) ^ counter[3] ^ key[1], p0 & mask]
        key = [(key[0] + np.uint64(0x9E3779B9)) & mask, (key[1] + np.uint64(0xBB67AE85)) & mask]
    return np.stack(counter, axis=1).reshape(-1)[:count]


def uniform(seed, index, count):
    """Uniform numbers in [0, 1), each a multiple of 2^-24."""
    return (words(seed, index, count) >> np.uint64(8)).astype(np.float64) / 2**24


def numbers(seed, index, shape, scale=1.0, offset=0.0):
    """offset + scale (2u - 1), rounded to float32, as a float64 tensor."""
    drawn = offset + scale * (2 * uniform(seed, index, math.prod(shape)) - 1)
    return torch.from_numpy(drawn.astype(np.float32).astype(np.float64).reshape(shape))


def time_embedding_f64(timesteps, embedding_dim, flip_sin_to_cos, downscale_freq_shift, scale=1.0, **_):
    """diffusers' get_timestep_embedding in float64, for even `embedding_dim`."""
    half = embedding_dim // 2
    exponent = -math.log(10000) * torch.arange(half, dtype=torch.float64) / (half - downscale_freq_shift)
    angle = scale * timesteps.double()[:, None] * exponent.exp()[None, :]
    parts = [angle.sin(), angle.cos()]
    return torch.cat(parts[::-1] if flip_sin_to_cos else parts, dim=1)


def prepare():
    """float64 everywhere."""
    torch.set_default_dtype(torch.float64)
    embeddings.get_timestep_embedding = time_embedding_f64


def build(config, seed):
    """A float64 model in eval mode, every parameter drawn."""
    model = UNet2DModel(**config).double().eval()
    with torch.no_grad():
        for k, (key, parameter) in enumerate(sorted(model.named_parameters())):
            if parameter.ndim > 1:
                scale, offset = math.sqrt(3 / parameter[0].numel()), 0.0
            else:
                scale, offset = (0.35, 1.0) if key.endswith("weight") else (0.17, 0.0)
            parameter.copy_(numbers(seed, k, tuple(parameter.shape), scale, offset))
    return model


def fill_classifier(model, seed, gain):
    """Draw every array of a network with batch normalisation; gives the arrays' shapes by their sorted names."""
    state = {key: value for key, value in model.state_dict().items() if not key.endswith("num_batches_tracked")}
    with torch.no_grad():
        for k, (key, array) in enumerate(sorted(state.items())):
            scale, offset = 0.17, 0.0
            if array.ndim > 1:
                scale = math.sqrt(3 * gain / array[0].numel())
            elif key.endswith("running_var"):
                scale, offset = 0.5, 1.0
            elif key.endswith("weight"):
                scale, offset = 0.35, 1.0
            array.copy_(numbers(seed, k, tuple(array.shape), scale, offset))
    return {key: list(array.shape) for key, array in sorted(state.items())}


def pictures(seed, shape):
    """[n, 3, height, width] of 8-bit levels / 255, rounded to float32; drawn as [n, height, width, 3]."""
    n, height, width = shape
    drawn = uniform(seed + 1, 0, n * height * width * 3).reshape(n, height, width, 3)
    brightness = (np.arange(n) + 1.0) / n
    levels = np.floor(256 * drawn * brightness[:, None, None, None])
    values = (levels.astype(np.float32) / np.float32(255)).astype(np.float64)
    return torch.from_numpy(values).permute(0, 3, 1, 2).contiguous()


def labels(model, batch, classes, seed):
    """What the model is given as its classes: None, numbers or vectors."""
    if model.config.class_embed_type == "identity":
        return numbers(seed + 1, 2, (batch, model.time_embedding.linear_2.out_features), math.sqrt(3))
    return None if classes is None else torch.tensor(classes)


def loss_of(model, x, t, target, given):
    """Output and mean square error."""
    y = model(x, t, class_labels=given).sample
    return y, (y - target).square().mean()


def gradients(model, size, timesteps, classes, seed):
    """Output, loss, and the gradient of every parameter."""
    batch, root = len(timesteps), math.sqrt(3)
    x = numbers(seed + 1, 0, (batch, model.config.in_channels, *size), root)
    target = numbers(seed + 1, 1, (batch, model.config.out_channels, *size), root)
    given = labels(model, batch, classes, seed)
    y, loss = loss_of(model, x, torch.tensor(timesteps, dtype=torch.float64), target, given)
    model.zero_grad()
    loss.backward()
    return y.detach(), loss.detach(), {key: p.grad.clone() for key, p in sorted(model.named_parameters())}


def projections(gradients, seed):
    """[K, PROJECTIONS]: sums of each gradient's elements under drawn signs."""
    rows = []
    for k, key in enumerate(sorted(gradients)):
        flat = gradients[key].reshape(-1).numpy()
        bits = words(seed + 2, k, flat.size) >> np.uint64(8)
        signs = [((bits >> np.uint64(j)) & np.uint64(1)).astype(np.float64) * 2 - 1 for j in range(PROJECTIONS)]
        rows.append([float(sign @ flat) for sign in signs])
    return torch.tensor(rows)


def training_losses(model, size, batch, classes, seed, rate):
    """The losses of ten steps of Algorithm 1 from the model's weights, which it changes.

    L_simple, linear schedule beta = 1e-4 .. 0.02 with T = 1000; gradients scaled by min(1, 1 / (norm + 1e-6));
    Adam(rate, 0.9, 0.999, 1e-8). A network of more outputs than inputs is to say the noise several times.
    """
    alpha_bar = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000), dim=0)
    optimiser = torch.optim.Adam(model.parameters(), lr=rate, betas=(0.9, 0.999), eps=1e-8)
    channels, given, losses = model.config.in_channels, labels(model, batch, classes, seed), []
    for i in range(STEPS):
        x0 = numbers(seed + 1, 10 + i, (batch, channels, *size))
        eps = numbers(seed + 1, 30 + i, (batch, channels, *size), math.sqrt(3))
        t = torch.from_numpy(np.floor(1000 * uniform(seed + 1, 50 + i, batch)))
        a = alpha_bar[t.long()].reshape(-1, 1, 1, 1)
        target = eps.repeat(1, model.config.out_channels // channels, 1, 1)
        optimiser.zero_grad()
        _, loss = loss_of(model, a.sqrt() * x0 + (1 - a).sqrt() * eps, t, target, given)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
    return torch.tensor(losses)


def save(tensors, metadata, path):
    """Write the file with its metadata sorted: safetensors itself leaves their order to chance."""
    raw = safetensors.torch.save(tensors, metadata)
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + length :])
