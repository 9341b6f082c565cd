//! What the WebP decoder does not look at in time: the size of a lossy frame, for which it makes room before it compares that size
//! with the picture's.

/// What begins a lossy frame: the chunk's name, its length (4 bytes), a tag (3), a start code, width (2) and height (2).
///
/// Chunks are those of RFC 9649, frames those of RFC 6386, section 9.1.
const NAME: &[u8] = b"VP8 ";
const START_CODE: [u8; 3] = [0x9D, 0x01, 0x2A];

/// Refuses a picture with a lossy frame that is larger than it. Frames are looked for by their beginning, so that no chunk
/// hides one.
pub(super) fn check(bytes: &[u8], height: u32, width: u32) -> Result<(), String> {
    for at in bytes.windows(NAME.len()).enumerate().filter(|(_, name)| *name == NAME).map(|(at, _)| at) {
        let Some(&[a, b, c, w0, w1, h0, h1]) = bytes.get(at + 11..at + 18) else { continue };
        let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
        let (frame_height, frame_width) = (side(h0, h1), side(w0, w1));
        if [a, b, c] == START_CODE && (frame_height > height || frame_width > width) {
            return Err(format!(
                "the file is damaged: it is {height}x{width} (height x width), and has a frame of {frame_height}x{frame_width}"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_no_larger_than_its_picture() {
        let frame = |width: u16, height: u16| {
            let start = [NAME, &[9, 0, 0, 0], &[0x10, 0, 0], &START_CODE].concat();
            [
                &b"RIFF....WEBPVP8X.................ANMF"[..],
                &start,
                &width.to_le_bytes(),
                &height.to_le_bytes(),
            ]
            .concat()
        };
        // The two highest bits are a scale, which nobody applies.
        for (width, height) in [(7, 5), (7 | 1 << 14, 5 | 2 << 14), (1, 1)] {
            assert_eq!(check(&frame(width, height), 5, 7), Ok(()));
        }
        for (width, height) in [(8, 5), (7, 6), (16_383, 16_383)] {
            let message = check(&frame(width, height), 5, 7).unwrap_err();
            assert!(message.contains(&format!("{height}x{width}")) && message.contains("5x7"), "{message}");
        }
        let whole = frame(16_383, 16_383);
        assert!((0..whole.len()).all(|end| check(&whole[..end], 5, 7).is_ok()));
    }
}
