"""Pipelines as diffusers saves them, and the schedulers that can be in them.

One small unconditional network, its weights random and representable in float16, in four folders:
  plain/     DDPMPipeline.save_pretrained
  parts/     with weights in several files
  pickled/   with safe_serialization=False
  variant/   in float16 alone, with PNDMScheduler

vectors.safetensors:
  x, t, y            [2, 3, 8, 12], [2], [2, 3, 8, 12]: input, timesteps, output, computed in float64 (the encoding of the
                     timesteps included)
  K.alphas_cumprod   [30], float64, of scheduler number K of schedulers.json
schedulers.json: the configurations, as every class with betas saves them for a few settings.
"""

import json
import shutil
from pathlib import Path

import diffusers
import numpy as np
import safetensors.torch
import torch
from diffusers import DDPMPipeline, DDPMScheduler, PNDMScheduler, UNet2DModel

HERE = Path(__file__).parent
SEED = 41
CLASSES = (
    "DDPM DDIM PNDM EulerDiscrete EulerAncestralDiscrete HeunDiscrete LMSDiscrete DPMSolverMultistep "
    "DPMSolverSinglestep UniPCMultistep DEISMultistep KDPM2Discrete KDPM2AncestralDiscrete"
).split()
SETTINGS = (
    dict(),
    dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, prediction_type="v_prediction"),
    dict(beta_schedule="squaredcos_cap_v2", prediction_type="sample"),
    dict(trained_betas=[0.01 + 0.003 * i for i in range(30)]),
)


def network():
    """A small network, every parameter random."""
    generator = torch.Generator().manual_seed(SEED)
    model = UNet2DModel(
        sample_size=(8, 12), block_out_channels=(4, 8), layers_per_block=1, norm_num_groups=2, attention_head_dim=4,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    )
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            draw = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim > 1:
                draw *= parameter[0].numel() ** -0.5
            elif key.endswith("weight"):
                draw = 1 + 0.2 * draw
            else:
                draw *= 0.1
            parameter.copy_(draw.half().float())
    return model.eval(), generator


def encoded(timesteps, dim):
    """The encoding of the timesteps in float64."""
    half = dim // 2
    angle = timesteps.double()[:, None] * torch.exp(-np.log(10000) * torch.arange(half, dtype=torch.float64) / half)
    return torch.cat([angle.cos(), angle.sin()], dim=1)


def schedulers(tensors):
    """The configuration of every class under every setting that it knows."""
    configs = []
    for name in CLASSES:
        for settings in SETTINGS:
            scheduler = getattr(diffusers, f"{name}Scheduler")(num_train_timesteps=30, **settings)
            tensors[f"{len(configs)}.alphas_cumprod"] = scheduler.alphas_cumprod.double()
            configs.append(json.loads(scheduler.to_json_string()))
    (HERE / "schedulers.json").write_text(json.dumps(configs, indent=1) + "\n")


def main():
    """Write the folders and the vectors."""
    model, generator = network()
    scheduler = DDPMScheduler(num_train_timesteps=30, beta_schedule="squaredcos_cap_v2", clip_sample=False)
    for name in ("plain", "parts", "pickled", "variant"):
        shutil.rmtree(HERE / name, ignore_errors=True)
    pipeline = DDPMPipeline(unet=model, scheduler=scheduler)
    pipeline.save_pretrained(HERE / "plain")
    pipeline.save_pretrained(HERE / "parts")
    (HERE / "parts/unet/diffusion_pytorch_model.safetensors").unlink()
    model.save_pretrained(HERE / "parts/unet", max_shard_size="8KB")
    pipeline.save_pretrained(HERE / "pickled", safe_serialization=False)
    x = torch.randn(2, 3, 8, 12, generator=generator)
    t = torch.tensor([3.0, 24.0])
    model = model.double()
    model.time_proj.forward = lambda timesteps: encoded(timesteps, 4)
    with torch.no_grad():
        y = model(x.double(), t).sample
    tensors = {"x": x, "t": t, "y": y.float()}
    schedulers(tensors)
    half, _ = network()
    pipeline = DDPMPipeline(unet=half.half(), scheduler=PNDMScheduler(num_train_timesteps=30, steps_offset=1))
    pipeline.save_pretrained(HERE / "variant", variant="fp16")
    versions = json.dumps({"torch": torch.__version__, "diffusers": diffusers.__version__})
    safetensors.torch.save_file(tensors, HERE / "vectors.safetensors", metadata={"versions": versions})


if __name__ == "__main__":
    main()
