//! The schema of PMML as lists: elements, their attributes with a fitting value, their children.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use quick_xml::Reader;
use quick_xml::events::Event;

/// An element of the schema.
#[derive(Debug, Default)]
pub struct SchemaElement {
    /// Attributes with a value that fits.
    pub attributes: Vec<(String, String)>,
    /// Elements that may stand in it.
    pub children: BTreeSet<String>,
}

/// A node of the schema document.
#[derive(Debug, Default)]
struct Node {
    name: String,
    attributes: HashMap<String, String>,
    children: Vec<Node>,
}

impl Node {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

/// Reads a schema.
pub fn read(text: &str) -> BTreeMap<String, SchemaElement> {
    let root = parse(text);
    let schema = &root.children[0];
    let named = |kind: &str| -> HashMap<&str, &Node> {
        let found = schema.children.iter().filter(|node| node.name == kind);
        found.filter_map(|node| Some((node.attribute("name")?, node))).collect()
    };
    let types = Types { groups: named("group"), complex: named("complexType"), simple: named("simpleType") };
    let mut elements = BTreeMap::new();
    for node in schema.children.iter().filter(|node| node.name == "element") {
        let mut element = SchemaElement::default();
        types.collect(node, &mut element);
        elements.insert(node.attribute("name").unwrap().to_owned(), element);
    }
    elements
}

struct Types<'n> {
    groups: HashMap<&'n str, &'n Node>,
    complex: HashMap<&'n str, &'n Node>,
    simple: HashMap<&'n str, &'n Node>,
}

impl Types<'_> {
    fn collect(&self, node: &Node, element: &mut SchemaElement) {
        let base = node.attribute("type").or_else(|| node.attribute("base"));
        if matches!(node.name.as_str(), "element" | "extension" | "restriction")
            && let Some(complex) = base.and_then(|name| self.complex.get(name))
        {
            self.collect(complex, element);
        }
        for child in &node.children {
            match (child.name.as_str(), child.attribute("ref")) {
                ("element", Some(name)) => {
                    element.children.insert(name.to_owned());
                }
                ("element", None) => {
                    element.children.extend(child.attribute("name").map(str::to_owned));
                }
                ("group", Some(name)) => {
                    if let Some(group) = self.groups.get(name) {
                        self.collect(group, element);
                    }
                }
                ("attribute", _) => {
                    if child.attribute("use") != Some("prohibited") {
                        let name = child.attribute("name").unwrap().to_owned();
                        element.attributes.retain(|(known, _)| *known != name);
                        element.attributes.push((name, self.sample(child)));
                    }
                }
                _ => self.collect(child, element),
            }
        }
    }

    /// A value that fits an attribute.
    fn sample(&self, attribute: &Node) -> String {
        if let Some(value) = attribute.attribute("default") {
            return value.to_owned();
        }
        let inline = attribute.children.iter().find(|node| node.name == "simpleType");
        let named = attribute.attribute("type").unwrap_or("xs:string");
        if let Some(word) = inline.or_else(|| self.simple.get(named).copied()).and_then(first_word) {
            return word;
        }
        match named {
            "xs:boolean" => "true",
            "NUMBER" | "INT-NUMBER" | "REAL-NUMBER" | "PROB-NUMBER" | "PERCENTAGE-NUMBER" => "1",
            number if ["nteger", "double", "float", "decimal"].iter().any(|word| number.contains(word)) => {
                "1"
            }
            "xs:dateTime" => "2020-01-01T00:00:00",
            _ => "a",
        }
        .to_owned()
    }
}

/// The first word of a closed list.
fn first_word(node: &Node) -> Option<String> {
    if node.name == "enumeration" {
        return node.attribute("value").map(str::to_owned);
    }
    node.children.iter().find_map(first_word)
}

fn parse(text: &str) -> Node {
    let mut reader = Reader::from_str(text);
    let mut stack = vec![Node::default()];
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => stack.push(node(&tag)),
            Event::Empty(tag) => {
                let child = node(&tag);
                stack.last_mut().unwrap().children.push(child);
            }
            Event::End(_) => {
                let done = stack.pop().unwrap();
                stack.last_mut().unwrap().children.push(done);
            }
            Event::Eof => return stack.remove(0),
            _ => {}
        }
    }
}

fn node(tag: &quick_xml::events::BytesStart<'_>) -> Node {
    let local = |name: &str| name.rsplit_once(':').map_or(name, |(_, local)| local).to_owned();
    let attributes = tag.attributes().map(|attribute| {
        let attribute = attribute.unwrap();
        (local(attribute.key.as_ref()), attribute.value.to_string())
    });
    Node { name: local(tag.name().as_ref()), attributes: attributes.collect(), children: Vec::new() }
}
