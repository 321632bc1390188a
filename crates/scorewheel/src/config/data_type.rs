//! An entry of `[[data_types]]`: a kind of records, its codec and schema.

use std::path::{Path, PathBuf};

use super::layers::Source;
use super::problem::Problem;
use super::suggest::did_you_mean;

/// How records of a data type are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CodecChoice {
    /// JSON if the first byte is `{`, else protobuf.
    #[default]
    Auto,
    /// Protobuf.
    Protobuf,
    /// JSON.
    Json,
}

impl CodecChoice {
    /// How it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Protobuf => "protobuf",
            Self::Json => "json",
        }
    }
}

/// Which models of a route score its records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ScoreChoice {
    /// The newest.
    #[default]
    Latest,
    /// The newest of each name.
    All,
    /// The newest of each of these names.
    Names(Vec<String>),
}

impl ScoreChoice {
    /// How it is written, in TOML.
    #[must_use]
    pub fn toml(&self) -> String {
        match self {
            Self::Latest => "\"latest\"".to_owned(),
            Self::All => "\"all\"".to_owned(),
            Self::Names(names) => format!("{names:?}"),
        }
    }
}

/// A kind of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataTypeConfig {
    /// Its name.
    pub name: String,
    /// How its records are encoded.
    pub codec: CodecChoice,
    /// The `.proto` file with its message, beside the configuration file if relative; `None` for the built-in `wine`.
    pub schema: Option<PathBuf>,
    /// The message in it, where the file has more than one.
    pub message: Option<String>,
    /// Which models score its records.
    pub score: ScoreChoice,
    /// True for the type of records that do not say theirs.
    pub default: bool,
}

/// What an entry may say, for the reference: name, what to write, what it is.
pub const MEMBERS: &[(&str, &str, &str)] = &[
    ("name", "text", "Name of the data type, `[A-Za-z0-9._-]{1,128}`. Required."),
    (
        "codec",
        "auto | protobuf | json",
        "How its records are encoded. `auto` (default) takes JSON if the first byte is `{`, else protobuf.",
    ),
    (
        "schema",
        "path",
        "The `.proto` file that describes a record, relative to the configuration file. `wine` has one built in.",
    ),
    ("message", "text", "The message in that file, if it has more than one."),
    (
        "score",
        "latest | all | list of names",
        "Which models score its records: the newest (default), the newest of each name, newest first, or those of the \
         names listed, in that order. Each gives a result of its own. The same on all instances; to change it, start \
         with `--adopt-revision` once.",
    ),
    (
        "default",
        "true | false",
        "Whether records that do not say their data type are of this one. Without any, `wine` is.",
    ),
];

/// A member of an entry as it was written.
pub(super) enum Member {
    Text(String),
    Bool(bool),
    List(Vec<String>),
    Other,
}

/// Reads one entry; what is wrong becomes a problem.
pub(super) fn read(
    members: Vec<(String, Member, Source)>,
    at: &Source,
    folder: Option<&Path>,
    problems: &mut Vec<Problem>,
) -> DataTypeConfig {
    let mut entry = DataTypeConfig::default();
    for (name, member, source) in members {
        let expected =
            |what: &str| Problem::new(source.clone(), format!("`data_types.{name}` is not {what}"));
        match (name.as_str(), member) {
            ("name", Member::Text(text)) => match scorewheel_model::DataTypeName::new(&text) {
                Ok(_) => entry.name = text,
                Err(error) => problems.push(Problem::new(source, format!("`data_types.name`: {error}"))),
            },
            ("codec", Member::Text(text)) => match text.as_str() {
                "auto" => entry.codec = CodecChoice::Auto,
                "protobuf" => entry.codec = CodecChoice::Protobuf,
                "json" => entry.codec = CodecChoice::Json,
                _ => {
                    let message =
                        format!("`data_types.codec` is {text:?}; write one of auto, protobuf, json");
                    problems.push(Problem::new(source, message));
                }
            },
            ("schema", Member::Text(text)) => {
                entry.schema = Some(folder.map_or_else(|| PathBuf::from(&text), |folder| folder.join(&text)));
            }
            ("score", Member::Text(text)) => match text.as_str() {
                "latest" => entry.score = ScoreChoice::Latest,
                "all" => entry.score = ScoreChoice::All,
                _ => {
                    let message =
                        format!("`data_types.score` is {text:?}; write latest, all, or a list of names");
                    problems.push(Problem::new(source, message).hint(format!("a list of one is [{text:?}]")));
                }
            },
            ("score", Member::List(names)) => match check_names(&names) {
                Ok(()) => entry.score = ScoreChoice::Names(names),
                Err(what) => problems.push(Problem::new(source, format!("`data_types.score` {what}"))),
            },
            ("score", _) => problems.push(expected("a text or a list of texts")),
            ("message", Member::Text(text)) => entry.message = Some(text),
            ("default", Member::Bool(default)) => entry.default = default,
            ("default", _) => problems.push(expected("true or false")),
            ("name" | "codec" | "schema" | "message", _) => problems.push(expected("a text")),
            _ => {
                let names = MEMBERS.iter().map(|(name, _, _)| *name);
                let problem = Problem::new(source, format!("`data_types` has no member `{name}`"));
                problems.push(match did_you_mean(&name, names.clone()) {
                    Some(hint) => problem.hint(hint),
                    None => problem.hint(format!("it has {}", names.collect::<Vec<_>>().join(", "))),
                });
            }
        }
    }
    if entry.name.is_empty()
        && !problems.iter().any(|problem| problem.message.starts_with("`data_types.name`"))
    {
        problems.push(Problem::new(at.clone(), "an entry of `[[data_types]]` has no name"));
    }
    entry
}

/// What is wrong with a list of models.
fn check_names(names: &[String]) -> Result<(), String> {
    if names.is_empty() {
        return Err("is an empty list; write latest, all, or the names of models".to_owned());
    }
    for (index, name) in names.iter().enumerate() {
        scorewheel_model::ModelName::new(name)
            .map_err(|error| format!("names a model that cannot be: {error}"))?;
        if names[..index].contains(name) {
            return Err(format!("names the model {name:?} twice"));
        }
    }
    Ok(())
}

/// What is wrong with the entries taken together.
pub(super) fn check(entries: &[(DataTypeConfig, Source)], problems: &mut Vec<Problem>) {
    for (index, (entry, source)) in entries.iter().enumerate() {
        let mut earlier = entries[..index].iter();
        if !entry.name.is_empty() && earlier.any(|(other, _)| other.name == entry.name) {
            problems.push(Problem::new(
                source.clone(),
                format!("the data type {:?} is configured twice", entry.name),
            ));
        }
        if entry.schema.is_none() && entry.name != BUILT_IN && !entry.name.is_empty() {
            let problem =
                Problem::new(source.clone(), format!("the data type {:?} has no schema", entry.name));
            problems.push(problem.hint("name a .proto file with `schema`"));
        }
    }
    if let Some((_, source)) = entries.iter().filter(|(entry, _)| entry.default).nth(1) {
        problems.push(Problem::new(source.clone(), "more than one data type is the default"));
    }
}

/// The data type that needs no configuration.
pub const BUILT_IN: &str = "wine";
