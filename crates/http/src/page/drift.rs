//! The part about drift.

use super::html::Html;
use super::number;
use super::part::{chip, end_table, open, table};
use crate::drift::Change;
use crate::live::{DriftColumn, DriftRow, Frame};

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
    let columns = [
        ("model", ""),
        ("column", ""),
        ("change", ""),
        ("PSI", "digits"),
        ("compared with", "wide"),
        ("rows now", "digits wide"),
    ];
    table(html, "how far inputs and scores are from what they were", &columns);
    for row in models {
        for (index, column) in row.columns.iter().enumerate() {
            line(html, row, column, index == 0);
        }
        if row.more_inputs + row.left_out > 0 {
            html.raw("<tr><td></td><td colspan=\"5\" class=\"quiet\">");
            if row.more_inputs > 0 {
                html.raw("and ").number(row.more_inputs).raw(" inputs that have moved less ");
            }
            if row.left_out > 0 {
                html.number(row.left_out).raw(" inputs are not watched");
            }
            html.raw("</td></tr>");
        }
    }
    end_table(html);
    html.raw("</section>");
}

fn line(html: &mut Html, row: &DriftRow, column: &DriftColumn, first: bool) {
    html.raw("<tr><td>");
    if first {
        chip(html, row.colour);
        html.name(&row.name).raw(" <span class=\"quiet\">").name(&row.version).raw("</span>");
    }
    html.raw("</td><th scope=\"row\">");
    match &column.input {
        Some(input) => html.name(input),
        None => html.raw("<em>score</em>"),
    };
    html.raw("</th><td>").raw(match column.change {
        Change::Unknown if !column.complete => "the reference is being counted",
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
