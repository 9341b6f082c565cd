//! Which features samples are compared by.

use super::subject::Subject;
use super::{Asked, Part};
use crate::args::{FeatureName, Metric};
use crate::download::sha256;
use crate::exit::{Failure, usage};
use crate::feature_files::FeatureFile;
use crate::plan::thousands;
use langevin::eval::quality::{Describer, LARGEST_PIXELS};
use langevin::features::{self, Kind};

/// Sides of pictures up to which pixels are what they are compared by, if nothing is said.
const TINY: usize = 16;

/// The features that are asked for, or that fit the samples.
pub fn feature_name(asked: Asked, subject: &Subject) -> Result<FeatureName, Failure> {
    let arguments = asked.arguments;
    let fid = arguments.metrics.contains(&Metric::Fid);
    let shape = subject.shape();
    let name = match arguments.features {
        Some(name) if fid && name != FeatureName::Inception => {
            return Err(usage(
                "FID is by Inception's features alone: with other --features the metric is frechet",
            ));
        }
        Some(name) => name,
        None if fid => FeatureName::Inception,
        None if shape.height.max(shape.width) <= TINY => FeatureName::Pixels,
        None => {
            return Err(usage(
                "say what pictures of this size are compared by: --features inception (as papers report FID), lite0, or \
                 pixels",
            ));
        }
    };
    match (name, subject.levels()) {
        (FeatureName::Pixels, _) if shape.elements() > LARGEST_PIXELS => Err(usage(format!(
            "--features pixels is for up to {} numbers a picture, and these have {}: use inception or lite0",
            thousands(LARGEST_PIXELS as u64),
            thousands(shape.elements() as u64)
        ))),
        (FeatureName::Inception | FeatureName::Lite0, None) => {
            Err(usage("a network of pictures says nothing of points: use --features pixels"))
        }
        _ => Ok(name),
    }
}

/// A describer, and the file of its weights with its SHA-256.
pub type Found = (Describer, Option<(String, String)>);

/// What describes the samples, and the parts of the data.
pub fn describer(
    asked: Asked,
    name: FeatureName,
    subject: &Subject,
    parts: &[Part],
) -> Result<Option<Found>, Failure> {
    let arguments = asked.arguments;
    let kind = match name {
        FeatureName::Inception => Kind::InceptionV3,
        FeatureName::Lite0 => Kind::EfficientNetLite0,
        FeatureName::Pixels => {
            if arguments.features_file.is_some() {
                return Err(usage("--features pixels has no weights: leave --features-file out"));
            }
            let found = match parts.first() {
                Some(part) => Describer::pixels(&mut part.source())?,
                None => Describer::plain_pixels(subject.shape().elements()),
            };
            let Some(found) = found else {
                return Err(usage("pixels of this size are compared by components of the data: give --data"));
            };
            return Ok(Some((found, None)));
        }
    };
    let path = match &arguments.features_file {
        Some(path) => path.clone(),
        None => FeatureFile::of(kind).installed()?,
    };
    let network = features::load(kind, &path)?;
    let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(Some((Describer::Network(Box::new(network)), Some((file, sha256(&path)?)))))
}
