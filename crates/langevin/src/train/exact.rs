//! A number in a text file that is read back bit by bit, which the usual reader of JSON does not promise: written as the
//! shortest decimal text that only this number has.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// Writes the text.
pub fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

/// Reads the text of a finite number.
pub fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<f64, D::Error> {
    let text = String::deserialize(from)?;
    let value = text.parse().ok().filter(|value: &f64| value.is_finite());
    value.ok_or_else(|| D::Error::custom(format!("{text:?} is not a finite number")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    struct One(#[serde(with = "super")] f64);

    proptest! {
        #[test]
        fn numbers_come_back_bit_by_bit(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = serde_json::to_string(&One(value)).unwrap();
            prop_assert_eq!(serde_json::from_str::<One>(&text).unwrap().0.to_bits(), bits);
        }
    }

    #[test]
    fn what_is_no_finite_number_is_refused() {
        for text in ["\"NaN\"", "\"inf\"", "\"\"", "\"one\"", "1.5"] {
            assert!(serde_json::from_str::<One>(text).is_err(), "{text}");
        }
    }
}
