//! Every kind of bad file: named in one report, or left out and counted.

use image::{ImageFormat, RgbImage};
use proptest::prelude::*;

use super::*;
use crate::data::{BadFile, Channels, DataError, OnBadFile};

const SKIP: DataOptions = DataOptions {
    on_bad_file: OnBadFile::Skip,
    split: None,
    size: None,
    channels: None,
    data_dir: None,
    seed: 0,
    count: None,
};

fn noisy(height: u32, width: u32, shade: u8) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([shade, ((x * 37) ^ (y * 101)) as u8, (x * y * 13) as u8])
    });
    encoded(picture, ImageFormat::Png)
}

/// A PNG whose header, with the right checksum, says another size.
fn says(height: u32, width: u32) -> Vec<u8> {
    let mut png = noisy(4, 4, 1);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32fast::hash(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    png
}

/// Bad files: name, content, and what is said of it.
fn kinds() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let whole = noisy(8, 8, 9);
    let jpeg = encoded(RgbImage::new(64, 64), ImageFormat::Jpeg);
    vec![
        (
            "animated.gif",
            include_bytes!("../../../tests/data/animated.gif").to_vec(),
            "an animation of 3 frames",
        ),
        ("bomb.png", says(30_000, 30_000), "it is 30000x30000 with 3 channel(s): 2700 million samples"),
        ("cmyk.jpg", include_bytes!("../../../tests/data/cmyk.jpg").to_vec(), "CMYK"),
        ("cut.jpg", jpeg[..jpeg.len() - 10].to_vec(), "cut off"),
        ("cut.png", whole[..whole.len() / 2].to_vec(), "cut off"),
        ("empty.png", Vec::new(), "the file is empty"),
        ("heic.heic", b"\0\0\0\x18ftypheic\0\0\0\0".to_vec(), "it looks like HEIC"),
        ("page.jpg", b"<!DOCTYPE html><title>404</title>".to_vec(), "it looks like a web page"),
        ("pixel.png", noisy(1, 1, 3), "it is 1x1 among larger pictures"),
        ("zeros.png", vec![0; 100], "nothing but zeros"),
    ]
}

fn unreadable(path: &Path, options: &DataOptions) -> (usize, Vec<BadFile>) {
    match load(path.to_str().unwrap(), options).unwrap_err() {
        DataError::Unreadable { total, bad, .. } => (total, bad),
        other => panic!("{other}"),
    }
}

fn names(bad: &[BadFile]) -> Vec<&str> {
    bad.iter().map(|file| file.name.as_str()).collect()
}

#[test]
fn each_kind_is_named_in_one_report_and_none_of_them_counts_when_skipped() {
    let kinds = kinds();
    let good: Vec<_> = (0..4u8).map(|i| (format!("c{}/{i}.png", i % 2), noisy(8, 8, i))).collect();
    let good: Vec<_> = good.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let mut all = good.clone();
    all.extend(kinds.iter().map(|(name, bytes, _)| (*name, bytes.as_slice())));
    let zips = folder(&[("good.zip", &zipped(&good)), ("all.zip", &zipped(&all))]);
    let (good, all) = (folder(&good), folder(&all));
    let sources = [
        (good.path().into(), all.path().into()),
        (zips.path().join("good.zip"), zips.path().join("all.zip")),
    ];
    for (good, all) in sources {
        let (total, bad) = unreadable(&all, &DataOptions::default());
        assert_eq!((total, names(&bad)), (14, kinds.iter().map(|kind| kind.0).collect()));
        for (file, (_, _, reason)) in bad.iter().zip(&kinds) {
            assert!(file.reason.contains(reason), "{file}");
        }
        let text = error_at(&all, &DataOptions::default());
        assert!(
            text.starts_with("10 of the 14 picture(s) of '") && text.contains("`--on-bad-file skip`"),
            "{text}"
        );
        assert!(bad.iter().all(|file| text.contains(&format!("\n  {file}"))), "{text}");
        for options in [SKIP, DataOptions { size: Some((6, 5)), channels: Some(Channels::Grey), ..SKIP }] {
            let (skipped, alone) = (set_at(&all, &options), set_at(&good, &options));
            assert_eq!(skipped.skipped(), bad);
            assert_eq!(alone.skipped(), []);
            assert_eq!(skipped.labels(), alone.labels());
            assert_eq!(skipped.class_names(), ["c0", "c1"]);
            assert_eq!(skipped.len(), 4);
            assert!((0..4).all(|i| skipped.picture(i) == alone.picture(i)));
        }
    }
}

#[test]
fn what_decoding_alone_finds_decides_neither_size_nor_depth_nor_kind() {
    let damaged = |mut png: Vec<u8>| {
        // Inside of IDAT, whose checksum then is wrong.
        let at = png.len() - 20;
        png[at] ^= 0x55;
        png
    };
    let deep = image::ImageBuffer::from_fn(8, 8, |x, y| image::Luma([(x * y * 999) as u16]));
    let first_and_larger = damaged(noisy(30, 30, 1));
    let deep = damaged(encoded(deep, ImageFormat::Png));
    let root = folder(&[
        ("a.png", &first_and_larger),
        ("b.png", &deep),
        ("c.png", &noisy(8, 8, 2)),
        ("d.png", &noisy(8, 8, 3)),
    ]);
    let set = set_at(root.path(), &SKIP);
    assert_eq!((set.len(), set.height(), set.levels(), set.channels()), (2, 8, 256, 3));
    assert_eq!(names(set.skipped()), ["a.png", "b.png"]);
    let set =
        set_at(root.path(), &DataOptions { channels: Some(Channels::Grey), size: Some((4, 4)), ..SKIP });
    assert_eq!((set.len(), set.levels()), (2, 256));
    // A set of mixed sizes is still one when what is bad is left out.
    std::fs::write(root.path().join("e.png"), noisy(9, 8, 2)).unwrap();
    assert!(error_at(root.path(), &SKIP).contains("'c.png' is 8x8, 'e.png' is 9x8"));
}

#[test]
fn a_bad_file_beside_the_only_folder_does_not_make_it_a_class() {
    let root = folder(&[("top/a/1.png", &noisy(8, 8, 1)), ("top/b/2.png", &noisy(8, 8, 2))]);
    assert_eq!(set_at(root.path(), &SKIP).class_names(), ["a", "b"]);
    std::fs::write(root.path().join("loose.png"), "").unwrap();
    let set = set_at(root.path(), &SKIP);
    assert_eq!(
        (set.class_names(), names(set.skipped())),
        (&["a".to_owned(), "b".to_owned()][..], vec!["loose.png"])
    );
    // A good file there does.
    std::fs::write(root.path().join("loose.png"), noisy(8, 8, 3)).unwrap();
    assert_eq!(set_at(root.path(), &SKIP).class_names(), [""; 0]);
}

#[test]
fn thin_pictures_are_bad_among_larger_ones_only() {
    let root = folder(&[("a.png", &noisy(8, 8, 1)), ("b.png", &noisy(1, 40, 1)), ("c.png", &noisy(9, 8, 1))]);
    let sized = DataOptions { size: Some((8, 8)), ..DataOptions::default() };
    let (_, bad) = unreadable(root.path(), &sized);
    assert_eq!(
        bad[0].to_string(),
        "'b.png': it is 1x40 among larger pictures: there is nothing in it to scale up"
    );
    assert_eq!(bad.len(), 1);
    let dots = folder(&[("a.png", &noisy(1, 1, 1)), ("b.png", &noisy(1, 1, 2))]);
    assert_eq!(set_at(dots.path(), &sized).len(), 2);
}

#[test]
fn nothing_good_is_an_error_whatever_is_skipped() {
    let root = folder(&[("a.png", b"nothing"), ("b.png", b"")]);
    for options in [SKIP, DataOptions::default()] {
        let text = error_at(root.path(), &options);
        assert!(text.starts_with("none of the 2 picture(s)") && text.contains("'a.png': "), "{text}");
    }
}

#[test]
fn points_that_are_not_finite_are_named_by_row() {
    use npyz::WriterBuilder;
    let root = folder(&[]);
    let path = root.path().join("p.npy");
    let values = [0.0f32, 1.0, f32::NAN, 2.0, 3.0, 4.0, 5.0, f32::INFINITY];
    let file = std::fs::File::create(&path).unwrap();
    let mut writer =
        npyz::WriteOptions::new().default_dtype().shape(&[4, 2]).writer(file).begin_nd().unwrap();
    writer.extend(values).unwrap();
    writer.finish().unwrap();
    let text = error_at(&path, &DataOptions::default());
    assert!(text.starts_with("2 of the 4 point(s) of '"), "{text}");
    assert!(text.contains("'row 1': it is (NaN, 2)") && text.contains("'row 3': it is (5, inf)"), "{text}");
    let set = load(path.to_str().unwrap(), &SKIP).unwrap();
    assert_eq!((set.len(), set.describe_skipped().unwrap().as_str()), (2, "2 rows skipped"));
    let mut point = [0.0; 2];
    set.read(1, &mut point);
    assert_eq!(point, [3.0, 4.0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn skipping_gives_the_set_of_the_good_files_alone(which in proptest::collection::vec(any::<bool>(), 10), at in 0u8..5) {
        let kinds = kinds();
        let good: Vec<_> = (0..5u8).map(|i| (format!("{}/{i}.png", ["m", "p"][usize::from(i % 2)]), noisy(6, 7, i))).collect();
        let root = folder(&good.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect::<Vec<_>>());
        let alone = load(root.path().to_str().unwrap(), &SKIP).unwrap();
        let mut bad = 0;
        for ((name, bytes, _), _) in kinds.iter().zip(&which).filter(|(_, chosen)| **chosen) {
            let folder = ["", "m/", "p/", "m/deep/", "other/"][usize::from(at)];
            let path = root.path().join(format!("{folder}{name}"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
            bad += 1;
        }
        let both = load(root.path().to_str().unwrap(), &SKIP).unwrap();
        prop_assert_eq!(both.checksum(), alone.checksum());
        prop_assert_eq!(both.labels(), alone.labels());
        prop_assert_eq!(both.class_names(), alone.class_names());
        prop_assert_eq!(both.skipped().len(), bad);
        prop_assert_eq!(load(root.path().to_str().unwrap(), &DataOptions::default()).is_err(), bad > 0);
    }
}
