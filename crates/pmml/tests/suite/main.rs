//! The open conformance suite beside the repository: every document and row against the reference's answers.
//!
//! Every document's own verification rows must be reproduced. Prints counts by model element and fails below those recorded in `recorded.tsv` (`UPDATE=1` records anew).
//! `SUITE_ONLY=case,case` runs some cases and shows every difference; `SUITE_FAILURES=file` writes the failures.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod columns;
mod judge;
mod record;
mod said;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use judge::{Case, Verdict};
use scorewheel_model::Model;

fn beside(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Cases that the repository lists as `beyond` or `deviation`.
fn listed() -> HashMap<String, String> {
    let text = std::fs::read_to_string(beside("docs/pmml/deviations.tsv")).unwrap_or_default();
    let entry = |line: &str| {
        let mut cells = line.split('\t');
        let (case, kind) = (cells.next()?, cells.next()?);
        cells.nth(1)?;
        Some((case.to_owned(), kind.to_owned()))
    };
    text.lines().filter_map(entry).collect()
}

/// The names of all cases, or of those that `SUITE_ONLY` names.
fn cases(entries: std::fs::ReadDir) -> Vec<String> {
    let only = std::env::var("SUITE_ONLY").ok();
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            entry.unwrap().file_name().into_string().unwrap().strip_suffix(".jsonl").map(Into::into)
        })
        .filter(|name: &String| only.as_ref().is_none_or(|only| only.split(',').any(|case| case == name)))
        .collect();
    names.sort();
    names
}

#[test]
fn columns_and_rows_agree() {
    let folder = beside("../shared/pmml-suite");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {} not found", folder.display());
        return;
    };
    let (mut by_columns, mut elements) = (0, BTreeMap::<String, (usize, usize)>::new());
    let mut differences = Vec::new();
    for name in cases(entries) {
        let case = Case::read(&folder, &name);
        let Ok(model) = case.load() else { continue };
        let (scored, difference) = columns::compare(&model, case.inputs());
        differences.extend(difference.map(|difference| format!("{name} {}: {difference}", case.element)));
        by_columns += usize::from(scored);
        let entry = elements.entry(case.element.clone()).or_default();
        *entry = (entry.0 + usize::from(scored), entry.1 + 1);
    }
    println!("documents scored by columns, of all: {elements:?}");
    assert!(differences.is_empty(), "{differences:#?}");
    assert!(std::env::var_os("SUITE_ONLY").is_some() || by_columns > 400, "{by_columns} documents");
}

#[test]
fn the_open_suite() {
    let folder = beside("../shared/pmml-suite");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {} not found", folder.display());
        return;
    };
    let only = std::env::var("SUITE_ONLY").ok();
    let names = cases(entries);
    let listed = listed();
    let mut table: BTreeMap<String, BTreeMap<Verdict, usize>> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut verified = 0;
    let mut unverified = Vec::new();
    for name in &names {
        let case = Case::read(&folder, name);
        let model = case.load();
        let (mut verdict, mut why) = case.judge(&model);
        let verification = model.as_ref().map(Model::verify).unwrap_or_default();
        verified += usize::from(verification.rows > 0);
        unverified.extend(verification.failures.first().map(|failure| format!("{name}: {failure}")));
        match (verdict, listed.get(name).map(String::as_str)) {
            (Verdict::Differs | Verdict::Valid, Some("deviation")) => verdict = Verdict::Deviation,
            (Verdict::Beyond, Some("beyond")) | (Verdict::Exact, _) => {}
            (Verdict::Beyond, _) => {
                verdict = Verdict::Unlisted;
                why = "answered beyond the reference, and not listed".to_owned();
            }
            _ => {}
        }
        *table.entry(case.element.clone()).or_default().entry(verdict).or_default() += 1;
        *table.entry("all".to_owned()).or_default().entry(verdict).or_default() += 1;
        if !verdict.is_good() {
            failures.push(format!("{verdict:?}\t{}\t{name}\t{why}", case.element));
        }
        if only.is_some() {
            println!("{name} {} {verdict:?} {why}", case.element);
            case.show(&model);
        }
    }
    failures.sort();
    if let Ok(path) = std::env::var("SUITE_FAILURES") {
        std::fs::write(path, failures.join("\n") + "\n").unwrap();
    }
    println!("{:28}{}", "", Verdict::ALL.map(|verdict| format!("{:>10}", format!("{verdict:?}"))).concat());
    let count = |row: &BTreeMap<Verdict, usize>, verdict| row.get(&verdict).copied().unwrap_or(0);
    for (element, row) in &table {
        println!(
            "{element:28}{}",
            Verdict::ALL.map(|verdict| format!("{:>10}", count(row, verdict))).concat()
        );
    }
    println!("{verified} documents carry verification rows");
    assert!(unverified.is_empty(), "verification rows that are not reproduced: {unverified:#?}");
    if only.is_none() {
        hold_recorded(&table);
    }
}

/// Fails where fewer cases are good than recorded.
fn hold_recorded(table: &BTreeMap<String, BTreeMap<Verdict, usize>>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/recorded.tsv");
    let good = |row: &BTreeMap<Verdict, usize>| -> usize {
        row.iter().filter(|(verdict, _)| verdict.is_good()).map(|(_, count)| count).sum()
    };
    if std::env::var_os("UPDATE").is_some() {
        let line = |(element, row): (&String, &BTreeMap<Verdict, usize>)| {
            format!("{element}\t{}\t{}\n", good(row), row.values().sum::<usize>())
        };
        std::fs::write(&path, format!("element\tgood\tall\n{}", table.iter().map(line).collect::<String>()))
            .unwrap();
        return;
    }
    let recorded = std::fs::read_to_string(&path).unwrap();
    for line in recorded.lines().skip(1) {
        let mut cells = line.split('\t');
        let (element, wanted) = (cells.next().unwrap(), cells.next().unwrap().parse::<usize>().unwrap());
        let found = table.get(element).map_or(0, good);
        assert!(found >= wanted, "{element}: {found} cases are good, {wanted} were");
    }
}
