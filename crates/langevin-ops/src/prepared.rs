//! Weights that are prepared once for many passes.

use crate::fused::values;
use burn_flex::FlexTensor;
use langevin_kernels::{ConvShape, PreparedWeight, RectangularShape};
use std::cell::RefCell;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::rc::Rc;

/// A weight and what was made of it. The tensor is held: its memory is then no other weight's, and nobody writes to it.
struct Entry {
    weight: FlexTensor,
    prepared: Rc<PreparedWeight>,
}

thread_local! {
    /// By the address of the weight, while there is a [`PreparedWeights`].
    static PREPARED: RefCell<Option<HashMap<*const f32, Entry>>> = const { RefCell::new(None) };
}

/// While it lives, the weights of convolutions and linear layers that are applied without gradients on this thread are
/// prepared at their first use and kept so: for work that applies a network again and again.
///
/// No result changes by a bit. Where the batch is small the preparation is up to half of a layer's time; kept, it takes up to
/// five times the weights' memory. A weight that is written meanwhile is copied first, and the copy prepared anew; what
/// nothing else holds any more is forgotten then.
#[must_use = "the prepared weights are forgotten when it is dropped"]
pub struct PreparedWeights {
    outermost: bool,
    /// It belongs to its thread.
    _thread: PhantomData<*const ()>,
}

impl PreparedWeights {
    /// Keeps prepared weights from now on; within another, that one keeps them.
    pub fn keep() -> Self {
        PREPARED.with_borrow_mut(|prepared| {
            let outermost = prepared.is_none();
            prepared.get_or_insert_default();
            Self { outermost, _thread: PhantomData }
        })
    }
}

impl Drop for PreparedWeights {
    fn drop(&mut self) {
        if self.outermost {
            PREPARED.set(None);
        }
    }
}

/// The weight, prepared for this convolution, if weights are kept so and it is one that will come again.
pub(crate) fn prepared(shape: &ConvShape, weight: &FlexTensor) -> Option<Rc<PreparedWeight>> {
    kept(weight, |ready| ready.fits(shape), |values| PreparedWeight::new(shape, values))
}

/// The same for a kernel of any height and width.
pub(crate) fn prepared_rectangular(
    shape: &RectangularShape,
    weight: &FlexTensor,
) -> Option<Rc<PreparedWeight>> {
    let prepare = |values: &[f32]| PreparedWeight::rectangular(shape, values);
    kept(weight, |ready| ready.fits_rectangular(shape), prepare)
}

fn kept(
    weight: &FlexTensor,
    fits: impl Fn(&PreparedWeight) -> bool,
    prepare: impl FnOnce(&[f32]) -> PreparedWeight,
) -> Option<Rc<PreparedWeight>> {
    // What nobody else holds is made anew for each pass.
    if weight.is_unique() {
        return None;
    }
    let place = values(weight).as_ptr();
    let known = PREPARED.with_borrow(|entries| {
        entries.as_ref().map(|entries| entries.get(&place).map(|entry| entry.prepared.clone()))
    })?;
    if let Some(prepared) = known.filter(|prepared| fits(prepared)) {
        return Some(prepared);
    }
    // Not within a borrow: while it waits for other threads, this one may do work of theirs that comes by here.
    let prepared = Rc::new(prepare(values(weight)));
    PREPARED.with_borrow_mut(|entries| {
        if let Some(entries) = entries {
            entries.retain(|_, entry| !entry.weight.is_unique());
            entries.insert(place, Entry { weight: weight.clone(), prepared: prepared.clone() });
        }
    });
    Some(prepared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear;
    use burn::tensor::{Device, Tensor, TensorData};

    fn held() -> usize {
        PREPARED.with_borrow(|prepared| prepared.as_ref().map_or(0, HashMap::len))
    }

    #[test]
    fn a_held_weight_is_prepared_once_and_forgotten_at_the_end() {
        let device = Device::flex();
        let rows = |values: &[[f32; 2]]| {
            let data = TensorData::new(values.concat(), [values.len(), 2]);
            Tensor::<2>::from_data(data, &device)
        };
        let weight = rows(&[[3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]);
        let bias = Tensor::<1>::from_floats([0.5, 0.0, -1.0], &device);
        let apply = |x: &[[f32; 2]], weight: &Tensor<2>| {
            let y = linear(rows(x), weight.clone(), bias.clone(), None);
            y.into_data().try_to_vec::<f32>().unwrap()
        };
        let expected = [11.5, 17.0, 22.0];
        let kept = PreparedWeights::keep();
        assert_eq!(apply(&[[1.0, 2.0]], &weight), expected);
        drop(PreparedWeights::keep());
        assert_eq!(apply(&[[1.0, 2.0], [0.0, 0.0]], &weight)[..3], expected);
        assert_eq!(held(), usize::from(crate::settings::kernels()));
        // Another weight has another place, as the first is held.
        let doubled = weight.clone() * 2.0;
        assert_eq!(apply(&[[1.0, 2.0]], &doubled), [22.5, 34.0, 45.0]);
        assert_eq!(apply(&[[1.0, 2.0]], &weight), expected);
        // What was a weight once does not stay.
        drop(weight);
        let weight = doubled.clone() / 2.0;
        assert_eq!(apply(&[[1.0, 2.0]], &weight), expected);
        assert!(held() <= 2);
        drop(kept);
        assert_eq!(held(), 0);
        assert_eq!(apply(&[[1.0, 2.0]], &weight), expected);
    }
}
