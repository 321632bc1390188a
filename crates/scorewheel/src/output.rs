//! Standard output.

use std::io::{self, Write};

use crate::exit_code::Failure;

/// Prints text as it is.
///
/// # Errors
/// [`Failure`] if standard output cannot be written. A reader that has gone away, such as `head`, is none.
pub fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// Prints bytes as they are.
///
/// # Errors
/// As [`print()`].
pub fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::output(&error)),
        _ => Ok(()),
    }
}

/// Writes one line about what was done; false once nobody reads any more, which is no reason to leave it half done.
///
/// # Errors
/// [`Failure`] if it cannot be written.
pub fn say(out: &mut dyn Write, line: &str) -> Result<bool, Failure> {
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::output(&error)),
    }
}

/// Rows as columns, each as wide as its widest cell; the last is not padded.
#[must_use]
pub fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// One line on standard error: what is worth knowing, but not the answer.
pub fn note(line: &str) {
    // With standard error gone there is nobody left to tell.
    writeln!(io::stderr(), "{line}").ok();
}
