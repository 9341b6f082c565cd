//! Fields of a line of JSON: one object, without nesting.

/// The number that follows `"name":`.
pub fn number_of(line: &str, name: &str) -> Option<f64> {
    value_of(line, name)?.split([',', '}']).next()?.trim().parse().ok()
}

/// The text that follows `"name":`, in which nothing is escaped.
pub(super) fn text_of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    value_of(line, name)?.trim_start().strip_prefix('"')?.split('"').next()
}

fn value_of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    Some(line.split_once(&format!("\"{name}\":"))?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name() {
        let line = r#"{"parameters": 12, "ms_per_picture":1.5e-1, "version": "PyTorch 2, fused"}"#;
        assert_eq!(number_of(line, "parameters"), Some(12.0));
        assert_eq!(number_of(line, "ms_per_picture"), Some(0.15));
        assert_eq!(number_of(line, "version"), None);
        assert_eq!(number_of(line, "peak"), None);
        assert_eq!(text_of(line, "version"), Some("PyTorch 2, fused"));
        assert_eq!(text_of(line, "parameters"), None);
    }
}
