//! THIRD-PARTY-NOTICES is what the dependencies that are shipped ask for.
//!
//! `UPDATE=1 cargo test -p scorewheel-tests --test repository notices` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::metadata::{members, metadata, root, text};

/// Sources in other languages that a package carries and builds in: where their licences lie in the package.
const BUNDLED: &[(&str, &str, &str)] = &[
    ("libz-sys", "src/zlib/LICENSE", "zlib"),
    ("openssl-src", "openssl/LICENSE.txt", "OpenSSL (distributed builds only)"),
    ("rdkafka-sys", "librdkafka/LICENSES.txt", "librdkafka and what it bundles"),
    ("tikv-jemalloc-sys", "jemalloc/COPYING", "jemalloc"),
    ("zstd-sys", "zstd/LICENSE", "Zstandard"),
];

/// The packages from registries that the product's crates stand on, by normal dependencies, as it is distributed.
fn shipped() -> Vec<&'static Value> {
    let nodes: BTreeMap<&str, &Value> = metadata()["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (text(node, "id"), node))
        .collect();
    let product =
        members().into_values().filter(|package| text(package, "manifest_path").contains("/crates/"));
    let mut open: Vec<&str> = product.map(|package| text(package, "id")).collect();
    let mut seen: BTreeSet<&str> = open.iter().copied().collect();
    while let Some(id) = open.pop() {
        for dependency in nodes[id]["deps"].as_array().unwrap() {
            let normal =
                dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null());
            // What it carries is built in, also where only a build script names it.
            let name = text(dependency, "name").replace('_', "-");
            let bundles = BUNDLED.iter().any(|(bundled, _, _)| *bundled == name);
            let id = text(dependency, "pkg");
            let is_new = (normal || bundles) && seen.insert(id);
            if is_new && normal {
                open.push(id);
            }
        }
    }
    let packages = metadata()["packages"].as_array().unwrap().iter();
    let mut found: Vec<&Value> = packages
        .filter(|package| !package["source"].is_null() && seen.contains(text(package, "id")))
        .collect();
    found.sort_by_key(|package| (text(package, "name"), text(package, "version")));
    found
}

/// The licence files of a package: the MIT one alone where the package leaves the choice, else all.
fn licence_texts(package: &Value) -> Vec<String> {
    let folder = Path::new(text(package, "manifest_path")).parent().unwrap();
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let is_licence = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        path.is_file()
            && ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"]
                .iter()
                .any(|start| name.starts_with(start))
    };
    let texts: Vec<String> = names
        .iter()
        .filter(|path| is_licence(path))
        .map(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).replace('\r', ""))
        .collect();
    let mit: Vec<String> =
        texts.iter().filter(|text| text.contains("Permission is hereby granted")).cloned().collect();
    let choice = !text(package, "license").contains(" AND ");
    if choice && !mit.is_empty() { mit } else { texts }
}

fn normalised(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

fn notices() -> String {
    let mut out = String::from(
        "THIRD-PARTY NOTICES\n\nScorewheel contains the software listed here. Generated from the lock file by a test; see\n\
         tests/repository/notices.rs.\n\n",
    );
    let packages = shipped();
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in &packages {
        let title = format!("{} {}", text(package, "name"), text(package, "version"));
        writeln!(out, "{title}: {}", text(package, "license")).unwrap();
        let found = licence_texts(package);
        if found.is_empty() {
            let authors: Vec<&str> =
                package["authors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let by = if authors.is_empty() { "its authors".into() } else { authors.join(", ") };
            texts
                .entry(format!("Licence as its manifest says: {}, by {by}", text(package, "license")))
                .or_default()
                .push(title.clone());
        }
        for found in found {
            texts.entry(normalised(&found)).or_default().push(title.clone());
        }
        for (name, path, what) in BUNDLED {
            if text(package, "name") == *name {
                let folder = Path::new(text(package, "manifest_path")).parent().unwrap();
                let licence = std::fs::read_to_string(folder.join(path))
                    .unwrap_or_else(|error| panic!("{name} no longer has {path}: {error}"));
                texts.entry(normalised(&licence)).or_default().push(format!("{what}, built in by {title}"));
            }
        }
    }
    let mut blocks: Vec<(Vec<String>, String)> =
        texts.into_iter().map(|(text, titles)| (titles, text)).collect();
    blocks.sort();
    for (titles, text) in blocks {
        write!(out, "\n{}\n{}\n\n{text}\n", "=".repeat(100), titles.join(", ")).unwrap();
    }
    out
}

#[test]
fn third_party_notices_are_those_of_the_lock_file() {
    let path = root().join("THIRD-PARTY-NOTICES");
    let expected = notices();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "THIRD-PARTY-NOTICES is stale; run this test with UPDATE=1");
}
