//! Writers of pictures and arrays. Each file appears whole: it is written beside its place, then renamed.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use zip::write::SimpleFileOptions;

use super::error::DataError;
use super::samples::unscaled;
use crate::files::write_whole;

/// Writes a picture `[height, width, channels]`, scaled to [-1, 1], as PNG: grey, grey and alpha, RGB or RGBA, at
/// 16 bits where `levels` is above 256, else at 8. Values outside [-1, 1] are clipped.
///
/// # Errors
/// If the sizes do not fit the samples, a sample is not a number, or the file cannot be written.
pub fn write_png(
    path: impl AsRef<Path>,
    samples: &[f32],
    height: usize,
    width: usize,
    channels: usize,
    levels: u32,
) -> Result<(), DataError> {
    use ExtendedColorType::{L8, L16, La8, La16, Rgb8, Rgb16, Rgba8, Rgba16};
    let path = path.as_ref();
    let wide = levels > 256;
    let (short, long) = match channels {
        1 => (L8, L16),
        2 => (La8, La16),
        3 => (Rgb8, Rgb16),
        4 => (Rgba8, Rgba16),
        _ => return Err(failure(path, format!("a PNG has 1 to 4 channels, and the picture has {channels}"))),
    };
    check_len(path, samples.len(), &[height, width, channels])?;
    if let Some(index) = samples.iter().position(|sample| sample.is_nan()) {
        return Err(failure(path, format!("sample {index} of the picture is not a number (NaN)")));
    }
    let sides =
        u32::try_from(height).ok().filter(|&h| h > 0).zip(u32::try_from(width).ok().filter(|&w| w > 0));
    let Some((rows, columns)) = sides else {
        return Err(failure(path, format!("no PNG is {height}x{width}")));
    };
    let bytes: Vec<u8> = match wide {
        true => samples.iter().flat_map(|&sample| unscaled(sample, 65_536).to_ne_bytes()).collect(),
        false => to_bytes(samples),
    };
    write(path, |file| {
        let colour = if wide { long } else { short };
        PngEncoder::new(file).write_image(&bytes, columns, rows, colour).map_err(io::Error::other)
    })
}

/// Samples scaled to [-1, 1] as bytes, 0 to 255; what lies outside is clipped, and a NaN becomes 0.
pub fn to_bytes(samples: &[f32]) -> Vec<u8> {
    samples.iter().map(|&sample| unscaled(sample, 256) as u8).collect()
}

/// Writes an array of `shape` as `.npy`, float32 in C order.
///
/// # Errors
/// If `shape` does not fit the values, or the file cannot be written.
pub fn write_npy(path: impl AsRef<Path>, values: &[f32], shape: &[usize]) -> Result<(), DataError> {
    let path = path.as_ref();
    check_len(path, values.len(), shape)?;
    write(path, |file| {
        file.write_all(&npy_header("<f4", shape))?;
        values.iter().try_for_each(|value| file.write_all(&value.to_le_bytes()))
    })
}

/// Writes pictures `[n, height, width, channels]` of 8 bits as the array `arr_0` of a compressed `.npz`.
///
/// # Errors
/// If `shape` does not fit the values, or the file cannot be written.
pub fn write_npz(path: impl AsRef<Path>, values: &[u8], shape: [usize; 4]) -> Result<(), DataError> {
    let path = path.as_ref();
    check_len(path, values.len(), &shape)?;
    write(path, |file| {
        let mut archive = zip::ZipWriter::new(file);
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .large_file(values.len() >= 1 << 31);
        archive.start_file("arr_0.npy", options)?;
        archive.write_all(&npy_header("|u1", &shape))?;
        archive.write_all(values)?;
        archive.finish().map(drop).map_err(io::Error::from)
    })
}

/// The header of a version 1 `.npy` file, padded with blanks so that the values begin at a multiple of 64 bytes.
pub(super) fn npy_header(kind: &str, shape: &[usize]) -> Vec<u8> {
    let sides: String = shape.iter().map(|side| format!("{side}, ")).collect();
    let sides = if shape.len() > 1 { sides.trim_end_matches(", ") } else { sides.trim_end() };
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({sides}), }}");
    let padding = (64 - (10 + text.len() + 1) % 64) % 64;
    text.extend(std::iter::repeat_n(' ', padding));
    text.push('\n');
    [&b"\x93NUMPY\x01\x00"[..], &(text.len() as u16).to_le_bytes(), text.as_bytes()].concat()
}

fn check_len(path: &Path, len: usize, shape: &[usize]) -> Result<(), DataError> {
    let needed = shape.iter().try_fold(1usize, |product, &side| product.checked_mul(side));
    if needed == Some(len) {
        return Ok(());
    }
    Err(failure(path, format!("the shape {shape:?} does not fit {len} values")))
}

pub(super) fn write(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), DataError> {
    write_whole(path, content).map_err(|cause| failure(path, cause.to_string()))
}

fn failure(path: &Path, reason: String) -> DataError {
    DataError::Write { path: path.display().to_string(), reason }
}
