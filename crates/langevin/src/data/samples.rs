//! Samples as they lie in memory: 8 or 16 bits each, and their scale.

use rayon::prelude::*;

/// The samples of a whole set, `[n, height, width, channels]`.
#[derive(Clone, Debug)]
pub(super) enum Samples {
    U8(Vec<u8>),
    U16(Vec<u16>),
}

/// Items that could not be made, in order, with the reasons.
pub(super) type Failed = Vec<(usize, String)>;

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
    /// Makes `count` items of `item_len` samples each in parallel, straight into their final place; those that failed are
    /// zero there. An error is the memory in bytes that cannot be had.
    pub(super) fn fill(
        levels: u32,
        count: usize,
        item_len: usize,
        make: impl Fn(usize) -> Result<Vec<u16>, String> + Sync,
    ) -> Result<(Self, Failed), u64> {
        if levels <= 256 {
            fill(count, item_len, make, |value| value as u8).map(|(all, failed)| (Self::U8(all), failed))
        } else {
            fill(count, item_len, make, |value| value).map(|(all, failed)| (Self::U16(all), failed))
        }
    }

    /// The samples of all items but those that failed.
    pub(super) fn without(self, failed: &Failed, item_len: usize) -> Self {
        match self {
            Self::U8(values) => Self::U8(without(values, failed, item_len)),
            Self::U16(values) => Self::U16(without(values, failed, item_len)),
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
) -> Result<(Vec<T>, Failed), u64> {
    let bytes = (count as u64).saturating_mul(item_len as u64).saturating_mul(size_of::<T>() as u64);
    let len = count.checked_mul(item_len).ok_or(bytes)?;
    let mut all = Vec::new();
    all.try_reserve_exact(len).map_err(|_| bytes)?;
    all.resize(len, T::default());
    let failed = all
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
    Ok((all, failed))
}

/// Moves every item that did not fail to the place behind the one before it.
fn without<T: Copy>(mut values: Vec<T>, failed: &Failed, item_len: usize) -> Vec<T> {
    let count = values.len() / item_len.max(1);
    let mut failed = failed.iter().peekable();
    let mut kept = 0;
    for index in 0..count {
        if failed.next_if(|&&(place, _)| place == index).is_none() {
            values.copy_within(index * item_len..(index + 1) * item_len, kept * item_len);
            kept += 1;
        }
    }
    values.truncate(kept * item_len);
    values
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
    #[test]
    fn what_failed_leaves_no_gap() {
        let make = |index: usize| match index {
            0 | 3 | 4 => Err(format!("no {index}")),
            _ => Ok(vec![index as u16, 9]),
        };
        for levels in [256, 65_536] {
            let (samples, failed) = Samples::fill(levels, 6, 2, make).ok().unwrap();
            assert_eq!(failed.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 3, 4]);
            let left = samples.without(&failed, 2);
            assert_eq!((left.len(), left.values(0..6)), (6, vec![1, 9, 2, 9, 5, 9]));
        }
        let beyond = usize::MAX / 4;
        assert_eq!(Samples::fill(256, 1, beyond, |_| Ok(Vec::new())).err(), Some(beyond as u64));
    }
}
