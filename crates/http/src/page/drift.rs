//! The part about drift.

use super::html::Html;
use super::number;
use super::part::{chip, end_table, open, table};
use crate::drift::Change;
use crate::live::{DriftColumn, DriftRow, Frame};

/// The end of a row whose first cell is as wide as the columns that every screen has.
const NARROW: &str = "<td class=\"wide\" colspan=\"2\"></td></tr>";

/// How far inputs and scores are from what they were.
pub fn drift(html: &mut Html, frame: &Frame) {
    open(html, "drift", "Drift", &["v1/drift"]);
    let Some(models) = &frame.drift else {
        html.raw("<p class=\"none\">Not watched: <code>drift.enabled</code> is off.</p></section>");
        return;
    };
    if models.is_empty() {
        html.raw("<p class=\"none\">No model has scored since this process began.</p></section>");
        return;
    }
    caption(html, frame);
    let columns = [
        ("column", ""),
        ("change", ""),
        ("PSI", "digits"),
        ("compared with", "wide"),
        ("rows now", "digits wide"),
    ];
    table(html, "how far inputs and scores are from what they were", &columns);
    for (index, row) in models.iter().enumerate() {
        html.raw(if index == 0 { "" } else { "</tbody><tbody>" });
        html.raw("<tr><th scope=\"rowgroup\" colspan=\"3\">");
        chip(html, row.colour);
        html.name(&row.name)
            .raw(" <span class=\"quiet\">")
            .name(&row.version)
            .raw("</span></th>")
            .raw(NARROW);
        for column in &row.columns {
            line(html, column);
        }
        rest(html, row);
    }
    end_table(html);
    html.raw("</section>");
}

/// Whose counts these are, where there are several instances.
fn caption(html: &mut Html, frame: &Frame) {
    let Some(cluster) = &frame.cluster else { return };
    html.raw("<p class=\"caption\">");
    let Some(coverage) = &cluster.drift else {
        html.raw("Counts of this instance.</p>");
        return;
    };
    let silent: Vec<_> = coverage.instances.iter().filter(|report| report.state != "answered").collect();
    html.raw(if silent.is_empty() { "Counts of all instances." } else { "Counts of all instances but " });
    for (index, report) in silent.iter().take(8).enumerate() {
        html.raw(if index == 0 { "" } else { "; " }).name(&report.instance);
        match &report.reason {
            Some(reason) => _ = html.raw(": ").text(reason),
            None => _ = html.raw(": it does not watch"),
        }
    }
    html.raw(if silent.len() > 8 { "; and more.</p>" } else { "</p>" });
}

/// Inputs that have no line of their own.
fn rest(html: &mut Html, row: &DriftRow) {
    if row.more_inputs + row.left_out == 0 {
        return;
    }
    html.raw("<tr><td colspan=\"3\" class=\"quiet\">");
    if row.more_inputs > 0 {
        // Before there is an index, nobody knows which have moved.
        let known = row.columns.iter().any(|column| column.input.is_some() && column.psi.is_some());
        html.raw("and ").number(row.more_inputs).raw(if row.more_inputs == 1 {
            " more input"
        } else {
            " more inputs"
        });
        html.raw(match (known, row.more_inputs) {
            (false, _) => "",
            (true, 1) => ", which has moved less",
            (true, _) => ", which have moved less",
        });
        html.raw(if row.left_out > 0 { "; " } else { "" });
    }
    if row.left_out > 0 {
        html.number(row.left_out);
        html.raw(if row.left_out == 1 { " input is not watched" } else { " inputs are not watched" });
    }
    html.raw("</td>").raw(NARROW);
}

fn line(html: &mut Html, column: &DriftColumn) {
    html.raw("<tr><th scope=\"row\">");
    match &column.input {
        Some(input) => html.name(input),
        None => html.raw("<em>score</em>"),
    };
    html.raw("</th><td class=\"reason\">").raw(match column.change {
        Change::Unknown if !column.complete => "<span class=\"wide\">the reference is </span>being counted",
        Change::Unknown => "too few rows now",
        Change::None => "none",
        Change::Moderate => "moderate",
        Change::Large => "<strong class=\"large\">large</strong>",
    });
    html.raw("</td><td class=\"digits\">");
    html.text(&column.psi.map_or_else(|| "–".to_owned(), |psi| format!("{psi:.3}")));
    html.raw("</td><td class=\"wide\">");
    html.raw(if column.reference == "training" { "training" } else { "its beginning" });
    if let Some(rows) = column.reference_rows {
        html.raw(" <span class=\"quiet\">").text(&number::count(rows as u64)).raw(" rows</span>");
    }
    html.raw("</td><td class=\"digits wide\">").text(&number::count(column.rows)).raw("</td></tr>");
}
