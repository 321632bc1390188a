//! Which elements and attributes of PMML 4.4 the reader takes: each one of the schema is put into a document of the
//! open suite and read. The result is `docs/pmml/coverage.md`; `UPDATE=1` writes it anew.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod schema;

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use schema::SchemaElement;
use scorewheel_model::{Limits, Mapping};
use scorewheel_pmml::PmmlModel;

fn beside(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Why elements are refused.
const REASONS: &[(&str, &[&str])] = &[
    (
        "PMML leaves open how the factors of a transfer function are signed and applied",
        &[
            "Denominator",
            "DynamicRegressor",
            "NonseasonalFactor",
            "Numerator",
            "RegressorValues",
            "SeasonalFactor",
            "TransferFunctionValues",
            "TrendCoefficients",
        ],
    ),
    ("PMML does not say what the vector is applied to", &["PsiVector"]),
    ("no element of the schema holds it", &["INT-Entries", "INT-SparseArray"]),
];

/// Values of attributes and combinations that are refused when a document is loaded, beside what the table shows.
const OPTIONS: &[(&str, &str)] = &[
    ("Trend_ExpoSmooth", "`trend=\"polynomial_exponential\"`: PMML gives no formula for it"),
    (
        "TimeSeriesModel",
        "`bestFit` of `SpectralAnalysis` or `SeasonalTrendDecomposition`: both are empty, without any scoring",
    ),
    (
        "TimeSeriesModel",
        "more than one field, or one that is no number, to tell how far ahead a forecast lies",
    ),
    (
        "DecisionTree, TreeModel",
        "a `missingValueStrategy` that weighs several nodes, with embedded models in them",
    ),
    ("SequenceModel", "more than one active field; a `SetPredicate` of another field"),
    ("TextModel", "`functionName=\"regression\"`: the answer is a document"),
];

fn reason(element: &str) -> Option<&'static str> {
    REASONS.iter().find(|(_, elements)| elements.contains(&element)).map(|(reason, _)| *reason)
}

/// Documents that load, smallest first, with the names of their elements.
struct Corpus {
    documents: Vec<(String, HashSet<String>)>,
    counts: BTreeMap<String, usize>,
}

impl Corpus {
    fn read(folder: &Path) -> Self {
        let mut documents = Vec::new();
        let mut counts = BTreeMap::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "pmml") {
                continue;
            }
            let Ok(text) = String::from_utf8(std::fs::read(&path).unwrap()) else { continue };
            let names = names(&text);
            for name in &names {
                *counts.entry(name.clone()).or_insert(0) += 1;
            }
            documents.push((text, names));
        }
        documents.sort_by_key(|(text, _)| text.len());
        Self { documents, counts }
    }

    /// The smallest document that holds the element and loads.
    fn instance(&self, element: &str) -> Option<&str> {
        let holding = self.documents.iter().filter(|(_, names)| names.contains(element));
        holding.map(|(text, _)| text.as_str()).take(40).find(|text| load(text).is_ok())
    }
}

/// Names of the elements that start in a document.
fn names(text: &str) -> HashSet<String> {
    let starts = text.match_indices('<').map(|(at, _)| &text[at + 1..]);
    let name = |rest: &str| {
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '-').unwrap_or(0);
        rest[..end].to_owned()
    };
    starts.map(name).filter(|name| !name.is_empty()).collect()
}

fn load(text: &str) -> Result<(), String> {
    let model = PmmlModel::load(text.as_bytes(), None, &Mapping::default(), &Limits::default());
    model.map(|_| ()).map_err(|error| error.to_string())
}

/// Where the start tag of the first `element` is: just after its name, and its end.
fn start_tag(text: &str, element: &str) -> Option<(usize, usize)> {
    let open = format!("<{element}");
    let after = text.match_indices(&open).map(|(at, _)| at + open.len());
    let after = after.into_iter().find(|at| {
        text[*at..].starts_with(|letter: char| letter.is_whitespace() || letter == '/' || letter == '>')
    })?;
    let mut quote = None;
    for (offset, letter) in text[after..].char_indices() {
        match (letter, quote) {
            ('"' | '\'', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            ('>', None) => return Some((after, after + offset + 1)),
            _ => {}
        }
    }
    None
}

/// What the reader does with an element.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It reads the element, and refuses these of its attributes.
    Read(Vec<String>),
    /// It passes over it: the element has no part in scoring.
    Skipped,
    /// It refuses it.
    Refused,
}

fn written(attributes: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, value) in attributes {
        let _ = write!(text, " {name}=\"{}\"", value.replace('"', "&quot;"));
    }
    text
}

/// Tries attributes until none is refused.
fn attributes(element: &str, wanted: &[(String, String)], document: &dyn Fn(&str) -> String) -> Verdict {
    let is_refused =
        |message: &str, name: &str| message.contains(&format!("{element} has no attribute {name} in PMML"));
    // One that no version has.
    match load(&document(" unheardOf=\"1\"")) {
        Err(message) if is_refused(&message, "unheardOf") => {}
        Ok(()) => return Verdict::Skipped,
        // What it lacks is found out before.
        Err(_) => {}
    }
    let mut refused = Vec::new();
    let mut left = wanted.to_vec();
    while !left.is_empty() {
        let Err(message) = load(&document(&written(&left))) else { break };
        let before = left.len();
        if let Some(at) = left.iter().position(|(name, _)| is_refused(&message, name)) {
            refused.push(left.remove(at).0);
        } else {
            // Known, and not of this value.
            left.retain(|(name, _)| !message.contains(&format!("attribute {name}=")));
        }
        if left.len() == before {
            break;
        }
    }
    Verdict::Read(refused)
}

/// A document around the start tag of an element.
struct Context {
    /// Up to and with the element's name.
    head: String,
    /// From the attributes on.
    tail: String,
    /// Where in `tail` the start tag ends.
    end: usize,
    /// How much of `tail` are attributes that were put there.
    added: usize,
}

impl Context {
    /// The first `element` of a document.
    fn of(text: &str, element: &str) -> Option<Self> {
        let (after, end) = start_tag(text, element)?;
        Some(Self {
            head: text[..after].to_owned(),
            tail: text[after..].to_owned(),
            end: end - after,
            added: 0,
        })
    }

    /// The document with the attributes that were put there, and more.
    fn with(&self, attributes: &str) -> String {
        format!("{}{attributes}{}", self.head, self.tail)
    }

    /// The document with these attributes in place of those that were put there.
    fn instead(&self, attributes: &str) -> String {
        format!("{}{attributes}{}", self.head, &self.tail[self.added..])
    }

    /// The document with a first child.
    fn around(&self, own: &str, child: &str, attributes: &str) -> Self {
        let (start, rest) = self.tail.split_at(self.end);
        let (head, tail) = match start.strip_suffix("/>") {
            Some(open) => (format!("{open}>"), format!("></{child}></{own}>{rest}")),
            None => (start.to_owned(), format!("></{child}>{rest}")),
        };
        Self {
            head: format!("{}{head}<{child}", self.head),
            tail: format!("{attributes}{tail}"),
            end: attributes.len() + 1,
            added: attributes.len(),
        }
    }

    /// The attributes that the element has.
    fn has(&self, name: &str) -> bool {
        let words = self.tail[self.added..self.end].split(|letter: char| letter.is_whitespace());
        words.into_iter().any(|word| word.split('=').next() == Some(name))
    }
}

/// Documents around every element that is taken: those of the suite, else made by putting the element into another.
fn contexts(schema: &BTreeMap<String, SchemaElement>, corpus: &Corpus) -> BTreeMap<String, Context> {
    let mut found = BTreeMap::new();
    for name in schema.keys() {
        if let Some(context) = corpus.instance(name).and_then(|text| Context::of(text, name)) {
            found.insert(name.clone(), context);
        }
    }
    loop {
        let mut more = Vec::new();
        for (name, element) in schema.iter().filter(|(name, _)| !found.contains_key(*name)) {
            let parents = schema.iter().filter(|(_, parent)| parent.children.contains(name));
            let context = parents.filter_map(|(parent, _)| {
                let context = found.get(parent)?.around(parent, name, &written(&element.attributes));
                let refusal = load(&context.with("")).err();
                let is_taken = refusal
                    .is_none_or(|message| !message.contains(&format!(" has no element {name} in PMML")));
                is_taken.then_some(context)
            });
            more.extend(context.into_iter().next().map(|context| (name.clone(), context)));
        }
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

fn judge(name: &str, element: &SchemaElement, context: Option<&Context>) -> Verdict {
    let Some(context) = context else { return Verdict::Refused };
    let new: Vec<_> = element.attributes.iter().filter(|(name, _)| !context.has(name)).cloned().collect();
    attributes(name, &new, &|more| context.instead(more))
}

#[test]
fn every_element_and_attribute_of_the_schema_is_fed() {
    let (folder, schema) = (beside("../shared/pmml-suite"), beside("../shared/pmml-4.4.xsd"));
    let (true, Ok(text)) = (folder.is_dir(), std::fs::read_to_string(&schema)) else {
        println!("skipped: {} or {} not found", folder.display(), schema.display());
        return;
    };
    let schema = schema::read(&text);
    let corpus = Corpus::read(&folder);
    let mut table = String::from(
        "# Coverage of PMML 4.4\n\n\
         Written by the test `coverage` of the crate `scorewheel-pmml` from what its reader takes; do not edit.\n\
         Each element of the schema is put with all its attributes into a document and read. *Partly*: the attributes \
         named are refused. *Skipped*: has no part in scoring. *Documents*: those of the open suite that hold the \
         element. What is refused of an element's values stands below the table.\n\n\
         | element | | refused | documents |\n|---|---|---|---|\n",
    );
    let contexts = contexts(&schema, &corpus);
    for (name, element) in &schema {
        let (word, refused) = match judge(name, element, contexts.get(name)) {
            Verdict::Read(refused) if refused.is_empty() => ("supported", refused),
            Verdict::Read(refused) => ("partly", refused),
            Verdict::Skipped => ("skipped", Vec::new()),
            Verdict::Refused => ("refused", reason(name).map(str::to_owned).into_iter().collect()),
        };
        let count = corpus.counts.get(name).copied().unwrap_or(0);
        let _ = writeln!(table, "| {name} | {word} | {} | {count} |", refused.join(", "));
    }
    table.push_str("\n## Options that are refused\n\n| element | what, and why |\n|---|---|\n");
    for (element, option) in OPTIONS {
        let _ = writeln!(table, "| {element} | {option} |");
    }
    let path = beside("docs/pmml/coverage.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, table).unwrap();
        return;
    }
    let recorded = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        recorded, table,
        "docs/pmml/coverage.md differs from what the reader takes; UPDATE=1 writes it"
    );
}
