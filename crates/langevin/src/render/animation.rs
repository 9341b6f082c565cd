//! Animations: GIF files that start again when they end.

use std::collections::HashSet;
use std::path::Path;

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, DynamicImage, Frame, ImageResult, RgbImage};

use super::RenderError;
use super::files::{failure, write};

/// Colours of a frame of a GIF.
const PALETTE: usize = 256;
/// Viewers take less than this for a mistake and show such frames slowly.
const LEAST_DELAY_MS: u32 = 20;
/// 1 is the best and slowest choice of colours, 30 the fastest.
const SPEED: i32 = 3;

/// Writes an endless GIF: each frame is shown for `delay_ms`, the last for `hold_ms`.
///
/// Times are counted in steps of 10 ms, with 20 ms at least. A frame of up to 256 colours, as sheets of grey
/// pictures are, keeps them exactly; of others the nearest 256 are chosen for each frame.
///
/// # Errors
/// If there is no frame or no pixel, the frames differ in size, or the file cannot be written.
pub fn save_gif(
    path: impl AsRef<Path>,
    frames: &[RgbImage],
    delay_ms: u32,
    hold_ms: u32,
) -> Result<(), RenderError> {
    let path = path.as_ref();
    let first = frames.first().ok_or(RenderError::Empty { what: "frame" })?;
    if first.is_empty() {
        return Err(RenderError::Empty { what: "pixel" });
    }
    let expected = first.dimensions();
    if let Some(index) = frames.iter().position(|frame| frame.dimensions() != expected) {
        return Err(RenderError::FrameSize { index, expected, got: frames[index].dimensions() });
    }
    let bytes = encode(frames, delay_ms, hold_ms).map_err(|error| failure(path, &error))?;
    write(path, &bytes)
}

fn encode(frames: &[RgbImage], delay_ms: u32, hold_ms: u32) -> ImageResult<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, SPEED);
    encoder.set_repeat(Repeat::Infinite)?;
    for (index, frame) in frames.iter().enumerate() {
        let shown_ms = if index + 1 == frames.len() { hold_ms } else { delay_ms };
        let delay = Delay::from_numer_denom_ms(shown_ms.max(LEAST_DELAY_MS), 1);
        let picture = DynamicImage::ImageRgb8(reduced(frame)).into_rgba8();
        encoder.encode_frame(Frame::from_parts(picture, 0, 0, delay))?;
    }
    drop(encoder);
    Ok(bytes)
}

/// The frame itself, or with the lowest bits of its colours cleared where that makes them few enough for a palette.
///
/// A sheet of grey pictures with a few coloured pixels has just over 256 colours: a step of grey is lost where a
/// palette fitted to the most frequent colours would lose the few.
fn reduced(frame: &RgbImage) -> RgbImage {
    if fits(frame, 0xff) || !fits(frame, 0xfe) {
        return frame.clone();
    }
    let mut reduced = frame.clone();
    reduced.pixels_mut().for_each(|pixel| pixel.0 = coarse(pixel.0, 0xfe));
    reduced
}

/// Whether the colours under a mask are few enough for a palette.
fn fits(frame: &RgbImage, mask: u8) -> bool {
    let mut colours = HashSet::new();
    frame.pixels().all(|pixel| {
        colours.insert(coarse(pixel.0, mask));
        colours.len() <= PALETTE
    })
}

/// A colour under a mask; white and full channels stay what they are.
fn coarse(colour: [u8; 3], mask: u8) -> [u8; 3] {
    colour.map(|channel| if channel == u8::MAX { channel } else { channel & mask })
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::BufReader;
    use std::time::Duration;

    use image::codecs::gif::GifDecoder;
    use image::{AnimationDecoder, Rgb};

    use super::*;

    /// (frame, how long it is shown) of a file.
    fn read(path: &Path) -> Vec<(RgbImage, Duration)> {
        let decoder = GifDecoder::new(BufReader::new(File::open(path).unwrap())).unwrap();
        let frames = decoder.into_frames().collect_frames().unwrap();
        let shown = |frame: Frame| {
            let delay = Duration::from(frame.delay());
            (DynamicImage::ImageRgba8(frame.into_buffer()).into_rgb8(), delay)
        };
        frames.into_iter().map(shown).collect()
    }

    #[test]
    fn grey_frames_come_back_exactly_with_their_times() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/chain.gif");
        let grey = |shift: u8| RgbImage::from_fn(32, 16, |x, y| Rgb([(8 * x + y / 2) as u8 ^ shift; 3]));
        let frames = [grey(0), grey(91), grey(255)];
        save_gif(&path, &frames, 80, 1500).unwrap();
        let back = read(&path);
        assert_eq!(back.iter().map(|(frame, _)| frame.clone()).collect::<Vec<_>>(), frames);
        assert_eq!(back.iter().map(|(_, shown)| shown.as_millis()).collect::<Vec<_>>(), [80, 80, 1500]);
        let bytes = std::fs::read(&path).unwrap();
        let looping = b"NETSCAPE2.0\x03\x01\x00\x00\x00";
        assert!(
            bytes.windows(looping.len()).any(|part| part == looping),
            "the animation does not start again"
        );
    }

    #[test]
    fn a_coloured_pixel_among_all_greys_keeps_its_colour() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grey.gif");
        let mut frame = RgbImage::from_fn(16, 17, |x, y| Rgb([(16 * y + x) as u8; 3]));
        frame.put_pixel(3, 16, Rgb([255, 0, 255]));
        save_gif(&path, &[frame.clone()], 80, 0).unwrap();
        let (back, shown) = read(&path).remove(0);
        assert_eq!(back.get_pixel(3, 16).0, [255, 0, 255]);
        assert!(frame.iter().zip(back.iter()).all(|(a, b)| a.abs_diff(*b) <= 1));
        assert_eq!(shown.as_millis(), 20);
    }

    #[test]
    fn colourful_frames_stay_close() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("colours.gif");
        let frame = RgbImage::from_fn(64, 64, |x, y| Rgb([(4 * x) as u8, (4 * y) as u8, (x * y / 16) as u8]));
        save_gif(&path, &[frame.clone(), frame.clone()], 1, 1).unwrap();
        let (back, _) = read(&path).remove(1);
        let error: u64 = frame.iter().zip(back.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(error / (64 * 64 * 3) <= 8, "{error}");
    }

    #[test]
    fn frames_that_cannot_be_written_are_refused() {
        let told = |frames: &[RgbImage]| save_gif("unused.gif", frames, 80, 80).unwrap_err().to_string();
        assert!(told(&[]).ends_with("expected at least one frame, got none"));
        assert!(told(&[RgbImage::new(0, 0)]).contains("pixel"));
        let odd = told(&[RgbImage::new(4, 3), RgbImage::new(4, 3), RgbImage::new(5, 3)]);
        assert_eq!(odd, "frame 2 of the animation is 5x3 pixels, expected 4x3 as frame 0");
        assert!(told(&[RgbImage::new(70_000, 1)]).starts_with("cannot write 'unused.gif'"));
    }
}
