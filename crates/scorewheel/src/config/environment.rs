//! The environment: `SCOREWHEEL__SECTION__NAME`, and the original's variables.

use std::path::Path;

use super::file::{records_list, unknown};
use super::layers::{Layers, Source};
use super::problem::Problem;
use super::references::{Credential, VARIABLES};
use super::section::{PREFIX, Setting};
use super::settings::SECTIONS;
use super::suggest::closest;
use super::value::{Raw, TABLE_OF_TEXTS};

/// Ends the name of a variable that names a file with the value.
const FILE_SUFFIX: &str = "_FILE";

/// Variables of the original that mean nothing to this version, and why.
const LATER: &[(&str, &str)] = &[("ZOOKEEPER_HOST", "Kafka no longer needs Zookeeper")];

/// Reads the environment: settings go into `layers`, what is wrong into `problems`, what is only worth knowing into
/// `notices`. Credentials of places of models by reference are handed back.
pub(super) fn read(
    variables: impl IntoIterator<Item = (String, String)>,
    layers: &mut Layers,
    problems: &mut Vec<Problem>,
    notices: &mut Vec<String>,
) -> Vec<Credential> {
    let mut credentials = Vec::new();
    let settings: Vec<&'static Setting> = SECTIONS.iter().flat_map(|section| section.settings).collect();
    let mut variables: Vec<(String, String)> = variables.into_iter().collect();
    variables.sort();
    for (name, value) in variables {
        if name.starts_with(PREFIX) {
            match name.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix(VARIABLES)) {
                Some(variable) => credentials.extend(credential(variable, &name, value, problems)),
                None => ours(&name, value, &settings, layers, problems),
            }
        } else if let Some(setting) = settings.iter().find(|setting| setting.original == Some(&name)) {
            // The original takes an empty variable for one that is not set.
            if !value.is_empty() {
                layers.say(setting.key(), Source::OriginalEnvironment(name), Raw::One(value));
            }
        } else if let Some((_, why)) = LATER.iter().find(|(later, _)| *later == name) {
            notices.push(format!("{name} is ignored: {why}"));
        }
    }
    credentials
}

/// A credential of a place of models by reference.
fn credential(variable: &str, name: &str, value: String, problems: &mut Vec<Problem>) -> Option<Credential> {
    let source = Source::Environment(name.to_owned());
    let Some(variable_of_file) = variable.strip_suffix(FILE_SUFFIX) else {
        return Some(Credential { variable: variable.to_owned(), value, source });
    };
    match read_file(Path::new(&value)) {
        Ok(value) => Some(Credential { variable: variable_of_file.to_owned(), value, source }),
        Err(error) => {
            problems.push(Problem::new(source, format!("cannot read {value}: {error}")));
            None
        }
    }
}

fn ours(
    name: &str,
    value: String,
    settings: &[&'static Setting],
    layers: &mut Layers,
    problems: &mut Vec<Problem>,
) {
    let source = Source::Environment(name.to_owned());
    let (variable, from_file) = match name.strip_suffix(FILE_SUFFIX) {
        // A setting of which the name itself ends so would go first.
        Some(variable) if !settings.iter().any(|setting| setting.variable() == name) => (variable, true),
        _ => (name, false),
    };
    let Some((key, entry)) = find(variable, settings) else {
        problems.push(unknown_variable(variable, settings, source));
        return;
    };
    let value = if from_file {
        match read_file(Path::new(&value)) {
            Ok(value) => value,
            Err(error) => {
                problems.push(Problem::new(source, format!("cannot read {value}: {error}")));
                return;
            }
        }
    } else {
        value
    };
    if key == "topics.records" && value.contains(',') {
        problems.push(records_list(source));
        return;
    }
    let raw = match entry {
        Some(entry) => Raw::Map([(entry, value)].into()),
        None => Raw::One(value),
    };
    layers.say(key, source, raw);
}

/// The key of a variable, and the entry if it names one of a table.
fn find(variable: &str, settings: &[&'static Setting]) -> Option<(String, Option<String>)> {
    settings.iter().find_map(|setting| {
        let own = setting.variable();
        if own == variable {
            return Some((setting.key(), None));
        }
        let entry = variable.strip_prefix(&own)?.strip_prefix("__").filter(|entry| !entry.is_empty())?;
        ((setting.kind)() == TABLE_OF_TEXTS)
            .then(|| (setting.key(), Some(entry.to_lowercase().replace('_', "."))))
    })
}

fn read_file(path: &Path) -> std::io::Result<String> {
    Ok(std::fs::read_to_string(path)?.trim_end_matches(['\n', '\r']).to_owned())
}

fn unknown_variable(variable: &str, settings: &[&'static Setting], source: Source) -> Problem {
    const WHAT: &str = "it stands for no setting";
    let all: Vec<String> = settings.iter().map(|setting| setting.variable()).collect();
    let key = variable.trim_start_matches(PREFIX).to_lowercase().replace("__", ".");
    match closest(variable, all.iter().map(String::as_str)) {
        Some(near) if !key.contains("zookeeper") => {
            Problem::new(source, WHAT).hint(format!("did you mean {near}?"))
        }
        _ => Problem { message: WHAT.to_owned(), ..unknown(&key, source) },
    }
}
