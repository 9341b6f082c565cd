//! Writing images: a file appears whole or not at all.

use std::io::{Cursor, Write};
use std::path::Path;

use image::{ImageFormat, RgbImage};

use super::RenderError;
use crate::files::write_whole;

/// Writes an image as PNG; missing folders are created, and an existing file is replaced in one step.
///
/// # Errors
/// If the image is empty or the file cannot be written.
pub fn save_png(path: impl AsRef<Path>, image: &RgbImage) -> Result<(), RenderError> {
    write(path.as_ref(), &encode_png(image)?)
}

/// An image as the bytes of a PNG.
///
/// # Errors
/// If the image is empty.
pub fn encode_png(image: &RgbImage) -> Result<Vec<u8>, RenderError> {
    if image.is_empty() {
        return Err(RenderError::Empty { what: "pixel" });
    }
    let mut bytes = Cursor::new(Vec::new());
    let encoded = image.write_to(&mut bytes, ImageFormat::Png);
    encoded.map_err(|error| failure(Path::new("a PNG in memory"), &error))?;
    Ok(bytes.into_inner())
}

/// Writes a whole file.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), RenderError> {
    write_whole(path, |file| file.write_all(bytes)).map_err(|cause| failure(path, &cause))
}

pub(super) fn failure(path: &Path, reason: &dyn std::fmt::Display) -> RenderError {
    RenderError::Write { path: path.display().to_string(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use std::fs;

    use super::*;

    #[test]
    fn a_png_comes_back_pixel_by_pixel_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/folder/sheet.png");
        let image = RgbImage::from_fn(7, 5, |x, y| Rgb([x as u8 * 30, y as u8 * 40, 255]));
        save_png(&path, &RgbImage::new(2, 2)).unwrap();
        save_png(&path, &image).unwrap();
        assert_eq!(image::open(&path).unwrap().into_rgb8(), image);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_told_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let image = RgbImage::new(2, 2);
        let taken = folder.path().join("taken");
        fs::create_dir_all(taken.join("inside")).unwrap();
        let told = save_png(&taken, &image).unwrap_err().to_string();
        assert!(told.starts_with("cannot write '") && told.contains("taken"), "{told}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(save_png(folder.path().join("file/sheet.png"), &image).is_err());
        assert!(save_png("/", &image).unwrap_err().to_string().contains("names no file"));
        assert!(matches!(save_png(taken, &RgbImage::new(0, 3)), Err(RenderError::Empty { .. })));
    }
}
