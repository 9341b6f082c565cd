//! Inception v3 (Szegedy et al. 2016), as the published network of 2015 that FID and the Inception score are defined with.
//!
//! It differs from the paper's in its pools: means leave the border out, and the last block takes the maximum. pytorch-fid and
//! torch-fidelity have the same.

use super::layer::{Convolution, RELU};
use super::network::{Body, Form};
use crate::interop::classifiers::{Layer, Parts};
use burn::tensor::Tensor;
use langevin_ops::{Window, concat_channels, max_pool, mean_pool};

/// Pictures of 299×299 in [−1, 1].
pub(super) const FORM: Form =
    Form { name: "inception", side: 299, scale: 2.0, offset: -1.0, dims: 2048, classes: 1008, together: 4 };

/// A convolution followed by relu.
#[derive(Clone, Debug)]
struct Unit {
    layer: Layer,
    window: Window,
}

/// One thing that a branch does. `T` is a convolution: its sizes, or with its weights.
#[derive(Debug)]
enum Step<T> {
    Convolution(T),
    /// Two convolutions of the same input, side by side.
    Fork([T; 2]),
    /// The largest of 3×3.
    Max {
        stride: usize,
        border: usize,
    },
    /// The mean of 3×3.
    Mean,
}

/// Branches of the same input, whose outputs lie side by side.
type Block<T> = Vec<Vec<Step<T>>>;

/// A branch as it is written down.
struct Branch {
    /// What the names of its convolutions begin with.
    name: String,
    channels: usize,
    convolutions: usize,
    steps: Vec<Step<Unit>>,
}

impl Branch {
    fn new(name: String, inputs: usize) -> Self {
        Self { name, channels: inputs, convolutions: 0, steps: Vec::new() }
    }

    fn unit(&mut self, outputs: usize, kernel: [usize; 2], window: Window) -> Unit {
        let name = format!("{}.{}", self.name, self.convolutions);
        self.convolutions += 1;
        Unit { layer: Layer { name, shape: [outputs, self.channels, kernel[0], kernel[1]] }, window }
    }

    /// A convolution that keeps the size.
    fn same(mut self, outputs: usize, kernel: [usize; 2]) -> Self {
        let unit = self.unit(outputs, kernel, keeping(kernel));
        self.steps.push(Step::Convolution(unit));
        Self { channels: outputs, ..self }
    }

    /// A convolution of 3×3 over what is there.
    fn inside(mut self, outputs: usize, stride: usize) -> Self {
        let unit = self.unit(outputs, [3, 3], Window { stride, padding: [[0; 2]; 2] });
        self.steps.push(Step::Convolution(unit));
        Self { channels: outputs, ..self }
    }

    /// Convolutions of 1×3 and of 3×1 side by side.
    fn fork(mut self, outputs: usize) -> Self {
        let units = [[1, 3], [3, 1]].map(|kernel| self.unit(outputs, kernel, keeping(kernel)));
        self.steps.push(Step::Fork(units));
        Self { channels: 2 * outputs, ..self }
    }

    fn then(mut self, step: Step<Unit>) -> Self {
        self.steps.push(step);
        self
    }
}

fn keeping(kernel: [usize; 2]) -> Window {
    Window { stride: 1, padding: kernel.map(|size| [size / 2; 2]) }
}

/// The pool that halves the size.
const HALVE: Step<Unit> = Step::Max { stride: 2, border: 0 };

/// The whole network.
fn blocks() -> Vec<Block<Unit>> {
    let stem = Branch::new("stem".to_owned(), 3).inside(32, 2).inside(32, 1).same(64, [3, 3]).then(HALVE);
    let stem = stem.same(80, [1, 1]).inside(192, 1).then(HALVE);
    let mut blocks = vec![vec![stem]];
    for (index, inputs) in [192, 256, 288, 288, 768, 768, 768, 768, 768, 1280, 2048].into_iter().enumerate() {
        let branch = |name: &str| Branch::new(format!("mixed.{index}.{name}"), inputs);
        blocks.push(match index {
            0..=2 => fine(branch, if index == 0 { 32 } else { 64 }),
            3 => vec![
                branch("large").inside(384, 2),
                branch("double").same(64, [1, 1]).same(96, [3, 3]).inside(96, 2),
                branch("pool").then(HALVE),
            ],
            4..=7 => medium(branch, [128, 160, 160, 192][index - 4]),
            8 => vec![
                branch("large").same(192, [1, 1]).inside(320, 2),
                branch("double").same(192, [1, 1]).same(192, [1, 7]).same(192, [7, 1]).inside(192, 2),
                branch("pool").then(HALVE),
            ],
            9 => coarse(branch, Step::Mean),
            _ => coarse(branch, Step::Max { stride: 1, border: 1 }),
        });
    }
    blocks.into_iter().map(|block| block.into_iter().map(|branch| branch.steps).collect()).collect()
}

/// A block of 35×35 positions.
fn fine(branch: impl Fn(&str) -> Branch, pooled: usize) -> Vec<Branch> {
    vec![
        branch("single").same(64, [1, 1]),
        branch("large").same(48, [1, 1]).same(64, [5, 5]),
        branch("double").same(64, [1, 1]).same(96, [3, 3]).same(96, [3, 3]),
        branch("pool").then(Step::Mean).same(pooled, [1, 1]),
    ]
}

/// A block of 17×17 positions, with kernels of 7×7 taken apart.
fn medium(branch: impl Fn(&str) -> Branch, inside: usize) -> Vec<Branch> {
    let double = branch("double").same(inside, [1, 1]).same(inside, [7, 1]).same(inside, [1, 7]);
    vec![
        branch("single").same(192, [1, 1]),
        branch("large").same(inside, [1, 1]).same(inside, [1, 7]).same(192, [7, 1]),
        double.same(inside, [7, 1]).same(192, [1, 7]),
        branch("pool").then(Step::Mean).same(192, [1, 1]),
    ]
}

/// A block of 8×8 positions.
fn coarse(branch: impl Fn(&str) -> Branch, pool: Step<Unit>) -> Vec<Branch> {
    vec![
        branch("single").same(320, [1, 1]),
        branch("large").same(384, [1, 1]).fork(384),
        branch("double").same(448, [1, 1]).same(384, [3, 3]).fork(384),
        branch("pool").then(pool).same(192, [1, 1]),
    ]
}

/// Every convolution, by our names.
pub(super) fn layers() -> Vec<Layer> {
    let steps = blocks().into_iter().flatten().flatten();
    let units = steps.flat_map(|step| match step {
        Step::Convolution(unit) => vec![unit],
        Step::Fork(units) => units.to_vec(),
        Step::Max { .. } | Step::Mean => Vec::new(),
    });
    units.map(|unit| unit.layer).collect()
}

/// A convolution with its weights.
#[derive(Debug)]
struct Loaded {
    convolution: Convolution,
    window: Window,
}

impl Loaded {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.convolution.forward(x, self.window, None)
    }
}

/// The convolutions of the network.
#[derive(Debug)]
pub(super) struct Inception {
    blocks: Vec<Block<Loaded>>,
}

impl Inception {
    /// From the parts that [`layers`] names.
    pub(super) fn new(parts: &mut Parts) -> Self {
        let mut load = |Unit { layer, window }: Unit| {
            let folded = parts.convolutions.remove(&layer.name).expect("every layer was asked for");
            Loaded { convolution: Convolution::new(folded, RELU), window }
        };
        let mut step = |step: Step<Unit>| match step {
            Step::Convolution(unit) => Step::Convolution(load(unit)),
            Step::Fork(units) => Step::Fork(units.map(&mut load)),
            Step::Max { stride, border } => Step::Max { stride, border },
            Step::Mean => Step::Mean,
        };
        let mut branch = |steps: Vec<Step<Unit>>| steps.into_iter().map(&mut step).collect();
        let blocks = blocks().into_iter().map(|block| block.into_iter().map(&mut branch).collect());
        Self { blocks: blocks.collect() }
    }
}

impl Body for Inception {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.blocks.iter().fold(x, |x, block| {
            let outputs = block.iter().map(|steps| steps.iter().fold(x.clone(), |x, step| apply(step, x)));
            outputs.reduce(concat_channels).expect("a block has branches")
        })
    }
}

fn apply(step: &Step<Loaded>, x: Tensor<4>) -> Tensor<4> {
    match step {
        Step::Convolution(unit) => unit.forward(x),
        Step::Fork([first, second]) => concat_channels(first.forward(x.clone()), second.forward(x)),
        Step::Max { stride, border } => max_pool(x, 3, *stride, *border),
        Step::Mean => mean_pool(x, 3, 1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_number_of_parameters() {
        // torchvision: 27,161,264 with 1000 classes and the second classifier's 3,326,696; here 8 classes more.
        let convolutions =
            layers().into_iter().map(|layer| layer.shape.iter().product::<usize>() + 2 * layer.shape[0]);
        let classifier = |classes: usize| 2048 * classes + classes;
        assert_eq!(convolutions.sum::<usize>() + classifier(1000), 27_161_264 - 3_326_696);
    }
}
