//! A forward pass in parts that are computed side by side.

use crate::tensor::SampleShape;
use std::ops::Range;

/// Elements that a shard is not worth splitting below.
const MIN_SHARD_ELEMENTS: usize = 2048;

/// Shards of a forward pass, at most.
const MAX_SHARDS: usize = 4;

/// Splits `rows` into parts that are computed side by side. The split follows from the shape alone, so that a
/// result does not depend on the number of threads.
pub(super) fn shards(rows: Range<usize>, shape: SampleShape) -> Vec<Range<usize>> {
    let smallest = MIN_SHARD_ELEMENTS.div_ceil(shape.elements());
    let size = rows.len().div_ceil(MAX_SHARDS).max(smallest);
    rows.clone().step_by(size).map(|start| start..rows.end.min(start + size)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_cover_the_rows_once_and_points_stay_together() {
        let picture = SampleShape { height: 8, width: 8, channels: 1 };
        assert_eq!(shards(0..128, picture), [0..32, 32..64, 64..96, 96..128]);
        assert_eq!(shards(120..128, SampleShape { height: 32, width: 32, channels: 3 }).len(), 4);
        assert_eq!(shards(5..70, picture), [5..37, 37..69, 69..70]);
        let point = SampleShape { height: 1, width: 1, channels: 2 };
        assert_eq!(shards(0..128, point), vec![0..128; 1]);
    }
}
