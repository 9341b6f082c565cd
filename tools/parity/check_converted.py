"""Check that diffusers gives the original code's outputs for networks that `langevin convert` made into pipelines.

    python check_converted.py target/release/langevin

Converts the state dicts of crates/langevin/tests/parity/openai and ho, opens each with UNet2DModel.from_pretrained, and
compares with the outputs that the original code gave. Prints the largest difference of each; fails above 1e-4 of the
largest output.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import torch
from diffusers import DDPMPipeline, UNet2DModel
from safetensors.torch import load_file

PARITY = Path(__file__).parents[2] / "crates/langevin/tests/parity"

# State dict, its vectors, what their names begin with, and what the file does not say.
CASES = (
    ("openai/improved.pt", "improved.", "--size 16x24 --set model.timestep_scale=1.0"),
    ("openai/classes.pt", "classes.", "--size 16x24 --set model.head_size=16 --attention-order queries-first"),
    ("openai/heads-first.pt", "heads-first.", "--size 16x24 --set model.heads=2 --attention-order heads-first"),
    ("ho/model.ckpt", "", ""),
)


def main():
    """Convert, open and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("langevin")
    binary = parser.parse_args().langevin
    for file, prefix, settings in CASES:
        vectors = load_file((PARITY / file).with_name("vectors.safetensors"))
        array = lambda name: vectors.get(prefix + name)
        with tempfile.TemporaryDirectory() as folder:
            target = f"{folder}/pipeline"
            command = [binary, "convert", str(PARITY / file), target, *settings.split()]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            unet = UNet2DModel.from_pretrained(target, subfolder="unet").eval()
            DDPMPipeline.from_pretrained(target)
        with torch.no_grad():
            y = unet(array("x"), array("t").float(), class_labels=array("classes")).sample
        difference = ((y - array("y")).abs().max() / array("y").abs().max()).item()
        print(f"{file}: largest difference {difference:.1e} of the largest output")
        if difference > 1e-4:
            raise SystemExit("the outputs differ")


if __name__ == "__main__":
    main()
