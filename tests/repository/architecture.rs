//! The graph of crates in ARCHITECTURE.md is the graph that is built.

use std::collections::{BTreeMap, BTreeSet};

use crate::metadata::{dependencies, members, read};

type Graph = BTreeMap<String, BTreeSet<String>>;

/// The block of the document that starts with "```crates".
fn documented() -> Graph {
    let document = read("ARCHITECTURE.md");
    let block = document.split("```crates\n").nth(1).expect("a block of crates");
    let lines = block.lines().take_while(|line| *line != "```");
    lines
        .map(|line| {
            let (from, to) = line.split_once("->").unwrap_or_else(|| panic!("no arrow in {line:?}"));
            let to = to.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
            (from.trim().to_owned(), to.collect())
        })
        .collect()
}

/// The folder's name of a package of ours.
fn folder(package: &str) -> Option<&str> {
    if package == "scorewheel" { Some(package) } else { package.strip_prefix("scorewheel-") }
}

/// Normal and build dependencies between the crates of the product.
fn built() -> Graph {
    let members = members();
    let product = members.iter().filter(|(_, package)| {
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        manifest.contains("/crates/")
    });
    product
        .map(|(name, package)| {
            let ours = dependencies(package)
                .filter(|(_, kind)| *kind != Some("dev"))
                .filter_map(|(dependency, _)| folder(dependency));
            (
                folder(name).expect("packages are scorewheel-<folder>").to_owned(),
                ours.map(str::to_owned).collect(),
            )
        })
        .collect()
}

#[test]
fn the_map_shows_the_crates_and_arrows_that_are_built() {
    let (documented, built) = (documented(), built());
    for (name, arrows) in &built {
        let shown = documented.get(name).unwrap_or_else(|| panic!("ARCHITECTURE.md does not show {name}"));
        assert_eq!(shown, arrows, "arrows of {name}: ARCHITECTURE.md (left), cargo metadata (right)");
    }
    for name in documented.keys() {
        assert!(built.contains_key(name), "ARCHITECTURE.md shows {name}, which is not built");
    }
}

#[test]
fn every_crate_has_a_line_in_the_table() {
    let document = read("ARCHITECTURE.md");
    for name in built().keys() {
        assert!(document.contains(&format!("\n| `{name}` |")), "ARCHITECTURE.md has no line for {name}");
    }
}

#[test]
fn folders_are_named_for_their_packages() {
    for (name, package) in members() {
        let manifest = package["manifest_path"].as_str().unwrap();
        if !manifest.contains("/crates/") {
            continue;
        }
        let folder = folder(name).unwrap_or_else(|| panic!("{name} is not scorewheel-<folder>"));
        assert!(manifest.ends_with(&format!("/{folder}/Cargo.toml")), "{name} lies at {manifest}");
    }
}
