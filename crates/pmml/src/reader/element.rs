//! One start tag and its attributes.

use std::cell::RefCell;
use std::rc::Rc;

use crate::fault::{Fault, Result};
use crate::reader::Choice;

/// Most attributes of an element, which are compared one with another.
pub(super) const ATTRIBUTE_LIMIT: usize = 512;

/// One attribute of a start tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    name: &'a str,
    value: &'a str,
    used: bool,
}

impl<'a> Attribute<'a> {
    /// An attribute that nobody has asked for yet.
    #[inline]
    #[must_use]
    pub fn new(name: &'a str, value: &'a str) -> Self {
        Self { name, value, used: false }
    }

    /// Its name, with the prefix.
    #[inline]
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Its value.
    #[inline]
    #[must_use]
    pub fn value(&self) -> &'a str {
        self.value
    }

    /// True if it is named so: names of one length mostly differ in their first letter.
    #[inline]
    fn is(&self, name: &str) -> bool {
        let (own, other) = (self.name.as_bytes(), name.as_bytes());
        own.len() == other.len() && own.first() == other.first() && own == other
    }
}

/// Lists of attributes that elements are done with.
#[derive(Debug, Default)]
pub(super) struct Pool<'a>(RefCell<Vec<Vec<Attribute<'a>>>>);

impl<'a> Pool<'a> {
    /// An empty list, mostly one that was used before.
    #[inline]
    pub(super) fn take(&self) -> Vec<Attribute<'a>> {
        self.0.borrow_mut().pop().unwrap_or_default()
    }
}

/// The attributes of one element; their list goes back to the pool with the element.
#[derive(Debug)]
struct Attributes<'a> {
    list: Vec<Attribute<'a>>,
    pool: Rc<Pool<'a>>,
}

impl Drop for Attributes<'_> {
    fn drop(&mut self) {
        let mut list = std::mem::take(&mut self.list);
        list.clear();
        self.pool.0.borrow_mut().push(list);
    }
}

/// A start tag: what an element's `read` takes first.
///
/// Every attribute that is read is marked; [`Element::finish`] refuses those that nobody asked for.
#[derive(Debug)]
pub struct Element<'a> {
    /// Local name.
    pub name: &'a str,
    /// Offset of the tag in the transcoded text.
    pub offset: u32,
    attributes: Attributes<'a>,
}

impl<'a> Element<'a> {
    /// A start tag with these attributes, whose list comes from the pool.
    pub(super) fn new(
        name: &'a str,
        offset: u32,
        list: Vec<Attribute<'a>>,
        pool: &Rc<Pool<'a>>,
    ) -> Result<Self> {
        if list.len() > ATTRIBUTE_LIMIT {
            let message = format!("{name} has more than {ATTRIBUTE_LIMIT} attributes");
            return Err(Fault::too_large(offset, message));
        }
        for (index, attribute) in list.iter().enumerate() {
            if list[..index].iter().any(|other| other.is(attribute.name)) {
                let message = format!("attribute {} stands twice in {name}", attribute.name);
                return Err(Fault::malformed(offset, message));
            }
        }
        Ok(Self { name, offset, attributes: Attributes { list, pool: Rc::clone(pool) } })
    }

    /// The attribute, as it is written.
    pub fn text(&mut self, name: &str) -> Option<&'a str> {
        let attribute = self.attributes.list.iter_mut().find(|attribute| attribute.is(name))?;
        attribute.used = true;
        Some(attribute.value)
    }

    /// The attribute, as it is written; it must be there.
    pub fn required(&mut self, name: &str) -> Result<&'a str> {
        self.text(name).ok_or_else(|| self.missing(name))
    }

    /// The attribute as a number.
    pub fn number(&mut self, name: &str) -> Result<Option<f64>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match parse_number(text) {
            Some(number) => Ok(Some(number)),
            None => {
                let why = match text.trim().parse::<f64>() {
                    Ok(_) => "is out of the range of a double",
                    Err(_) => "is not a number",
                };
                Err(self.invalid(format!("attribute {name}={text:?} of {} {why}", self.name)))
            }
        }
    }

    /// The attribute as a count: a number from 0 on, whole or, with weighted records, not.
    pub fn count(&mut self, name: &str) -> Result<Option<f64>> {
        match self.number(name)? {
            Some(count) if !(0.0..f64::INFINITY).contains(&count) => {
                Err(self.invalid(format!("attribute {name}={count} of {} is not a count", self.name)))
            }
            count => Ok(count),
        }
    }

    /// The attribute as a count; it must be there.
    pub fn required_count(&mut self, name: &str) -> Result<f64> {
        self.count(name)?.ok_or_else(|| self.missing(name))
    }

    /// The attribute as a number; it must be there.
    pub fn required_number(&mut self, name: &str) -> Result<f64> {
        self.number(name)?.ok_or_else(|| self.missing(name))
    }

    /// The attribute as a whole number.
    pub fn integer(&mut self, name: &str) -> Result<Option<i64>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let trimmed = text.trim();
        match trimmed.strip_prefix('+').unwrap_or(trimmed).parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => match parse_number(text) {
                Some(number) if libm::trunc(number) == number && number.abs() < 9e15 => {
                    Ok(Some(number as i64))
                }
                _ => {
                    Err(self
                        .invalid(format!("attribute {name}={text:?} of {} is not a whole number", self.name)))
                }
            },
        }
    }

    /// The attribute as a truth value: `true`, `false`, `1`, `0`.
    pub fn boolean(&mut self, name: &str) -> Result<Option<bool>> {
        match self.text(name) {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(text) => {
                Err(self
                    .invalid(format!("attribute {name}={text:?} of {} is neither true nor false", self.name)))
            }
        }
    }

    /// The attribute as a member of a closed list.
    pub fn choice<T: Choice>(&mut self, name: &str) -> Result<Option<T>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match T::from_word(text) {
            Some(member) => Ok(Some(member)),
            None => {
                let known: Vec<&str> = T::ALL.iter().map(|(word, _)| *word).collect();
                let message =
                    format!("attribute {name}={text:?} of {} is not one of {}", self.name, known.join(", "));
                Err(self.invalid(message))
            }
        }
    }

    /// The attribute as a member of a closed list; it must be there.
    pub fn required_choice<T: Choice>(&mut self, name: &str) -> Result<T> {
        self.choice(name)?.ok_or_else(|| self.missing(name))
    }

    /// Marks attributes that are known and have no part in scoring.
    pub fn ignore(&mut self, names: &[&str]) {
        for attribute in &mut self.attributes.list {
            attribute.used |= names.contains(&attribute.name);
        }
    }

    /// Refuses attributes that nobody asked for. Those of vendors (`x-…`) are let through.
    pub fn finish(&self) -> Result<()> {
        match self.attributes.list.iter().find(|attribute| !attribute.used && !is_of_vendor(attribute.name)) {
            None => Ok(()),
            Some(attribute) => Err(Fault::unsupported(
                self.offset,
                format!("{} has no attribute {} in PMML", self.name, attribute.name),
            )),
        }
    }

    /// This element where another one was expected.
    pub fn unexpected(&self, parent: &str) -> Fault {
        Fault::unsupported(self.offset, format!("{parent} has no element {} in PMML", self.name))
    }

    /// This element where the standard has it, and this engine does not evaluate it.
    pub fn not_evaluated(&self, parent: &str) -> Fault {
        let message = format!("{parent} has no element {} in PMML that this engine evaluates", self.name);
        Fault::unsupported(self.offset, message)
    }

    /// A contradiction found in this element.
    pub fn invalid(&self, message: impl Into<String>) -> Fault {
        Fault::invalid(self.offset, message)
    }

    fn missing(&self, name: &str) -> Fault {
        self.invalid(format!("{} needs the attribute {name}", self.name))
    }

    /// A child element that must be there and is not.
    pub fn lacks(&self, child: &str) -> Fault {
        self.invalid(format!("{} needs the element {child}", self.name))
    }
}

fn is_of_vendor(name: &str) -> bool {
    name.starts_with("x-") || name.starts_with("X-") || name.contains(':')
}

/// A number as XML Schema and the producers of PMML write it: surrounding blanks, a leading `+`, `INF` and `NaN` are
/// fine. Digits that say more than a double holds are no number.
#[must_use]
pub fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let number: f64 = text.parse().ok()?;
    (number.is_finite() || !text.bytes().any(|byte| byte.is_ascii_digit())).then_some(number)
}
