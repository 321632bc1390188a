//! `inspect`: what a model is.

use std::path::PathBuf;

use clap::Args;
use scorewheel_codecs::DataTypes;
use scorewheel_columns::{OutputField, OutputType, Role};
use scorewheel_model::{Digest, Limits, Mapping, Model, Verification};
use serde_json::{Value, json};

use crate::arguments::ConfigArguments;
use crate::data_types::data_types;
use crate::exit_code::{ExitCode, Failure};
use crate::formats::Formats;
use crate::model_file::ModelFile;
use crate::output;

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArguments {
    /// The model: a file, a directory with saved_model.pb, or a location that the configuration allows
    pub model: PathBuf,
    /// Print one JSON object instead of lines for people
    #[arg(long)]
    pub json: bool,
    /// Which configuration to use.
    #[command(flatten)]
    pub configuration: ConfigArguments,
}

impl InspectArguments {
    /// Loads the model and prints what it is. A model that does not reproduce its own rows ends with 65.
    ///
    /// # Errors
    /// [`Failure`] if the file cannot be read or the model is refused.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let config = self.configuration.load(Vec::new())?.config;
        let types = data_types(&config)?;
        let file = ModelFile::open(&self.model, &config)?;
        let refused = |error| Failure::new(ExitCode::ModelRefused, format!("model refused: {error}"));
        let model = Formats::of(&config)
            .load(&file.bytes, None, &file.mapping, &Limits::default())
            .map_err(refused)?;
        let verification = model.verify();
        let report = describe(&*model, &file, &verification, &types);
        let text = if self.json { format!("{report}\n") } else { lines(&report) };
        output::print(&text)?;
        Ok(if verification.failures.is_empty() { ExitCode::Success } else { ExitCode::ModelRefused })
    }
}

/// What each data type's records would be to the model: why they do not fit, or what was decided for them.
fn records(model: &dyn Model, mapping: &Mapping, types: &DataTypes) -> Vec<Value> {
    let types = types.all().iter();
    types
        .map(|definition| match model.bind(definition.schema(), mapping) {
            Ok(bound) => json!({"type": definition.name(), "fit": true, "notes": bound.notes()}),
            Err(error) => json!({"type": definition.name(), "fit": false, "notes": [error.to_string()]}),
        })
        .collect()
}

fn describe(model: &dyn Model, file: &ModelFile, verification: &Verification, types: &DataTypes) -> Value {
    let bytes = &file.bytes;
    let summary = model.summary();
    let inputs = model.inputs().iter().map(
        |input| json!({"name": input.name, "type": input.data_type.to_string(), "required": input.required}),
    );
    let schema = model.outputs();
    let outputs = schema.fields.iter().map(|field| {
        let target = match field.role {
            Role::Auxiliary { target, .. } => schema.fields.get(target).map(name_of),
            _ => None,
        };
        json!({"name": name_of(field), "role": role_of(field), "target": target, "type": type_of(&field.output_type)})
    });
    let details = summary.details.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    json!({
        "format": summary.format,
        "kind": summary.kind,
        "producer": summary.producer,
        "engine": summary.engine,
        "bytes": bytes.len(),
        "sha256": Digest::of(bytes).to_string(),
        "details": details.collect::<serde_json::Map<_, _>>(),
        "inputs": inputs.collect::<Vec<_>>(),
        "outputs": outputs.collect::<Vec<_>>(),
        "records": records(model, &file.mapping, types),
        "verification": {"rows": verification.rows, "failures": verification.failures},
    })
}

fn name_of(field: &OutputField) -> &str {
    match (&field.role, field.name.as_deref()) {
        (_, Some(name)) => name,
        (Role::Auxiliary { what, .. }, None) => what.as_str(),
        (_, None) => "null",
    }
}

fn role_of(field: &OutputField) -> &'static str {
    match field.role {
        Role::Target => "target",
        Role::Output => "output",
        Role::Auxiliary { .. } => "auxiliary",
    }
}

fn type_of(output_type: &OutputType) -> String {
    match output_type {
        OutputType::F64 => "f64".into(),
        OutputType::F32 => "f32".into(),
        OutputType::I64 => "i64".into(),
        OutputType::Bool => "bool".into(),
        OutputType::Label(labels) => format!("one of {}", texts(labels)),
        OutputType::Text => "string".into(),
        OutputType::Date => "date".into(),
        OutputType::Time => "time".into(),
        OutputType::DateTime => "date-time".into(),
        OutputType::Distribution(labels) => format!("number for each of {}", texts(labels)),
        OutputType::Ranking(labels) => format!("ranking of {}", texts(labels)),
        OutputType::Tensor(shape) => format!("tensor {shape:?}"),
        OutputType::Any => "any".into(),
    }
}

fn texts(labels: &scorewheel_columns::Labels) -> String {
    const SHOWN: usize = 12;
    let mut texts: Vec<&str> = labels.all().iter().take(SHOWN).map(|label| &*label.text).collect();
    if labels.len() > SHOWN {
        texts.push("…");
    }
    format!("{{{}}}", texts.join(", "))
}

/// The parts of a report in the order in which people read them.
const PARTS: [&str; 11] = [
    "format",
    "kind",
    "producer",
    "engine",
    "bytes",
    "sha256",
    "details",
    "inputs",
    "outputs",
    "records",
    "verification",
];

/// The report as lines for people: a name and its value, lists indented below their name.
fn lines(report: &Value) -> String {
    let mut text = String::new();
    let mut put = |line: String| {
        text.push_str(line.trim_end());
        text.push('\n');
    };
    for name in PARTS {
        match &report[name] {
            Value::Null => {}
            Value::Array(items) if name == "records" => {
                for item in items {
                    let fit = if item["fit"] == true { "fit" } else { "do not fit" };
                    put(format!("records of type {}: {fit}", item["type"].as_str().unwrap_or_default()));
                    for note in item["notes"].as_array().into_iter().flatten() {
                        put(format!("  {}", note.as_str().unwrap_or_default()));
                    }
                }
            }
            Value::Array(items) => {
                put(format!("{name}:"));
                for item in items {
                    let word = |key: &str| item[key].as_str().unwrap_or_default();
                    let of =
                        item["target"].as_str().map(|target| format!(" of {target}")).unwrap_or_default();
                    let optional = if item["required"] == false { " (optional)" } else { "" };
                    let role = item["role"].as_str().map(|role| format!("{role}{of}, ")).unwrap_or_default();
                    put(format!("  {}: {role}{}{optional}", word("name"), word("type")));
                }
            }
            Value::Object(members) if name == "verification" => {
                let failures = members["failures"].as_array().map_or(0, Vec::len);
                match members["rows"].as_u64() {
                    None | Some(0) => put("verification: the model carries no rows".into()),
                    Some(rows) => put(format!("verification: {rows} rows, {failures} not reproduced")),
                }
                for failure in members["failures"].as_array().into_iter().flatten() {
                    put(format!("  {}", failure.as_str().unwrap_or_default()));
                }
            }
            Value::Object(members) => {
                for (detail, value) in members {
                    put(format!("{detail}: {}", value.as_str().unwrap_or_default()));
                }
            }
            Value::String(value) => put(format!("{name}: {value}")),
            other => put(format!("{name}: {other}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_for_people() {
        let report = json!({
            "format": "PMML 4.4",
            "producer": null,
            "bytes": 3,
            "details": {"trees": "100"},
            "inputs": [{"name": "alcohol", "type": "f64", "required": false}],
            "outputs": [{"name": "probability", "role": "auxiliary", "target": "quality", "type": "f64"}],
            "records": [{"type": "wine", "fit": true, "notes": ["input \"x\" takes the only field \"a\""]}],
            "verification": {"rows": 2, "failures": ["row 1: y is 2, not 3"]},
        });
        let wanted = [
            "format: PMML 4.4",
            "bytes: 3",
            "trees: 100",
            "inputs:",
            "  alcohol: f64 (optional)",
            "outputs:",
            "  probability: auxiliary of quality, f64",
            "records of type wine: fit",
            "  input \"x\" takes the only field \"a\"",
            "verification: 2 rows, 1 not reproduced",
            "  row 1: y is 2, not 3",
        ];
        assert_eq!(lines(&report).lines().collect::<Vec<_>>(), wanted);
    }
}
