//! Writers of pictures and arrays. Each file appears whole: it is written beside its place, then renamed.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Seek, Write};
use std::path::Path;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use zip::write::SimpleFileOptions;

use super::error::DataError;
use super::samples::unscaled;
use crate::files::write_whole;

/// Writes a picture as [`encode_png`] gives it.
///
/// # Errors
/// As there, or if the file cannot be written.
pub fn write_png(
    path: impl AsRef<Path>,
    samples: &[f32],
    height: usize,
    width: usize,
    channels: usize,
    levels: u32,
) -> Result<(), DataError> {
    let path = path.as_ref();
    let bytes = png(samples, [height, width, channels], levels).map_err(|reason| failure(path, reason))?;
    write(path, |file| file.write_all(&bytes))
}

/// A picture `[height, width, channels]`, scaled to [-1, 1], as the bytes of a PNG: grey, grey and alpha, RGB or RGBA, at
/// 16 bits where `levels` is above 256, else at 8. Values outside [-1, 1] are clipped.
///
/// # Errors
/// If the sizes do not fit the samples, or a sample is not a number.
pub fn encode_png(samples: &[f32], shape: [usize; 3], levels: u32) -> Result<Vec<u8>, DataError> {
    png(samples, shape, levels).map_err(|reason| failure(Path::new("a PNG in memory"), reason))
}

fn png(samples: &[f32], shape: [usize; 3], levels: u32) -> Result<Vec<u8>, String> {
    use ExtendedColorType::{L8, L16, La8, La16, Rgb8, Rgb16, Rgba8, Rgba16};
    let [height, width, channels] = shape;
    let (short, long) = match channels {
        1 => (L8, L16),
        2 => (La8, La16),
        3 => (Rgb8, Rgb16),
        4 => (Rgba8, Rgba16),
        _ => return Err(format!("a PNG has 1 to 4 channels, and the picture has {channels}")),
    };
    check_len(samples.len(), &shape)?;
    if let Some(index) = samples.iter().position(|sample| sample.is_nan()) {
        return Err(format!("sample {index} of the picture is not a number (NaN)"));
    }
    let side = |side: usize| u32::try_from(side).ok().filter(|&side| side > 0);
    let (Some(rows), Some(columns)) = (side(height), side(width)) else {
        return Err(format!("no PNG is {height}x{width}"));
    };
    let wide = levels > 256;
    let values: Vec<u8> = match wide {
        true => samples.iter().flat_map(|&sample| unscaled(sample, 65_536).to_ne_bytes()).collect(),
        false => to_bytes(samples),
    };
    let (colour, mut bytes) = (if wide { long } else { short }, Vec::new());
    let encoded = PngEncoder::new(&mut bytes).write_image(&values, columns, rows, colour);
    encoded.map_err(|error| error.to_string())?;
    Ok(bytes)
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
    check_len(values.len(), shape).map_err(|reason| failure(path, reason))?;
    write(path, |file| {
        file.write_all(&npy_header("<f4", shape))?;
        values.iter().try_for_each(|value| file.write_all(&value.to_le_bytes()))
    })
}

/// Writes pictures as [`encode_npz`] gives them.
///
/// # Errors
/// If `shape` does not fit the values, or the file cannot be written.
pub fn write_npz(path: impl AsRef<Path>, values: &[u8], shape: [usize; 4]) -> Result<(), DataError> {
    let path = path.as_ref();
    check_len(values.len(), &shape).map_err(|reason| failure(path, reason))?;
    write(path, |file| npz(file, "|u1", values, &shape))
}

/// Pictures `[n, height, width, channels]` of 8 bits as the bytes of a compressed `.npz` with the one array `arr_0`.
///
/// # Errors
/// If `shape` does not fit the values.
pub fn encode_npz(values: &[u8], shape: [usize; 4]) -> Result<Vec<u8>, DataError> {
    in_memory("|u1", values, &shape)
}

/// Numbers as the bytes of a compressed `.npz` with the one array `arr_0`, float32 in C order.
///
/// # Errors
/// If `shape` does not fit the values.
pub fn encode_npz_f32(values: &[f32], shape: &[usize]) -> Result<Vec<u8>, DataError> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    in_memory("<f4", &bytes, shape)
}

fn in_memory(kind: &str, bytes: &[u8], shape: &[usize]) -> Result<Vec<u8>, DataError> {
    let place = Path::new("an array in memory");
    let size = if kind == "<f4" { 4 } else { 1 };
    check_len(bytes.len() / size, shape).map_err(|reason| failure(place, reason))?;
    let mut file = Cursor::new(Vec::new());
    npz(&mut file, kind, bytes, shape).map_err(|cause| failure(place, cause.to_string()))?;
    Ok(file.into_inner())
}

fn npz(file: impl Write + Seek, kind: &str, bytes: &[u8], shape: &[usize]) -> io::Result<()> {
    let mut archive = zip::ZipWriter::new(file);
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .large_file(bytes.len() >= 1 << 31);
    archive.start_file("arr_0.npy", options)?;
    archive.write_all(&npy_header(kind, shape))?;
    archive.write_all(bytes)?;
    archive.finish().map(drop).map_err(io::Error::from)
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

fn check_len(len: usize, shape: &[usize]) -> Result<(), String> {
    let needed = shape.iter().try_fold(1usize, |product, &side| product.checked_mul(side));
    if needed == Some(len) { Ok(()) } else { Err(format!("the shape {shape:?} does not fit {len} values")) }
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
