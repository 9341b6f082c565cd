//! Which pixels of a picture are to be filled in, from a picture.

use super::error::DataError;
use super::picture::{Picture, cover};
use crate::tensor::SampleShape;

impl Picture {
    /// As a mask for a picture of `of` (height, width): where a model's picture is to be filled in, `[height, width]`.
    ///
    /// What is not black is filled in; black is kept, and so is what is wholly transparent. A mask of the picture's size is
    /// scaled and cropped as [`Picture::for_shape`] does with the picture, and a pixel of the model's is filled in where any
    /// that it stands for is. One of the model's size stays as it is.
    ///
    /// # Errors
    /// If the mask has another size.
    pub fn mask_for_shape(&self, of: (usize, usize), shape: SampleShape) -> Result<Vec<bool>, DataError> {
        let (got, model) = ((self.height, self.width), (shape.height, shape.width));
        if got != of && got != model {
            return Err(DataError::MaskSize { got, picture: of, model });
        }
        let colours = if self.channels.is_multiple_of(2) { self.channels - 1 } else { self.channels };
        let marked = self.marked(|pixel| {
            pixel[..colours].iter().any(|&value| value > 0)
                && pixel.get(colours).is_none_or(|&alpha| alpha > 0)
        });
        Ok(if got == model { marked } else { scaled(&marked, got, model) })
    }

    /// Where the picture itself is not wholly opaque, in a model's shape as [`Picture::mask_for_shape`] says; `None` if it is
    /// opaque everywhere.
    pub fn holes_for_shape(&self, shape: SampleShape) -> Option<Vec<bool>> {
        if !self.channels.is_multiple_of(2) {
            return None;
        }
        let opaque = (self.levels - 1) as u16;
        let holes = self.marked(|pixel| pixel.last().is_some_and(|&alpha| alpha < opaque));
        let (got, model) = ((self.height, self.width), (shape.height, shape.width));
        holes.contains(&true).then(|| if got == model { holes } else { scaled(&holes, got, model) })
    }

    fn marked(&self, of: impl Fn(&[u16]) -> bool) -> Vec<bool> {
        self.samples.chunks_exact(self.channels).map(of).collect()
    }
}

/// A mask in another size, cropped at its centre: marked where any pixel is that a new one covers a part of.
fn scaled(marked: &[bool], (height, width): (usize, usize), to: (usize, usize)) -> Vec<bool> {
    let (rows, columns) = cover(height, width, to.0, to.1);
    let (top, left) = ((height - rows) / 2, (width - columns) / 2);
    // From ⌊index · from / to⌋ up to ⌈(index + 1) · from / to⌉.
    let span = |index: usize, from: usize, to: usize| (index * from / to, ((index + 1) * from).div_ceil(to));
    let mut out = Vec::with_capacity(to.0 * to.1);
    for row in 0..to.0 {
        let (above, below) = span(row, rows, to.0);
        for column in 0..to.1 {
            let (before, after) = span(column, columns, to.1);
            let line = |y: usize| &marked[(top + y) * width + left..][before..after];
            out.push((above..below).any(|y| line(y).contains(&true)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(height: usize, width: usize, channels: usize, samples: &[u16]) -> Picture {
        assert_eq!(samples.len(), height * width * channels);
        Picture { height, width, channels, levels: 256, samples: samples.to_vec() }
    }

    fn shape(height: usize, width: usize) -> SampleShape {
        SampleShape { height, width, channels: 1 }
    }

    #[test]
    fn what_is_neither_black_nor_transparent_is_filled_in() {
        let of = |channels, samples: &[u16]| {
            picture(1, 3, channels, samples).mask_for_shape((1, 3), shape(1, 3)).unwrap()
        };
        assert_eq!(of(1, &[0, 1, 255]), [false, true, true]);
        assert_eq!(of(2, &[9, 255, 9, 0, 0, 255]), [true, false, false]);
        assert_eq!(of(3, &[0, 0, 1, 0, 0, 0, 9, 0, 0]), [true, false, true]);
        assert_eq!(of(4, &[0, 1, 0, 1, 255, 255, 255, 0, 0, 0, 0, 255]), [true, false, false]);
    }

    #[test]
    fn holes_are_what_is_not_opaque() {
        assert_eq!(picture(1, 2, 3, &[0; 6]).holes_for_shape(shape(1, 2)), None);
        assert_eq!(picture(1, 2, 2, &[0, 255, 9, 255]).holes_for_shape(shape(1, 2)), None);
        let holes = picture(1, 2, 2, &[0, 254, 9, 255]).holes_for_shape(shape(1, 2));
        assert_eq!(holes, Some(vec![true, false]));
    }

    #[test]
    fn a_mask_is_scaled_as_its_picture_and_no_spot_is_lost() {
        // One pixel of 4 x 8, in the middle square's lower right quarter.
        let mut spot = vec![0; 32];
        spot[3 * 8 + 5] = 255;
        let spot = picture(4, 8, 1, &spot);
        assert_eq!(spot.mask_for_shape((4, 8), shape(2, 2)).unwrap(), [false, false, false, true]);
        // Three rows and columns to two: the middle belongs to all.
        let mut middle = vec![0; 9];
        middle[4] = 1;
        let middle = picture(3, 3, 1, &middle);
        assert_eq!(middle.mask_for_shape((3, 3), shape(2, 2)).unwrap(), [true; 4]);
        let (small, large) = (picture(1, 2, 1, &[0, 1]), shape(2, 4));
        let twice = [false, false, true, true].repeat(2);
        assert_eq!(small.mask_for_shape((1, 2), large).unwrap(), twice);
        let told = small.mask_for_shape((5, 6), large).unwrap_err().to_string();
        assert!(told.starts_with("the mask is 1x2 (height x width), but the picture is 5x6"), "{told}");
    }
}
