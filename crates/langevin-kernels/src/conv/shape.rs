//! The sizes of a convolution, and the algorithm that follows from them.

/// The sizes of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Samples.
    pub batch: usize,
    /// Rows of the input, before upsampling.
    pub height: usize,
    /// Columns of the input, before upsampling.
    pub width: usize,
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Rows and columns of the kernel.
    pub kernel: usize,
    /// Step, in rows and columns.
    pub stride: usize,
    /// Zeros above and to the left.
    pub before: usize,
    /// Zeros below and to the right.
    pub after: usize,
    /// Whether the input's positions are doubled in both directions first (nearest neighbour).
    pub upsample: bool,
    /// Whether only algorithms that multiply each pair once are to be used, which round the least.
    pub exact: bool,
}

/// How to compute a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Sums of products in the order of the kernel's elements.
    Direct,
    /// F(4×4, 3×3) of Lavin & Gray 2016: a quarter of the multiplications.
    Winograd,
}

/// Where the kernel's transform and its traffic cost more than a single tile a picture can save: weights
/// above this many pairs of channels.
const MANY_PAIRS: usize = 128 * 128;

impl ConvShape {
    /// `[batch, height, width, inputs]`, before upsampling.
    pub const fn input(&self) -> [usize; 4] {
        [self.batch, self.height, self.width, self.inputs]
    }

    /// Elements of the weight.
    pub(super) const fn weight_len(&self) -> usize {
        self.outputs * self.inputs * self.kernel * self.kernel
    }

    /// Rows and columns of the input as the kernel sees it, after upsampling.
    pub const fn seen(&self) -> [usize; 2] {
        let factor = if self.upsample { 2 } else { 1 };
        [factor * self.height, factor * self.width]
    }

    /// `[batch, height', width', outputs]`.
    pub const fn output(&self) -> [usize; 4] {
        let [height, width] = self.seen();
        let border = self.before + self.after;
        let rows = (height + border - self.kernel) / self.stride + 1;
        let columns = (width + border - self.kernel) / self.stride + 1;
        [self.batch, rows, columns, self.outputs]
    }

    /// The algorithm for this layer: from its shape alone, never from the batch.
    pub fn algorithm(&self) -> Algorithm {
        let [_, rows, columns, _] = self.output();
        let square = self.kernel == 3 && self.stride == 1 && self.before <= 2 && self.after <= 2;
        let channels = self.inputs.min(self.outputs) >= 8;
        let tiles = rows.div_ceil(4) * columns.div_ceil(4);
        let worth = rows.min(columns) > 2 && (tiles > 1 || self.inputs * self.outputs <= MANY_PAIRS);
        if square && channels && worth && !self.exact { Algorithm::Winograd } else { Algorithm::Direct }
    }

    pub(super) fn check(&self, x: usize, weight: usize, y: usize) {
        let [height, width] = self.seen();
        assert!(self.kernel > 0 && self.stride > 0, "kernel and stride should be at least 1: {self:?}");
        assert!(self.inputs > 0 && self.outputs > 0, "there should be channels: {self:?}");
        let smallest = height.min(width) + self.before + self.after;
        assert!(self.kernel <= smallest, "the kernel is larger than the padded input: {self:?}");
        assert!(!self.upsample || self.stride == 1, "upsampling goes with stride 1: {self:?}");
        assert!(self.before < self.kernel, "the padding should be below the kernel's size: {self:?}");
        assert!(self.after < self.kernel, "the padding should be below the kernel's size: {self:?}");
        let expected = self.input().iter().product::<usize>();
        assert_eq!(x, expected, "the input should have {expected} elements: {self:?}");
        let expected = self.weight_len();
        assert_eq!(weight, expected, "the weight should have {expected} elements: {self:?}");
        let expected = self.output().iter().product::<usize>();
        assert_eq!(y, expected, "the output should have {expected} elements: {self:?}");
    }
}
