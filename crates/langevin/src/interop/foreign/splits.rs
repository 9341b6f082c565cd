//! One array of queries, keys and values as three.

use crate::models::weights::Array;

/// How the rows of a joint projection are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttentionOrder {
    /// Head by head, and within a head its queries, keys and values: improved-diffusion, and guided-diffusion unless asked
    /// otherwise.
    HeadsFirst,
    /// All queries, all keys, all values, each head by head: guided-diffusion's `use_new_attention_order`.
    QueriesFirst,
}

/// Queries, keys and values out of a projection of `[3·channels, …]` for `heads` heads. A 1×1 kernel becomes a matrix.
///
/// # Panics
/// If the rows are not three times a multiple of `heads`.
pub(super) fn split_projection(joint: &Array, heads: usize, order: AttentionOrder) -> [Array; 3] {
    let channels = joint.shape[0] / 3;
    let width = joint.values.len() / joint.shape[0].max(1);
    let size = channels / heads;
    assert!(3 * size * heads == joint.shape[0], "{:?} for {heads} heads", joint.shape);
    [0, 1, 2].map(|part| {
        let row = |channel: usize| match order {
            AttentionOrder::HeadsFirst => (channel / size * 3 + part) * size + channel % size,
            AttentionOrder::QueriesFirst => part * channels + channel,
        };
        let rows = (0..channels).flat_map(|channel| &joint.values[row(channel) * width..][..width]);
        let shape = if joint.shape.len() == 1 { vec![channels] } else { vec![channels, width] };
        Array { shape, values: rows.copied().collect() }
    })
}

/// A 1×1 kernel `[out, in, 1, …]` as a matrix `[out, in]`; anything else as it is.
pub(super) fn pointwise_matrix(mut array: Array) -> Array {
    if array.shape.len() > 2 && array.shape[2..].iter().all(|&size| size == 1) {
        array.shape.truncate(2);
    }
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_find_their_part_and_head() {
        // Two heads of two channels; each row says part, head and channel.
        let row = |part: usize, head: usize, channel: usize| (100 * part + 10 * head + channel) as f32;
        let order = |order: fn(usize) -> (usize, usize, usize)| -> Vec<f32> {
            (0..12).map(order).map(|(part, head, channel)| row(part, head, channel)).collect()
        };
        let heads_first = order(|i| (i / 2 % 3, i / 6, i % 2));
        let queries_first = order(|i| (i / 4, i / 2 % 2, i % 2));
        for (values, order) in
            [(heads_first, AttentionOrder::HeadsFirst), (queries_first, AttentionOrder::QueriesFirst)]
        {
            let joint = Array { shape: vec![12, 1, 1], values };
            let parts = split_projection(&joint, 2, order);
            for (part, array) in parts.iter().enumerate() {
                assert_eq!(array.shape, [4, 1]);
                assert_eq!(array.values, [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(h, c)| row(part, h, c)));
            }
        }
    }
}
