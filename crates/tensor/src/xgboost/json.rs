//! A bounded reader of JSON, whose lists of numbers stay compact.

use scorewheel_model::{Limits, ModelError};

use crate::error::malformed;
use crate::xgboost::document::{Bounds, Document};

/// Reads a document.
///
/// # Errors
/// Not JSON, or beyond the limits. `NaN` and `Infinity`, which the library writes, are numbers.
pub(crate) fn read_json(bytes: &[u8], limits: &Limits) -> Result<Document, ModelError> {
    let mut reader = Reader { bytes, at: 0, bounds: Bounds::new(limits) };
    let document = reader.value()?;
    reader.space();
    if reader.at < bytes.len() {
        return Err(reader.wrong("nothing more"));
    }
    Ok(document)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    bounds: Bounds,
}

impl Reader<'_> {
    fn wrong(&self, expected: &str) -> ModelError {
        let found = match self.bytes.get(self.at) {
            Some(byte) => format!("{:?}", char::from(*byte)),
            None => "the end".to_owned(),
        };
        malformed(format!("JSON: expected {expected} at byte {}, found {found}", self.at))
    }

    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The next byte after white space, not consumed.
    fn peek(&mut self) -> Option<u8> {
        self.space();
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.bytes[self.at..].starts_with(word.as_bytes());
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn value(&mut self) -> Result<Document, ModelError> {
        self.bounds.take(1)?;
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.list(),
            Some(b'"') => Ok(Document::Text(self.text()?)),
            Some(b't') if self.word("true") => Ok(Document::Bool(true)),
            Some(b'f') if self.word("false") => Ok(Document::Bool(false)),
            Some(b'n') if self.word("null") => Ok(Document::Null),
            _ => Ok(Document::Number(self.number()?)),
        }
    }

    fn object(&mut self) -> Result<Document, ModelError> {
        self.bounds.enter()?;
        self.at += 1;
        let mut entries = Vec::new();
        if !self.take(b'}') {
            loop {
                if self.peek() != Some(b'"') {
                    return Err(self.wrong("a key"));
                }
                let key = self.text()?;
                if !self.take(b':') {
                    return Err(self.wrong("':'"));
                }
                entries.push((key, self.value()?));
                if self.take(b'}') {
                    break;
                }
                if !self.take(b',') {
                    return Err(self.wrong("',' or '}'"));
                }
            }
        }
        self.bounds.leave();
        Ok(Document::Object(entries))
    }

    fn list(&mut self) -> Result<Document, ModelError> {
        self.bounds.enter()?;
        self.at += 1;
        let mut numbers = Vec::new();
        let mut items = Vec::new();
        if !self.take(b']') {
            loop {
                match self.value()? {
                    Document::Number(number) if items.is_empty() => numbers.push(number),
                    other => {
                        items.extend(numbers.drain(..).map(Document::Number));
                        items.push(other);
                    }
                }
                if self.take(b']') {
                    break;
                }
                if !self.take(b',') {
                    return Err(self.wrong("',' or ']'"));
                }
            }
        }
        self.bounds.leave();
        Ok(if items.is_empty() { Document::Numbers(numbers) } else { Document::List(items) })
    }

    fn number(&mut self) -> Result<f64, ModelError> {
        let start = self.at;
        let negative = self.word("-");
        for (word, value) in [("NaN", f64::NAN), ("Infinity", f64::INFINITY)] {
            if self.word(word) {
                return Ok(if negative { -value } else { value });
            }
        }
        while matches!(self.bytes.get(self.at), Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let text = std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default();
        text.parse().map_err(|_| self.wrong("a value"))
    }

    fn text(&mut self) -> Result<Box<str>, ModelError> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let Some(byte) = self.bytes.get(self.at).copied() else { return Err(self.wrong("'\"'")) };
            self.at += 1;
            match byte {
                b'"' => break,
                b'\\' => self.escape(&mut out)?,
                other => out.push(other),
            }
        }
        let text = String::from_utf8(out).map_err(|_| malformed("JSON: a string is not UTF-8"))?;
        Ok(text.into())
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), ModelError> {
        let byte = self.bytes.get(self.at).copied();
        self.at += 1;
        out.push(match byte {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'u') => {
                let high = self.unit()?;
                let mut units = vec![high];
                if (0xd800..0xdc00).contains(&high) && self.word("\\u") {
                    units.push(self.unit()?);
                }
                out.extend(String::from_utf16_lossy(&units).bytes());
                return Ok(());
            }
            _ => return Err(self.wrong("an escape")),
        });
        Ok(())
    }

    fn unit(&mut self) -> Result<u16, ModelError> {
        let digits = self.bytes.get(self.at..self.at + 4).and_then(|digits| std::str::from_utf8(digits).ok());
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.wrong("four hexadecimal digits"))?;
        self.at += 4;
        Ok(unit)
    }
}
