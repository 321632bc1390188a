//! Lines of a stream, bounded in length.

use std::io::{self, BufRead};

/// The lines of a stream in one buffer that is used again; lines of white space only are left out.
#[derive(Debug)]
pub struct Lines<R> {
    source: R,
    limit: usize,
    line: Vec<u8>,
    number: u64,
}

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// The line, without its end.
    Text(&'a [u8]),
    /// A line beyond the limit; it was read over.
    TooLong,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `source`, of at most `limit` bytes.
    pub fn new(source: R, limit: usize) -> Self {
        Self { source, limit, line: Vec::new(), number: 0 }
    }

    /// Longest line, in bytes.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Number of the line that was read last, from 1; empty lines count.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The source, to be looked at.
    #[must_use]
    pub fn source(&self) -> &R {
        &self.source
    }

    /// The next line, or `None` at the end.
    ///
    /// # Errors
    /// Those of the source.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            self.line.clear();
            let mut too_long = false;
            let mut ended = true;
            loop {
                let buffer = match self.source.fill_buf() {
                    Ok(buffer) => buffer,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                };
                if buffer.is_empty() {
                    break;
                }
                ended = false;
                let newline = memchr::memchr(b'\n', buffer);
                let length = newline.unwrap_or(buffer.len());
                too_long |= self.line.len() + length > self.limit;
                if !too_long {
                    self.line.extend_from_slice(&buffer[..length]);
                }
                self.source.consume(length + usize::from(newline.is_some()));
                if newline.is_some() {
                    break;
                }
            }
            if ended {
                return Ok(None);
            }
            self.number += 1;
            if too_long {
                return Ok(Some(Line::TooLong));
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        Ok(Some(Line::Text(self.line.strip_suffix(b"\r").unwrap_or(&self.line))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded() {
        let text = b"one\r\n\n  \ntoo long a line\nfour\nfive!\nsix";
        for capacity in [1, 2, 7, 100] {
            let mut lines = Lines::new(io::BufReader::with_capacity(capacity, &text[..]), 5);
            let mut found = Vec::new();
            while let Some(line) = lines.next_line().unwrap() {
                let text = match line {
                    Line::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    Line::TooLong => "…".to_owned(),
                };
                found.push((text, lines.number()));
            }
            let wanted = [("one", 1), ("…", 4), ("four", 5), ("five!", 6), ("six", 7)];
            assert_eq!(found, wanted.map(|(text, number)| (text.to_owned(), number)), "buffer of {capacity}");
        }
    }
}
