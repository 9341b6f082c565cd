//! The classifier of guided-diffusion: the encoder of its U-Net, and attention that pools.

use super::super::assemble::{Inferred, Pool};
use super::super::splits::{pointwise_matrix, split_projection};
use super::super::{AttentionOrder, ForeignError, published};
use super::{count, encoder, names, not_whole, size};
use crate::models::UNetConfig;
use crate::models::weights::{Array, Weights};
use std::path::Path;

/// More levels than any network has that can be built here.
const MOST_LEVELS: usize = 12;

/// Whether a state dict has no way up.
pub(in super::super) fn is_one(weights: &Weights) -> bool {
    !weights.keys().any(|name| name.starts_with("output_blocks."))
}

/// Reads the settings of a classifier from names and shapes; `side` is height and width of its pictures, where they are said.
pub(in super::super) fn infer(
    path: &Path,
    weights: &Weights,
    side: Option<[usize; 2]>,
) -> Result<Inferred, ForeignError> {
    let structure = |message| not_whole(path, message);
    if !weights.contains_key("out.2.positional_embedding") {
        let what = "the encoder half of a U-Net, a classifier that does not pool by attention";
        return Err(ForeignError::NotADenoiser { path: path.to_owned(), what });
    }
    let channels = size(weights, "input_blocks.0.0.weight", 1).map_err(structure)?;
    let positions = size(weights, "out.2.positional_embedding", 1).map_err(structure)? - 1;
    let classes = size(weights, "out.2.c_proj.weight", 0).map_err(structure)?;
    let (levels, blocks) = levels_and_blocks(weights, positions, side).map_err(structure)?;
    let network = encoder(weights, levels, blocks).map_err(structure)?;
    let published = published::classifier(square(positions, levels));
    Ok(Inferred { network, pool: Some(Pool { classes }), channels, published })
}

/// The side of square pictures whose coarsest level has so many positions.
fn square(positions: usize, levels: usize) -> Option<usize> {
    let root = positions.isqrt();
    (root > 0 && root * root == positions && root < 1 << 16).then_some(root << (levels - 1))
}

/// Levels, and blocks of a level. A convolution that halves is told by its name, a residual block that halves by what blocks of a
/// level have in common; if that leaves a choice, the published levels decide, or the size of the pictures.
fn levels_and_blocks(
    weights: &Weights,
    positions: usize,
    side: Option<[usize; 2]>,
) -> Result<(usize, usize), String> {
    let inputs = count(weights, "input_blocks.");
    // Every block has an array; a number beyond that is one that a file claims.
    let divides =
        |levels: &usize| inputs <= weights.len() && inputs.is_multiple_of(*levels) && inputs / levels > 1;
    let mut fitting: Vec<(usize, usize)> = (1..=MOST_LEVELS)
        .filter(divides)
        .map(|levels| (levels, inputs / levels - 1))
        .filter(|&(levels, blocks)| fits(weights, levels, blocks))
        .collect();
    if fitting.is_empty() {
        return Err(format!(
            "its {inputs} input blocks do not make levels of equal length (resampling without convolutions, \
             conv_resample=False, is not supported)"
        ));
    }
    if let (true, Some([height, width])) = (fitting.len() > 1, side) {
        fitting.retain(|(levels, _)| (height >> (levels - 1)) * (width >> (levels - 1)) == positions);
    }
    if fitting.len() > 1 {
        let published = |&(levels, blocks): &(usize, usize)| {
            let channels = encoder(weights, levels, blocks).map(|network| network.channels);
            let side = channels.ok().and_then(|channels| published::side_of(&channels));
            side.is_some() && side == square(positions, levels)
        };
        let known: Vec<(usize, usize)> = fitting.iter().copied().filter(published).collect();
        if !known.is_empty() {
            fitting = known;
        }
    }
    match fitting[..] {
        [found] => Ok(found),
        _ => Err(format!(
            "its {inputs} input blocks can be parted into levels in several ways, or in none that makes {positions} positions of \
             the coarsest: give the size of its pictures, --size HxW"
        )),
    }
}

/// Whether the input blocks can be so many levels of so many blocks.
fn fits(weights: &Weights, levels: usize, blocks: usize) -> bool {
    let has = |block: usize, name: &str| weights.contains_key(&format!("input_blocks.{block}.{name}"));
    let outputs =
        |block: usize| size(weights, &format!("input_blocks.{block}.0.out_layers.3.weight"), 0).ok();
    let by_convolution = (1..levels * (blocks + 1)).any(|block| has(block, "0.op.weight"));
    (0..levels).all(|level| {
        let first = 1 + level * (blocks + 1);
        let (channels, attends) = (outputs(first), has(first, "1.qkv.weight"));
        let alike = |block: usize| {
            outputs(block) == channels && channels.is_some() && has(block, "1.qkv.weight") == attends
        };
        let halves = first + blocks;
        let resamples = match (level + 1 < levels, by_convolution) {
            (false, _) => true,
            (true, true) => has(halves, "0.op.weight"),
            (true, false) => outputs(halves) == channels && !has(halves, "1.qkv.weight"),
        };
        let widens = |block: usize| has(block, "0.skip_connection.weight");
        let narrow = (first + 1..first + blocks).all(|block| !widens(block));
        (first..first + blocks).all(alike) && narrow && resamples && !(level + 1 < levels && widens(halves))
    })
}

/// The weights under diffusers' names, those of the pool under ours in its words; names that are not understood stay.
pub(in super::super) fn rename(mut weights: Weights, network: &UNetConfig, order: AttentionOrder) -> Weights {
    let mut pool = Weights::new();
    if let Some(array) = weights.remove("out.2.positional_embedding") {
        pool.insert("pool.positional_embedding".to_owned(), transposed(array));
    }
    for parameter in ["weight", "bias"] {
        let joint = format!("out.2.qkv_proj.{parameter}");
        let splits =
            |array: &Array| array.shape.first().is_some_and(|rows| *rows > 0 && rows.is_multiple_of(3));
        if weights.get(&joint).is_some_and(splits)
            && let Some(array) = weights.remove(&joint)
        {
            // Whatever the order is elsewhere, here all queries come first.
            let parts = split_projection(&array, 1, AttentionOrder::QueriesFirst);
            for (part, array) in ["to_q", "to_k", "to_v"].into_iter().zip(parts) {
                pool.insert(format!("pool.{part}.{parameter}"), array);
            }
        }
        if let Some(array) = weights.remove(&format!("out.2.c_proj.{parameter}")) {
            pool.insert(format!("pool.to_out.0.{parameter}"), pointwise_matrix(array));
        }
    }
    let mut renamed = names::rename(weights, network, order);
    renamed.extend(pool);
    renamed
}

/// A matrix with its axes exchanged; anything else as it is.
fn transposed(array: Array) -> Array {
    let [rows, columns] = array.shape[..] else { return array };
    let values = (0..columns).flat_map(|column| (0..rows).map(move |row| row * columns + column));
    Array { shape: vec![columns, rows], values: values.map(|place| array.values[place]).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state dict as far as levels can be told by it: outputs of each block and whether it attends, `None` for a convolution that
    /// halves.
    fn blocks(of: &[Option<(usize, bool)>]) -> Weights {
        let mut weights = Weights::new();
        let mut insert = |name: String, channels: usize| {
            weights.insert(name, Array { shape: vec![channels, 1], values: vec![0.0; channels] });
        };
        insert("input_blocks.0.0.weight".to_owned(), 32);
        insert("time_embed.0.weight".to_owned(), 32);
        let mut before = 32;
        for (index, block) in of.iter().enumerate() {
            let path = format!("input_blocks.{}", index + 1);
            let Some((channels, attends)) = *block else {
                insert(format!("{path}.0.op.weight"), 1);
                continue;
            };
            insert(format!("{path}.0.out_layers.3.weight"), channels);
            if attends {
                insert(format!("{path}.1.qkv.weight"), channels);
            }
            if channels != before {
                insert(format!("{path}.0.skip_connection.weight"), channels);
            }
            before = channels;
        }
        weights
    }

    #[test]
    fn levels_are_told_by_what_their_blocks_share() {
        let plain = |channels: usize| Some((channels, false));
        let attending = |channels: usize| Some((channels, true));
        // Two levels of two blocks; three levels of one.
        let two = [plain(32), plain(32), plain(32), plain(64), plain(64)];
        assert_eq!(levels_and_blocks(&blocks(&two), 4, None), Ok((2, 2)));
        let three = [plain(32), plain(32), attending(64), plain(64), attending(64)];
        assert_eq!(levels_and_blocks(&blocks(&three), 4, None), Ok((3, 1)));
        let convolutions = [plain(32), None, plain(32), None, plain(32)];
        assert_eq!(levels_and_blocks(&blocks(&convolutions), 4, None), Ok((3, 1)));
        assert!(levels_and_blocks(&blocks(&[plain(32), attending(32), plain(64)]), 4, None).is_err());
    }

    #[test]
    fn what_is_the_same_everywhere_needs_the_size() {
        let same = blocks(&[Some((32, false)); 5]);
        let error = levels_and_blocks(&same, 16, None).unwrap_err();
        assert!(error.contains("--size"), "{error}");
        assert_eq!(levels_and_blocks(&same, 16, Some([8, 8])), Ok((2, 2)));
        assert_eq!(levels_and_blocks(&same, 16, Some([32, 8])), Ok((3, 1)));
        assert!(levels_and_blocks(&same, 16, Some([8, 6])).is_err());
    }
}
