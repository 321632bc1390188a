//! The elements of the document in order.

use std::borrow::Cow;
use std::rc::Rc;

use bumpalo::Bump;
use quick_xml::XmlVersion;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesText, Event};
use scorewheel_model::Limits;

use crate::fault::{Fault, Result};
use crate::reader::Element;
use crate::reader::element::{Attribute, Pool};
use crate::reader::scan::{Scanner, Tag, Token};

/// Most namespaces that an element and those around it declare.
const BINDING_LIMIT: usize = 512;

/// A prefix (empty for the default namespace) bound at some depth.
#[derive(Clone, Copy, Debug)]
struct Binding<'a> {
    depth: usize,
    prefix: &'a str,
    namespace: &'a str,
    owner: Owner,
}

/// Whose a namespace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// That of a version of PMML that is read, or none at all.
    Pmml,
    /// That of another version of PMML.
    OtherVersion,
    /// Somebody else's.
    Other,
}

/// Cells of sparse arrays, matrices and the tables made of them that a document may ask for: 256 MiB.
pub const CELL_LIMIT: usize = 1 << 25;

/// A pull reader over one document: start tags in order, each consumed to its end by whoever reads it.
///
/// Document type declarations are refused, nesting and the number of elements are limited. Extensions and elements of
/// other namespaces are skipped by [`Xml::child`].
pub struct Xml<'a> {
    arena: &'a Bump,
    scanner: Scanner<'a>,
    pool: Rc<Pool<'a>>,
    bindings: Vec<Binding<'a>>,
    depth: usize,
    elements: usize,
    cells: usize,
    limits: Limits,
    extensions: Vec<Extension<'a>>,
}

/// A vendor's `name` and `value` in an `Extension` element.
#[derive(Clone, Copy, Debug)]
pub struct Extension<'a> {
    depth: usize,
    /// Its `extender`.
    pub extender: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its value.
    pub value: &'a str,
}

/// A start tag and whether it belongs to PMML.
struct Opened<'a> {
    element: Element<'a>,
    is_pmml: bool,
}

impl<'a> Xml<'a> {
    /// A reader of `source`; strings that have to be built live in `arena`.
    #[must_use]
    pub fn new(source: &'a str, arena: &'a Bump, limits: Limits) -> Self {
        Self {
            arena,
            scanner: Scanner::new(source),
            pool: Rc::default(),
            bindings: Vec::new(),
            depth: 0,
            elements: 0,
            cells: 0,
            limits,
            extensions: Vec::new(),
        }
    }

    /// The root element, with its namespace: `None` if it has none.
    ///
    /// # Errors
    /// Text that is not XML, or without a root element.
    pub fn root(&mut self) -> Result<(Element<'a>, bool)> {
        loop {
            let offset = self.offset();
            match self.token()? {
                Token::Start(tag) => {
                    let opened = self.open(tag)?;
                    return Ok((opened.element, opened.is_pmml));
                }
                Token::Over => return Err(Fault::malformed(offset, "the document has no root element")),
                Token::Text(text) if !text.trim().is_empty() => {
                    return Err(Fault::malformed(offset, "the document does not begin with an element"));
                }
                _ => {}
            }
        }
    }

    /// The next child of the element being read, or `None` at its end.
    pub fn child(&mut self) -> Result<Option<Element<'a>>> {
        loop {
            match self.token()? {
                Token::Start(tag) => {
                    let Opened { mut element, is_pmml } = self.open(tag)?;
                    if !is_pmml || element.name.starts_with("X-") {
                        self.skip()?;
                    } else if element.name == "Extension" {
                        let (name, value) = (element.text("name"), element.text("value"));
                        self.extensions.push(Extension {
                            depth: self.depth - 1,
                            extender: element.text("extender").unwrap_or_default(),
                            name: name.unwrap_or_default(),
                            value: value.unwrap_or_default(),
                        });
                        self.skip()?;
                    } else {
                        return Ok(Some(element));
                    }
                }
                Token::End => {
                    self.close();
                    return Ok(None);
                }
                Token::Over => return Err(self.truncated()),
                _ => {}
            }
        }
    }

    /// The next child whatever its namespace: a cell of a table.
    pub fn any_child(&mut self) -> Result<Option<Element<'a>>> {
        loop {
            match self.token()? {
                Token::Start(tag) => return Ok(Some(self.open(tag)?.element)),
                Token::End => {
                    self.close();
                    return Ok(None);
                }
                Token::Over => return Err(self.truncated()),
                _ => {}
            }
        }
    }

    /// Reads to the end of an element that may hold nothing but extensions.
    pub fn end(&mut self, element: &Element<'a>) -> Result<()> {
        match self.child()? {
            None => Ok(()),
            Some(child) => Err(child.unexpected(element.name)),
        }
    }

    /// The extensions that stood directly in the element whose children were just read to the end, in order.
    pub fn take_extensions(&mut self) -> Vec<Extension<'a>> {
        let depth = self.depth + 1;
        let first = self.extensions.partition_point(|extension| extension.depth < depth);
        self.extensions.drain(first..).filter(|extension| extension.depth == depth).collect()
    }

    /// Reads to the end of the element being read, whatever it holds.
    pub fn skip(&mut self) -> Result<()> {
        let outside = self.depth - 1;
        while self.depth > outside {
            match self.token()? {
                Token::Start(tag) => self.enter(offset_of(tag.offset))?,
                Token::End => self.close(),
                Token::Over => return Err(self.truncated()),
                _ => {}
            }
        }
        Ok(())
    }

    /// How many elements are open.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The text of the element being read, to its end. Extensions are skipped, other elements refused.
    pub fn content(&mut self, element: &Element<'a>) -> Result<&'a str> {
        let (text, fault) = self.read_content(element, true)?;
        fault.map_or(Ok(text), Err)
    }

    /// The same of an element that has no part in scoring: `None` where other elements are refused, or what an entity or
    /// a reference means is not known. As [`Xml::skip`] it refuses only what cannot be read past.
    pub fn content_if_any(&mut self, element: &Element<'a>) -> Result<Option<&'a str>> {
        let (text, fault) = self.read_content(element, false)?;
        Ok(fault.is_none().then_some(text))
    }

    /// The text of the element being read, and the first fault in it that can be read past; `stops` at the first.
    fn read_content(&mut self, element: &Element<'a>, stops: bool) -> Result<(&'a str, Option<Fault>)> {
        let mut whole: Cow<'a, str> = Cow::Borrowed("");
        let mut first = None;
        loop {
            let offset = self.offset();
            match self.token()? {
                Token::Text(text) => {
                    self.append(&mut whole, BytesText::from_escaped(text).xml10_content());
                }
                Token::Other(Event::CData(text)) => self.append(&mut whole, text.xml10_content()),
                Token::Other(Event::GeneralRef(reference)) => {
                    let name = reference.xml10_content();
                    let text = match reference.resolve_char_ref() {
                        Ok(Some(character)) => Ok(character.to_string()),
                        Ok(None) => quick_xml::escape::resolve_predefined_entity(&name)
                            .map(str::to_owned)
                            .ok_or_else(|| format!("entity &{name}; is not known")),
                        Err(error) => Err(error.to_string()),
                    };
                    match text {
                        Ok(text) => whole.to_mut().push_str(&text),
                        Err(message) => first = first.or(Some(Fault::malformed(offset, message))),
                    }
                }
                Token::Start(tag) => {
                    let opened = self.open(tag)?;
                    if opened.is_pmml && opened.element.name != "Extension" {
                        first = first.or_else(|| Some(opened.element.unexpected(element.name)));
                    }
                    if !stops || first.is_none() {
                        self.skip()?;
                    }
                }
                Token::End => {
                    self.close();
                    let text = match whole {
                        Cow::Borrowed(text) => text,
                        Cow::Owned(text) => self.arena.alloc_str(&text),
                    };
                    return Ok((text, first));
                }
                Token::Over => return Err(self.truncated()),
                _ => {}
            }
            if stops && first.is_some() {
                return Ok(("", first));
            }
        }
    }

    /// Refuses anything but comments and blanks after the root element.
    pub fn finish(&mut self) -> Result<()> {
        loop {
            let offset = self.offset();
            match self.token()? {
                Token::Over => return Ok(()),
                Token::Start(_) => return Err(Fault::malformed(offset, "a second root element")),
                Token::Text(text) if !text.trim().is_empty() => {
                    return Err(Fault::malformed(offset, "text after the root element"));
                }
                _ => {}
            }
        }
    }

    /// A string that lives as long as the document.
    pub fn keep(&self, text: &str) -> &'a str {
        self.arena.alloc_str(text)
    }

    fn append(&self, whole: &mut Cow<'a, str>, part: Cow<'a, str>) {
        if whole.is_empty() {
            *whole = part;
        } else {
            whole.to_mut().push_str(&part);
        }
    }

    fn offset(&self) -> u32 {
        offset_of(self.scanner.offset())
    }

    #[inline]
    fn token(&mut self) -> Result<Token<'a>> {
        match self.scanner.token()? {
            Token::Other(Event::DocType(_)) => Err(Fault {
                kind: scorewheel_model::ModelErrorKind::Unsupported,
                message: "document type declarations are refused".to_owned(),
                offset: Some(self.offset()),
            }),
            token => Ok(token),
        }
    }

    /// Counts cells that a few attributes call for: sparse arrays, matrices. A small document must not ask for much.
    ///
    /// # Errors
    /// More than [`CELL_LIMIT`] of them in the document.
    pub fn spend_cells(&mut self, offset: u32, count: usize) -> Result<()> {
        self.cells = self.cells.saturating_add(count);
        if self.cells > CELL_LIMIT {
            let message = format!("sparse arrays and matrices of more than {CELL_LIMIT} cells in all");
            return Err(Fault::too_large(offset, message));
        }
        Ok(())
    }

    fn truncated(&self) -> Fault {
        Fault::malformed(self.offset(), "the document ends within an element")
    }

    fn enter(&mut self, offset: u32) -> Result<()> {
        self.depth += 1;
        self.elements += 1;
        if self.depth > self.limits.depth {
            return Err(Fault::too_large(offset, format!("elements nest deeper than {}", self.limits.depth)));
        }
        if self.elements > self.limits.nodes {
            return Err(Fault::too_large(offset, format!("more than {} elements", self.limits.nodes)));
        }
        Ok(())
    }

    fn close(&mut self) {
        while self.bindings.last().is_some_and(|binding| binding.depth == self.depth) {
            self.bindings.pop();
        }
        self.depth -= 1;
    }

    fn open(&mut self, tag: Tag<'a>) -> Result<Opened<'a>> {
        let offset = offset_of(tag.offset);
        self.enter(offset)?;
        if let Some(content) = tag.unread {
            self.read_attributes(content, tag.name.len(), offset)?;
        }
        let attributes = &mut self.scanner.attributes;
        if attributes.iter().any(|attribute| attribute.name().starts_with("xmlns")) {
            let (bindings, depth) = (&mut self.bindings, self.depth);
            attributes.retain(|attribute| {
                let Some(rest) = attribute.name().strip_prefix("xmlns") else { return true };
                let prefix = rest.strip_prefix(':').unwrap_or_default();
                let namespace = attribute.value();
                bindings.push(Binding { depth, prefix, namespace, owner: owner_of(namespace) });
                false
            });
            // All are looked through for each element that has a prefix.
            if bindings.len() > BINDING_LIMIT {
                let message = format!("more than {BINDING_LIMIT} namespaces at one place");
                return Err(Fault::too_large(offset, message));
            }
        }
        let (prefix, local) = match memchr::memchr(b':', tag.name.as_bytes()) {
            Some(colon) => (&tag.name[..colon], &tag.name[colon + 1..]),
            None => ("", tag.name),
        };
        let attributes = std::mem::replace(&mut self.scanner.attributes, self.pool.take());
        let element = Element::new(local, offset, attributes, &self.pool)?;
        let mut bindings = self.bindings.iter().rev();
        // Most tags have no prefix: nothing is compared then.
        let bound = match prefix {
            "" => bindings.find(|binding| binding.prefix.is_empty()),
            _ => bindings.find(|binding| binding.prefix == prefix),
        };
        let is_pmml = match bound {
            None => prefix.is_empty(),
            Some(Binding { owner: Owner::OtherVersion, namespace, .. }) => {
                let message = format!(
                    "{local} is of the namespace {namespace:?}; read are those of PMML 3.0 to 4.4, \
                     http://www.dmg.org/PMML-3_0 to http://www.dmg.org/PMML-4_4, or none"
                );
                return Err(Fault::unsupported(offset, message));
            }
            Some(binding) => binding.owner == Owner::Pmml,
        };
        Ok(Opened { element, is_pmml })
    }

    /// The attributes of a tag that are not taken as they stand.
    fn read_attributes(&mut self, content: &'a str, name_length: usize, offset: u32) -> Result<()> {
        self.scanner.attributes.clear();
        let malformed = |error: &dyn std::fmt::Display| Fault::malformed(offset, error.to_string());
        for attribute in Attributes::new(content, name_length).with_checks(false) {
            let attribute = attribute.map_err(|error| malformed(&error))?;
            let value = match attribute.value {
                Cow::Borrowed(raw) if raw.bytes().all(|byte| byte != b'&' && byte >= b' ') => raw,
                _ => {
                    let value = attribute
                        .normalized_value(XmlVersion::Implicit1_0)
                        .map_err(|error| malformed(&error))?;
                    self.arena.alloc_str(&value)
                }
            };
            self.scanner.attributes.push(Attribute::new(attribute.key.0, value));
        }
        Ok(())
    }
}

fn offset_of(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// `http://www.dmg.org/PMML-4_4` is PMML's, `https` as well, and none at all. What follows the version says which
/// revision of it, or whose extension.
fn owner_of(namespace: &str) -> Owner {
    let rest = namespace.strip_prefix("https://").or_else(|| namespace.strip_prefix("http://"));
    let Some(rest) = rest else { return if namespace.is_empty() { Owner::Pmml } else { Owner::Other } };
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let Some(version) = rest.strip_prefix("dmg.org/PMML-") else { return Owner::Other };
    match version.as_bytes() {
        [b'3', b'_', b'0'..=b'2', rest @ ..] | [b'4', b'_', b'0'..=b'4', rest @ ..]
            if !rest.first().is_some_and(u8::is_ascii_digit) =>
        {
            Owner::Pmml
        }
        _ => Owner::OtherVersion,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> Result<Vec<String>> {
        let arena = Bump::new();
        let mut xml = Xml::new(source, &arena, Limits { depth: 5, nodes: 20, ..Limits::default() });
        let (root, _) = xml.root()?;
        let mut names = vec![root.name.to_owned()];
        while let Some(child) = xml.child()? {
            names.push(format!("{}={}", child.name, xml.content(&child)?));
        }
        xml.finish()?;
        Ok(names)
    }

    #[test]
    fn children_come_in_order_with_their_text() {
        let source = "<?xml version='1.0'?><PMML xmlns='http://www.dmg.org/PMML-4_4' xmlns:d='http://x'>
            <!-- c --><Extension><PMML><deep/></PMML></Extension><d:foreign/><A>1 &lt; <![CDATA[2]]>&#33;</A><B/></PMML>";
        assert_eq!(read(source).unwrap(), ["PMML", "A=1 < 2!", "B="]);
        let prefixed = "<p:PMML xmlns:p='http://www.dmg.org/PMML-4_2'><p:A>x</p:A><B/></p:PMML>";
        assert_eq!(read(prefixed).unwrap(), ["PMML", "A=x", "B="]);
    }

    #[test]
    fn versions_are_told_by_their_namespace() {
        for version in ["3_0", "3_2", "4_0", "4_4", "4_4_1", "4_3Ext"] {
            for scheme in ["http", "https"] {
                let source = format!("<PMML xmlns='{scheme}://www.dmg.org/PMML-{version}'><A/></PMML>");
                assert_eq!(read(&source).unwrap(), ["PMML", "A="], "{source}");
            }
        }
        for version in ["1_1", "2_1", "3_3", "4_5", "4_10", "5_0", "9_9", "44"] {
            let root = format!("<PMML xmlns='http://www.dmg.org/PMML-{version}'/>");
            let child = format!("<PMML><A xmlns='http://www.dmg.org/PMML-{version}'/></PMML>");
            for source in [root, child] {
                let fault = read(&source).unwrap_err();
                assert!(fault.message.contains(&format!("PMML-{version}")), "{source}: {fault:?}");
            }
        }
        // A prefix that nothing uses does no harm.
        let unused = "<PMML xmlns:old='http://www.dmg.org/PMML-2_0'><A/></PMML>";
        assert_eq!(read(unused).unwrap(), ["PMML", "A="]);
    }

    #[test]
    fn what_is_not_a_document_is_refused() {
        let deep = "<a>".repeat(9);
        let many = format!("<a>{}</a>", "<b/>".repeat(30));
        for bad in [
            "",
            "text",
            "<a>",
            "<a><b></a></b>",
            "<a b='1' b='2'/>",
            "<!DOCTYPE a [<!ENTITY e 'x'>]><a/>",
            "<a><b>&unknown;</b></a>",
            "<a/><b/>",
            "<a/>x",
            &deep,
            &many,
        ] {
            let read = read(bad);
            assert!(read.is_err() || bad == "<a b='1' b='2'/>" && read.is_err(), "{bad}");
        }
    }

    #[test]
    fn a_truncated_document_is_an_error_at_every_byte() {
        let source = "<PMML><A b=\"c\">d</A><!-- e --></PMML>";
        for length in 0..source.len() {
            assert!(read(&source[..length]).is_err(), "{length}");
        }
        assert!(read(source).is_ok());
    }
}
