//! Lines, bars and the time line as SVG. What a drawing shows stands beside it in words.

use super::html::{Coordinate, Html};
use super::number;
use crate::live::LabelCount;
use crate::live::history::{Lane, SeenCutover};

/// Height of a line's drawing; its width is one a value.
const HEIGHT: f64 = 40.0;
/// Pixels of a hundredth of a time line.
const WIDE_SCREEN: f64 = 9.0;
const NARROW_SCREEN: f64 = 3.0;

/// A line of values from 0 upwards over `slots` places, the newest at the right edge; `label` says what it is.
pub fn line(html: &mut Html, values: &[f64], slots: usize, label: &str) {
    let slots = slots.max(2);
    let values = &values[values.len().saturating_sub(slots)..];
    let top = values.iter().copied().fold(0.0, f64::max);
    html.raw("<svg class=\"line\" role=\"img\" preserveAspectRatio=\"none\" viewBox=\"0 0 ");
    html.number(slots - 1).raw(" 40\" aria-label=\"").text(label).raw("\">");
    if values.len() > 1 && top > 0.0 {
        let first = slots - values.len();
        let height = |value: f64| HEIGHT - 2.0 - (HEIGHT - 4.0) * (value / top);
        let points = |html: &mut Html| {
            for (index, value) in values.iter().enumerate() {
                html.number(first + index).raw(",").number(Coordinate(height(*value))).raw(" ");
            }
        };
        html.raw("<polygon points=\"").number(first).raw(",40 ");
        points(html);
        html.number(slots - 1).raw(",40\"/><polyline points=\"");
        points(html);
        html.raw("\"/>");
    }
    html.raw("</svg>");
}

/// Bars of one width.
pub fn bars(html: &mut Html, bins: &[f64], label: &str) {
    let top = bins.iter().copied().fold(0.0, f64::max);
    html.raw("<svg class=\"bars\" role=\"img\" aria-label=\"").text(label).raw("\">");
    let width = 100.0 / bins.len().max(1) as f64;
    for (index, count) in bins.iter().enumerate().filter(|(_, count)| **count > 0.0) {
        // A bar that is there can be seen.
        let height = (count / top * 100.0).max(1.5);
        html.raw("<rect x=\"").number(Coordinate(width * index as f64 + width * 0.08));
        html.raw("%\" width=\"").number(Coordinate(width * 0.84));
        html.raw("%\" y=\"").number(Coordinate(100.0 - height));
        html.raw("%\" height=\"").number(Coordinate(height)).raw("%\" rx=\"1\"/>");
    }
    html.raw("</svg>");
}

/// A bar a label, with the label beneath.
pub fn labelled_bars(html: &mut Html, labels: &[LabelCount], name: &str) {
    let counts: Vec<f64> = labels.iter().map(|label| label.count as f64).collect();
    bars(html, &counts, &format!("scores of {name} by label"));
    html.raw("<svg class=\"labels\" aria-hidden=\"true\">");
    let width = 100.0 / labels.len().max(1) as f64;
    for (index, label) in labels.iter().enumerate() {
        html.raw("<svg x=\"").number(Coordinate(width * index as f64)).raw("%\" width=\"");
        html.number(Coordinate(width)).raw("%\" height=\"18\"><title>").text(&label.label).raw(": ");
        html.text(&number::count(label.count))
            .raw("</title><text x=\"50%\" y=\"13\" text-anchor=\"middle\">");
        html.text(&label.label).raw("</text></svg>");
    }
    html.raw("</svg>");
}

/// The models of a data type from `from` to `to`, with marks where partitions went over and where a message was refused.
pub fn time_line(
    html: &mut Html,
    lane: &Lane,
    cutovers: &[SeenCutover],
    refused: &[i64],
    (from, to): (i64, i64),
) {
    let place = |at: i64| ((at - from) as f64 / (to - from).max(1) as f64 * 100.0).clamp(0.0, 100.0);
    html.raw("<svg class=\"lane\" role=\"img\" aria-label=\"models of ").text(&lane.data_type);
    html.raw(" over the last minutes, oldest first: ");
    for (index, span) in lane.spans.iter().enumerate() {
        html.raw(if index == 0 { "" } else { ", " }).text(&span.name).raw(" ").text(&span.version);
    }
    html.raw("\">");
    for span in &lane.spans {
        let (begin, end) = (place(span.from), place(span.to.unwrap_or(to)));
        html.raw("<svg x=\"").number(Coordinate(begin)).raw("%\" y=\"0\" height=\"30\" width=\"");
        html.number(Coordinate((end - begin).max(0.15))).raw("%\" class=\"m").number(span.colour);
        html.raw("\"><title>").text(&span.name).raw(" ").text(&span.version).raw(", since ");
        html.text(&number::time(span.from)).raw(" UTC</title><rect width=\"100%\" height=\"100%\"/>");
        // A name that does not fit would only be a smear: on a wide screen, or on a narrow one.
        let needs = 7.2 * (span.name.chars().count() + span.version.chars().count() + 1) as f64 + 12.0;
        if (end - begin) * WIDE_SCREEN >= needs {
            let fits = (end - begin) * NARROW_SCREEN >= needs;
            html.raw(if fits { "<text" } else { "<text class=\"narrow\"" }).raw(" x=\"7\" y=\"20\">");
            html.text(&span.name).raw(" ").text(&span.version).raw("</text>");
        }
        html.raw("</svg>");
    }
    for seen in cutovers {
        html.raw("<circle class=\"cut\" cy=\"37\" r=\"2.5\" cx=\"").number(Coordinate(place(seen.at)));
        html.raw("%\"><title>").text(&seen.cutover.topic).raw("-").number(seen.cutover.partition);
        html.raw(" from offset ").number(seen.cutover.offset).raw(", ").text(&number::time(seen.at));
        html.raw(" UTC</title></circle>");
    }
    for at in refused {
        html.raw("<text class=\"refused\" text-anchor=\"middle\" y=\"42\" x=\"")
            .number(Coordinate(place(*at)));
        html.raw("%\">×<title>a message was refused, ").text(&number::time(*at)).raw(" UTC</title></text>");
    }
    html.raw("</svg>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::history::Span;

    fn drawn(draw: impl FnOnce(&mut Html)) -> String {
        let mut html = Html::default();
        draw(&mut html);
        html.finish()
    }

    #[test]
    fn a_line_ends_at_the_right() {
        let text = drawn(|html| line(html, &[0.0, 4.0], 5, "r"));
        assert!(text.contains("<polyline points=\"3,38 4,2 \"/>"), "{text}");
        for values in [&[][..], &[1.0], &[0.0, 0.0], &[f64::NAN, f64::NAN]] {
            assert!(!drawn(|html| line(html, values, 5, "r")).contains("polyline"), "{values:?}");
        }
    }

    #[test]
    fn bars_are_as_high_as_their_share() {
        let text = drawn(|html| bars(html, &[1.0, 0.0, 2.0], "scores"));
        assert_eq!(text.matches("<rect").count(), 2);
        assert!(text.contains("height=\"50%\"") && text.contains("height=\"100%\""), "{text}");
    }

    #[test]
    fn names_on_the_time_line_are_text() {
        let span = Span { name: "<script>".into(), version: "\"1\"".into(), to: None, ..Span::default() };
        let lane = Lane { data_type: "'>".into(), spans: vec![span] };
        let text = drawn(|html| time_line(html, &lane, &[], &[50], (0, 100)));
        assert!(!text.contains("<script") && text.contains("&lt;script&gt;"), "{text}");
        assert!(text.contains("x=\"50%\">×"), "{text}");
    }
}
