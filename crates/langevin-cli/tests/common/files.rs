//! Pictures and arrays, written and read by other people's code.

use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, DynamicImage, ImageBuffer, Luma, Rgb, Rgba, RgbaImage};
use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;

/// 16-bit grey pictures of smooth gradients, no two alike.
pub fn grey16_folder(folder: &Path, count: u32, height: u32, width: u32) {
    fs::create_dir_all(folder).unwrap();
    for index in 0..count {
        let picture = ImageBuffer::from_fn(width, height, |x, y| {
            Luma([(600 * x * (index % 3 + 1) + 900 * y + 1013 * index) as u16])
        });
        picture.save(folder.join(format!("grey-{index:02}.png"))).unwrap();
    }
}

/// RGBA pictures of smooth gradients, no two alike.
pub fn rgba_folder(folder: &Path, count: u32, height: u32, width: u32) {
    fs::create_dir_all(folder).unwrap();
    for index in 0..count {
        let picture = RgbaImage::from_fn(width, height, |x, y| {
            Rgba([(8 * x) as u8, (9 * y) as u8, (16 * index) as u8, (255 - 4 * x - 3 * y) as u8])
        });
        picture.save(folder.join(format!("colour-{index:02}.png"))).unwrap();
    }
}

/// The bytes of an 8-bit RGB picture as PNG.
pub fn rgb_png(height: u32, width: u32, shade: u8) -> Vec<u8> {
    let picture = ImageBuffer::from_fn(width, height, |x, y| Rgb([shade, (5 * x) as u8, (5 * y) as u8]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A .zip of files.
pub fn zip(path: &Path, files: &[(&str, Vec<u8>)]) {
    let mut archive = zip::ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in files {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
}

/// A picture that can be read, and that is not of one colour throughout.
#[track_caller]
pub fn picture(path: &Path) -> DynamicImage {
    let picture = image::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let values = picture.to_rgb8();
    let first = values.get_pixel(0, 0);
    assert!(values.pixels().any(|pixel| pixel != first), "{} is blank", path.display());
    picture
}

/// The frames of an animation, each as its pixels.
pub fn frames(path: &Path) -> Vec<Vec<u8>> {
    let decoder = GifDecoder::new(BufReader::new(File::open(path).unwrap())).unwrap();
    decoder.into_frames().map(|frame| frame.unwrap().into_buffer().into_raw()).collect()
}

/// Shape and values of a float32 .npy.
pub fn npy(path: &Path) -> (Vec<u64>, Vec<f32>) {
    let bytes = fs::read(path).unwrap();
    let array = npyz::NpyFile::new(bytes.as_slice()).unwrap();
    (array.shape().to_vec(), array.into_vec().expect("float32"))
}

/// Names of the arrays of an .npz, and shape and values of the uint8 `arr_0`.
pub fn npz(path: &Path) -> (Vec<String>, Vec<u64>, Vec<u8>) {
    let mut archive = npyz::npz::NpzArchive::open(path).unwrap();
    let names = archive.array_names().map(str::to_owned).collect();
    let array = archive.by_name("arr_0").unwrap().unwrap();
    (names, array.shape().to_vec(), array.into_vec().expect("uint8"))
}

/// A float32 array as `.npy`.
pub fn write_npy(path: &Path, shape: &[u64], values: &[f32]) {
    use npyz::WriterBuilder;
    let file = File::create(path).unwrap();
    let mut writer = npyz::WriteOptions::new().default_dtype().shape(shape).writer(file).begin_nd().unwrap();
    writer.extend(values.iter().copied()).unwrap();
    writer.finish().unwrap();
}
