use super::*;
use crate::data::Channels;

/// The bytes of an IDX array.
pub(super) fn idx(shape: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|side| side.to_be_bytes()));
    bytes.extend(values);
    bytes
}

fn numpy_file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let root = folder(&[(name, bytes)]);
    let path = root.path().join(name);
    (root, path)
}

#[test]
fn idx_is_read_with_the_labels_beside_it_gzipped_or_not() {
    let images = idx(&[3, 2, 2], &(0..12).collect::<Vec<u8>>());
    let labels = idx(&[3], &[1, 0, 4]);
    let other = idx(&[1, 2, 2], &[9; 4]);
    let root = folder(&[
        ("train-images-idx3-ubyte.gz", &gzipped(&images)),
        ("train-labels-idx1-ubyte", &labels),
        ("t10k-images-idx3-ubyte", &other),
        ("t10k-labels-idx1-ubyte.gz", &gzipped(&idx(&[1], &[2]))),
    ]);
    for path in [root.path().to_path_buf(), root.path().join("train-images-idx3-ubyte.gz")] {
        let set = set_at(&path, &DataOptions::default());
        assert_eq!((set.len(), set.height(), set.width(), set.channels(), set.levels()), (3, 2, 2, 1, 256));
        assert_eq!(set.picture(2).samples, [8, 9, 10, 11]);
        assert_eq!(set.labels(), Some(&[1, 0, 4][..]));
        assert_eq!(set.class_names(), ["0", "1", "2", "3", "4"]);
    }
    let test = set_at(root.path(), &with_split("test"));
    assert_eq!((test.len(), test.labels(), test.split()), (1, Some(&[2][..]), Some("test")));
    let all = set_at(root.path(), &with_split("all"));
    assert_eq!((all.len(), all.labels()), (4, Some(&[2, 1, 0, 4][..])));
    let message = error_at(root.path(), &with_split("val"));
    assert!(message.ends_with("has no split 'val': choose one of test, train, or all"), "{message}");
}

#[test]
fn idx_that_contradicts_itself_is_refused() {
    let root = folder(&[
        ("short", &idx(&[2, 2, 2], &[0; 7])),
        ("long.gz", &gzipped(&idx(&[2, 2, 2], &[0; 9]))),
        ("floats", &[0, 0, 0x0D, 1, 0, 0, 0, 1, 0, 0, 0, 0]),
        ("huge", &idx(&[u32::MAX; 3], &[])),
        ("a-images-idx3-ubyte", &idx(&[1, 1, 1], &[0])),
        ("a-labels-idx1-ubyte", &idx(&[2], &[0, 0])),
    ]);
    let error = |name: &str| error_at(&root.path().join(name), &DataOptions::default());
    assert!(error("short").contains("needs 8 bytes, and it holds 7"), "{}", error("short"));
    assert!(error("long.gz").contains("needs 8 bytes, and it holds more"), "{}", error("long.gz"));
    assert!(error("floats").contains("type 0x0d, and only bytes"), "{}", error("floats"));
    assert!(error("huge").contains("is impossible"), "{}", error("huge"));
    let labels = error("a-images-idx3-ubyte");
    assert!(labels.contains("a-labels-idx1-ubyte' cannot be used: its shape is [2]"), "{labels}");
}

#[test]
fn arrays_that_numpy_wrote_are_read_exactly() {
    let (_root, path) = numpy_file("u1.npy", include_bytes!("../../../tests/data/u1_nhw.npy"));
    let set = set_at(&path, &DataOptions::default());
    assert_eq!((set.len(), set.height(), set.width(), set.channels()), (2, 3, 4, 1));
    assert_eq!(set.picture(1).samples, (12..24).collect::<Vec<_>>());
    assert_eq!(set.labels(), None);

    let (_root, path) = numpy_file("u2.npy", include_bytes!("../../../tests/data/u2_big_endian_nhwc.npy"));
    let set = set_at(&path, &DataOptions::default());
    assert_eq!((set.height(), set.width(), set.channels(), set.levels()), (3, 5, 2, 65_536));
    assert_eq!(set.picture(1).samples, (30..60).map(|v| v * 1000).collect::<Vec<_>>());

    let (_root, path) = numpy_file("first.npy", include_bytes!("../../../tests/data/u1_nchw.npy"));
    let set = set_at(&path, &DataOptions::default());
    assert_eq!((set.height(), set.width(), set.channels()), (2, 5, 3));
    assert_eq!(set.picture(1).samples[..6], [30, 40, 50, 31, 41, 51]);
}

#[test]
fn points_that_numpy_wrote_are_points() {
    let (_root, path) = numpy_file("points.npy", include_bytes!("../../../tests/data/f8_points.npy"));
    let set = load(path.to_str().unwrap(), &DataOptions::default()).unwrap();
    assert_eq!((set.len(), set.height(), set.width(), set.channels(), set.levels()), (3, 1, 1, 2, None));
    let mut point = [0.0; 2];
    set.read(0, &mut point);
    assert_eq!(point, [0.5, -1.25]);
    assert_eq!(set.describe(), "points.npy: 3 points of the plane");
    assert!(error_at(&path, &with_split("test")).contains("is not divided into splits"));
}

#[test]
fn npz_arrays_are_found_by_their_names() {
    let (_root, path) = numpy_file("a.npz", include_bytes!("../../../tests/data/arr_0_and_labels.npz"));
    let set = set_at(&path, &DataOptions::default());
    assert_eq!((set.labels(), set.class_names().len()), (Some(&[3, 1][..]), 4));
    let (_root, path) = numpy_file("b.npz", include_bytes!("../../../tests/data/images_and_labels.npz"));
    let set = set_at(&path, &DataOptions::default());
    assert_eq!((set.labels(), set.picture(0).samples[11]), (Some(&[1, 0][..]), 11));
    let (_root, path) = numpy_file("c.npz", include_bytes!("../../../tests/data/unnamed.npz"));
    let message = error_at(&path, &DataOptions::default());
    assert!(message.ends_with("it holds the arrays x, y: name the pictures arr_0"), "{message}");
}

#[test]
fn arrays_of_other_types_say_what_to_do() {
    let (_root, path) = numpy_file("f.npy", include_bytes!("../../../tests/data/u1_fortran.npy"));
    assert!(error_at(&path, &DataOptions::default()).ends_with("save numpy.ascontiguousarray(x) instead"));
    let (_root, path) = numpy_file("i.npy", include_bytes!("../../../tests/data/i8_nhw.npy"));
    let message = error_at(&path, &DataOptions::default());
    assert!(message.contains("type 'i8': pictures are uint8 or uint16"), "{message}");
}

#[test]
fn arrays_are_converted_and_scaled_on_request() {
    let (_root, path) = numpy_file("u1.npy", include_bytes!("../../../tests/data/u1_nhw.npy"));
    let options = DataOptions { size: Some((6, 8)), channels: Some(Channels::Rgb), ..DataOptions::default() };
    let set = set_at(&path, &options);
    assert_eq!((set.len(), set.height(), set.width(), set.channels()), (2, 6, 8, 3));
    assert!(set.picture(0).samples.as_chunks::<3>().0.iter().all(|&[r, g, b]| r == g && g == b && r < 24));
}
