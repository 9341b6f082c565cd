//! Printing that a closed pipe cannot end: a training run goes on when nobody listens any more.

/// Prints a line to standard output; one that nobody reads is no error.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

/// Prints a line to standard error; one that nobody reads is no error.
macro_rules! note {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

pub(crate) use {note, say};
