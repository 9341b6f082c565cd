//! Reading a configuration field by field, so that everything that is wrong with it is said at once.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A configuration being read.
pub(super) struct Fields {
    values: Map<String, Value>,
    read: BTreeSet<&'static str>,
    problems: Vec<String>,
}

impl Fields {
    /// `older` are the names that fields had once: (then, now).
    ///
    /// # Errors
    /// If the configuration is not a JSON object, or has a field under both of its names.
    pub(super) fn new(config: &Value, older: &[(&str, &str)]) -> Result<Self, String> {
        let mut values = config.as_object().ok_or("the U-Net's configuration is not a JSON object")?.clone();
        let mut problems = Vec::new();
        for (then, now) in older {
            let Some(value) = values.remove(*then) else { continue };
            match values.get(*now) {
                Some(other) if *other != value => {
                    problems.push(format!("{then} is {value} but {now}, its newer name, is {other}"));
                }
                _ => drop(values.insert((*now).to_owned(), value)),
            }
        }
        Ok(Self { values, read: BTreeSet::new(), problems })
    }

    /// The value of a field; a missing one has `default`.
    pub(super) fn value(&mut self, key: &'static str, default: Value) -> Value {
        self.read.insert(key);
        self.values.get(key).cloned().unwrap_or(default)
    }

    /// Notes that a field's value is not supported.
    pub(super) fn refuse(&mut self, key: &str, value: &Value, expected: &str) {
        self.problems.push(format!("{key} is {value} (expected {expected})"));
    }

    /// What `parse` makes of a field, or of its `default` where the field is missing or refused.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        default: Value,
        expected: &str,
        parse: impl Fn(&Value) -> Option<T>,
    ) -> T {
        let value = self.value(key, default.clone());
        parse(&value).unwrap_or_else(|| {
            self.refuse(key, &value, expected);
            parse(&default).expect("defaults are of the type that is expected")
        })
    }

    /// A whole number.
    pub(super) fn count(&mut self, key: &'static str, default: usize) -> usize {
        self.parsed(key, default.into(), "a whole number", count_of)
    }

    /// A whole number or null.
    pub(super) fn optional_count(&mut self, key: &'static str, default: Option<usize>) -> Option<usize> {
        self.parsed(key, default.into(), "a whole number or null", |value| match value {
            Value::Null => Some(None),
            value => count_of(value).map(Some),
        })
    }

    /// A number.
    pub(super) fn number(&mut self, key: &'static str, default: f64) -> f64 {
        self.parsed(key, default.into(), "a number", Value::as_f64)
    }

    /// True or false.
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        self.parsed(key, default.into(), "true or false", Value::as_bool)
    }

    /// # Errors
    /// One sentence with everything that was refused, and every field that nobody has read.
    pub(super) fn finish(mut self) -> Result<(), String> {
        for (key, value) in &self.values {
            if !key.starts_with('_') && !self.read.contains(key.as_str()) {
                self.problems.push(format!("{key} is {value} (a field that is not known)"));
            }
        }
        if self.problems.is_empty() {
            return Ok(());
        }
        let problems = self.problems.join("; ");
        Err(format!("the U-Net's configuration asks for what is not supported: {problems}"))
    }
}

/// A whole number that fits.
pub(super) fn count_of(value: &Value) -> Option<usize> {
    // Python writes some whole numbers with a point.
    let whole = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..1e9).contains(number));
    value.as_u64().map(|number| number as usize).or(whole.map(|number| number as usize))
}
