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
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::run_time(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
