//! What an operator meets has its section in `docs/operate.md`, and nothing else has.

use std::collections::BTreeSet;

use crate::metadata::root;

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// Headings of the third order that begin like this.
fn sections(beginning: &str) -> BTreeSet<String> {
    let document = read("docs/operate.md");
    let headings = document.lines().filter_map(|line| line.strip_prefix("### "));
    headings.filter(|heading| heading.starts_with(beginning)).map(str::to_owned).collect()
}

#[test]
fn every_alert_has_its_section() {
    let rules = read("dashboards/alerts.yaml");
    let alerts: BTreeSet<String> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).map(str::to_owned).collect();
    assert!(alerts.len() > 5, "{alerts:?}");
    assert_eq!(sections("Scorewheel"), alerts);
}

#[test]
fn every_exit_code_has_its_section() {
    let source = read("crates/scorewheel/src/exit_code.rs");
    let list = source.split("pub enum ExitCode {").nth(1).unwrap().split("\n}").next().unwrap();
    let codes: BTreeSet<String> = list
        .lines()
        .filter_map(|line| line.trim().strip_suffix(',')?.split_once(" = "))
        .map(|(_, code)| format!("Exit code {code}"))
        .collect();
    assert!(codes.len() > 5, "{codes:?}");
    assert_eq!(sections("Exit code"), codes);
}
