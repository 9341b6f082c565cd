use super::arrays::idx;
use super::*;
use crate::data::{builtin_names, is_builtin};

fn builtin(name: &str) -> Dataset {
    load(name, &DataOptions::default()).unwrap()
}

#[test]
fn digits_are_those_of_the_uci_test_set() {
    let Dataset::Pictures(set) = builtin("digits") else { panic!("digits are pictures") };
    assert_eq!(set.describe(), "digits: 1797 pictures, 8x8, 1 channel, 17 levels, 10 classes");
    // scikit-learn: load_digits().images[0][0], the labels' counts, and the sum of all pixels.
    assert_eq!(set.picture(0).samples[..8], [0, 0, 5, 13, 9, 1, 0, 0]);
    let counts = set.labels().unwrap().iter().fold([0; 10], |mut counts, &label| {
        counts[label as usize] += 1;
        counts
    });
    assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    let pixels = (0..set.len()).flat_map(|i| set.picture(i).samples);
    assert_eq!(pixels.map(u64::from).sum::<u64>(), 561_718);
    let mut scaled = [0.0; 64];
    set.read(0, &mut scaled);
    assert_eq!(scaled[..4], [-1.0, -1.0, -0.375, 0.625]);
}

#[test]
fn a_name_is_the_builtin_set_and_a_path_is_the_folder() {
    assert!(is_builtin("digits") && !is_builtin("./digits") && !is_builtin("Digits"));
    assert_eq!(builtin_names().len(), 6);
    let root = folder(&[("digits/a.png", &grey_png(2, 2, 1))]);
    assert_eq!(set_at(&root.path().join("digits"), &DataOptions::default()).len(), 1);
    let message = load("./no-such-digits", &DataOptions::default()).unwrap_err().to_string();
    assert!(
        message.contains("'./no-such-digits' does not exist") && message.contains("swiss-roll"),
        "{message}"
    );
    let message = load("digits", &with_split("test")).unwrap_err().to_string();
    assert!(message.contains("'digits' is not divided into splits"), "{message}");
}

#[test]
fn fashion_mnist_is_read_from_the_folder_given_or_says_how_to_get_it() {
    let files = [
        ("fashion-mnist/train-images-idx3-ubyte.gz", gzipped(&idx(&[2, 28, 28], &[7; 1568]))),
        ("fashion-mnist/train-labels-idx1-ubyte.gz", gzipped(&idx(&[2], &[9, 0]))),
    ];
    let root = folder(&files.each_ref().map(|(name, bytes)| (*name, bytes.as_slice())));
    for place in [root.path().to_path_buf(), root.path().join("fashion-mnist")] {
        let options = DataOptions { data_dir: Some(place), ..DataOptions::default() };
        let Dataset::Pictures(set) = load("fashion-mnist", &options).unwrap() else { panic!("pictures") };
        assert_eq!(set.describe(), "fashion-mnist (train): 2 pictures, 28x28, 1 channel, 8 bit, 10 classes");
        assert_eq!(set.class_names()[set.labels().unwrap()[0] as usize], "Ankle boot");
    }
    let empty = folder(&[]);
    let options = DataOptions { data_dir: Some(empty.path().to_path_buf()), ..DataOptions::default() };
    let message = load("fashion-mnist", &options).unwrap_err().to_string();
    assert!(
        message.contains("apt-get install dataset-fashion-mnist") && message.contains("--data-dir"),
        "{message}"
    );
}
