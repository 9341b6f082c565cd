//! The built-in `digits`: 1,797 handwritten digits of 8×8 pixels and 17 levels (UCI, CC BY 4.0; see
//! `assets/DIGITS-LICENSE.md`).

use std::io::Read;

use flate2::read::GzDecoder;

use super::arrays::{Arrays, layout};
use super::samples::Samples;
use super::{DataError, DataOptions, Dataset};

/// 64 pixels and the label a row.
const ROWS: &[u8] = include_bytes!("../../assets/digits.csv.gz");
const SIDE: usize = 8;

pub(super) fn load(name: &str, options: &DataOptions) -> Result<Dataset, DataError> {
    super::refuse_split(name, options)?;
    let mut text = String::new();
    let read = GzDecoder::new(ROWS).read_to_string(&mut text);
    read.map_err(|cause| DataError::malformed(name, cause.to_string()))?;
    let (mut samples, mut labels) = (Vec::new(), Vec::new());
    for row in text.lines() {
        let values: Result<Vec<u8>, _> = row.split(',').map(str::parse).collect();
        match values.as_deref() {
            Ok([pixels @ .., label]) if pixels.len() == SIDE * SIDE => {
                samples.extend_from_slice(pixels);
                labels.push(u64::from(*label));
            }
            _ => return Err(DataError::malformed(name, format!("its row '{row}' is not 65 numbers"))),
        }
    }
    let layout = layout(&[labels.len(), SIDE, SIDE]).map_err(|reason| DataError::malformed(name, reason))?;
    let (source, class_names) = (name.to_owned(), Vec::new());
    let (samples, labels) = (Samples::U8(samples), Some(labels));
    Arrays { name: name.to_owned(), source, split: None, layout, levels: 17, samples, labels, class_names }
        .into_dataset(options)
}
