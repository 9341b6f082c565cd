//! Printing: what a training run says and nobody need read, and what a command was asked for.
//!
//! A closed pipe cannot end a training run: it goes on when nobody listens any more.

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

/// Prints a line that was asked for to standard output; where it cannot be written, as on a full disk, the program fails.
macro_rules! tell {
    ($($text:tt)*) => {{
        use std::io::Write;
        if let Err(error) = writeln!(std::io::stdout(), $($text)*) {
            $crate::say::unwritten(&error);
        }
    }};
}

/// Ends the program for want of a place to print: its files, if it has written any, are whole.
pub fn unwritten(error: &std::io::Error) -> ! {
    note!("error: cannot write to the standard output: {error}");
    std::process::exit(1)
}

pub(crate) use {note, say, tell};
