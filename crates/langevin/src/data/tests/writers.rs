use super::*;
use crate::data::{read_picture, to_bytes, write_npy, write_npz, write_png};

#[test]
fn png_returns_every_value_at_every_channel_count_and_depth() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.png");
    for levels in [256u32, 65_536] {
        for channels in 1..=4 {
            let values: Vec<u16> =
                (0..6 * channels).map(|i| (i as u32 * 7919 * (levels / 256) % levels) as u16).collect();
            let scaled: Vec<f32> =
                values.iter().map(|&v| (2.0 * f64::from(v) / f64::from(levels - 1) - 1.0) as f32).collect();
            write_png(&path, &scaled, 2, 3, channels, levels).unwrap();
            let picture = read_picture(&path, None).unwrap();
            assert_eq!((picture.height, picture.width, picture.channels), (2, 3, channels));
            assert_eq!((picture.levels, &picture.samples), (levels, &values));
            let back = picture.to_scaled();
            assert!(back.iter().zip(&scaled).all(|(a, b)| (a - b).abs() < 1.2e-7), "{back:?} {scaled:?}");
        }
    }
}

#[test]
fn few_levels_fill_the_range_of_8_bits_and_what_lies_outside_is_clipped() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.png");
    write_png(&path, &[-1.0, 0.125, 1.0, 3.0, -f32::INFINITY, 0.0], 1, 6, 1, 17).unwrap();
    let picture = read_picture(&path, None).unwrap();
    assert_eq!((picture.levels, picture.samples), (256, vec![0, 143, 255, 255, 0, 128]));
    assert_eq!(to_bytes(&[-2.0, 1.0]), [0, 255]);
}

#[test]
fn npy_is_read_back_by_another_reader() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.npy");
    let values: Vec<f32> = (0..30).map(|i| i as f32 * 0.37 - 4.0).collect();
    for shape in [&[30][..], &[5, 6], &[1, 2, 3, 5], &[30, 1]] {
        write_npy(&path, &values, shape).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!((bytes.len() - 4 * values.len()) % 64, 0);
        let array = npyz::NpyFile::new(bytes.as_slice()).unwrap();
        assert_eq!(array.shape(), shape.iter().map(|&side| side as u64).collect::<Vec<_>>());
        assert_eq!(array.into_vec::<f32>().unwrap(), values);
    }
    write_npy(&path, &[2.5], &[]).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(npyz::NpyFile::new(bytes.as_slice()).unwrap().shape(), [0u64; 0]);
}

#[test]
fn npz_is_read_back_by_another_reader_and_by_load() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.npz");
    let values: Vec<u8> = (0..72).collect();
    write_npz(&path, &values, [2, 3, 4, 3]).unwrap();
    let mut archive = npyz::npz::NpzArchive::open(&path).unwrap();
    let array = archive.by_name("arr_0").unwrap().unwrap();
    assert_eq!(array.shape(), [2, 3, 4, 3]);
    assert_eq!(array.into_vec::<u8>().unwrap(), values);
    let set = set_at(&path, &DataOptions::default());
    assert_eq!((set.len(), set.height(), set.width(), set.channels()), (2, 3, 4, 3));
    assert_eq!(set.picture(1).samples[0], 36);
}

#[test]
fn a_failed_write_names_the_file_and_leaves_nothing_behind() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.png");
    let error = |result: Result<(), crate::data::DataError>| result.unwrap_err().to_string();
    let message = error(write_png(&path, &[0.0, f32::NAN], 1, 2, 1, 256));
    assert!(message.contains("a.png': sample 1 of the picture is not a number"), "{message}");
    assert!(error(write_png(&path, &[0.0; 5], 1, 1, 5, 256)).contains("the picture has 5"));
    assert!(error(write_png(&path, &[], 0, 1, 1, 256)).contains("no PNG is 0x1"));
    assert!(error(write_npy(&path, &[0.0; 5], &[2, 3])).contains("shape [2, 3] does not fit 5 values"));
    // A file where a folder would have to be.
    std::fs::write(root.path().join("file"), "").unwrap();
    assert!(error(write_npy(root.path().join("file/a.npy"), &[0.0], &[1])).contains("a.npy'"));
    std::fs::remove_file(root.path().join("file")).unwrap();
    // A folder in the way: the temporary file is written, and the renaming fails.
    std::fs::create_dir(root.path().join("taken")).unwrap();
    assert!(error(write_npz(root.path().join("taken"), &[0], [1; 4])).contains("taken'"));
    let left: Vec<_> =
        std::fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["taken"]);
}
