//! The parameters of a network as named arrays.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use std::collections::BTreeMap;

/// One parameter outside a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Sizes of its axes.
    pub shape: Vec<usize>,
    /// Elements in row-major order.
    pub values: Vec<f32>,
}

/// Parameters by name; a name is the path of fields to the parameter, such as `down.0.blocks.1.conv1.weight`.
pub type Weights = BTreeMap<String, Array>;

/// Why weights do not fit a network: everything at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the weights do not fit the network: {}", self.describe())]
pub struct WeightsError {
    /// Parameters that the weights lack.
    pub missing: Vec<String>,
    /// Arrays that the network does not know.
    pub unexpected: Vec<String>,
    /// Arrays of another shape: name, expected, got.
    pub misshapen: Vec<(String, Vec<usize>, Vec<usize>)>,
    /// Arrays with an element that is infinite or no number.
    pub not_finite: Vec<String>,
}

impl WeightsError {
    fn describe(&self) -> String {
        let mut parts = Vec::new();
        if !self.missing.is_empty() {
            parts.push(format!("missing {}", self.missing.join(", ")));
        }
        if !self.unexpected.is_empty() {
            parts.push(format!("unexpected {}", self.unexpected.join(", ")));
        }
        for (name, expected, got) in &self.misshapen {
            parts.push(format!("{name} is {got:?} where {expected:?} is expected"));
        }
        if !self.not_finite.is_empty() {
            parts.push(format!("infinite or no number in {}", self.not_finite.join(", ")));
        }
        parts.join("; ")
    }
}

/// Every parameter of `network`.
pub fn weights_of(network: &impl Module) -> Weights {
    let mut collector = Collector { path: Path::default(), weights: Weights::new() };
    network.visit(&mut collector);
    collector.weights
}

/// Names of the parameters, in the network's own order.
pub fn parameter_names(network: &impl Module) -> Vec<String> {
    parameter_sizes(network).into_iter().map(|(name, _)| name).collect()
}

/// Names of the parameters and the number of elements of each, in the network's own order.
pub fn parameter_sizes(network: &impl Module) -> Vec<(String, usize)> {
    let mut namer = Namer { path: Path::default(), sizes: Vec::new() };
    network.visit(&mut namer);
    namer.sizes
}

/// `network` with `weights` in place of its own.
///
/// # Errors
/// If a parameter is missing, unknown, of another shape or not finite; all such are listed.
pub fn with_weights<M: Module>(network: M, mut weights: Weights) -> Result<M, WeightsError> {
    check_weights(&network, &weights)?;
    Ok(network.map(&mut Loader { path: Path::default(), weights: &mut weights }))
}

/// Checks that `weights` are those of `network`, one for each parameter.
///
/// # Errors
/// If a parameter is missing, unknown, of another shape or not finite; all such are listed.
pub fn check_weights(network: &impl Module, weights: &Weights) -> Result<(), WeightsError> {
    let mut checker = Checker { path: Path::default(), shapes: BTreeMap::new() };
    network.visit(&mut checker);
    check_arrays(&checker.shapes, weights)
}

/// Checks that `weights` are arrays of these names and shapes, no more and no fewer.
///
/// # Errors
/// If an array is missing, unknown, of another shape or not finite; all such are listed.
pub fn check_arrays(shapes: &BTreeMap<String, Vec<usize>>, weights: &Weights) -> Result<(), WeightsError> {
    let mut error =
        WeightsError { missing: vec![], unexpected: vec![], misshapen: vec![], not_finite: vec![] };
    for (name, expected) in shapes {
        match weights.get(name) {
            None => error.missing.push(name.clone()),
            Some(array) if array.shape != *expected => {
                error.misshapen.push((name.clone(), expected.clone(), array.shape.clone()));
            }
            Some(array) if !array.values.iter().all(|value| value.is_finite()) => {
                error.not_finite.push(name.clone());
            }
            Some(_) => {}
        }
    }
    error.unexpected.extend(weights.keys().filter(|name| !shapes.contains_key(*name)).cloned());
    let sound = error.missing.is_empty() && error.unexpected.is_empty() && error.misshapen.is_empty();
    if !(sound && error.not_finite.is_empty()) {
        return Err(error);
    }
    Ok(())
}

/// The path of fields on the way to a parameter.
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    fn enter(&mut self, name: &str, container: &str) {
        // An enum's variant says which network it is, not where in it a parameter lies.
        self.0.push(if container.starts_with("Enum:") { String::new() } else { name.to_owned() });
    }

    fn exit(&mut self) {
        self.0.pop();
    }

    fn name(&self) -> String {
        let parts: Vec<&str> = self.0.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        parts.join(".")
    }
}

macro_rules! track_path {
    () => {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }

        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.exit();
        }
    };
}
struct Collector {
    path: Path,
    weights: Weights,
}

impl ModuleVisitor for Collector {
    track_path!();

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let array = Array { shape: tensor.dims().to_vec(), values: crate::tensor::to_vec(tensor) };
        self.weights.insert(self.path.name(), array);
    }
}

struct Namer {
    path: Path,
    sizes: Vec<(String, usize)>,
}

impl ModuleVisitor for Namer {
    track_path!();

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.sizes.push((self.path.name(), param.val().shape().num_elements()));
    }
}

struct Checker {
    path: Path,
    shapes: BTreeMap<String, Vec<usize>>,
}

impl ModuleVisitor for Checker {
    track_path!();

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.shapes.insert(self.path.name(), param.val().dims().to_vec());
    }
}

struct Loader<'a> {
    path: Path,
    weights: &'a mut Weights,
}

impl ModuleMapper for Loader<'_> {
    track_path!();

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let array = self.weights.remove(&self.path.name()).expect("every name has been checked");
        let device = param.val().device();
        Param::from_data(TensorData::new(array.values, array.shape), &device)
    }
}
