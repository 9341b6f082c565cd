//! What the decoders do not tell: that a file was cut off, or that it holds more than one picture.

use image::ImageFormat;

use super::jpeg;

/// Most directories of a TIFF that are looked at: a chain of them may lead in a circle.
const MAX_PAGES: usize = 10_000;

/// Refuses a file that ends too early, and one of several pictures, of which the first would stand for all.
///
/// What else is wrong with a file is left to the decoder.
pub(super) fn check(format: ImageFormat, bytes: &[u8]) -> Result<(), String> {
    let frames = match format {
        ImageFormat::Jpeg => return jpeg::check(bytes),
        ImageFormat::Png => png_frames(bytes).ok_or("the file is cut off: it has no IEND chunk")?,
        ImageFormat::Gif => gif_frames(bytes).ok_or("the file is cut off: it has no trailer")?,
        ImageFormat::WebP => webp_frames(bytes).ok_or("the file is cut off: it is shorter than it says")?,
        ImageFormat::Tiff => {
            return match tiff_pages(bytes).ok_or("the file is cut off: a directory lies beyond its end")? {
                pages @ 2.. => {
                    Err(format!("it has {pages} pages: save each as a picture of its own, or leave it out"))
                }
                _ => Ok(()),
            };
        }
        _ => return Ok(()),
    };
    if frames > 1 {
        let count = if frames < 10_000 { frames.to_string() } else { "many".to_owned() };
        return Err(format!("it is an animation of {count} frames: save them as pictures, or leave it out"));
    }
    Ok(())
}

/// Frames of a PNG: those that its acTL chunk counts. Chunks are those of the PNG specification, 5.3.
fn png_frames(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut frames) = (8, 1);
    loop {
        let length = u32::from_be_bytes(array(bytes, at)?) as usize;
        let kind: [u8; 4] = array(bytes, at + 4)?;
        let end = at.checked_add(12)?.checked_add(length)?;
        match &kind {
            b"IEND" => return Some(frames),
            b"acTL" => frames = u32::from_be_bytes(array(bytes, at + 8)?) as usize,
            _ => {}
        }
        if end > bytes.len() {
            return None;
        }
        at = end;
    }
}

/// Image blocks of a GIF, by the grammar of GIF89a, Appendix B.
fn gif_frames(bytes: &[u8]) -> Option<usize> {
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3usize << ((flags & 7) + 1) };
    let mut at = 13 + table(*bytes.get(10)?);
    let mut frames = 0;
    loop {
        match *bytes.get(at)? {
            0x3B => return Some(frames),
            0x21 => at = after_sub_blocks(bytes, at + 2)?,
            0x2C => {
                frames += 1;
                let after_table = at + 10 + table(*bytes.get(at + 9)?);
                at = after_sub_blocks(bytes, after_table + 1)?;
            }
            // Some writers pad blocks.
            0 => at += 1,
            // What follows is no GIF any more: the decoder knows what to do with the rest.
            _ => return Some(frames),
        }
    }
}

fn after_sub_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length => at += 1 + usize::from(length),
        }
    }
}

/// Frames of a WebP: its ANMF chunks, of the container that RFC 9649 describes, 2.7.
fn webp_frames(bytes: &[u8]) -> Option<usize> {
    let end = (u32::from_le_bytes(array(bytes, 4)?) as usize).checked_add(8)?;
    if end > bytes.len() {
        return None;
    }
    let (mut at, mut frames) = (12, 0);
    while let Some(length) = array(bytes, at + 4).map(u32::from_le_bytes) {
        frames += usize::from(bytes[at..].starts_with(b"ANMF"));
        at = at.checked_add(8)?.checked_add((length as usize).next_multiple_of(2))?;
    }
    Some(frames)
}

/// Pages of a TIFF: its directories but for those of thumbnails and masks. TIFF 6.0, section 2; BigTIFF has wider fields.
fn tiff_pages(bytes: &[u8]) -> Option<usize> {
    let little = bytes.starts_with(b"II");
    let big = number(bytes, 2, 2, little)? == 43;
    let (mut at, pointer, count, entry) =
        if big { (number(bytes, 8, 8, little)?, 8, 8, 20) } else { (number(bytes, 4, 4, little)?, 4, 2, 12) };
    let mut pages = 0;
    for _ in 0..MAX_PAGES {
        if at == 0 {
            return Some(pages);
        }
        let entries = number(bytes, at, count, little)?;
        let first = at.checked_add(count)?;
        // NewSubfileType: bit 0 a smaller version of another page, bit 2 a mask of one.
        let kind = (0..entries.min(MAX_PAGES))
            .map(|index| first + index * entry)
            .find(|&entry| number(bytes, entry, 2, little) == Some(254))
            .and_then(|entry| number(bytes, entry + if big { 12 } else { 8 }, 4, little));
        pages += usize::from(kind.unwrap_or(0) & 0b101 == 0);
        at = number(bytes, first.checked_add(entries.checked_mul(entry)?)?, pointer, little)?;
    }
    Some(pages)
}

/// An unsigned number of so many bytes.
fn number(bytes: &[u8], at: usize, width: usize, little: bool) -> Option<usize> {
    let field = bytes.get(at..at.checked_add(width)?)?;
    let shift = |sum: u64, &byte: &u8| sum << 8 | u64::from(byte);
    let value = if little { field.iter().rev().fold(0, shift) } else { field.iter().fold(0, shift) };
    usize::try_from(value).ok()
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}
