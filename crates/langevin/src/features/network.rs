//! From pictures to features and classes.

use super::layer::{bias, tensor};
use super::resize::resize_bilinear;
use crate::compute::PreparedWeights;
use crate::interop::classifiers::Folded;
use crate::tensor::{cpu, to_vec};
use burn::tensor::{Tensor, TensorData};
use langevin_ops::{linear, mean_positions};
use std::fmt::Debug;

/// What a network sees in some pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Described {
    /// `[n, dims]`: what the Fréchet distance and its relatives compare.
    pub features: Vec<f32>,
    /// `[n, classes]`: logarithms of the classes' probabilities, but for a constant of each picture.
    pub logits: Vec<f32>,
}

/// A network that describes pictures.
///
/// What it says of a picture depends neither on the others that it is asked about nor on the number of threads.
pub trait FeatureNetwork: Send + Sync {
    /// What reports call it.
    fn name(&self) -> &'static str;

    /// The number of features of a picture.
    fn dims(&self) -> usize;

    /// The number of classes.
    fn classes(&self) -> usize;

    /// Describes pictures of any size; they are resized and scaled as the network wants them.
    ///
    /// Weights are prepared at each call; who calls often holds a [`PreparedWeights`] meanwhile.
    ///
    /// # Shapes
    /// `pictures`: `[n, height, width, 3]`, red, green and blue last, in [0, 1]: 8-bit levels divided by 255.
    ///
    /// # Panics
    /// If a size is 0 or `pictures` is not a whole number of pictures.
    fn describe(&self, pictures: &[f32], height: usize, width: usize) -> Described;
}

/// How a network wants its pictures, and what it gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Form {
    pub(super) name: &'static str,
    /// Rows and columns of its input.
    pub(super) side: usize,
    /// Its input is `scale` · x + `offset`.
    pub(super) scale: f32,
    pub(super) offset: f32,
    pub(super) dims: usize,
    pub(super) classes: usize,
    /// Pictures that pass through it together: more share the work out better, fewer stay nearer in the caches.
    pub(super) together: usize,
}

/// The convolutions of a network.
pub(super) trait Body: Debug + Send + Sync {
    /// # Shapes
    /// `x`: `[batch, side, side, 3]`, scaled; returns `[batch, height, width, dims]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<4>;
}

/// A network with the weights that its authors trained.
#[derive(Debug)]
pub struct Pretrained {
    form: Form,
    body: Box<dyn Body>,
    /// `[classes, dims]`.
    weight: Tensor<2>,
    /// `[classes]`.
    bias: Tensor<1>,
}

impl Pretrained {
    pub(super) fn new(form: Form, body: Box<dyn Body>, classifier: Folded) -> Self {
        Self { form, body, weight: tensor(classifier.weight), bias: bias(classifier.bias) }
    }

    /// Features and logits of a few pictures that have the network's size.
    fn forward(&self, pictures: Vec<f32>) -> [Tensor<2>; 2] {
        let side = self.form.side;
        let shape = [pictures.len() / (side * side * 3), side, side, 3];
        let x = Tensor::<4>::from_data(TensorData::new(pictures, shape), &cpu());
        let features = mean_positions(self.body.forward(x));
        let logits = linear(features.clone(), self.weight.clone(), self.bias.clone(), None);
        [features, logits]
    }
}

impl FeatureNetwork for Pretrained {
    fn name(&self) -> &'static str {
        self.form.name
    }

    fn dims(&self) -> usize {
        self.form.dims
    }

    fn classes(&self) -> usize {
        self.form.classes
    }

    fn describe(&self, pictures: &[f32], height: usize, width: usize) -> Described {
        let Form { side, scale, offset, together, .. } = self.form;
        let picture = height * width * 3;
        assert!(
            picture > 0 && pictures.len().is_multiple_of(picture),
            "{} numbers are no whole number of pictures of {height}x{width} in three channels",
            pictures.len()
        );
        let _kept = PreparedWeights::keep();
        let mut described = Described::default();
        for pictures in pictures.chunks(together * picture) {
            let mut resized = resize_bilinear(pictures, [height, width], [side, side]);
            resized.iter_mut().for_each(|value| *value = scale * *value + offset);
            let [features, logits] = self.forward(resized).map(to_vec);
            described.features.extend(features);
            described.logits.extend(logits);
        }
        described
    }
}
