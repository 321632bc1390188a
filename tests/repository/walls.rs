//! The walls of `deny.toml`, held among our own crates without cargo-deny.

use crate::metadata::{dependencies, members, read};

#[test]
fn only_the_crates_that_deny_toml_names_use_a_walled_dependency() {
    let deny: toml::Table = read("deny.toml").parse().unwrap();
    let walls = deny["bans"]["deny"].as_array().unwrap();
    assert!(!walls.is_empty());
    for wall in walls {
        let walled = wall["crate"].as_str().unwrap();
        let wrappers: Vec<&str> =
            wall["wrappers"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        for (name, package) in members() {
            let crosses = dependencies(package).any(|(dependency, _)| dependency == walled);
            assert!(!crosses || wrappers.contains(&name), "{name} may not name {walled}: see deny.toml");
        }
    }
}

#[test]
fn every_crate_of_ours_takes_the_lints_of_the_workspace() {
    for (name, package) in members() {
        let manifest = std::fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} does not take the workspace's lints");
    }
}
