//! Numbers and moments as people read them.

use std::time::{Duration, SystemTime};

/// A value in four digits: 2815, 0.07163, 3.1e-6.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e6).contains(&size) {
        let text = format!("{value:.3e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", trimmed(digits));
    }
    let before = if size < 1.0 { size.max(1e-9).log10().floor() as i32 } else { size.log10() as i32 };
    trimmed(&format!("{value:.*}", (3 - before).clamp(0, 7) as usize)).to_owned()
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// A count, with a comma for each thousand.
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Seconds since 1970 as a date, if it is one.
pub fn date(seconds: f64) -> Option<String> {
    // Beyond the year 9999 there is no such date; before 1970 there was no run.
    let since =
        Duration::try_from_secs_f64(seconds).ok().filter(|since| since.as_secs() < 250_000_000_000)?;
    Some(httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (-0.5, "-0.5"),
            (0.071_629, "0.07163"),
            (2815.4, "2815"),
            (31_415.9, "31416"),
            (0.001, "0.001"),
            (2e-4, "0.0002"),
            (3.1e-6, "3.1e-6"),
            (12_345_678.0, "1.235e7"),
            (9.99996, "10"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn counts_and_dates_are_read_by_people() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(date(784_111_777.0).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!((date(-1.0), date(f64::NAN), date(1e15)), (None, None, None));
    }
}
