//! The bridge from Burn's tensors to the CPU kernels.
//!
//! An [`Operation`] computes on Flex's buffers, forward and backward. The backend extension carries it through
//! Burn's dispatch: on Flex it computes, on an autodiff device it computes and leaves its backward pass in the
//! graph. One pair of methods for each number of inputs serves every operation.

use crate::profile::measured;
use burn::backend::autodiff::{
    Autodiff,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, DispatchTensor, Flex, backend_extension};
use burn::tensor::{DType, Device, Shape, Tensor, TensorData};
use burn_flex::FlexTensor;
use std::fmt::Debug;
use std::sync::Arc;

/// An operation of `N` inputs and one output on the CPU.
pub(crate) trait Operation<const N: usize>: Debug + Send + Sync + 'static {
    /// What a profile calls it.
    fn name(&self) -> &'static str;

    /// The output, and what the backward pass needs; nothing of that if not `tracked`.
    fn forward(&self, inputs: [FlexTensor; N], tracked: bool) -> (FlexTensor, Vec<FlexTensor>);

    /// The gradients of those inputs that `wanted` says, from the output's.
    fn backward(&self, saved: Vec<FlexTensor>, dy: FlexTensor, wanted: [bool; N]) -> [Option<FlexTensor>; N];
}

/// A shared operation of `N` inputs.
pub(crate) type Op<const N: usize> = Arc<dyn Operation<N>>;

/// The step that an operation leaves in the graph.
#[derive(Debug)]
struct Step;

impl<const N: usize> Backward<Flex, N> for Step {
    type State = (Op<N>, Vec<FlexTensor>);

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = contiguous(grads.consume::<Flex>(&ops.node));
        let (op, saved) = ops.state;
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let gradients = measured(op.name(), true, || op.backward(saved, dy, wanted));
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<Flex>(node.id, gradient);
            }
        }
    }
}

fn forward<const N: usize>(
    inputs: [FlexTensor; N],
    op: &Op<N>,
    tracked: bool,
) -> (FlexTensor, Vec<FlexTensor>) {
    let inputs = inputs.map(contiguous);
    measured(op.name(), false, || op.forward(inputs, tracked))
}

fn run<const N: usize>(inputs: [FlexTensor; N], op: Op<N>) -> FlexTensor {
    forward(inputs, &op, false).0
}

fn run_tracked<const N: usize, C: CheckpointStrategy>(
    inputs: [FloatTensor<Autodiff<Flex, C>>; N],
    op: Op<N>,
) -> FloatTensor<Autodiff<Flex, C>> {
    let nodes = inputs.each_ref().map(|input| input.node());
    let inputs = inputs.map(|input| input.into_primitive());
    match Step.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => {
            let (output, saved) = forward(inputs, &op, true);
            prep.finish((op, saved), output)
        }
        OpsKind::UnTracked(prep) => prep.finish(forward(inputs, &op, false).0),
    }
}

macro_rules! arities {
    ($($method:ident, $apply:ident: $n:literal, $($input:ident)*;)*) => {
        /// Operations by their number of inputs.
        #[backend_extension(Flex, Autodiff)]
        pub(crate) trait Fused: Backend {
            $(fn $method($($input: FloatTensor<Self>,)* op: Op<$n>) -> FloatTensor<Self>;)*
        }

        impl Fused for Flex {
            $(fn $method($($input: FlexTensor,)* op: Op<$n>) -> FlexTensor {
                run([$($input),*], op)
            })*
        }

        impl<C: CheckpointStrategy> Fused for Autodiff<Flex, C> {
            $(fn $method($($input: FloatTensor<Self>,)* op: Op<$n>) -> FloatTensor<Self> {
                run_tracked::<$n, C>([$($input),*], op)
            })*
        }

        $(
            /// Applies an operation to tensors of any rank.
            pub(crate) fn $apply<const D: usize>(
                [$($input),*]: [DispatchTensor; $n],
                op: impl Operation<$n>,
            ) -> Tensor<D> {
                Tensor::from_dispatch(<Dispatch as Fused>::$method($($input,)* Arc::new(op)))
            }
        )*
    };
}

arities! {
    fused1, apply1: 1, a;
    fused2, apply2: 2, a b;
    fused3, apply3: 3, a b c;
    fused4, apply4: 4, a b c d;
    fused5, apply5: 5, a b c d e;
}

/// Whether the kernels compute for this tensor: it is f32 in main memory, and they are not turned off.
pub(crate) fn applies<const D: usize>(x: &Tensor<D>) -> bool {
    crate::settings::kernels() && x.dtype() == DType::F32 && x.device().inner() == Device::flex()
}

/// The tensor with its elements in order.
fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() }
}

/// The elements of a contiguous tensor.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("the bridge makes every tensor contiguous")
}

/// A tensor's sizes.
pub(crate) fn sizes<const D: usize>(tensor: &FlexTensor) -> [usize; D] {
    let shape: &Shape = tensor.layout().shape();
    std::array::from_fn(|i| shape[i])
}

/// A new tensor for a kernel that has other outputs too: its memory is as an earlier use left it.
///
/// # Safety
/// Every element must be written before any is read, as every kernel does with its outputs. Zeroing here would cost a pass
/// over memory for each activation.
#[allow(clippy::uninit_vec)]
pub(crate) unsafe fn unwritten(shape: &[usize]) -> FlexTensor {
    let len = shape.iter().product();
    let mut values: Vec<f32> = Vec::with_capacity(len);
    // SAFETY: the capacity is there, f32 has no invalid values, and the rest is the caller's promise.
    unsafe { values.set_len(len) };
    FlexTensor::from_data(TensorData::new(values, shape.to_vec()))
}

/// A new tensor, the output of the kernel that `write` calls: it sets every element.
pub(crate) fn tensor(shape: &[usize], write: impl FnOnce(&mut [f32])) -> FlexTensor {
    // SAFETY: `write` sets every element; all closures in this crate hand the slice to a kernel.
    let mut tensor = unsafe { unwritten(shape) };
    write(tensor.storage_mut::<f32>());
    tensor
}
