//! Bytes of a picture file to a [`Picture`], or to the header that says what it will be.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{
    ColorType, DynamicImage, ExtendedColorType, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
};

use super::error::Kind;
use super::picture::Picture;
use super::{jpeg, webp, whole};

/// The largest picture file that is read.
pub(super) const MAX_FILE_BYTES: u64 = 1 << 30;
/// The longest side of a picture.
const MAX_SIDE: u64 = 32_768;
/// The most samples of one picture: 178 megapixels of RGB, more than any camera takes, and 1 GiB of 16 bits each.
const MAX_SAMPLES: u64 = 1 << 29;
/// Decoded bytes that any file may claim, a picture or an archive of them: 16 MiB, some five million pixels of three colours.
const FREE_BYTES: u64 = 1 << 24;
/// Decoded bytes that each byte of a file may stand for beyond that. Deflate reaches 1,032, and pictures of one colour more.
const MAX_GROWTH: u64 = 4096;

/// Endings of picture files, also of formats that are not read: such a file is never passed over in silence.
const PICTURE_ENDINGS: &[&str] = &[
    "png", "apng", "jpg", "jpeg", "jpe", "jfif", "webp", "bmp", "gif", "tif", "tiff", "heic", "heif", "avif",
    "jxl", "jp2", "tga", "ppm", "pgm", "pbm", "pnm", "exr", "hdr",
];

/// What a file says it holds, before its samples are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub height: usize,
    pub width: usize,
    pub kind: Kind,
}

impl Header {
    /// Memory that its decoded samples take, in 8 bits first and then in 16.
    pub(super) fn memory(&self) -> u64 {
        let samples = (self.height as u64).saturating_mul(self.width as u64) * self.kind.channels as u64;
        samples.saturating_mul(4)
    }

    /// Whether there is only one row, or one column: scaled up, nothing but stripes or a flat colour.
    pub(super) fn is_thin(&self) -> bool {
        self.height == 1 || self.width == 1
    }

    /// What is wrong with a thin picture.
    pub(super) fn thin(&self) -> String {
        format!(
            "it is {}x{} among larger pictures: there is nothing in it to scale up",
            self.height, self.width
        )
    }
}

/// Whether the file `name` that begins with `first` is a picture, by its content or at least by its name.
pub(super) fn looks_like_picture(name: &str, first: &[u8]) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    format_of(first).is_some() || ending.is_some_and(|ending| PICTURE_ENDINGS.contains(&ending.as_str()))
}

/// Refuses sides that no picture has.
pub(super) fn check_sides(height: u64, width: u64) -> Result<(), String> {
    check_sides_within(height, width, MAX_SIDE)
}

fn check_sides_within(height: u64, width: u64, most: u64) -> Result<(), String> {
    if (1..=most).contains(&height) && (1..=most).contains(&width) {
        return Ok(());
    }
    Err(format!("it is {height}x{width} (height x width), and each side must be from 1 to {most}"))
}

/// Refuses more samples than are decoded, before there is memory for them.
fn check_samples(height: u64, width: u64, channels: u64) -> Result<(), String> {
    let samples = height.saturating_mul(width).saturating_mul(channels);
    if samples <= MAX_SAMPLES {
        return Ok(());
    }
    let millions = samples / 1_000_000;
    Err(format!(
        "it is {height}x{width} with {channels} channel(s): {millions} million samples, and at most {} million are \
         decoded, so scale it down first",
        MAX_SAMPLES / 1_000_000
    ))
}

/// The format of a file that begins with `first`, which has to be one of those that are read.
pub(super) fn check_format(first: &[u8]) -> Result<ImageFormat, String> {
    if first.is_empty() {
        return Err("the file is empty".to_owned());
    }
    format_of(first).ok_or_else(|| {
        let known = match first {
            _ if first.iter().all(|&byte| byte == 0) => ": it begins with nothing but zeros",
            _ if first.trim_ascii_start().starts_with(b"<") => ": it looks like a web page or XML",
            _ if first.starts_with(b"version https://git-lfs") => {
                ": it is a pointer of Git LFS to the real file"
            }
            _ if first.get(4..8) == Some(b"ftyp") => ": it looks like HEIC, AVIF or a film",
            _ => "",
        };
        format!("it is not a PNG, JPEG, WebP, BMP, GIF or TIFF file{known}")
    })
}

/// Memory that [`probe`] takes beside the file's bytes, by the file's beginning: of a GIF, that of its decoded frame.
pub(super) fn memory_of_probe(first: &[u8]) -> u64 {
    match (format_of(first), first) {
        (Some(ImageFormat::Gif), [_, _, _, _, _, _, a, b, c, d, ..]) => {
            let side = |low: u8, high: u8| u64::from(u16::from_le_bytes([low, high]));
            (8 * side(*a, *b) * side(*c, *d)).min(4 * MAX_SAMPLES)
        }
        _ => 0,
    }
}

/// Reads the header alone; of a GIF the whole first frame, which alone tells whether anything is transparent.
pub(super) fn probe(bytes: &[u8]) -> Result<Header, String> {
    if format_of(bytes) == Some(ImageFormat::Gif) {
        let picture = decode(bytes)?;
        return Ok(Header { height: picture.height, width: picture.width, kind: picture.kind() });
    }
    let mut decoder = decoder(bytes, MAX_SIDE)?;
    let kind = kind_of(&decoder)?;
    let (width, height) = decoder.dimensions();
    let (height, width) = match turned(orientation(&mut decoder)) {
        false => (height, width),
        true => (width, height),
    };
    Ok(Header { height: height as usize, width: width as usize, kind })
}

/// Decodes a picture upright, at the channels and depth of its file: palettes become RGB or RGBA, 1, 2 and 4 bits
/// become 8, and nothing else is converted.
pub(super) fn decode(bytes: &[u8]) -> Result<Picture, String> {
    decode_within(bytes, MAX_SIDE)
}

/// [`decode`] for sides up to `max_side`, which a file that says more is refused by before its samples are decoded.
pub(super) fn decode_within(bytes: &[u8], max_side: u64) -> Result<Picture, String> {
    let mut decoder = decoder(bytes, max_side.min(MAX_SIDE))?;
    let kind = kind_of(&decoder)?;
    let orientation = orientation(&mut decoder);
    let mut decoded = DynamicImage::from_decoder(decoder).map_err(in_one_line)?;
    decoded.apply_orientation(orientation);
    let (width, height) = (decoded.width() as usize, decoded.height() as usize);
    let samples = match decoded {
        DynamicImage::ImageLuma16(buffer) => buffer.into_raw(),
        DynamicImage::ImageLumaA16(buffer) => buffer.into_raw(),
        DynamicImage::ImageRgb16(buffer) => buffer.into_raw(),
        DynamicImage::ImageRgba16(buffer) => buffer.into_raw(),
        bytes => bytes.as_bytes().iter().copied().map(u16::from).collect(),
    };
    let picture = Picture { height, width, channels: kind.channels, levels: kind.levels, samples };
    match format_of(bytes) {
        Some(ImageFormat::Gif) if opaque(&picture) => Ok(picture.with_channels(super::Channels::Rgb)),
        _ => Ok(picture),
    }
}

/// The format by content, among those that are read.
fn format_of(bytes: &[u8]) -> Option<ImageFormat> {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
    // BigTIFF, which the decoder reads, but which is not guessed.
    if bytes.starts_with(b"II\x2B\0\x08\0") || bytes.starts_with(b"MM\0\x2B\0\x08") {
        return Some(Tiff);
    }
    match image::guess_format(&bytes[..bytes.len().min(64)]).ok()? {
        // "BM" begins many a text, so the size of the header that follows is looked at too.
        Bmp => matches!(bytes.get(14..18)?, [12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]).then_some(Bmp),
        format @ (Png | Jpeg | WebP | Gif | Tiff) => Some(format),
        _ => None,
    }
}

/// A decoder that has read the header, its limits checked before anything of the picture's size is allocated.
fn decoder(bytes: &[u8], max_side: u64) -> Result<impl ImageDecoder + '_, String> {
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("the file is larger than {} MiB", MAX_FILE_BYTES >> 20));
    }
    let format = check_format(bytes)?;
    whole::check(format, bytes)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE as u32);
    limits.max_image_height = Some(MAX_SIDE as u32);
    // For what decoders make room for beside the picture, such as a frame that is larger than it.
    limits.max_alloc = Some(2 * MAX_SAMPLES.min(most_decoded(bytes.len() as u64)));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(in_one_line)?;
    let (width, height) = decoder.dimensions();
    check_sides_within(height.into(), width.into(), max_side)?;
    let channels = u64::from(decoder.color_type().channel_count());
    check_samples(height.into(), width.into(), channels)?;
    if format == ImageFormat::WebP {
        webp::check(bytes, height, width)?;
    }
    check_growth(decoder.total_bytes(), bytes.len() as u64)?;
    Ok(decoder)
}

/// The decoded bytes that a file of `length` bytes may claim.
fn most_decoded(length: u64) -> u64 {
    FREE_BYTES.max(length.saturating_mul(MAX_GROWTH))
}

/// Refuses headers that promise far more than their file can hold, before room for it is made.
pub(super) fn check_growth(claimed: u64, length: u64) -> Result<(), String> {
    if claimed <= most_decoded(length) {
        return Ok(());
    }
    let claimed = claimed >> 20;
    Err(format!(
        "decoded, it would take {claimed} MiB, which a file of {length} bytes can only hold if it is empty or damaged"
    ))
}

fn kind_of(decoder: &impl ImageDecoder) -> Result<Kind, String> {
    if matches!(decoder.original_color_type(), ExtendedColorType::Cmyk8 | ExtendedColorType::Cmyk16) {
        return Err(jpeg::CMYK.to_owned());
    }
    let (channels, levels) = match decoder.color_type() {
        ColorType::L8 => (1, 256),
        ColorType::La8 => (2, 256),
        ColorType::Rgb8 => (3, 256),
        ColorType::Rgba8 => (4, 256),
        ColorType::L16 => (1, 65_536),
        ColorType::La16 => (2, 65_536),
        ColorType::Rgb16 => (3, 65_536),
        ColorType::Rgba16 => (4, 65_536),
        other => return Err(format!("it stores {other:?} samples, and only 8 and 16 bits are read")),
    };
    Ok(Kind { channels, levels })
}

/// How the camera was held; a damaged note about it is no reason to refuse the picture.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

/// Whether rows become columns.
fn turned(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// Some decoders break their messages over several lines.
fn in_one_line(error: ImageError) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn opaque(picture: &Picture) -> bool {
    picture.channels == 4 && picture.samples.iter().skip(3).step_by(4).all(|&alpha| alpha == 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header alone, of the sides that it says.
    fn bitmap(side: u32) -> Vec<u8> {
        let side = side.to_le_bytes();
        [
            &b"BM"[..],
            &[54, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0],
            &side,
            &side,
            &[1, 0, 24, 0],
            &[0; 24],
        ]
        .concat()
    }

    #[test]
    fn a_header_that_promises_too_much_gets_no_memory() {
        assert_eq!(probe(&bitmap(2000)).unwrap().height, 2000);
        for side in [3000, 13_000] {
            let message = probe(&bitmap(side)).unwrap_err();
            assert!(message.contains("MiB, which a file of 54 bytes"), "{message}");
        }
        let message = probe(&bitmap(30_000)).unwrap_err();
        assert!(message.contains("million samples, and at most 536 million"), "{message}");
        assert!(check_growth(1 << 30, 1 << 18).is_ok() && check_growth(1 << 30, (1 << 18) - 1).is_err());
    }

    /// An animation's first frame has sides of its own.
    #[test]
    fn a_frame_that_promises_too_much_gets_no_memory() {
        let gif = |side: u16| {
            let side = side.to_le_bytes();
            let picture = [&b"GIF89a\x04\0\x04\0\x80\0\0"[..], &[0, 0, 0, 255, 255, 255]].concat();
            [&picture[..], b",\0\0\0\0", &side, &side, b"\0\x02\x02\x84\x51\0;"].concat()
        };
        assert!(!probe(&gif(40)).unwrap_err().contains("limit"), "{:?}", probe(&gif(40)));
        let message = probe(&gif(16_000)).unwrap_err();
        assert!(message.contains("Memory limit exceeded"), "{message}");
    }
}
