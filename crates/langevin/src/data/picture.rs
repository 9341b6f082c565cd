//! One picture in memory, at the depth and the channels of its file.

use std::fmt;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Luma, LumaA, Pixel, Rgb, Rgba};
use serde::{Deserialize, Serialize};

use super::error::{DataError, Kind};
use super::{decode, samples};

/// The channels that pictures are converted to on request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// One: luma, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).
    Grey,
    /// Three; alpha is dropped, and the colours below it are kept as they are stored.
    Rgb,
    /// Four; opaque where the file has no alpha.
    Rgba,
}

impl Channels {
    /// How many: 1, 3 or 4.
    pub fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

impl fmt::Display for Channels {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Grey => "grey",
            Self::Rgb => "rgb",
            Self::Rgba => "rgba",
        })
    }
}

impl FromStr for Channels {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        match text {
            "grey" => Ok(Self::Grey),
            "rgb" => Ok(Self::Rgb),
            "rgba" => Ok(Self::Rgba),
            _ => Err(DataError::BadOption {
                option: "channels",
                value: text.to_owned(),
                reason: "expected grey, rgb or rgba".to_owned(),
            }),
        }
    }
}

/// A picture: `samples` are `[height, width, channels]`, each in `0..levels`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
    pub channels: usize,
    /// Values a sample can take.
    pub levels: u32,
    /// The samples, channels last.
    pub samples: Vec<u16>,
}

/// Reads one picture file (PNG, JPEG, WebP, BMP, GIF or TIFF, by its content), converted to `channels` if asked.
///
/// # Errors
/// If the file cannot be read or decoded, is larger than the limits, or stores CMYK or floating-point colour.
pub fn read_picture(path: impl AsRef<Path>, channels: Option<Channels>) -> Result<Picture, DataError> {
    let path = path.as_ref();
    let file = super::open(path).map_err(|cause| DataError::io(path, cause))?;
    let mut bytes = Vec::new();
    let limit = decode::MAX_FILE_BYTES + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(|cause| DataError::io(path, cause))?;
    let picture = decode::decode(&bytes)
        .map_err(|reason| DataError::Picture { path: path.display().to_string(), reason })?;
    Ok(match channels {
        Some(channels) => picture.with_channels(channels),
        None => picture,
    })
}

impl Picture {
    /// Its channels and depth.
    pub fn kind(&self) -> Kind {
        Kind { channels: self.channels, levels: self.levels }
    }

    /// The samples scaled to [-1, 1]: 2v / (levels − 1) − 1.
    pub fn to_scaled(&self) -> Vec<f32> {
        self.samples.iter().map(|&value| samples::scaled(value, self.levels)).collect()
    }

    /// The same picture with the channels asked for.
    pub fn with_channels(self, channels: Channels) -> Self {
        if self.channels == channels.count() {
            return self;
        }
        let opaque = (self.levels - 1) as u16;
        let mut out = Vec::with_capacity(self.height * self.width * channels.count());
        for pixel in self.samples.chunks_exact(self.channels) {
            let (rgb, alpha) = match *pixel {
                [grey] => ([grey; 3], opaque),
                [grey, alpha] => ([grey; 3], alpha),
                [r, g, b] => ([r, g, b], opaque),
                [r, g, b, alpha] => ([r, g, b], alpha),
                _ => unreachable!("a picture has 1 to 4 channels"),
            };
            match channels {
                Channels::Grey => out.push(luma(rgb)),
                Channels::Rgb => out.extend(rgb),
                Channels::Rgba => out.extend([rgb[0], rgb[1], rgb[2], alpha]),
            }
        }
        Self { channels: channels.count(), samples: out, ..self }
    }

    /// The same picture at 16 bits: 257 v, which keeps black and white and every step between exactly.
    pub(super) fn widened(mut self, levels: u32) -> Self {
        if self.levels == 256 && levels == 65_536 {
            self.samples.iter_mut().for_each(|value| *value *= 257);
            self.levels = levels;
        }
        self
    }

    /// The picture scaled to cover `height` × `width` (Lanczos, a = 3) and cropped at its centre to exactly that;
    /// a side of 0 counts as 1.
    pub fn fit(self, height: usize, width: usize) -> Self {
        let (height, width) = (height.max(1), width.max(1));
        if (self.height, self.width) == (height, width) {
            return self;
        }
        match self.channels {
            1 => self.resized::<Luma<u16>>(height, width),
            2 => self.resized::<LumaA<u16>>(height, width),
            3 => self.resized::<Rgb<u16>>(height, width),
            _ => self.resized::<Rgba<u16>>(height, width),
        }
    }

    /// Crops before it scales, so that a thin strip never grows into a huge intermediate picture.
    fn resized<P: Pixel<Subpixel = u16> + 'static>(self, height: usize, width: usize) -> Self {
        let (crop_height, crop_width) = cover(self.height, self.width, height, width);
        let (top, left) = ((self.height - crop_height) / 2, (self.width - crop_width) / 2);
        let whole = ImageBuffer::<P, _>::from_raw(self.width as u32, self.height as u32, self.samples)
            .expect("a picture holds height * width * channels samples");
        let part = imageops::crop_imm(&whole, left as u32, top as u32, crop_width as u32, crop_height as u32);
        let mut samples =
            imageops::resize(&*part, width as u32, height as u32, FilterType::Lanczos3).into_raw();
        // The filter overshoots at edges, and its own clamp is that of 16 bits.
        let top_level = (self.levels - 1) as u16;
        samples.iter_mut().for_each(|value| *value = (*value).min(top_level));
        Self { height, width, samples, ..self }
    }
}

/// The largest (height, width) inside a picture that has the shape of the wanted size, to the nearest pixel.
pub(super) fn cover(height: usize, width: usize, to_height: usize, to_width: usize) -> (usize, usize) {
    let divided = |a: usize, b: usize, by: usize| {
        ((a as u128 * b as u128 + by as u128 / 2) / by as u128).max(1) as usize
    };
    if width as u128 * to_height as u128 > to_width as u128 * height as u128 {
        (height, divided(height, to_width, to_height).min(width))
    } else {
        (divided(width, to_height, to_width).min(height), width)
    }
}

fn luma([r, g, b]: [u16; 3]) -> u16 {
    ((299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(height: usize, width: usize, channels: usize, levels: u32, samples: Vec<u16>) -> Picture {
        assert_eq!(samples.len(), height * width * channels);
        Picture { height, width, channels, levels, samples }
    }

    #[test]
    fn conversions_keep_depth_and_use_bt601() {
        let rgba = picture(1, 2, 4, 65_536, vec![65_535, 0, 0, 7, 0, 65_535, 0, 9]);
        // Pillow's "L" of pure red and green: 76 and 150 of 255.
        assert_eq!(rgba.clone().with_channels(Channels::Grey).samples, [19_595, 38_469]);
        assert_eq!(rgba.with_channels(Channels::Rgb).samples, [65_535, 0, 0, 0, 65_535, 0]);
        let grey = picture(1, 1, 1, 256, vec![200]).with_channels(Channels::Rgba);
        assert_eq!((grey.channels, grey.samples), (4, vec![200, 200, 200, 255]));
    }

    #[test]
    fn fit_covers_and_crops_the_centre() {
        // Columns 0, 0, 100, 100, 0, 0 at twice the height: the centre square is all 100.
        let row = [0, 0, 100, 100, 0, 0];
        let wide = picture(2, 6, 1, 256, [row, row].concat());
        assert_eq!(wide.fit(2, 2), picture(2, 2, 1, 256, vec![100; 4]));
        assert_eq!(cover(30, 20, 64, 64), (20, 20));
        assert_eq!(cover(100, 100, 20, 28), (71, 100));
        assert_eq!(cover(1, 1000, 64, 1), (1, 1));
    }

    #[test]
    fn fit_keeps_flat_colour_exactly_and_stays_within_the_levels() {
        let flat = picture(5, 9, 2, 65_536, [51_234, 3].repeat(45)).fit(13, 4);
        assert_eq!(flat.samples, [51_234, 3].repeat(52));
        let edge = picture(8, 8, 1, 17, [[0; 4], [16; 4]].concat().repeat(8)).fit(24, 24);
        assert!(edge.samples.iter().all(|&value| value <= 16), "{:?}", edge.samples);
        assert!(edge.samples.contains(&16) && edge.samples.contains(&0));
    }

    #[test]
    fn channels_are_named_in_lower_case() {
        assert_eq!("rgba".parse::<Channels>().unwrap(), Channels::Rgba);
        let message = "cmyk".parse::<Channels>().unwrap_err().to_string();
        assert_eq!(message, "`--channels cmyk` cannot be used: expected grey, rgb or rgba");
    }
}
