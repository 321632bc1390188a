//! The targets.

mod configuration;
mod control;
mod journal;
mod locations;
mod models;
pub(crate) mod records;
mod scoring;
mod state;

/// A place where bytes come from outside.
#[derive(Debug)]
pub struct Target {
    /// Its name, also that of its folder in `fuzz/corpus`.
    pub name: &'static str,
    /// Does with the bytes what the product would; panics if a promise is broken.
    pub run: fn(&[u8]),
    /// How many damaged inputs the plain test tries.
    pub damaged: usize,
}

const fn target(name: &'static str, run: fn(&[u8]), damaged: usize) -> Target {
    Target { name, run, damaged }
}

/// All targets.
pub const ALL: &[Target] = &[
    target("descriptor", control::descriptor, 20_000),
    target("record-protobuf", records::protobuf, 20_000),
    target("record-json", records::json, 20_000),
    target("record-csv", records::csv, 10_000),
    target("record-line", records::line, 20_000),
    target("pmml", models::pmml, 600),
    target("graphdef", models::graphdef, 1_000),
    target("onnx", models::onnx, 1_000),
    target("saved-model", models::saved_model, 600),
    target("tensor-bundle", models::tensor_bundle, 600),
    target("xgboost", models::xgboost, 1_000),
    target("lightgbm", models::lightgbm, 1_000),
    target("changelog", state::changelog, 20_000),
    target("offset-metadata", state::offset_metadata, 20_000),
    target("journal", journal::journal, 40),
    target("location", locations::location, 20_000),
    target("configuration", configuration::configuration, 2_000),
];

/// A folder for one input, in memory where the system has such a place.
fn folder() -> std::io::Result<tempfile::TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}

/// The target of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}

/// The names of all targets, for people.
#[must_use]
pub fn names() -> String {
    ALL.iter().map(|target| target.name).collect::<Vec<_>>().join(", ")
}
