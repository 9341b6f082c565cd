//! Text that becomes HTML: what comes from outside stays text.

use serde::Serialize;
use std::fmt::{self, Display, Formatter};

/// A piece of HTML. Text from outside becomes one by [`text`] alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Markup of ours, in which everything from outside is an [`Html`] already.
    pub fn ours(markup: impl Into<String>) -> Self {
        Self(markup.into())
    }

    /// The pieces, one after another.
    pub fn all(pieces: impl IntoIterator<Item = Html>) -> Self {
        Self(pieces.into_iter().map(|piece| piece.0).collect())
    }
}

impl Display for Html {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Anything as text: between tags, and in attributes that stand in quotation marks.
pub fn text(anything: impl Display) -> Html {
    let mut escaped = String::new();
    for letter in anything.to_string().chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    Html(escaped)
}

/// A value as JSON within a `script` element, which only a `<` could end.
pub fn json(value: &impl Serialize) -> Html {
    // Numbers and texts can always be written.
    let json = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
    Html(json.replace('<', "\\u003c"))
}

/// The template with a piece in place of each `{{name}}`. The pieces are not looked through: what stands in them stays.
///
/// # Panics
/// If the template names another piece.
pub fn fill(template: &str, pieces: &[(&str, Html)]) -> String {
    let mut parts = template.split("{{");
    let mut page = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
        let piece = pieces.iter().find(|(known, _)| *known == name);
        let (_, piece) = piece.unwrap_or_else(|| panic!("the template names {name:?}, which is no piece"));
        page.push_str(&piece.0);
        page.push_str(rest);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let name = "<img src=x onerror=alert(1)>&\"'";
        let escaped = "&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#39;";
        assert_eq!(text(name).to_string(), escaped);
        assert_eq!(text("plain, ε and 模型").to_string(), "plain, ε and 模型");
    }

    #[test]
    fn json_cannot_end_its_element() {
        let written = json(&["</script><!--<script>"]).to_string();
        assert!(!written.contains('<'), "{written}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&written).unwrap(), ["</script><!--<script>"]);
    }

    #[test]
    fn what_is_filled_in_is_no_template() {
        let pieces = [("a", text("{{b}} }} {{")), ("b", text("B"))];
        assert_eq!(fill("1 {{a}} 2 {{b}}{{b}} 3", &pieces), "1 {{b}} }} {{ 2 BB 3");
    }

    #[test]
    #[should_panic(expected = "\"c\"")]
    fn an_unknown_piece_is_a_mistake_of_the_template() {
        fill("{{c}}", &[("a", text("A"))]);
    }
}
