//! From text to tags: what nearly every document is made of is told apart here, everything else by quick-xml.
//!
//! Start tags whose attributes are plain, end tags and texts without references are cut out of the source in one pass.
//! Wherever a construct is any other (comments, CDATA, references, declarations, tags with escaped values, whatever is not
//! well-formed), quick-xml reads it from that place on and says what it is, or what is wrong with it. A test holds
//! both to the same events over damaged documents.

use memchr::{memchr, memchr2};
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::fault::{Fault, Result};
use crate::reader::element::Attribute;

/// What comes next.
#[derive(Debug)]
pub enum Token<'a> {
    /// A start tag; of an empty element its end comes next.
    Start(Tag<'a>),
    /// The end of the element that was opened last and is not closed yet.
    End,
    /// Text without references, as it stands.
    Text(&'a str),
    /// Anything else but a tag.
    Other(Event<'a>),
    /// The end of the document.
    Over,
}

/// A start tag.
#[derive(Clone, Copy, Debug)]
pub struct Tag<'a> {
    /// Its name, with the prefix.
    pub name: &'a str,
    /// Offset of its `<`.
    pub offset: usize,
    /// All between `<` and `>` or `/>`, if the attributes are still to be told apart.
    pub unread: Option<&'a str>,
}

/// Cuts a document into tags and texts, and checks that tags match.
#[derive(Debug)]
pub struct Scanner<'a> {
    source: &'a str,
    at: usize,
    /// Names of the elements that are open.
    open: Vec<&'a str>,
    /// True within an empty element.
    closes: bool,
    /// The attributes of the last start tag, unless it is [`Tag::unread`].
    pub attributes: Vec<Attribute<'a>>,
}

/// What a byte is within a tag.
const PLAIN: u8 = 0;
/// A blank.
const BLANK: u8 = 1;
/// What ends a name, or an attribute's.
const MARK: u8 = 2;
/// What ends an attribute's value, or must not be in one that is taken as it stands.
const SPECIAL: u8 = 4;

const KINDS: [u8; 256] = {
    let mut kinds = [PLAIN; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b' ' => BLANK | MARK,
            b'\t' | b'\r' | b'\n' => BLANK | MARK | SPECIAL,
            b'"' | b'\'' | b'<' | b'&' => MARK | SPECIAL,
            b'/' | b'>' | b'=' => MARK,
            0..b' ' => MARK | SPECIAL,
            _ => PLAIN,
        };
        byte += 1;
    }
    kinds
};

fn is(byte: u8, kind: u8) -> bool {
    KINDS[byte as usize] & kind != 0
}

impl<'a> Scanner<'a> {
    /// At the beginning of `source`.
    #[must_use]
    pub fn new(source: &'a str) -> Self {
        Self { source, at: 0, open: Vec::new(), closes: false, attributes: Vec::new() }
    }

    /// Offset of what comes next.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Reads on.
    ///
    /// # Errors
    /// What is not well-formed.
    #[inline]
    pub fn token(&mut self) -> Result<Token<'a>> {
        if self.closes {
            self.closes = false;
            self.open.pop();
            return Ok(Token::End);
        }
        let rest = &self.source.as_bytes()[self.at..];
        match *rest {
            [b'<', b'/', ..] => self.end_tag(),
            [b'<', b'!' | b'?', ..] | [b'&', ..] => self.read_by_crate(),
            [b'<', ..] => match self.start_tag(rest) {
                Some(tag) => Ok(Token::Start(tag)),
                None => self.read_by_crate(),
            },
            [] => Ok(Token::Over),
            [..] => {
                let length = memchr2(b'<', b'&', rest).unwrap_or(rest.len());
                let text = &self.source[self.at..self.at + length];
                self.at += length;
                Ok(Token::Text(text))
            }
        }
    }

    fn end_tag(&mut self) -> Result<Token<'a>> {
        let start = self.at;
        let rest = &self.source[start + 2..];
        let expected = self.open.last().copied();
        if let Some(name) = expected
            && rest.as_bytes().get(name.len()) == Some(&b'>')
            && rest.as_bytes()[..name.len()] == *name.as_bytes()
        {
            self.at = start + 3 + name.len();
            self.open.pop();
            return Ok(Token::End);
        }
        let Some(length) = memchr(b'>', rest.as_bytes()) else {
            return Err(fault(start, "an end tag does not end"));
        };
        // Blanks alone are no blanks behind a name: they are not the end of an empty one.
        let found = match rest[..length].trim_end_matches([' ', '\t', '\r', '\n']) {
            "" => &rest[..length],
            name => name,
        };
        self.at = start + 3 + length;
        match expected {
            Some(name) if name == found => {
                self.open.pop();
                Ok(Token::End)
            }
            Some(name) => Err(fault(start, &format!("</{found}> stands where </{name}> must"))),
            None => Err(fault(start, &format!("</{found}> ends nothing"))),
        }
    }

    /// A start tag with plain attributes from `<` on; `None` if it is any other.
    #[inline]
    fn start_tag(&mut self, rest: &'a [u8]) -> Option<Tag<'a>> {
        self.attributes.clear();
        let offset = self.at;
        let text = |from: usize, to: usize| self.source.get(offset + from..offset + to);
        let mut at = 1 + rest[1..].iter().position(|byte| is(*byte, MARK))?;
        if at == 1 {
            return None;
        }
        let name = text(1, at)?;
        let closes = loop {
            let blanks = rest[at..].iter().position(|byte| !is(*byte, BLANK))?;
            at += blanks;
            match rest[at] {
                b'>' => break false,
                b'/' if rest.get(at + 1) == Some(&b'>') => break true,
                _ if blanks == 0 => return None,
                _ => {}
            }
            let key = at;
            at += rest[at..].iter().position(|byte| is(*byte, MARK))?;
            if at == key || rest[at] != b'=' {
                return None;
            }
            let key = text(key, at)?;
            let quote = *rest.get(at + 1).filter(|byte| matches!(byte, b'"' | b'\''))?;
            let value = at + 2;
            at = value;
            // The other quote is plain within this one.
            loop {
                at += rest[at..].iter().position(|byte| is(*byte, SPECIAL))?;
                match rest[at] {
                    b'"' | b'\'' if rest[at] != quote => at += 1,
                    _ => break,
                }
            }
            if rest[at] != quote {
                return None;
            }
            self.attributes.push(Attribute::new(key, text(value, at)?));
            at += 1;
        };
        self.at = offset + at + 1 + usize::from(closes);
        self.closes = closes;
        self.open.push(name);
        Some(Tag { name, offset, unread: None })
    }

    /// Lets quick-xml read what comes next.
    #[cold]
    fn read_by_crate(&mut self) -> Result<Token<'a>> {
        let start = self.at;
        let mut reader = Reader::from_str(&self.source[start..]);
        let event = reader.read_event().map_err(|error| {
            fault(start.saturating_add(reader.error_position() as usize), &error.to_string())
        })?;
        self.at = start + reader.buffer_position() as usize;
        Ok(match event {
            Event::Start(_) | Event::Empty(_) => {
                let closes = matches!(event, Event::Empty(_));
                let end = self.at - 1 - usize::from(closes);
                let content = &self.source[start + 1..end];
                let length = content.find([' ', '\t', '\r', '\n']).unwrap_or(content.len());
                self.closes = closes;
                self.open.push(&content[..length]);
                Token::Start(Tag { name: &content[..length], offset: start, unread: Some(content) })
            }
            Event::Eof => Token::Over,
            event => Token::Other(event),
        })
    }
}

fn fault(offset: usize, message: &str) -> Fault {
    Fault::malformed(u32::try_from(offset).unwrap_or(u32::MAX), message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::events::attributes::Attributes;

    use super::*;

    /// What quick-xml says of the whole document.
    fn told_by_crate(source: &str) -> Option<Vec<String>> {
        let mut reader = Reader::from_str(source);
        reader.config_mut().expand_empty_elements = true;
        let mut told = Vec::new();
        loop {
            let start = reader.buffer_position();
            match reader.read_event().ok()? {
                Event::Start(tag) => {
                    let mut read = Attributes::new(&tag, tag.name().0.len());
                    let attributes: Vec<Option<String>> = read
                        .with_checks(false)
                        .map(|found| found.ok().map(|found| format!("{}={}", found.key.0, found.value)))
                        .collect();
                    told.push(format!("{start} {} {attributes:?}", tag.name().0));
                }
                Event::End(_) => told.push("end".to_owned()),
                Event::Text(text) => told.push(format!("{start} {:?}", &*text)),
                Event::Eof => return Some(told),
                event => told.push(format!("{start} {event:?}")),
            }
        }
    }

    fn told_here(source: &str) -> Option<Vec<String>> {
        let mut scanner = Scanner::new(source);
        let mut told = Vec::new();
        loop {
            let start = scanner.offset();
            match scanner.token().ok()? {
                Token::Start(tag) => {
                    let attributes: Vec<Option<String>> = match tag.unread {
                        None => {
                            let own = scanner.attributes.iter();
                            own.map(|own| Some(format!("{}={}", own.name(), own.value()))).collect()
                        }
                        Some(content) => Attributes::new(content, tag.name.len())
                            .with_checks(false)
                            .map(|found| found.ok().map(|found| format!("{}={}", found.key.0, found.value)))
                            .collect(),
                    };
                    told.push(format!("{start} {} {attributes:?}", tag.name));
                }
                Token::End => told.push("end".to_owned()),
                Token::Text(text) => told.push(format!("{start} {text:?}")),
                Token::Over => return Some(told),
                Token::Other(event) => told.push(format!("{start} {event:?}")),
            }
        }
    }

    const WHOLE: &str = "<?xml version='1.0'?>\n<!-- c --><a b=\"c\" d = 'e>'>\n <f:g h=\"&lt;\"/> t&amp;u\
                         <![CDATA[<]]><k l='m' n=\"o'p\" ></k ></a>\n";

    #[test]
    fn a_whole_document_is_told_as_by_the_crate() {
        let told = told_here(WHOLE);
        assert!(told.as_ref().is_some_and(|told| told.len() > 12));
        assert_eq!(told, told_by_crate(WHOLE));
    }

    #[test]
    fn tags_without_a_name_are_told_as_by_the_crate() {
        for source in
            ["< l='m'></ >", "< l='m'></>", "< l='m'/>", "<></>", "<></ \t>", "<a></ >", "<a></a >", "</ >"]
        {
            assert_eq!(told_here(source), told_by_crate(source), "{source}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_damaged_document_is_told_as_by_the_crate(
            damage in proptest::collection::vec((0..WHOLE.len(), 0..3_u8, 0..14_usize), 1..5),
        ) {
            const BYTES: &[u8; 14] = b"<>/='\"&;! ?-\ta";
            let mut bytes = WHOLE.as_bytes().to_vec();
            for (at, how, byte) in damage {
                let at = at % bytes.len();
                match how {
                    0 => bytes[at] = BYTES[byte],
                    1 => bytes.insert(at, BYTES[byte]),
                    _ => drop(bytes.remove(at)),
                }
            }
            let source = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(told_here(&source), told_by_crate(&source), "{}", source);
        }
    }
}
