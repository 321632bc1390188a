//! The effective values with their sources, secrets hidden.

use std::fmt::Write as _;

use super::data_type::ScoreChoice;
use super::layers::Source;
use super::load::Loaded;
use super::settings::SECTIONS;
use super::value::quoted;

/// The configuration as TOML that could be read again, but for secrets; each value says where it comes from.
#[must_use]
pub fn show(loaded: &Loaded) -> String {
    let mut out = format!("# topics: {}\n", loaded.place);
    // Writing to a string does not fail.
    for (section, values) in SECTIONS.iter().zip(loaded.config.toml()) {
        let _ = write!(out, "\n[{}]\n", section.name);
        for (setting, value) in section.settings.iter().zip(values) {
            let _ = match (value, loaded.layers.source(&setting.key())) {
                (None, _) => writeln!(out, "# {} is not set", setting.name),
                (Some(value), Source::Default) => writeln!(out, "{} = {value}", setting.name),
                (Some(value), source) => writeln!(out, "{} = {value} # {source}", setting.name),
            };
        }
    }
    for entry in &loaded.config.data_types {
        let _ = write!(
            out,
            "\n[[data_types]]\nname = {}\ncodec = {}\n",
            quoted(&entry.name),
            quoted(entry.codec.as_str())
        );
        if let Some(schema) = &entry.schema {
            let _ = writeln!(out, "schema = {}", quoted(&schema.to_string_lossy()));
        }
        if let Some(message) = &entry.message {
            let _ = writeln!(out, "message = {}", quoted(message));
        }
        if entry.score != ScoreChoice::Latest {
            let _ = writeln!(out, "score = {}", entry.score.toml());
        }
        if entry.default {
            out.push_str("default = true\n");
        }
    }
    for entry in &loaded.config.references {
        out.push_str("\n[[references]]\n");
        for (name, value) in entry.toml() {
            let _ = writeln!(out, "{name} = {value}");
        }
    }
    out
}
