//! `cargo metadata`, read once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// Where the repository lies.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned())
}

/// A file of the repository as text.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The whole answer of `cargo metadata` for Linux, dependencies resolved.
pub fn metadata() -> &'static Value {
    static METADATA: OnceLock<Value> = OnceLock::new();
    METADATA.get_or_init(|| {
        let arguments = [
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
            // As it is distributed.
            "--features",
            "scorewheel/tls-vendored",
        ];
        let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    })
}

/// Text of a member of a JSON object.
pub fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

/// The packages of the workspace by name.
pub fn members() -> BTreeMap<&'static str, &'static Value> {
    let ids: BTreeSet<&str> =
        metadata()["workspace_members"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let packages = metadata()["packages"].as_array().unwrap().iter();
    packages.filter(|package| ids.contains(text(package, "id"))).map(|p| (text(p, "name"), p)).collect()
}

/// What a package names in its manifest: dependency and kind (`None` is a normal one).
pub fn dependencies(package: &'static Value) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    package["dependencies"].as_array().unwrap().iter().map(|d| (text(d, "name"), d["kind"].as_str()))
}
