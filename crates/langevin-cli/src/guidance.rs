//! From the arguments of guidance to classes and a guidance, every wrong one in a sentence.

use crate::args::GuidanceArguments;
use crate::exit::{Failure, usage};
use langevin::TrainedModel;
use langevin::diffusion::{Classes, ClassifierGuide, Guidance};
use langevin::pipeline::{Sampling, TrainedClassifier};
use langevin::train::WeightsKind;

/// What `--class` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// No class in particular.
    None,
    /// One.
    One(usize),
    /// Every class that is known.
    All(usize),
}

/// The classes that are known, by number or by name.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Their names; empty where they have none.
    pub names: Vec<String>,
    /// How many; `None` where there are none, or any number.
    pub count: Option<usize>,
}

impl Known {
    /// Those of a model.
    pub fn of(model: &TrainedModel) -> Self {
        let settings = model.settings();
        Self { names: settings.class_names.clone(), count: settings.recipe.model.classes() }
    }

    /// What a class is called.
    pub fn name(&self, class: usize) -> String {
        self.names.get(class).cloned().unwrap_or_else(|| class.to_string())
    }

    /// The class that `text` names.
    pub fn find(&self, text: &str) -> Result<Asked, Failure> {
        let exact = self.names.iter().position(|name| name == text);
        let close = || self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        if let Some(class) = exact.or_else(close) {
            return Ok(Asked::One(class));
        }
        match (text, self.count) {
            ("all", Some(count)) => return Ok(Asked::All(count)),
            ("all", None) => {
                return Err(usage("--class is all, but the model knows no classes: leave it out"));
            }
            _ => {}
        }
        let number: Option<usize> = text.parse().ok();
        match (number, self.count) {
            (Some(class), Some(count)) if class < count => Ok(Asked::One(class)),
            (Some(class), None) => Ok(Asked::One(class)),
            (_, Some(count)) => Err(usage(format!("--class is {text}: {}", self.advice(count)))),
            (None, None) => {
                Err(usage(format!("--class is {text}, but the model's classes have no names: give a number")))
            }
        }
    }

    /// What to give instead.
    fn advice(&self, count: usize) -> String {
        match self.names.len() {
            0 => format!("the model knows {count} classes, numbered from 0 to {}", count - 1),
            1..=20 => {
                format!("the model knows {} (or a number from 0 to {})", self.names.join(", "), count - 1)
            }
            _ => {
                let some = self.names[..10].join(", ");
                format!("the model knows {count} classes: {some}, … (`langevin inspect` lists all)")
            }
        }
    }
}

/// What `--class` asks a model for.
pub fn asked(arguments: &GuidanceArguments, known: &Known) -> Result<Asked, Failure> {
    arguments.class.as_deref().map_or(Ok(Asked::None), |text| known.find(text))
}

/// As [`asked`], for what is drawn of one class only.
pub fn one_class(arguments: &GuidanceArguments, known: &Known) -> Result<Classes, Failure> {
    match asked(arguments, known)? {
        Asked::None => Ok(Classes::None),
        Asked::One(class) => Ok(Classes::All(class)),
        Asked::All(_) => {
            Err(usage("--class all is for `langevin sample` and `langevin evaluate`: name one class"))
        }
    }
}

/// The guidance that is asked for, of weight 1 if none is.
pub fn guidance(arguments: &GuidanceArguments) -> Result<Guidance, Failure> {
    match arguments.guidance[..] {
        [] => guidance_of(arguments, 1.0),
        [weight] => guidance_of(arguments, weight),
        _ => Err(usage("several weights of --guidance are compared by `langevin evaluate`: give one")),
    }
}

/// The guidance of one weight, the rest as asked for.
pub fn guidance_of(arguments: &GuidanceArguments, weight: f64) -> Result<Guidance, Failure> {
    let interval = match arguments.guidance_interval.as_deref() {
        None => None,
        Some(&[from, to]) => Some([from, to]),
        Some(_) => return Err(usage("--guidance-interval is two noise levels, such as 0.3,5")),
    };
    let rescale = arguments.guidance_rescale.unwrap_or(0.0);
    let guidance = Guidance { weight, interval, rescale };
    guidance.check().map_err(usage)?;
    Ok(guidance)
}

/// The classifier that guides, if one does.
pub struct Guide(Option<(TrainedClassifier, bool)>);

impl Guide {
    /// Opens what the arguments name.
    pub fn open(arguments: &GuidanceArguments, model: &TrainedModel) -> Result<Self, Failure> {
        let Some(path) = &arguments.classifier else { return Ok(Self(None)) };
        let classifier = TrainedClassifier::load(path, WeightsKind::Ema)?;
        classifier.check_guides(model).map_err(|error| usage(format!("{}: {error}", path.display())))?;
        let knows = model.settings().recipe.model.classes().is_some();
        Ok(Self(Some((classifier, knows && !arguments.classifier_alone))))
    }

    /// The classes that can be asked for: the model's, or where it knows none, the classifier's.
    pub fn known(&self, model: &TrainedModel) -> Known {
        let known = Known::of(model);
        match &self.0 {
            Some((classifier, _)) if known.count.is_none() => {
                let settings = classifier.settings();
                Known { names: settings.class_names.clone(), count: settings.recipe.model.classes() }
            }
            _ => known,
        }
    }

    /// Drawing from the model, guided.
    pub fn sampling<'a>(&'a self, model: &'a TrainedModel) -> Sampling<'a> {
        let guide = self.0.as_ref().map(|(classifier, network_is_told)| ClassifierGuide {
            classifier,
            network_is_told: *network_is_told,
        });
        Sampling { guide, ..model.sampling() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clothes() -> Known {
        Known { names: ["T-shirt/top", "Trouser", "7"].map(str::to_owned).to_vec(), count: Some(3) }
    }

    #[test]
    fn a_class_is_found_by_name_first_and_by_number_then() {
        let find = |text| clothes().find(text).ok();
        assert_eq!(find("Trouser"), Some(Asked::One(1)));
        assert_eq!(find("t-shirt/TOP"), Some(Asked::One(0)));
        assert_eq!(find("7"), Some(Asked::One(2)));
        assert_eq!(find("0"), Some(Asked::One(0)));
        assert_eq!(find("all"), Some(Asked::All(3)));
        assert_eq!((find("3"), find("boot"), find("-1")), (None, None, None));
    }

    #[test]
    fn without_names_there_are_numbers() {
        let numbered = Known { names: Vec::new(), count: Some(1000) };
        assert_eq!(numbered.find("999").ok(), Some(Asked::One(999)));
        assert!(numbered.find("1000").is_err() && numbered.find("cat").is_err());
        let any = Known::default();
        assert_eq!(any.find("12345").ok(), Some(Asked::One(12345)));
        assert!(any.find("cat").is_err() && any.find("all").is_err());
    }
}
