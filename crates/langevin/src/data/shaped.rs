//! One picture from memory, and in the shape of a model.

use super::decode;
use super::error::DataError;
use super::picture::{Channels, Picture};
use crate::tensor::SampleShape;

/// Decodes one picture file (PNG, JPEG, WebP, BMP, GIF or TIFF, by its content), of whatever origin. A file whose header says
/// that a side is longer than `max_side` pixels, or 32,768, is refused before anything of its size is allocated.
///
/// # Errors
/// If the file cannot be decoded, is cut off, is larger than the limits, or stores CMYK or floating-point colour.
pub fn picture_from_bytes(bytes: &[u8], max_side: u32) -> Result<Picture, DataError> {
    decode::decode_within(bytes, max_side.into()).map_err(|reason| DataError::Decode { reason })
}

impl Picture {
    /// The picture in a model's shape, scaled to [−1, 1]: `[height, width, channels]`. With it, a sentence for each thing that
    /// had to be changed: its channels are converted, and it is scaled to cover the shape and cropped at its centre.
    ///
    /// # Errors
    /// If the shape has other channels than 1, 3 and 4, and the picture has not as many.
    pub fn for_shape(self, shape: SampleShape) -> Result<(Vec<f32>, Vec<String>), DataError> {
        let mut changes = Vec::new();
        let mut picture = self;
        if picture.channels != shape.channels {
            let channels = match shape.channels {
                1 => Channels::Grey,
                3 => Channels::Rgb,
                4 => Channels::Rgba,
                expected => return Err(DataError::Channels { got: picture.channels, expected }),
            };
            changes.push(format!("the picture is converted from {} to {channels}", picture.kind()));
            picture = picture.with_channels(channels);
        }
        let (height, width) = (picture.height, picture.width);
        if (height, width) != (shape.height, shape.width) {
            changes.push(format!(
                "the picture is resized and cropped from {height}x{width} to the model's {}x{}",
                shape.height, shape.width
            ));
            picture = picture.fit(shape.height, shape.width);
        }
        Ok((picture.to_scaled(), changes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgb, RgbImage};
    use std::io::Cursor;

    fn png(height: u32, width: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let image = RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 200]));
        image.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn sides_are_bounded_and_what_is_no_picture_is_told() {
        let bytes = png(5, 9);
        let picture = picture_from_bytes(&bytes, 9).unwrap();
        assert_eq!((picture.height, picture.width, picture.samples[6..9].to_vec()), (5, 9, vec![2, 0, 200]));
        let told = |bytes: &[u8], most| picture_from_bytes(bytes, most).unwrap_err().to_string();
        // Either the decoder's own limit speaks, or ours.
        assert!(told(&bytes, 8).starts_with("the picture cannot be read: "), "{}", told(&bytes, 8));
        // The last twelve bytes are an empty chunk.
        for cut in 0..bytes.len() - 12 {
            assert!(picture_from_bytes(&bytes[..cut], 9).is_err(), "{cut} of {} bytes", bytes.len());
        }
        assert!(told(b"words", 9).contains("it is not a PNG, JPEG"), "{}", told(b"words", 9));
    }

    #[test]
    fn a_picture_takes_a_models_shape_and_the_changes_are_told() {
        let shape = |height, width, channels| SampleShape { height, width, channels };
        let picture = || picture_from_bytes(&png(8, 6), 100).unwrap();
        let (same, changes) = picture().for_shape(shape(8, 6, 3)).unwrap();
        assert_eq!((same.len(), changes.len()), (144, 0));
        assert_eq!(same[..3], [-1.0, -1.0, 2.0 * 200.0 / 255.0 - 1.0]);
        let (grey, changes) = picture().for_shape(shape(4, 4, 1)).unwrap();
        assert_eq!(grey.len(), 16);
        let expected =
            ["converted from 8-bit RGB to grey", "resized and cropped from 8x6 to the model's 4x4"];
        assert!(changes.iter().zip(expected).all(|(change, end)| change.ends_with(end)), "{changes:?}");
        let refused = picture().for_shape(shape(8, 6, 2)).unwrap_err().to_string();
        assert_eq!(refused, "the picture has 3 channels, but the model's pictures have 2");
    }
}
