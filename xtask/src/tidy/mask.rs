//! Where the comments and the literals of a Rust file are.

/// The text twice, as long as it was and with its lines where they were: without comments and without what stands
/// in literals, and without comments only. What is left out becomes spaces.
pub fn blank(text: &str) -> (String, String) {
    let mut code = text.as_bytes().to_vec();
    let mut strings = code.clone();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if let Some(length) = comment(rest) {
            wipe(&mut code[at..at + length]);
            wipe(&mut strings[at..at + length]);
            at += length;
        } else if let Some((opening, length, closing)) = literal(text, at) {
            wipe(&mut code[at + opening..at + length - closing]);
            at += length;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    let text = |bytes| String::from_utf8(bytes).expect("only whole characters are wiped");
    (text(code), text(strings))
}

fn wipe(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

/// The length of the comment that `rest` begins with.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
    Some(rest.len())
}

/// Of the literal that begins at `at`: the lengths of its opening, of all of it, and of its closing.
fn literal(text: &str, at: usize) -> Option<(usize, usize, usize)> {
    let rest = &text[at..];
    match rest.as_bytes()[0] {
        b'"' => Some(escaped(rest, '"')),
        b'\'' => character(rest),
        b'r' if !text[..at].ends_with(is_name) || prefixed(&text[..at]) => raw(rest),
        _ => None,
    }
}

/// Whether a text ends with the `b` or `c` of `br""` or `cr""`.
fn prefixed(before: &str) -> bool {
    before.strip_suffix(['b', 'c']).is_some_and(|start| !start.ends_with(is_name))
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// A literal in which a backslash takes away the meaning of what follows it.
fn escaped(rest: &str, quote: char) -> (usize, usize, usize) {
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if letter == quote {
            return (1, at + 1, 1);
        }
    }
    (1, rest.len(), 0)
}

/// A character, and not the mark of a lifetime.
fn character(rest: &str) -> Option<(usize, usize, usize)> {
    let mut letters = rest[1..].chars();
    let first = letters.next()?;
    (first == '\\' || letters.next() == Some('\'')).then(|| escaped(rest, '\''))
}

/// `r"…"`, `r#"…"#`, and so on; not `r#type`.
fn raw(rest: &str) -> Option<(usize, usize, usize)> {
    let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
    let inside = rest[1 + hashes..].strip_prefix('"')?;
    let closing = format!("\"{}", "#".repeat(hashes));
    let opening = 2 + hashes;
    Some(match inside.find(&closing) {
        Some(length) => (opening, opening + length + closing.len(), closing.len()),
        None => (opening, rest.len(), 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        let (code, strings) = blank(text);
        assert_eq!((code.len(), strings.len()), (text.len(), text.len()));
        assert_eq!(code.matches('\n').count(), text.matches('\n').count());
        code
    }

    #[test]
    fn comments_go() {
        assert_eq!(code("a // b\nc"), "a     \nc");
        assert_eq!(code("a /* b /* c */ \n é */ d"), format!("a {}\n{} d", " ".repeat(13), " ".repeat(6)));
        assert_eq!(code("a / b /*"), "a / b   ");
    }

    #[test]
    fn the_contents_of_strings_go_from_the_code_alone() {
        let text = r#"f("to // do \" \\", 'x') // "y""#;
        assert_eq!(code(text), r#"f("              ", ' ')       "#);
        assert_eq!(blank(text).1, r#"f("to // do \" \\", 'x')       "#);
        assert_eq!(code("\"{\n\"}"), "\" \n\"}");
    }

    #[test]
    fn raw_strings_end_where_they_end() {
        assert_eq!(code(r###"r#"a " \"# + br"\" + x"###), r###"r#"     "# + br" " + x"###);
        assert_eq!(code("r#type + bar\"\\\"\""), "r#type + bar\"  \"");
    }

    #[test]
    fn lifetimes_are_no_characters() {
        assert_eq!(code("fn f<'a>(x: &'a str, y: '\"')"), "fn f<'a>(x: &'a str, y: ' ')");
        assert_eq!(code(r"('\'', '\u{1f}', 'é', 'b: loop)"), r"('  ', '      ', '  ', 'b: loop)");
    }
}
