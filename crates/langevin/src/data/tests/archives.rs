use super::*;

fn divided(prefix: &str) -> tempfile::TempDir {
    let names = ["test/cat/1.png", "train/dog/1.png", "train/cat/2.png", "__MACOSX/train/cat/._2.png"];
    let files: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(i, name)| (format!("{prefix}{name}"), if i == 3 { vec![1] } else { grey_png(2, 3, i as u8) }))
        .collect();
    let files: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    folder(&[("set.zip", &zipped(&files))])
}

#[test]
fn train_is_taken_unless_another_split_is_asked_for() {
    for prefix in ["", "top/"] {
        let root = divided(prefix);
        let path = root.path().join("set.zip");
        let set = set_at(&path, &DataOptions::default());
        assert_eq!(set.describe(), "set.zip (train): 2 pictures, 2x3, 1 channel, 8 bit, 2 classes");
        assert_eq!([0, 1].map(|i| set.picture(i).samples[0]), [2, 1]);
        assert_eq!((set.labels(), set.split()), (Some(&[0, 1][..]), Some("train")));
        assert_eq!(set_at(&path, &with_split("test")).class_names(), ["cat"]);
        assert_eq!(set_at(&path, &with_split("all")).labels(), Some(&[0, 0, 1][..]));
        let message = error_at(&path, &with_split("dev"));
        assert!(message.ends_with("has no split 'dev': choose one of test, train, or all"), "{message}");
    }
}

#[test]
fn a_folder_and_its_archive_give_the_same_set() {
    let pictures: Vec<_> =
        (0..30u8).map(|i| (format!("c{}/p{i}.png", i % 3), grey_png(3, 3, i * 8))).collect();
    let mut files: Vec<_> = pictures.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let root = folder(&files);
    files.reverse();
    let other = folder(&[("set.zip", &zipped(&files))]);
    let a = set_at(root.path(), &DataOptions::default());
    let b = set_at(&other.path().join("set.zip"), &DataOptions::default());
    assert_eq!((a.labels(), a.class_names()), (b.labels(), b.class_names()));
    assert!((0..30).all(|i| a.picture(i) == b.picture(i)));
}

#[test]
fn what_is_wrong_in_an_archive_is_named() {
    let bad = zipped(&[("a/good.png", &grey_png(2, 2, 1)), ("a/bad.png", b"nothing")]);
    let root = folder(&[("bad.zip", &bad), ("cut.zip", &bad[..bad.len() / 2]), ("empty.zip", &zipped(&[]))]);
    let error = |name: &str| error_at(&root.path().join(name), &DataOptions::default());
    assert!(error("bad.zip").contains("'a/bad.png': it is not a PNG"), "{}", error("bad.zip"));
    assert!(
        error("cut.zip").contains("cut.zip' cannot be used: its zip archive is damaged"),
        "{}",
        error("cut.zip")
    );
    assert!(error("empty.zip").contains("empty.zip' is empty"), "{}", error("empty.zip"));
}
