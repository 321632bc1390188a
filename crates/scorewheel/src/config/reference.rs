//! The reference page `docs/configuration.md`, made from the declarations.

use std::fmt::Write as _;

use super::data_type::MEMBERS;
use super::references;
use super::section::Setting;
use super::settings::SECTIONS;

const HEAD: &str = "\
# Configuration

Made from `crates/scorewheel/src/config/settings.rs` by a test; edit that file and run the test with `UPDATE=1`.

A value is taken from the first of: a flag of the command, our environment variable, the original's environment variable, the
configuration file, the default. The file is the one that `--config` names, else `scorewheel.toml` in the working directory if it
is there. Unknown settings and unknown variables that begin with `SCOREWHEEL__` are refused.

Every variable may be given as a file instead: `SCOREWHEEL__CLIENT__TOKEN_FILE=/run/secrets/token` reads the value of
`client.token` from there. Durations are written `100ms`, `5s`, `10m`, `2h`, `7d`, or as a number of milliseconds; sizes `64MiB`,
`512KiB`, `1MB`, or as a number of bytes. `scorewheel config check` says what is wrong, `scorewheel config show` what is in
effect and who said so, secrets hidden.

Where topics live is decided by what was said most strongly among `kafka.brokers`, `embedded.data_dir` and `client.url`; if
nothing was said they are embedded in `./scorewheel-data`.
";

/// Lines of a doc comment as a paragraph of Markdown.
fn paragraph(documentation: &str) -> String {
    let lines: Vec<&str> = documentation.lines().map(str::trim).collect();
    lines.join(" ")
}

fn setting(out: &mut String, setting: &Setting) {
    let default = (setting.default)().map_or_else(|| "not set".to_owned(), |default| format!("`{default}`"));
    let original = setting.original.map(|name| format!(", or the original's `{name}`")).unwrap_or_default();
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "\n### `{}`\n\n{}\n\n{}; default {default}. Environment: `{}`{original}.\n",
        setting.key(),
        paragraph(setting.documentation),
        capital(&(setting.kind)()),
        setting.variable(),
    );
}

/// A kind as the beginning of a sentence; words to be written stay as they are.
fn capital(kind: &str) -> String {
    if kind.contains('|') {
        let words: Vec<String> = kind.split(" | ").map(|word| format!("`{word}`")).collect();
        return format!("One of {}", words.join(", "));
    }
    let mut characters = kind.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// The members that an entry of a list may have.
fn members(out: &mut String, members: &[(&str, &str, &str)]) {
    out.push_str("| member | write | what it is |\n|---|---|---|\n");
    for (name, kind, documentation) in members {
        let _ = writeln!(out, "| `{name}` | {} | {documentation} |", kind.replace('|', "or"));
    }
}

/// The page.
#[must_use]
pub fn reference() -> String {
    let mut out = String::from(HEAD);
    for section in SECTIONS {
        let _ = write!(out, "\n## `[{}]`\n\n{}\n", section.name, paragraph(section.documentation));
        section.settings.iter().for_each(|declared| setting(&mut out, declared));
    }
    out.push_str("\n## `[[data_types]]`\n\nThe kinds of records. `wine` is built in, and the default if no entry is.\n\n");
    members(&mut out, MEMBERS);
    out.push_str(
        "\n## `[[references]]`\n\nThe places from which models by reference may be fetched; none unless they are \
         configured. See [models by reference](references.md). Each of `user`, `password`, `token`, `access_key`, \
         `secret_key` and `session_token` may be given as `SCOREWHEEL__REFERENCES__NAME__MEMBER`, and so from a file \
         with `_FILE` appended.\n\n",
    );
    members(&mut out, references::MEMBERS);
    out
}
