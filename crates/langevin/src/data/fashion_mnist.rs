//! The built-in `fashion-mnist`: 70,000 pictures of clothing, 28×28 grey, where Debian's package puts them.

use std::path::{Path, PathBuf};

use super::{DataError, DataOptions, Dataset, idx};

const SYSTEM_DIR: &str = "/usr/share/datasets/fashion-mnist";
const INSTALL: &str = "apt-get install dataset-fashion-mnist";

/// The classes, by label (Xiao et al. 2017, Table 2).
const CLASS_NAMES: &[&str] = &[
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

pub(super) fn load(name: &str, options: &DataOptions) -> Result<Dataset, DataError> {
    let places = match &options.data_dir {
        Some(folder) => vec![folder.clone(), folder.join(name)],
        None => vec![PathBuf::from(SYSTEM_DIR)],
    };
    match places.iter().find(|folder| is_here(folder)) {
        Some(folder) => idx::load_folder(name.to_owned(), folder, options, CLASS_NAMES),
        None => Err(DataError::NotInstalled {
            name: name.to_owned(),
            looked: places[0].display().to_string(),
            install: INSTALL,
        }),
    }
}

fn is_here(folder: &Path) -> bool {
    folder.is_dir() && idx::accepts(folder, &[])
}
