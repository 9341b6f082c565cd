//! Counter-based random numbers: every draw is a pure function of (seed, stream, position).
//!
//! The generator is Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
//! There is no state to save and nothing global: a resumed run, another batch size or another number of
//! threads asks for the same positions and gets the same numbers.

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// Philox4x32-10: the four random words that belong to `counter` under `key`.
pub fn philox4x32(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let p0 = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
        let p1 = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
        counter = [
            (p1 >> 32) as u32 ^ counter[1] ^ key[0],
            p1 as u32,
            (p0 >> 32) as u32 ^ counter[3] ^ key[1],
            p0 as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

/// What a stream of random numbers is for: streams of different purposes never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Initial weights; one index a parameter.
    Init = 1,
    /// The order of the training data; one index an epoch.
    Order = 2,
    /// Timesteps drawn in training; one index a step.
    Timestep = 3,
    /// The noise ε added in training; one index a training sample.
    TrainNoise = 4,
    /// Dropout masks; one index a training sample.
    Dropout = 5,
    /// Random flips; one index a training sample.
    Flip = 6,
    /// x_T of a generated sample; one index a sample.
    SampleStart = 7,
    /// The noise z of the reverse steps; one index a sample.
    SampleNoise = 8,
    /// Generated data sets; one index a set.
    Data = 9,
    /// Which items are held out.
    Holdout = 10,
    /// The fixed timesteps and noise of the held-out loss; one index an item.
    HoldoutNoise = 11,
    /// The timesteps at which a sample is evaluated; one index a sample.
    EvaluationTimestep = 12,
    /// The noise at those timesteps; one index a sample.
    EvaluationNoise = 13,
    /// The uniform noise that makes discrete data continuous; one index a sample.
    Dequantisation = 14,
    /// The signs of an estimated divergence; one index a sample.
    Hutchinson = 15,
    /// Which samples a metric compares; one index a subset.
    Subset = 16,
    /// The noise of the known part of a picture that is filled in; one index a sample.
    InpaintKnown = 17,
    /// The noise of the steps back up while a picture is filled in; one index a sample.
    InpaintJump = 18,
    /// Whose class is kept from the network in training; one index a training sample.
    LabelDropout = 19,
}

/// A stream of random numbers, named by a seed, a purpose and an index.
///
/// Cheap to copy. The draws at one position of one stream are always the same.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    key: [u32; 2],
    purpose: u32,
    index: u64,
}

impl Stream {
    /// The stream of `purpose` number `index` under `seed`.
    pub fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32], purpose: purpose as u32, index }
    }

    /// The four words of block `block`. `lane` separates consumers of one stream (a layer, a step): below 2²⁴.
    fn block(&self, lane: u32, block: u32) -> [u32; 4] {
        debug_assert!(lane < 1 << 24 && self.purpose < 1 << 8);
        let counter = [block, self.index as u32, lane << 8 | self.purpose, (self.index >> 32) as u32];
        philox4x32(counter, self.key)
    }

    /// Fills `out` with uniform numbers in [0, 1), from position 0 of `lane`.
    pub fn uniform(&self, lane: u32, out: &mut [f32]) {
        for (block, chunk) in out.chunks_mut(4).enumerate() {
            let words = self.block(lane, block as u32);
            for (value, word) in chunk.iter_mut().zip(words) {
                *value = (word >> 8) as f32 * (1.0 / 16_777_216.0);
            }
        }
    }

    /// Fills `out` with standard normal numbers, from position 0 of `lane`, by the Box–Muller transform
    /// of two words each: √(−2 ln u) (cos 2πv, sin 2πv), evaluated in f64.
    pub fn normal(&self, lane: u32, out: &mut [f32]) {
        for (block, chunk) in out.chunks_mut(4).enumerate() {
            let [a, b, c, d] = self.block(lane, block as u32);
            let (x, y) = box_muller(a, b);
            let (z, w) = box_muller(c, d);
            for (value, drawn) in chunk.iter_mut().zip([x, y, z, w]) {
                *value = drawn as f32;
            }
        }
    }

    /// A uniform integer in `0..bound`, the `position`-th of `lane`; unbiased to within 2⁻⁶⁴ · `bound`.
    ///
    /// # Panics
    /// If `bound` is 0.
    pub fn below(&self, lane: u32, position: u32, bound: u64) -> u64 {
        assert!(bound > 0, "an integer below 0 does not exist");
        let words = self.block(lane, position);
        let word = u64::from(words[0]) << 32 | u64::from(words[1]);
        ((u128::from(word) * u128::from(bound)) >> 64) as u64
    }

    /// A random permutation of `0..n` (Fisher–Yates).
    pub fn permutation(&self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for last in (1..n).rev() {
            let other = self.below(0, last as u32, last as u64 + 1) as usize;
            order.swap(last, other);
        }
        order
    }
}

fn box_muller(a: u32, b: u32) -> (f64, f64) {
    const UNIT: f64 = 1.0 / 4_294_967_296.0;
    // Half a unit added: the logarithm never sees 0.
    let radius = (-2.0 * ((f64::from(a) + 0.5) * UNIT).ln()).sqrt();
    let (sin, cos) = (std::f64::consts::TAU * f64::from(b) * UNIT).sin_cos();
    (radius * cos, radius * sin)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of Random123 1.14 (`kat_vectors`, philox4x32 10).
    #[test]
    fn philox_gives_the_published_answers() {
        let ones = u32::MAX;
        let cases = [
            ([0; 4], [0; 2], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]),
            ([ones; 4], [ones; 2], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]),
            (
                [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
                [0xa4093822, 0x299f31d0],
                [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
            ),
        ];
        for (counter, key, expected) in cases {
            assert_eq!(philox4x32(counter, key), expected);
        }
    }

    #[test]
    fn normals_have_the_moments_of_a_standard_normal() {
        let mut draws = vec![0.0f32; 200_000];
        Stream::new(7, Purpose::Data, 0).normal(0, &mut draws);
        let n = draws.len() as f64;
        let moment = |k: i32| draws.iter().map(|&x| f64::from(x).powi(k)).sum::<f64>() / n;
        // Five standard errors of each moment: √(E x^{2k} − (E x^k)²) / √n.
        for (k, expected, sd) in
            [(1, 0.0, 1.0), (2, 1.0, 2f64.sqrt()), (3, 0.0, 15f64.sqrt()), (4, 3.0, 96f64.sqrt())]
        {
            let error = (moment(k) - expected).abs();
            assert!(error < 5.0 * sd / n.sqrt(), "moment {k} is off by {error}");
        }
    }

    #[test]
    fn a_prefix_does_not_depend_on_how_much_is_drawn() {
        let stream = Stream::new(3, Purpose::TrainNoise, 12);
        let (mut short, mut long) = ([0.0; 7], [0.0; 40]);
        stream.normal(5, &mut short);
        stream.normal(5, &mut long);
        assert_eq!(short, long[..7]);
    }

    #[test]
    fn seeds_purposes_indices_and_lanes_all_separate_streams() {
        let draw = |seed, purpose, index, lane| {
            let mut out = [0.0; 4];
            Stream::new(seed, purpose, index).uniform(lane, &mut out);
            out.map(f32::to_bits)
        };
        let base = draw(1, Purpose::Data, 2, 3);
        assert_ne!(base, draw(1 << 32, Purpose::Data, 2, 3));
        assert_ne!(base, draw(1, Purpose::Flip, 2, 3));
        assert_ne!(base, draw(1, Purpose::Data, 2 | 1 << 40, 3));
        assert_ne!(base, draw(1, Purpose::Data, 2, 4));
    }

    #[test]
    fn permutations_are_permutations() {
        let mut order = Stream::new(1, Purpose::Order, 0).permutation(1000);
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }
}
