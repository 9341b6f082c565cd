//! Files that have checksums, lengths and tables, made around what libFuzzer changes: few of its changes would get past those.

use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// What stands between the parts of an input.
pub const BREAK: &[u8] = b"\n--8<--\n";

/// The parts of an input; `N` of them, the last ones empty where there are fewer.
pub fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut all = split(data);
    std::array::from_fn(|_| all.next().unwrap_or_default())
}

/// The parts of an input, one after another.
pub fn split(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let data = rest?;
        let at = data.windows(BREAK.len()).position(|window| window == BREAK);
        rest = at.map(|at| &data[at + BREAK.len()..]);
        Some(&data[..at.unwrap_or(data.len())])
    })
}

/// A zip archive of names and contents in turn, deflated where that is asked for. What an archive cannot hold is left out.
pub fn zipped<'a>(deflated: bool, mut parts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let method = if deflated { CompressionMethod::Deflated } else { CompressionMethod::Stored };
    let options = SimpleFileOptions::default().compression_method(method);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    while let Some(name) = parts.next() {
        let content = parts.next().unwrap_or_default();
        if archive.start_file(String::from_utf8_lossy(name), options).is_ok() {
            let _ = archive.write_all(content);
        }
    }
    archive.finish().map(Cursor::into_inner).unwrap_or_default()
}

/// A safetensors file: the length of its header, the header, and what follows it.
pub fn safetensors(header: &[u8], data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header, data].concat()
}

/// A safetensors file of zeros, from lines of names and sizes such as `conv.weight 8 3 3 3`. Tensors that would make it larger
/// than 16 KiB are left out, or than 1 MiB where the lines have a multiple of 64 bytes: whole networks take a hundred times as
/// long, so few of the inputs may be one.
pub fn zeros(lines: &[u8]) -> Vec<u8> {
    let most = if lines.len().is_multiple_of(64) { 1 << 20 } else { 1 << 14 };
    let (mut entries, mut length) = (Vec::new(), 0u64);
    for line in String::from_utf8_lossy(lines).lines() {
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { continue };
        let Ok(shape) = words.map(str::parse::<u64>).collect::<Result<Vec<_>, _>>() else { continue };
        let elements = match shape.contains(&0) {
            true => Some(0),
            false => shape.iter().try_fold(1u64, |product, &size| product.checked_mul(size)),
        };
        let end = elements.and_then(|elements| length.checked_add(elements.checked_mul(4)?));
        let Some(end) = end.filter(|&end| end <= most) else { continue };
        let name: String =
            name.chars().filter(|letter| !matches!(letter, '"' | '\\') && !letter.is_control()).collect();
        entries
            .push(format!(r#""{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{length},{end}]}}"#));
        length = end;
    }
    let header = format!("{{{}}}", entries.join(","));
    safetensors(header.as_bytes(), &vec![0; length as usize])
}
