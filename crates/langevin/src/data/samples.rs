//! Samples as they lie in memory: 8 or 16 bits each, and their scale.

use rayon::prelude::*;

/// The samples of a whole set, `[n, height, width, channels]`.
#[derive(Clone, Debug)]
pub(super) enum Samples {
    U8(Vec<u8>),
    U16(Vec<u16>),
}

/// Why a set could not be filled.
pub(super) enum FillError {
    /// Memory for that many bytes cannot be had.
    TooLarge(u64),
    /// The items that failed, in order, with their reasons.
    Bad(Vec<(usize, String)>),
}

/// A sample value in `0..levels` scaled to [-1, 1]: 2v / (levels − 1) − 1.
pub(super) fn scaled(value: u16, levels: u32) -> f32 {
    2.0 * f32::from(value) / (levels - 1) as f32 - 1.0
}

/// The nearest value in `0..levels` of a sample scaled to [-1, 1]; what lies outside is clipped.
pub(super) fn unscaled(sample: f32, levels: u32) -> u16 {
    let top = (levels - 1) as f32;
    ((sample + 1.0) * 0.5 * top).round().clamp(0.0, top) as u16
}

impl Samples {
    /// Makes `count` items of `item_len` samples each in parallel, straight into their final place.
    pub(super) fn fill(
        levels: u32,
        count: usize,
        item_len: usize,
        make: impl Fn(usize) -> Result<Vec<u16>, String> + Sync,
    ) -> Result<Self, FillError> {
        if levels <= 256 {
            fill(count, item_len, make, |value| value as u8).map(Self::U8)
        } else {
            fill(count, item_len, make, |value| value).map(Self::U16)
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::U8(values) => values.len(),
            Self::U16(values) => values.len(),
        }
    }

    pub(super) fn hash_into(&self, hasher: &mut crc32fast::Hasher) {
        match self {
            Self::U8(values) => hasher.update(values),
            Self::U16(values) => values.iter().for_each(|value| hasher.update(&value.to_le_bytes())),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::U8(values) => values.len(),
            Self::U16(values) => 2 * values.len(),
        }
    }

    /// The values of one range.
    pub(super) fn values(&self, range: std::ops::Range<usize>) -> Vec<u16> {
        match self {
            Self::U8(values) => values[range].iter().copied().map(u16::from).collect(),
            Self::U16(values) => values[range].to_vec(),
        }
    }

    /// Writes the values of one range scaled to [-1, 1].
    pub(super) fn read_scaled(&self, range: std::ops::Range<usize>, levels: u32, out: &mut [f32]) {
        match self {
            Self::U8(values) => {
                out.iter_mut().zip(&values[range]).for_each(|(out, &v)| *out = scaled(v.into(), levels));
            }
            Self::U16(values) => {
                out.iter_mut().zip(&values[range]).for_each(|(out, &v)| *out = scaled(v, levels));
            }
        }
    }
}

fn fill<T: Default + Clone + Send>(
    count: usize,
    item_len: usize,
    make: impl Fn(usize) -> Result<Vec<u16>, String> + Sync,
    narrow: impl Fn(u16) -> T + Sync,
) -> Result<Vec<T>, FillError> {
    let bytes = (count as u64).saturating_mul(item_len as u64).saturating_mul(size_of::<T>() as u64);
    let len = count.checked_mul(item_len).ok_or(FillError::TooLarge(bytes))?;
    let mut all = Vec::new();
    all.try_reserve_exact(len).map_err(|_| FillError::TooLarge(bytes))?;
    all.resize(len, T::default());
    let bad: Vec<_> = all
        .par_chunks_mut(item_len.max(1))
        .enumerate()
        .filter_map(|(index, place)| {
            let made = make(index).and_then(|values| match values.len() == item_len {
                true => Ok(values),
                false => Err(format!("gave {} samples where {item_len} were expected", values.len())),
            });
            match made {
                Ok(values) => {
                    place.iter_mut().zip(values).for_each(|(place, value)| *place = narrow(value));
                    None
                }
                Err(reason) => Some((index, reason)),
            }
        })
        .collect();
    if bad.is_empty() { Ok(all) } else { Err(FillError::Bad(bad)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_reaches_both_ends_and_returns_exactly() {
        for levels in [2u32, 17, 256, 65_536] {
            assert_eq!(scaled(0, levels), -1.0);
            assert_eq!(scaled((levels - 1) as u16, levels), 1.0);
            for value in 0..levels {
                assert_eq!(unscaled(scaled(value as u16, levels), levels), value as u16);
            }
        }
        assert_eq!(scaled(8, 17), 0.0);
        assert_eq!((unscaled(-7.0, 256), unscaled(7.0, 256)), (0, 255));
    }
}
