//! Links between documents lead somewhere.

use std::path::{Path, PathBuf};

use crate::metadata::root;

/// All Markdown files of the repository that are not build output.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !name.starts_with("target") {
                documents(&path, found);
            }
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// Targets of `[text](target)` in a text, code blocks left out.
fn links(text: &str) -> Vec<String> {
    let mut in_code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for part in line.split("](").skip(1) {
            if let Some((target, _)) = part.split_once(')') {
                found.push(target.to_owned());
            }
        }
    }
    found
}

#[test]
fn links_to_files_of_the_repository_lead_somewhere() {
    let mut found = Vec::new();
    documents(root(), &mut found);
    assert!(found.iter().any(|path| path.ends_with("ARCHITECTURE.md")));
    let mut broken = Vec::new();
    for document in &found {
        for link in links(&std::fs::read_to_string(document).unwrap()) {
            let target = link.split('#').next().unwrap_or_default();
            let outside = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            if !outside && !document.parent().unwrap().join(target).exists() {
                broken.push(format!("{} → {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn finds_links_outside_of_code() {
    let text = "see [a](b.md) and [c](d.md#e)\n```\n[not](one)\n```\n";
    assert_eq!(links(text), ["b.md", "d.md#e"]);
}
