//! Vectors of f32 behind one trait, and the choice of an instruction set at run time.
//!
//! A kernel is a struct that implements [`Kernel`]; [`Simd::vectorize`] compiles its body for one instruction
//! set. Everything in a body is `#[inline(always)]`, so that the whole of it is compiled for that set. Threads are
//! started outside of bodies: a closure handed to another thread would leave the set behind.
//!
//! Another instruction set is one more file with an `impl Simd`, a variant of [`Isa`] and a line of `with_isa!`.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
mod isa;
pub(crate) mod portable;

pub use isa::{ISA_VARIABLE, Isa, IsaError, isa, with_isa};

/// The operations on vectors of one instruction set. A value of the type is the proof that the processor has it.
///
/// The products of `mul_add` are fused where the set has fused products. `reduce_*` combine lanes in an order that
/// is the set's own.
pub(crate) trait Simd: Copy + Send + Sync + 'static {
    /// A vector.
    type V: Copy;
    /// Elements of a vector; at most [`MAX_LANES`].
    const LANES: usize;

    /// Runs a kernel compiled for this set.
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output;

    /// `value` in every lane.
    fn splat(self, value: f32) -> Self::V;
    /// Reads `LANES` elements; no alignment is needed.
    ///
    /// # Safety
    /// `from` must be valid for reads of `LANES` elements.
    unsafe fn load(self, from: *const f32) -> Self::V;
    /// Writes `LANES` elements.
    ///
    /// # Safety
    /// `to` must be valid for writes of `LANES` elements.
    unsafe fn store(self, to: *mut f32, v: Self::V);
    /// Reads `count` elements, the other lanes 0.
    ///
    /// # Safety
    /// `from` must be valid for reads of `count` elements, `count` ≤ `LANES`.
    unsafe fn load_partial(self, from: *const f32, count: usize) -> Self::V;
    /// Writes the first `count` lanes.
    ///
    /// # Safety
    /// `to` must be valid for writes of `count` elements, `count` ≤ `LANES`.
    unsafe fn store_partial(self, to: *mut f32, v: Self::V, count: usize);
    /// a + b.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// a − b.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// a · b.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// a / b.
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// a · b + c.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The larger of each lane.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// The smaller of each lane.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// √a.
    fn sqrt(self, a: Self::V) -> Self::V;
    /// The nearest whole number, ties to even.
    fn round(self, a: Self::V) -> Self::V;
    /// 2^n for whole n in −126..=127.
    fn pow2(self, n: Self::V) -> Self::V;
    /// The sum of the lanes.
    fn reduce_add(self, a: Self::V) -> f32;
    /// The largest lane.
    fn reduce_max(self, a: Self::V) -> f32;

    /// Asks for the cache line at `address`, which need not be readable.
    #[inline(always)]
    fn prefetch(self, _address: *const f32) {}

    /// Stores a vector past the caches, for what is not read soon: its place is not read first, and nothing nearer makes
    /// room for it. To be followed by [`end_stream`](Self::end_stream).
    ///
    /// # Safety
    /// As [`store`](Self::store); `to` must be a multiple of the vector's size.
    #[inline(always)]
    unsafe fn stream(self, to: *mut f32, v: Self::V) {
        // SAFETY: the caller's promise.
        unsafe { self.store(to, v) }
    }

    /// Lets other threads see what was streamed.
    #[inline(always)]
    fn end_stream(self) {}

    /// 0 in every lane.
    #[inline(always)]
    fn zero(self) -> Self::V {
        self.splat(0.0)
    }
}

/// The longest vector of any set.
pub(crate) const MAX_LANES: usize = 16;

/// A computation that can be compiled for any instruction set. `run` must be `#[inline(always)]`.
pub(crate) trait Kernel {
    /// What it gives.
    type Output;
    /// The computation.
    fn run<S: Simd>(self, s: S) -> Self::Output;
}

/// Evaluates an expression with `$s` a token of the chosen set and `$mr` the constant number of rows of its
/// matrix micro-kernel: as many rows of two vectors as its registers hold, beside the operands.
macro_rules! with_isa {
    (|$s:ident, $mr:ident| $body:expr) => {
        match $crate::simd::isa() {
            #[cfg(target_arch = "x86_64")]
            $crate::simd::Isa::Avx512 => {
                const $mr: usize = 12;
                // SAFETY: `isa` gives a set only if the processor has it.
                let $s = unsafe { $crate::simd::avx512::Avx512::assume() };
                $body
            }
            #[cfg(target_arch = "x86_64")]
            $crate::simd::Isa::Avx2 => {
                const $mr: usize = 6;
                // SAFETY: as above.
                let $s = unsafe { $crate::simd::avx2::Avx2::assume() };
                $body
            }
            $crate::simd::Isa::Portable => {
                const $mr: usize = 4;
                let $s = $crate::simd::portable::Portable;
                $body
            }
        }
    };
}
pub(crate) use with_isa as dispatch;
