//! A bounded reader of UBJSON (draft 12) as XGBoost writes it: everything big-endian, typed lists compact.

use scorewheel_model::{Limits, ModelError};

use crate::error::malformed;
use crate::xgboost::document::{Bounds, Document};

/// Reads a document.
///
/// # Errors
/// Not UBJSON, or beyond the limits.
pub(crate) fn read_ubjson(bytes: &[u8], limits: &Limits) -> Result<Document, ModelError> {
    let mut reader = Reader { bytes, at: 0, bounds: Bounds::new(limits) };
    let marker = reader.marker()?;
    reader.value(marker)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    bounds: Bounds,
}

impl<'a> Reader<'a> {
    fn wrong(&self, what: &str) -> ModelError {
        malformed(format!("UBJSON: {what} at byte {}", self.at))
    }

    fn raw(&mut self, count: usize) -> Result<&'a [u8], ModelError> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.wrong("the file ends early"))?;
        let raw = &self.bytes[self.at..end];
        self.at = end;
        Ok(raw)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        let mut out = [0; N];
        out.copy_from_slice(self.raw(N)?);
        Ok(out)
    }

    /// The next marker; no-ops are skipped.
    fn marker(&mut self) -> Result<u8, ModelError> {
        loop {
            let [marker] = self.array()?;
            if marker != b'N' {
                return Ok(marker);
            }
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn number(&mut self, marker: u8) -> Result<Option<f64>, ModelError> {
        Ok(Some(match marker {
            b'i' => f64::from(i8::from_be_bytes(self.array()?)),
            b'U' => f64::from(u8::from_be_bytes(self.array()?)),
            b'I' => f64::from(i16::from_be_bytes(self.array()?)),
            b'l' => f64::from(i32::from_be_bytes(self.array()?)),
            b'L' => i64::from_be_bytes(self.array()?) as f64,
            b'd' => f64::from(f32::from_be_bytes(self.array()?)),
            b'D' => f64::from_be_bytes(self.array()?),
            _ => return Ok(None),
        }))
    }

    /// A length, which comes with its own marker.
    fn length(&mut self) -> Result<usize, ModelError> {
        let marker = self.marker()?;
        match self.number(marker)? {
            Some(length) if length >= 0.0 && length <= self.bytes.len() as f64 => Ok(length as usize),
            _ => Err(self.wrong("a length that the file cannot hold")),
        }
    }

    fn text(&mut self) -> Result<Box<str>, ModelError> {
        let length = self.length()?;
        let text =
            std::str::from_utf8(self.raw(length)?).map_err(|_| self.wrong("a string that is not UTF-8"))?;
        Ok(text.into())
    }

    fn value(&mut self, marker: u8) -> Result<Document, ModelError> {
        self.bounds.take(1)?;
        if let Some(number) = self.number(marker)? {
            return Ok(Document::Number(number));
        }
        match marker {
            b'Z' => Ok(Document::Null),
            b'T' => Ok(Document::Bool(true)),
            b'F' => Ok(Document::Bool(false)),
            b'S' | b'H' => Ok(Document::Text(self.text()?)),
            b'C' => Ok(Document::Text(char::from(self.array::<1>()?[0]).to_string().into())),
            b'[' => self.list(),
            b'{' => self.object(),
            _ => Err(self.wrong("an unknown marker")),
        }
    }

    /// What may stand at the head of a list or object: one type for all, and their number.
    fn head(&mut self) -> Result<(Option<u8>, Option<usize>), ModelError> {
        let marker = if self.take(b'$') { Some(self.marker()?) } else { None };
        let count = if self.take(b'#') { Some(self.length()?) } else { None };
        if marker.is_some() && count.is_none() {
            return Err(self.wrong("a type without a count"));
        }
        Ok((marker, count))
    }

    fn list(&mut self) -> Result<Document, ModelError> {
        self.bounds.enter()?;
        let (marker, count) = self.head()?;
        let mut numbers = Vec::new();
        let mut items = Vec::new();
        let mut left = count;
        loop {
            match &mut left {
                Some(0) => break,
                Some(left) => *left -= 1,
                None if self.take(b']') => break,
                None => {}
            }
            let marker = match marker {
                Some(marker) => marker,
                None => self.marker()?,
            };
            match self.value(marker)? {
                Document::Number(number) if items.is_empty() => numbers.push(number),
                other => {
                    items.extend(numbers.drain(..).map(Document::Number));
                    items.push(other);
                }
            }
        }
        self.bounds.leave();
        Ok(if items.is_empty() { Document::Numbers(numbers) } else { Document::List(items) })
    }

    fn object(&mut self) -> Result<Document, ModelError> {
        self.bounds.enter()?;
        let (marker, count) = self.head()?;
        let mut entries = Vec::new();
        let mut left = count;
        loop {
            match &mut left {
                Some(0) => break,
                Some(left) => *left -= 1,
                None if self.take(b'}') => break,
                None => {}
            }
            let key = self.text()?;
            let marker = match marker {
                Some(marker) => marker,
                None => self.marker()?,
            };
            entries.push((key, self.value(marker)?));
        }
        self.bounds.leave();
        Ok(Document::Object(entries))
    }
}
