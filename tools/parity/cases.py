"""One U-Net after another: what of it is stored as reference vectors.

Metadata `versions` names the libraries, `cases` lists the cases. For each case NAME:
  metadata NAME            JSON: seed, size [height, width], timesteps, classes (numbers, or null), rate (of the
                           training steps), config (the model's config.json)
  metadata NAME.old_keys   JSON, where it is there: the state dict's keys as diffusers had them before attention was
                           rewritten, each with its present key
  NAME.y                   [B, C, H, W], output, float32
  NAME.loss                [1], mean((y - target)^2) over all elements, float64
  NAME.grad.KEY            d loss / d weights.KEY, float32; whole where the case stores whole gradients
  NAME.grad_norm           [K], the L2 norm of each gradient, float64, the KEYs sorted
  NAME.grad_projections    [K, 16], float64: see drawn.py; where gradients are not stored
  NAME.losses              [10], float64: ten training steps from the same weights
"""

import json

import diffusers
import torch

import drawn


def case(config, seed, size=(8, 8), timesteps=(0, 487, 999), classes=None, rate=1e-3, whole=True, old_names=False):
    """A case's tensors and metadata, by their names within it."""
    model = drawn.build(config, seed)
    described = dict(seed=seed, size=size, timesteps=timesteps, classes=classes, rate=rate)
    metadata = {"": json.dumps(described | {"config": json.loads(model.to_json_string())}, sort_keys=True)}
    if old_names:
        metadata[".old_keys"] = json.dumps(old_keys(model), sort_keys=True)
    y, loss, gradients = drawn.gradients(model, size, timesteps, classes, seed)
    tensors = {"y": y.float(), "loss": loss[None]}
    tensors["grad_norm"] = torch.stack([gradients[key].norm() for key in sorted(gradients)])
    if whole:
        tensors |= {f"grad.{key}": gradient.float() for key, gradient in gradients.items()}
    else:
        tensors["grad_projections"] = drawn.projections(gradients, seed)
    tensors["losses"] = drawn.training_losses(model, size, len(timesteps), classes, seed, rate)
    return tensors, metadata


def old_keys(model):
    """The keys of the state dict with attention as it was before, each with its present one."""
    renamed = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    old = {}
    for key in model.state_dict():
        path, _, parameter = key.rpartition(".")
        for present, before in renamed.items():
            if ".attentions." in key and path.endswith("." + present):
                path = path.removesuffix(present) + before
        old[f"{path}.{parameter}"] = key
    # diffusers itself has to read them so.
    state = {name: model.state_dict()[key].clone() for name, key in old.items()}
    model._fix_state_dict_keys_on_load(state)
    assert sorted(state) == sorted(model.state_dict()), "these are not the names that diffusers knew"
    return old


def write(cases, path):
    """All cases, by name, into one file."""
    tensors, metadata = {}, {"cases": json.dumps(list(cases))}
    metadata["versions"] = f"torch {torch.__version__}, diffusers {diffusers.__version__}"
    for name, arguments in cases.items():
        of_case, described = case(**arguments)
        tensors |= {f"{name}.{key}": value.contiguous() for key, value in of_case.items()}
        metadata |= {name + key: value for key, value in described.items()}
    drawn.save(tensors, metadata, path)
