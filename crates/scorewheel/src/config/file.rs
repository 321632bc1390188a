//! The TOML file.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::data_type::{self, DataTypeConfig, Member};
use super::layers::{Layers, Source};
use super::problem::Problem;
use super::references::{self, ReferenceConfig};
use super::section::{Section, Setting};
use super::settings::SECTIONS;
use super::suggest::did_you_mean;
use super::value::{Raw, TABLE_OF_TEXTS};

/// What a file says.
#[derive(Debug, Default)]
pub struct FileContents {
    /// The kinds of records, with where they stand.
    pub data_types: Vec<(DataTypeConfig, Source)>,
    /// The places of models by reference, with where they stand.
    pub references: Vec<(ReferenceConfig, Source)>,
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    layers: &'a mut Layers,
    problems: &'a mut Vec<Problem>,
}

/// Reads `text`, the contents of the file `path`: settings go into `layers`, what is wrong into `problems`.
pub fn read(path: &Path, text: &str, layers: &mut Layers, problems: &mut Vec<Problem>) -> FileContents {
    let mut reader = Reader { path, text, layers, problems };
    match DeTable::parse(text) {
        Ok(table) => reader.table(table.get_ref()),
        Err(error) => {
            let source = reader.source(error.span().map_or(0, |span| span.start));
            reader.problems.push(Problem::new(source, format!("not TOML: {}", error.message())));
            FileContents::default()
        }
    }
}

impl Reader<'_> {
    /// The place of a byte of the text.
    fn source(&self, position: usize) -> Source {
        let line =
            1 + self.text.as_bytes()[..position.min(self.text.len())].iter().filter(|b| **b == b'\n').count();
        Source::File { path: self.path.to_owned(), line }
    }

    fn table(&mut self, table: &DeTable<'_>) -> FileContents {
        let mut contents = FileContents::default();
        for (name, value) in table {
            let source = self.source(name.span().start);
            let name = name.get_ref().as_ref();
            if name == "data_types" {
                contents.data_types = self.data_types(value);
            } else if name == "references" {
                contents.references = self.references(value);
            } else if let Some(section) = SECTIONS.iter().find(|section| section.name == name) {
                match value.get_ref().as_table() {
                    Some(members) => self.section(section, members),
                    None => {
                        let problem = Problem::new(source, format!("`{name}` is a section, not a value"));
                        self.problems.push(problem.hint(format!("write [{name}] and its settings below")));
                    }
                }
            } else {
                self.problems.push(unknown(name, source));
            }
        }
        contents
    }

    fn section(&mut self, section: &Section, members: &DeTable<'_>) {
        for (name, value) in members {
            let key = format!("{}.{}", section.name, name.get_ref());
            let source = self.source(name.span().start);
            let Some(setting) =
                section.settings.iter().find(|setting| setting.name == name.get_ref().as_ref())
            else {
                self.problems.push(unknown(&key, source));
                continue;
            };
            match raw(value) {
                Ok(Raw::List(_)) if key == "topics.records" => self.problems.push(records_list(source)),
                Ok(raw) => self.layers.say(setting.key(), source, raw),
                Err(kind) => {
                    let message = format!("`{key}` is {kind}; write {}", (setting.kind)());
                    self.problems.push(Problem::new(source, message));
                }
            }
        }
    }

    /// The entries of a list of tables, and where each stands.
    fn entries<'v, 't>(
        &mut self,
        list: &str,
        value: &'v Spanned<DeValue<'t>>,
    ) -> Vec<(&'v DeTable<'t>, Source)> {
        let at = self.source(value.span().start);
        let Some(entries) = value.get_ref().as_array() else {
            let problem = Problem::new(at, format!("`{list}` is a list of tables"));
            self.problems.push(problem.hint(format!("write [[{list}]] above each entry")));
            return Vec::new();
        };
        let mut found = Vec::new();
        for entry in entries {
            let at = self.source(entry.span().start);
            match entry.get_ref().as_table() {
                Some(members) => found.push((members, at)),
                None => {
                    self.problems.push(Problem::new(at, format!("an entry of `{list}` is not a table")));
                }
            }
        }
        found
    }

    fn references(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<(ReferenceConfig, Source)> {
        let mut found = Vec::new();
        for (members, at) in self.entries("references", value) {
            let members = members
                .iter()
                .map(|(name, value)| (name.get_ref().to_string(), raw(value), self.source(name.span().start)))
                .collect();
            found.push((references::read(members, self.problems), at));
        }
        found
    }

    fn data_types(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<(DataTypeConfig, Source)> {
        let mut found = Vec::new();
        for (members, at) in self.entries("data_types", value) {
            let members = members.iter().map(|(name, value)| {
                let member = match value.get_ref() {
                    DeValue::String(text) => Member::Text(text.to_string()),
                    DeValue::Boolean(value) => Member::Bool(*value),
                    DeValue::Array(items) => {
                        let text = |item: &Spanned<DeValue<'_>>| match item.get_ref() {
                            DeValue::String(text) => Some(text.to_string()),
                            _ => None,
                        };
                        items.iter().map(text).collect::<Option<_>>().map_or(Member::Other, Member::List)
                    }
                    _ => Member::Other,
                };
                (name.get_ref().to_string(), member, self.source(name.span().start))
            });
            let members = members.collect();
            found.push((data_type::read(members, &at, self.path.parent(), self.problems), at));
        }
        found
    }
}

/// A value as it was written, or what it is if no setting can be that.
fn raw(value: &Spanned<DeValue<'_>>) -> Result<Raw, &'static str> {
    match value.get_ref() {
        DeValue::Array(items) => {
            items.iter().map(|item| scalar(item.get_ref())).collect::<Result<_, _>>().map(Raw::List)
        }
        DeValue::Table(members) => {
            let entries = members
                .iter()
                .map(|(name, value)| scalar(value.get_ref()).map(|text| (name.get_ref().to_string(), text)));
            entries.collect::<Result<_, _>>().map(Raw::Map)
        }
        value => scalar(value).map(Raw::One),
    }
}

fn scalar(value: &DeValue<'_>) -> Result<String, &'static str> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        DeValue::Float(number) => Ok(number.to_string()),
        DeValue::Boolean(value) => Ok(value.to_string()),
        DeValue::Datetime(_) => Err("a date"),
        DeValue::Array(_) => Err("a list of lists"),
        DeValue::Table(_) => Err("a table of tables"),
    }
}

/// All keys there are.
pub fn keys() -> impl Iterator<Item = String> {
    SECTIONS.iter().flat_map(|section| section.settings.iter().map(Setting::key))
}

/// The setting that is a table of texts, and the entry of it that `key` names: `kafka.settings.sasl.password`.
pub(super) fn entry_of_table(key: &str) -> Option<(String, String)> {
    let settings = SECTIONS.iter().flat_map(|section| section.settings);
    settings.filter(|setting| (setting.kind)() == TABLE_OF_TEXTS).find_map(|setting| {
        let entry = key.strip_prefix(&setting.key())?.strip_prefix('.')?.trim_matches('"');
        (!entry.is_empty()).then(|| (setting.key(), entry.to_owned()))
    })
}

/// The problem of a key that no setting has.
pub(super) fn unknown(key: &str, source: Source) -> Problem {
    let problem = Problem::new(source, format!("there is no setting `{key}`"));
    if key.to_lowercase().contains("zookeeper") {
        return problem.hint("Kafka no longer needs Zookeeper: remove it, `kafka.brokers` is enough");
    }
    let keys: Vec<String> = keys().collect();
    let sections = SECTIONS.iter().map(|section| section.name).chain(["data_types", "references"]);
    let candidates: Vec<&str> = match key.contains('.') {
        true => keys.iter().map(String::as_str).collect(),
        false => sections.chain(keys.iter().map(String::as_str)).collect(),
    };
    match did_you_mean(key, candidates) {
        Some(hint) => problem.hint(hint),
        None => problem.hint("docs/configuration.md lists them all"),
    }
}

/// The problem of several records topics.
pub(super) fn records_list(source: Source) -> Problem {
    Problem::new(source, "`topics.records` names more than one topic").hint(
        "an application reads one: run another application, with its own `application.id`, for each further topic",
    )
}
