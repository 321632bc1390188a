//! The page `docs/metrics.md`, made from the catalogue.

use std::fmt::Write as _;

use crate::catalogue::Metric;

/// The page.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# Metrics\n\nMade from `crates/telemetry/src/catalogue.rs` by a test; edit that file and run the test with \
         `UPDATE=1`.\n\n`GET /metrics` gives them in Prometheus' text format. Figures \"as of the last commit\" come from \
         the committed state: an abort takes them back, and a partition that moves to another instance takes them along. \
         All others are of this process and begin with it. Labels are bounded: at most 256 of one metric, further ones \
         are counted as `other`.\n\n| metric | kind | labels | what it says |\n|---|---|---|---|\n",
    );
    for metric in Metric::ALL {
        let description = metric.description();
        let labels: Vec<String> = description.labels.iter().map(|label| format!("`{label}`")).collect();
        // Writing to a string does not fail.
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            description.name,
            description.kind.as_str(),
            labels.join(", "),
            description.help
        );
    }
    page
}
