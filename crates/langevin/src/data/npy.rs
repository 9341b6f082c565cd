//! The `.npy` format: its header, and the values as they lie in the file.
//!
//! Format: NEP 1 and `numpy.lib.format`, versions 1 to 3.

use std::io::{ErrorKind, Read};

/// The longest header that is read; those of plain arrays have a hundred bytes.
const MAX_HEADER: usize = 1 << 16;

/// An array in C order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Npy {
    /// The type as NumPy writes it without the byte order, such as `u1` or `f4`.
    pub kind: String,
    big_endian: bool,
    pub shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Npy {
    /// Parses a `.npy` file.
    ///
    /// The values are read as they come, so that a header that promises too much allocates nothing.
    pub(super) fn parse(mut reader: impl Read) -> Result<Self, String> {
        let text = header(&mut reader)?;
        let malformed = || format!("its NumPy header cannot be understood: {}", text.trim());
        let kind = value(&text, "descr").and_then(quoted).ok_or_else(malformed)?;
        let fortran = value(&text, "fortran_order").ok_or_else(malformed)?;
        let shape = value(&text, "shape").and_then(numbers).ok_or_else(malformed)?;
        if fortran.starts_with("True") {
            return Err("it is in Fortran order: save numpy.ascontiguousarray(x) instead".to_owned());
        }
        let (order, kind) = kind.split_at_checked(1).ok_or_else(malformed)?;
        let width: u64 = kind.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        if !matches!(order, "<" | ">" | "|") || !matches!(width, 1 | 2 | 4 | 8) {
            return Err(format!("its values are of type '{order}{kind}', which is not read"));
        }
        let expected = shape.iter().try_fold(width, |product, &side| product.checked_mul(side as u64));
        let expected = expected.ok_or_else(|| format!("its shape {shape:?} is impossible"))?;
        let mut bytes = Vec::new();
        let read = reader.take(expected.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|cause| format!("its values cannot be read: {cause}"))?;
        if bytes.len() as u64 != expected {
            let found =
                if bytes.len() as u64 > expected { "more".to_owned() } else { bytes.len().to_string() };
            return Err(format!("its shape {shape:?} needs {expected} bytes, and it holds {found}"));
        }
        Ok(Self { kind: kind.to_owned(), big_endian: order == ">", shape, bytes })
    }

    /// The values of a `u1` array.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The values of a `u2` array.
    pub(super) fn to_u16(&self) -> Vec<u16> {
        self.each(u16::from_le_bytes, u16::from_be_bytes)
    }

    /// The values of an `f4` or `f8` array.
    pub(super) fn to_f32(&self) -> Option<Vec<f32>> {
        match self.kind.as_str() {
            "f4" => Some(self.each(f32::from_le_bytes, f32::from_be_bytes)),
            "f8" => {
                let values = self.each(f64::from_le_bytes, f64::from_be_bytes);
                Some(values.into_iter().map(|value| value as f32).collect())
            }
            _ => None,
        }
    }

    /// As [`Npy::to_f32`], unrounded.
    pub(super) fn to_f64(&self) -> Option<Vec<f64>> {
        match self.kind.as_str() {
            "f4" => {
                Some(self.each(f32::from_le_bytes, f32::from_be_bytes).into_iter().map(f64::from).collect())
            }
            "f8" => Some(self.each(f64::from_le_bytes, f64::from_be_bytes)),
            _ => None,
        }
    }

    /// The values of an array of integers, if none is negative.
    pub(super) fn to_u64(&self) -> Option<Vec<u64>> {
        let signed = |values: Vec<i64>| values.into_iter().map(|value| u64::try_from(value).ok()).collect();
        match self.kind.as_str() {
            "u1" => Some(self.bytes.iter().copied().map(u64::from).collect()),
            "u2" => Some(self.to_u16().into_iter().map(u64::from).collect()),
            "u4" => {
                Some(self.each(u32::from_le_bytes, u32::from_be_bytes).into_iter().map(u64::from).collect())
            }
            "u8" => Some(self.each(u64::from_le_bytes, u64::from_be_bytes)),
            "i1" => signed(self.bytes.iter().map(|&byte| i64::from(byte as i8)).collect()),
            "i2" => {
                signed(self.each(i16::from_le_bytes, i16::from_be_bytes).into_iter().map(i64::from).collect())
            }
            "i4" => {
                signed(self.each(i32::from_le_bytes, i32::from_be_bytes).into_iter().map(i64::from).collect())
            }
            "i8" => signed(self.each(i64::from_le_bytes, i64::from_be_bytes)),
            _ => None,
        }
    }

    fn each<T, const N: usize>(&self, little: fn([u8; N]) -> T, big: fn([u8; N]) -> T) -> Vec<T> {
        let value = if self.big_endian { big } else { little };
        self.bytes.as_chunks::<N>().0.iter().map(|&bytes| value(bytes)).collect()
    }
}

/// The header's text, a Python dictionary.
fn header(reader: &mut impl Read) -> Result<String, String> {
    let mut exactly = |length: usize| -> Result<Vec<u8>, String> {
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes).map_err(|cause| match cause.kind() {
            ErrorKind::UnexpectedEof => {
                "it is no .npy file: it ends within what should be its header".to_owned()
            }
            _ => format!("its NumPy header cannot be read: {cause}"),
        })?;
        Ok(bytes)
    };
    let start = exactly(8)?;
    if !start.starts_with(b"\x93NUMPY") {
        return Err("it does not begin as a .npy file does".to_owned());
    }
    let length = match start[6] {
        1 => exactly(2)?.iter().rev().fold(0usize, |sum, &byte| sum << 8 | usize::from(byte)),
        2 | 3 => exactly(4)?.iter().rev().fold(0usize, |sum, &byte| sum << 8 | usize::from(byte)),
        version => return Err(format!("its NumPy format is version {version}, and 1 to 3 are read")),
    };
    if length > MAX_HEADER {
        return Err(format!("its NumPy header of {length} bytes is longer than that of any plain array"));
    }
    String::from_utf8(exactly(length)?).map_err(|_| "its NumPy header is not text".to_owned())
}

/// What follows `'key':` in a dictionary.
fn value<'a>(dictionary: &'a str, key: &str) -> Option<&'a str> {
    ["'", "\""].iter().find_map(|quote| {
        let (_, after) = dictionary.split_once(&format!("{quote}{key}{quote}"))?;
        Some(after.trim_start().strip_prefix(':')?.trim_start())
    })
}

/// The text of a quoted value.
fn quoted(value: &str) -> Option<&str> {
    let quote = value.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    value[1..].split_once(quote).map(|(text, _)| text).filter(|text| text.is_ascii())
}

/// The numbers of a tuple.
fn numbers(value: &str) -> Option<Vec<usize>> {
    let (inside, _) = value.strip_prefix('(')?.split_once(')')?;
    inside.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| part.parse().ok()).collect()
}
