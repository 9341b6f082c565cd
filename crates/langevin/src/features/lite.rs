//! EfficientNet-Lite0: EfficientNet-B0 (Tan & Le 2019) without its gates and with relu6, as TensorFlow's authors published it.

use super::layer::{Convolution, RELU6};
use super::network::{Body, Form};
use crate::interop::classifiers::{Layer, Parts};
use burn::tensor::Tensor;
use langevin_ops::Window;

/// Pictures of 224×224, (level − 127) / 128 as in the authors' training. They cropped and resized by bicubic interpolation; here a
/// whole picture is resized as Inception's is.
pub(super) const FORM: Form = Form {
    name: "lite0",
    side: 224,
    scale: 255.0 / 128.0,
    offset: -127.0 / 128.0,
    dims: 1280,
    classes: 1000,
    together: 2,
};

/// Blocks of the same kind: how many, kernel, the first one's stride, how many times more channels inside, channels outside.
const STAGES: [(usize, usize, usize, usize, usize); 7] = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
];

/// Channels of the first convolution.
const STEM: usize = 32;

/// One block: its channels outside before and behind, and inside; kernel and stride in the middle.
struct Shape {
    inputs: usize,
    inside: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
}

fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    let mut inputs = STEM;
    for (repeats, kernel, stride, expansion, outputs) in STAGES {
        for repeat in 0..repeats {
            let stride = if repeat == 0 { stride } else { 1 };
            shapes.push(Shape { inputs, inside: expansion * inputs, outputs, kernel, stride });
            inputs = outputs;
        }
    }
    shapes
}

/// Every convolution, by our names.
pub(super) fn layers() -> Vec<Layer> {
    let layer = |name: String, shape| Layer { name, shape };
    let mut layers = vec![layer("stem".to_owned(), [STEM, 3, 3, 3])];
    for (index, Shape { inputs, inside, outputs, kernel, .. }) in shapes().into_iter().enumerate() {
        let name = |part: &str| format!("blocks.{index}.{part}");
        if inside != inputs {
            layers.push(layer(name("expand"), [inside, inputs, 1, 1]));
        }
        layers.push(layer(name("depthwise"), [inside, 1, kernel, kernel]));
        layers.push(layer(name("project"), [outputs, inside, 1, 1]));
    }
    layers.push(layer("head".to_owned(), [FORM.dims, STAGES[6].4, 1, 1]));
    layers
}

/// An inverted bottleneck (Sandler et al. 2018): more channels inside, and what comes in added where it has the output's shape.
#[derive(Debug)]
struct Block {
    expand: Option<Convolution>,
    depthwise: Convolution,
    project: Convolution,
    stride: usize,
    residual: bool,
}

impl Block {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let residual = self.residual.then(|| x.clone());
        let inside = match &self.expand {
            Some(expand) => expand.forward(x, AT_EACH, None),
            None => x,
        };
        let window = same(inside.dims()[1], self.depthwise.kernel(), self.stride);
        self.project.forward(self.depthwise.depthwise(inside, window), AT_EACH, residual)
    }
}

/// The convolutions of the network.
#[derive(Debug)]
pub(super) struct Lite {
    stem: Convolution,
    blocks: Vec<Block>,
    head: Convolution,
}

impl Lite {
    /// From the parts that [`layers`] names.
    pub(super) fn new(parts: &mut Parts) -> Self {
        let mut find = |name: String, limits| {
            parts.convolutions.remove(&name).map(|folded| Convolution::new(folded, limits))
        };
        let needed = "every layer was asked for";
        let mut blocks = Vec::new();
        for (index, Shape { inputs, outputs, stride, .. }) in shapes().into_iter().enumerate() {
            let name = |part: &str| format!("blocks.{index}.{part}");
            blocks.push(Block {
                expand: find(name("expand"), RELU6),
                depthwise: find(name("depthwise"), RELU6).expect(needed),
                project: find(name("project"), None).expect(needed),
                stride,
                residual: stride == 1 && inputs == outputs,
            });
        }
        let [stem, head] = ["stem", "head"].map(|name| find(name.to_owned(), RELU6).expect(needed));
        Self { stem, blocks, head }
    }
}

impl Body for Lite {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let window = same(x.dims()[1], self.stem.kernel(), 2);
        let x = self.stem.forward(x, window, None);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        self.head.forward(x, AT_EACH, None)
    }
}

/// A kernel of one position.
const AT_EACH: Window = Window { stride: 1, padding: [[0; 2]; 2] };

/// TensorFlow's padding "same" of a square: ⌈size / stride⌉ positions come out, and of the zeros that this takes the smaller half
/// lies above and to the left.
fn same(size: usize, kernel: usize, stride: usize) -> Window {
    let zeros = ((size.div_ceil(stride) - 1) * stride + kernel).saturating_sub(size);
    Window { stride, padding: [[zeros / 2, zeros - zeros / 2]; 2] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_number_of_parameters() {
        // 4.7 million (the authors' table): convolutions, two numbers a channel of the normalisations, the classifier.
        let convolutions =
            layers().into_iter().map(|layer| layer.shape.iter().product::<usize>() + 2 * layer.shape[0]);
        assert_eq!(convolutions.sum::<usize>() + 1280 * 1000 + 1000, 4_652_008);
    }

    #[test]
    fn zeros_are_laid_as_tensorflow_lays_them() {
        for (size, kernel, stride, zeros) in
            [(224, 3, 2, [0, 1]), (56, 5, 2, [1, 2]), (14, 5, 1, [2, 2]), (7, 3, 2, [1, 1])]
        {
            assert_eq!(same(size, kernel, stride).padding, [zeros; 2]);
        }
    }
}
