//! What is measured, once all is known that this depends on.

use super::by_class;
use super::subject::Subject;
use crate::args::{EvaluateArguments, Metric};
use crate::exit::{Failure, usage};
use crate::plan::thousands;
use langevin::config::{FeatureChoice, LARGEST_PIXELS};

/// Sides of pictures up to which pixels are what they are compared by, if nothing is said.
const TINY: usize = 16;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub nll: bool,
    pub ode: bool,
    pub frechet: bool,
    pub kid: bool,
    pub is: bool,
    pub prdc: bool,
    /// Whether what cannot be measured is left out, as it was not asked for by its name.
    pub lenient: bool,
    /// What samples are compared by; of no account where none are.
    pub features: FeatureChoice,
}

impl Wanted {
    /// What the arguments ask for, of this subject.
    pub fn resolve(arguments: &EvaluateArguments, subject: &Subject) -> Result<Self, Failure> {
        let given = &arguments.metrics;
        let (named, all) = (|metric| given.contains(&metric), given.contains(&Metric::All));
        let (model, alone) = (subject.is_model(), arguments.statistics.is_some());
        let pictures = subject.levels().is_some();
        if alone && (named(Metric::Nll) || named(Metric::NllOde)) {
            return Err(usage("a likelihood is measured on data: give --data in place of --statistics"));
        }
        if alone && (named(Metric::Kid) || named(Metric::Prdc)) {
            return Err(usage("kid and prdc compare sample by sample: give --data in place of --statistics"));
        }
        let by_default = given.is_empty();
        if by_class(arguments) {
            return Self::by_class(arguments, subject);
        }
        let mut wanted = Self {
            nll: named(Metric::Nll) || model && !alone && (by_default || all && pictures),
            ode: named(Metric::NllOde),
            frechet: named(Metric::Frechet) || named(Metric::Fid) || all || by_default && (alone || !model),
            kid: named(Metric::Kid) || all && !alone,
            is: named(Metric::Is) || all,
            prdc: named(Metric::Prdc) || all && !alone,
            lenient: all,
            features: FeatureChoice::Pixels,
        };
        if model && !pictures && (wanted.nll || wanted.ode) {
            return Err(usage(
                "--metrics nll is for models of pictures: points have no levels whose probability it could be; \
                 ask for --metrics frechet, kid or prdc",
            ));
        }
        if arguments.plot.is_some() && !wanted.nll {
            return Err(usage("--plot shows the terms of --metrics nll: ask for it too"));
        }
        if arguments.save_statistics.is_some() && !wanted.compares() {
            return Err(usage(
                "--save-statistics keeps those of the data's features: ask for --metrics frechet too",
            ));
        }
        if wanted.compares() || wanted.is {
            wanted.features = features(arguments, subject)?;
        }
        if wanted.features == FeatureChoice::Pixels && wanted.is {
            if named(Metric::Is) {
                return Err(usage(
                    "pixels tell no classes: --metrics is takes --features inception or lite0",
                ));
            }
            wanted.is = false;
        }
        Ok(wanted)
    }

    /// What is measured of samples whose classes are judged.
    fn by_class(arguments: &EvaluateArguments, subject: &Subject) -> Result<Self, Failure> {
        if !subject.is_model() {
            return Err(usage(
                "--judge and several weights of --guidance are for a model, which draws what is asked for",
            ));
        }
        if !arguments.metrics.is_empty() {
            return Err(usage(
                "with --judge, agreement, Fréchet distance, precision and recall are measured: leave --metrics out",
            ));
        }
        if arguments.statistics.is_some() {
            return Err(usage(
                "precision and recall compare sample by sample: give --data in place of --statistics",
            ));
        }
        let features = features(arguments, subject)?;
        let (nll, ode, kid, is) = (false, false, false, false);
        Ok(Self { nll, ode, frechet: true, kid, is, prdc: true, lenient: false, features })
    }

    /// Whether samples are compared with data.
    pub fn compares(&self) -> bool {
        self.frechet || self.kid || self.prdc
    }
}

/// The features that are asked for, or that fit the samples.
fn features(arguments: &EvaluateArguments, subject: &Subject) -> Result<FeatureChoice, Failure> {
    let fid = arguments.metrics.contains(&Metric::Fid);
    let shape = subject.shape();
    let choice = match arguments.features {
        Some(choice) if fid && choice != FeatureChoice::Inception => {
            return Err(usage(
                "FID is by Inception's features alone: with other --features the metric is frechet",
            ));
        }
        Some(choice) => choice,
        None if fid => FeatureChoice::Inception,
        None if shape.height.max(shape.width) <= TINY => FeatureChoice::Pixels,
        None => {
            return Err(usage(
                "say what pictures of this size are compared by: --features inception (as papers report FID), lite0, or \
                 pixels",
            ));
        }
    };
    match (choice, subject.levels()) {
        (FeatureChoice::Pixels, _) if shape.elements() > LARGEST_PIXELS => Err(usage(format!(
            "--features pixels is for up to {} numbers a picture, and these have {}: use inception or lite0",
            thousands(LARGEST_PIXELS as u64),
            thousands(shape.elements() as u64)
        ))),
        (FeatureChoice::Inception | FeatureChoice::Lite0, None) => {
            Err(usage("a network of pictures says nothing of points: use --features pixels"))
        }
        (FeatureChoice::Pixels, _) if arguments.features_file.is_some() => {
            Err(usage("--features pixels has no weights: leave --features-file out"))
        }
        _ => Ok(choice),
    }
}
