//! The gradient of a whole network.

use crate::tensor::to_vec;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use langevin_kernels::sum_of_squares;
use rayon::prelude::*;

/// The gradient of every parameter, in the network's order.
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    /// One array a parameter, of no elements where it is frozen; empty before the first is added.
    pub values: Vec<Vec<f32>>,
}

impl Gradients {
    /// The gradients of a backward pass. A parameter that took no part has zeros, and a frozen one nothing.
    ///
    /// On the CPU a gradient that is contiguous and its buffer's only user is taken, not copied.
    pub fn of(network: &impl Module, gradients: burn::tensor::Gradients) -> Self {
        let mut gatherer = Gatherer { values: Vec::new(), gradients };
        network.visit(&mut gatherer);
        Self { values: gatherer.values }
    }

    /// Adds others of the same network, in place, and lets go of each once it is added.
    pub fn add(&mut self, others: Self) {
        if self.values.is_empty() {
            *self = others;
            return;
        }
        self.values.par_iter_mut().zip(others.values).for_each(|(sums, others)| {
            for (sum, other) in sums.iter_mut().zip(others) {
                *sum += other;
            }
        });
    }

    /// √Σ g² over all parameters, summed in f64.
    pub fn norm(&self) -> f64 {
        self.values.iter().map(|values| sum_of_squares(values)).sum::<f64>().sqrt()
    }
}

struct Gatherer {
    values: Vec<Vec<f32>>,
    gradients: burn::tensor::Gradients,
}

impl ModuleVisitor for Gatherer {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let gradient = tensor.grad_remove(&mut self.gradients).map(to_vec);
        let learns = tensor.is_require_grad();
        let none = || if learns { vec![0.0; tensor.shape().num_elements()] } else { Vec::new() };
        self.values.push(gradient.unwrap_or_else(none));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_are_summed_where_the_first_lie() {
        let mut sums = Gradients::default();
        let first = vec![vec![1.0, 2.0], vec![3.0]];
        let address = first[0].as_ptr();
        sums.add(Gradients { values: first });
        sums.add(Gradients { values: vec![vec![0.5, -2.0], vec![1.0]] });
        assert_eq!(sums.values, [vec![1.5, 0.0], vec![4.0]]);
        assert_eq!(sums.values[0].as_ptr(), address);
        assert_eq!(sums.norm(), (1.5f64 * 1.5 + 16.0).sqrt());
    }
}
