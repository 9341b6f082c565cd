//! Pictures in requests and answers.

use crate::error::ApiError;
use crate::limits::Limits;
use crate::models::Facts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use langevin::SampleShape;
use langevin::data::{DataError, Picture, encode_png, picture_from_bytes};

/// The picture that a request holds in base64, with or without the head of a data URI.
///
/// # Errors
/// If it is no base64, no picture, or larger than the limits.
pub fn decode(field: &str, text: &str, limits: &Limits) -> Result<Picture, ApiError> {
    let text = match text.strip_prefix("data:") {
        Some(uri) => uri.split_once(";base64,").map_or("", |(_, rest)| rest),
        None => text,
    };
    let bytes = STANDARD.decode(text.trim());
    let bytes = bytes.map_err(|error| ApiError::wrong(format!("{field} is no base64: {error}")))?;
    let picture = picture_from_bytes(&bytes, limits.picture_side);
    picture.map_err(|error| ApiError::wrong(format!("{field}: {error}")))
}

/// A picture as a sample of a model: `[height, width, channels]`, scaled to [-1, 1].
///
/// # Errors
/// If its channels cannot be made the model's.
pub fn as_sample(picture: Picture, facts: &Facts) -> Result<Vec<f32>, ApiError> {
    let (sample, _) = picture.for_shape(facts.shape()).map_err(ApiError::wrong)?;
    Ok(sample)
}

/// The pixels of a model's picture that a mask covers, which has the size of the picture or the model's.
///
/// # Errors
/// If it has another size.
pub fn covered(mask: &Picture, picture: &Picture, facts: &Facts) -> Result<Vec<bool>, ApiError> {
    mask.mask_for_shape((picture.height, picture.width), facts.shape()).map_err(ApiError::wrong)
}

/// Bytes of a PNG as an address that holds them.
pub fn data_uri(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}

/// Columns of a sheet that is near square.
pub fn columns(count: usize) -> usize {
    (1..).find(|side| side * side >= count).unwrap_or(1)
}

/// Samples row by row, close together, one pixel a pixel, as the bytes of a PNG of 8 bits. Cells that are left over are black.
///
/// # Errors
/// If a sample is no number.
pub fn sheet(samples: &[f32], shape: SampleShape, columns: usize) -> Result<Vec<u8>, DataError> {
    let SampleShape { height, width, channels } = shape;
    let rows = (samples.len() / shape.elements()).div_ceil(columns);
    let line = columns * width * channels;
    let mut pixels = vec![-1.0; rows * height * line];
    for (index, sample) in samples.chunks(shape.elements()).enumerate() {
        let (row, column) = (index / columns, index % columns);
        for (y, values) in sample.chunks(width * channels).enumerate() {
            let place = (row * height + y) * line + column * width * channels;
            pixels[place..place + width * channels].copy_from_slice(values);
        }
    }
    encode_png(&pixels, [rows * height, columns * width, channels], 256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_lie_side_by_side() {
        let shape = SampleShape { height: 1, width: 2, channels: 1 };
        let png = sheet(&[-1.0, 1.0, 1.0, -1.0, 1.0, 1.0], shape, 2).unwrap();
        let picture = picture_from_bytes(&png, 100).unwrap();
        assert_eq!((picture.height, picture.width, picture.channels), (2, 4, 1));
        assert_eq!(picture.samples, [0, 255, 255, 0, 255, 255, 0, 0]);
        assert_eq!([1, 2, 4, 5, 16, 17].map(columns), [1, 2, 2, 3, 4, 5]);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let limits = Limits { picture_side: 3, ..Limits::default() };
        let shape = SampleShape { height: 1, width: 4, channels: 1 };
        let wide = data_uri(&sheet(&[0.0; 4], shape, 1).unwrap());
        for (text, says) in
            [("???", "base64"), ("data:image/png", "picture"), ("aGFsbG8=", "picture"), (&wide, "4")]
        {
            let error = decode("picture", text, &limits).unwrap_err();
            assert!(error.status == 400 && error.sentence.contains(says), "{text}: {error}");
        }
    }
}
