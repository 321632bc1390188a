//! The parts of the page, one function each.

use serde_json::Value;

use super::html::Html;
use super::{chart, number};
use crate::live::Frame;
use crate::live::frame::ModelRow;
use crate::snapshot::Engine;

/// What stands above everything and does not change.
pub fn masthead(html: &mut Html, frame: &Frame) {
    html.raw("<header><svg class=\"wheel\" viewBox=\"0 0 32 32\" aria-hidden=\"true\"><circle cx=\"16\" cy=\"16\" ");
    html.raw("r=\"13\"/><path d=\"M16 3v26M3 16h26M6.8 6.8l18.4 18.4M25.2 6.8L6.8 25.2\"/></svg>");
    html.raw("<h1>Scorewheel <span>").name(&frame.application).raw("</span></h1>");
    html.raw("<p id=\"live\" role=\"status\">as of this request</p>");
    html.raw("<button id=\"pause\" type=\"button\" hidden>Pause</button></header>");
}

/// What stands below everything.
pub fn foot(html: &mut Html, frame: &Frame) {
    html.raw("<footer><p>Scorewheel ").text(frame.program).raw(". Figures are of what is committed on ");
    html.raw(if frame.cluster.is_some() { "all instances" } else { "this instance" });
    html.raw("; times are UTC.</p><nav aria-label=\"for programs\"><a href=\"v1\">all addresses</a> ");
    html.raw("<a href=\"v1/live\">this page as JSON</a> <a href=\"metrics\">metrics</a> ");
    html.raw("<a href=\"readyz\">readiness</a></nav></footer>");
}

/// Opens a part with its heading and the addresses of what is behind it.
pub(super) fn open(html: &mut Html, id: &'static str, title: &'static str, behind: &[&'static str]) {
    html.raw("<section aria-labelledby=\"")
        .raw(id)
        .raw("\" class=\"")
        .raw(id)
        .raw("-part\"><div class=\"title\">");
    html.raw("<h2 id=\"").raw(id).raw("\">").raw(title).raw("</h2><p class=\"behind\">");
    for path in behind {
        html.raw("<a href=\"").raw(path).raw("\">/").raw(path).raw("</a> ");
    }
    html.raw("</p></div>");
}

/// Opens a table that scrolls by itself where it is wider than the screen.
pub(super) fn table(html: &mut Html, label: &'static str, columns: &[(&'static str, &'static str)]) {
    html.raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"")
        .raw(label)
        .raw("\"><table><thead>");
    html.raw("<tr>");
    for (title, class) in columns {
        html.raw("<th scope=\"col\" class=\"").raw(class).raw("\">").raw(title).raw("</th>");
    }
    html.raw("</tr></thead><tbody>");
}

pub(super) fn end_table(html: &mut Html) {
    html.raw("</tbody></table></div>");
}

pub(super) fn more(html: &mut Html, hidden: usize, what: &'static str) {
    if hidden > 0 {
        html.raw("<p class=\"none\">and ").number(hidden).raw(" more ").raw(what).raw("</p>");
    }
}

/// Whether scoring is under way.
pub fn state(html: &mut Html, frame: &Frame) {
    if frame.readiness.ready {
        html.raw("<p class=\"state ready\"><strong>Scoring</strong> ");
    } else {
        html.raw("<p class=\"state waiting\"><strong>Not ready</strong> ");
        for (index, reason) in frame.readiness.reasons.iter().take(6).enumerate() {
            html.raw(if index == 0 { "" } else { "; " }).text(reason);
        }
        html.raw(" ");
    }
    html.raw("<span class=\"quiet\">").text(&number::time(frame.at)).raw(" UTC · ");
    html.raw(match frame.engine {
        Engine::Streams => "streams engine",
        Engine::Stage => "stage",
    });
    match frame.revision.control_offset {
        ..0 => html.raw(" · no model yet"),
        control => html.raw(" · revision at control offset ").number(control),
    };
    if let Some(lag @ 1..) = frame.control_lag {
        html.raw(" · ").number(lag).raw(" control messages not read yet");
    }
    if let Some(cluster) = &frame.cluster {
        let known = cluster.instances.len() + cluster.more_instances;
        html.raw(" · ").number(known).raw(if known == 1 { " instance" } else { " instances" });
        html.raw(", asked by ").name(&cluster.own);
    }
    html.raw("</span></p>");
}

/// The figures that one looks at first.
pub fn headline(html: &mut Html, frame: &Frame) {
    let now = frame.now().copied().unwrap_or_default();
    let slots = usize::try_from(frame.window / 1000).unwrap_or(0);
    html.raw("<section aria-labelledby=\"glance\" class=\"glance\"><h2 id=\"glance\" class=\"unseen\">At a glance</h2>");
    html.raw("<dl><div class=\"figure\"><dt>records / s");
    incomplete(html, frame);
    html.raw("</dt><dd>");
    let unknown = || "–".to_owned();
    let (records, dead_letters, rates) = rates(frame);
    html.text(&records.map_or_else(unknown, number::rate)).raw("</dd><dd class=\"drawn\">");
    chart::line(html, &rates, slots, "records a second over the last minutes");
    html.raw("</dd></div><div class=\"figure\"><dt>latency p50 <abbr title=\"99th percentile\">p99</abbr>");
    html.raw(if frame.cluster.is_some() { " of this instance</dt><dd>" } else { "</dt><dd>" });
    if now.latency.count == 0 {
        html.raw("–");
    } else {
        html.text(&number::duration(now.latency.median_ns)).raw(" <small>");
        html.text(&number::duration(now.latency.p99_ns)).raw("</small>");
    }
    html.raw("</dd><dd class=\"drawn\">");
    let latencies: Vec<f64> = frame.seconds.iter().map(|second| second.latency.p99_ns as f64).collect();
    chart::line(html, &latencies, slots, "99th percentile of the latency over the last minutes");
    html.raw("</dd></div>");
    let totals = &frame.totals;
    figure(html, frame, "results", &number::count(totals.results), |html| {
        html.raw("of ").text(&number::count(totals.records)).raw(" records");
    });
    figure(html, frame, "dead letters", &number::count(totals.dead_letters), |html| {
        html.text(&dead_letters.map_or_else(unknown, number::rate)).raw(" / s, ");
        html.text(&number::count(totals.drops)).raw(" dropped");
    });
    figure(html, frame, "lag", &totals.lag.map_or_else(unknown, number::count), |html| {
        let (counted, all) = match &frame.cluster {
            Some(cluster) => {
                (cluster.counted, cluster.counted + cluster.missing.len() + cluster.more_missing)
            }
            None => (frame.partitions.len(), frame.partitions.len()),
        };
        match (counted, totals.balanced) {
            (_, false) => _ = html.raw("records are not all accounted for"),
            (_, true) if counted < all => {
                html.raw("in ")
                    .number(counted)
                    .raw(" of ")
                    .number(all)
                    .raw(" partitions, those accounted for");
            }
            (1, true) => _ = html.raw("in 1 partition, all accounted for"),
            (_, true) => _ = html.raw("in all partitions, all accounted for"),
        }
    });
    html.raw("</dl>");
    not_counted(html, frame);
    html.raw("<p class=\"behind\"><a href=\"v1/conservation\">/v1/conservation</a> ");
    html.raw("<a href=\"v1/statistics\">/v1/statistics</a></p></section>");
}

/// Records and dead letters a second, and the line of the former: of all instances, where there are others.
fn rates(frame: &Frame) -> (Option<f64>, Option<f64>, Vec<f64>) {
    match &frame.cluster {
        Some(cluster) => {
            let now = cluster.rates.last();
            let line = cluster.rates.iter().map(|rate| rate.records_per_second).collect();
            (now.map(|now| now.records_per_second), now.map(|now| now.dead_letters_per_second), line)
        }
        None => {
            let now = frame.now().copied().unwrap_or_default();
            let line = frame.seconds.iter().map(|second| second.records_per_second).collect();
            (Some(now.records_per_second), Some(now.dead_letters_per_second), line)
        }
    }
}

/// Half a sum looks like a whole one.
fn incomplete(html: &mut Html, frame: &Frame) {
    if frame.cluster.as_ref().is_some_and(|cluster| !cluster.complete) {
        html.raw(" <strong class=\"trouble\">incomplete</strong>");
    }
}

/// What is not in the sums, and why.
fn not_counted(html: &mut Html, frame: &Frame) {
    let Some(cluster) = frame.cluster.as_ref().filter(|cluster| !cluster.complete) else { return };
    html.raw("<p class=\"trouble\">Not all is counted: ");
    let mut first = true;
    let mut separate = |html: &mut Html| {
        html.raw(if std::mem::take(&mut first) { "" } else { "; " });
    };
    if let Some(trouble) = &cluster.trouble {
        separate(html);
        html.text(trouble);
    }
    for missing in &cluster.missing {
        separate(html);
        html.raw("partition ").text(&missing.topic).raw("-").number(missing.partition).raw(": ");
        html.text(&missing.reason);
    }
    if cluster.more_missing > 0 {
        separate(html);
        html.number(cluster.more_missing).raw(" more partitions");
    }
    html.raw(".</p>");
}

fn figure(html: &mut Html, frame: &Frame, title: &'static str, value: &str, beside: impl FnOnce(&mut Html)) {
    html.raw("<div class=\"figure\"><dt>").raw(title);
    incomplete(html, frame);
    html.raw("</dt><dd>").text(value);
    html.raw("</dd><dd class=\"beside\">");
    beside(html);
    html.raw("</dd></div>");
}

/// The models on their time line, and as a table.
pub fn models(html: &mut Html, frame: &Frame) {
    open(html, "models", "Models in force", &["v1/models", "v1/routes", "v1/cutovers"]);
    let range = (frame.at - frame.window, frame.at);
    let refused: Vec<i64> =
        frame.rejections.iter().filter_map(|row| row.at).filter(|at| *at >= range.0).collect();
    for (index, lane) in frame.lanes.iter().enumerate() {
        html.raw("<p class=\"lane-name\">").name(&lane.data_type).raw("</p>");
        // A cut-over is of all data types of its partition; a lane shows those to its own models.
        let own = |control: i64| lane.spans.iter().any(|span| span.control_offset == control);
        let marks: Vec<_> =
            frame.cutovers.iter().filter(|seen| own(seen.cutover.revision.control_offset)).cloned().collect();
        let refused: &[i64] = if index == 0 { &refused } else { &[] };
        chart::time_line(html, lane, &marks, refused, range);
    }
    if !frame.lanes.is_empty() {
        html.raw("<p class=\"axis\"><span>");
        match frame.window / 1000 {
            seconds @ ..120 => html.number(seconds).raw(" s ago"),
            seconds => html.number(seconds / 60).raw(" min ago"),
        };
        html.raw("</span><span class=\"key\">• a partition goes over");
        html.raw(if refused.is_empty() { "" } else { " · × a message is refused" });
        html.raw("</span><span>now</span></p>");
    }
    if frame.models.is_empty() {
        html.raw("<p class=\"none\">No model yet. Records wait, are dropped and counted, or become dead letters, as ");
        html.raw("<code>scoring.no_model</code> says.</p></section>");
        return;
    }
    let columns = [
        ("model", ""),
        ("data type", "wide"),
        ("state", ""),
        ("type", "wide"),
        ("control", "digits wide"),
        ("SHA-256", "wide"),
        ("rows", "digits"),
        ("time a row", "digits"),
    ];
    table(html, "models in force and held", &columns);
    for row in &frame.models {
        model(html, row);
    }
    end_table(html);
    more(html, frame.more_models, "models");
    html.raw("</section>");
}

fn model(html: &mut Html, row: &ModelRow) {
    let model = &row.model;
    html.raw("<tr><th scope=\"row\">");
    chip(html, row.colour);
    html.name(&model.name)
        .raw(" <span class=\"quiet\">")
        .name(&model.version)
        .raw("</span></th><td class=\"wide\">");
    html.name(&model.data_type).raw("</td><td>").raw(if row.in_force { "in force" } else { "held" });
    html.raw("</td><td class=\"wide\">").text(&model.model_type).raw("</td><td class=\"digits wide\">");
    html.number(model.control_offset)
        .raw("</td><td class=\"wide\"><code>")
        .text(number::digest(&model.sha256));
    html.raw("</code></td>");
    match row.statistics.as_ref().filter(|done| done.invocations > 0) {
        Some(done) => {
            html.raw("<td class=\"digits\">").text(&number::count(done.invocations));
            html.raw("</td><td class=\"digits\">")
                .text(&number::duration(done.duration_ns / done.invocations));
            html.raw("</td></tr>");
        }
        None => {
            html.raw("<td class=\"digits\">0</td><td class=\"digits\">–</td></tr>");
        }
    }
}

/// A spot of a model's colour on the time line.
pub(super) fn chip(html: &mut Html, colour: Option<u8>) {
    if let Some(colour) = colour {
        html.raw("<svg class=\"chip m")
            .number(colour)
            .raw("\" aria-hidden=\"true\"><rect width=\"100%\" height=");
        html.raw("\"100%\" rx=\"2\"/></svg>");
    }
}

/// How scores are distributed, by model.
pub fn scores(html: &mut Html, frame: &Frame) {
    open(html, "scores", "Scores by model", &["v1/live"]);
    if frame.cluster.is_some() {
        html.raw("<p class=\"caption\">Scores of this instance since it began.</p>");
    }
    if frame.scores.is_empty() {
        html.raw("<p class=\"none\">No scores since this process began.</p></section>");
        return;
    }
    html.raw("<ul class=\"distributions\">");
    for row in &frame.scores {
        let scores = &row.scores;
        html.raw("<li");
        if let Some(colour) = row.colour {
            html.raw(" class=\"m").number(colour).raw("\"");
        }
        html.raw("><p>");
        html.name(&scores.name).raw(" <span class=\"quiet\">").name(&scores.version).raw("</span></p>");
        let labels: u64 = scores.labels.iter().map(|label| label.count).sum();
        if scores.count > 0 {
            let label = format!("{} scores of {}", scores.count, scores.name);
            let shown = |number: Option<f64>| number.map_or_else(|| "–".to_owned(), number::short);
            chart::bars(html, &scores.bins, &label);
            html.raw("<p class=\"axis\"><span>").text(&shown(scores.min)).raw("</span><span>median ");
            html.text(&shown(scores.median)).raw("</span><span>").text(&shown(scores.max)).raw("</span></p>");
        } else if labels > 0 {
            chart::labelled_bars(html, &scores.labels, &scores.name);
        }
        html.raw("<p class=\"quiet\">");
        if scores.count + labels > 0 {
            html.text(&number::count(scores.count + labels)).raw(" scores");
        }
        if scores.others > 0 {
            html.raw(if scores.count + labels > 0 { ", " } else { "" });
            html.text(&number::count(scores.others)).raw(" neither number nor label");
        }
        html.raw("</p></li>");
    }
    html.raw("</ul></section>");
}

/// The last results.
pub fn results(html: &mut Html, frame: &Frame) {
    open(html, "results", "Last results", &["v1/recent"]);
    let recent = &frame.recent;
    if let Some(trouble) = &recent.trouble {
        html.raw("<p class=\"trouble\">They cannot be read: ").text(trouble).raw("</p>");
    }
    if recent.results.is_empty() {
        html.raw(match recent.at {
            None => "<p class=\"none\">They are being looked for.</p></section>",
            Some(_) => "<p class=\"none\">None yet.</p></section>",
        });
        return;
    }
    let columns = [
        ("score", ""),
        ("data type", "wide"),
        ("made by", ""),
        ("SHA-256", "wide"),
        ("of record", ""),
        ("time", "digits"),
    ];
    table(html, "last results with the model that made each", &columns);
    for result in &recent.results {
        html.raw("<tr><th scope=\"row\">").text(&score(&result.score)).raw("</th><td class=\"wide\">");
        html.name(&result.data_type).raw("</td>");
        match &result.lineage {
            Some(lineage) => {
                let mut spans = frame.lanes.iter().flat_map(|lane| &lane.spans);
                let span = spans.find(|span| span.control_offset == lineage.control);
                html.raw("<td>");
                chip(html, span.map(|span| span.colour));
                html.name(&lineage.model).raw(" <span class=\"quiet\">").name(&lineage.version);
                html.raw("</span></td><td class=\"wide\"><code>").text(number::digest(&lineage.sha256));
                html.raw("</code></td><td><code><span class=\"wide\">").text(&lineage.topic);
                html.raw("-</span>").number(lineage.partition);
                html.raw(":").number(lineage.offset).raw("</code></td>");
            }
            None => _ = html.raw("<td>–</td><td class=\"wide\">–</td><td>–</td>"),
        }
        html.raw("<td class=\"digits\">").text(&number::time(result.timestamp)).raw("</td></tr>");
    }
    end_table(html);
    html.raw("</section>");
}

/// A score short enough for a table.
fn score(value: &Value) -> String {
    match value {
        Value::Number(number) if number.is_f64() => number.as_f64().map(number::short).unwrap_or_default(),
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    }
}

/// The last dead letters.
pub fn dead_letters(html: &mut Html, frame: &Frame) {
    open(html, "dead-letters", "Dead letters", &["v1/recent"]);
    let letters = &frame.recent.dead_letters;
    if letters.is_empty() {
        html.raw("<p class=\"none\">None that can be seen.</p></section>");
        return;
    }
    let columns = [("cause", ""), ("step", "wide"), ("record", ""), ("time", "digits")];
    table(html, "last dead letters with their cause", &columns);
    for letter in letters {
        html.raw("<tr><th scope=\"row\" class=\"message\">")
            .text(&letter.message)
            .raw(" <span class=\"quiet\">");
        html.text(&letter.kind).raw("<span class=\"slim\">, step ").text(&letter.step);
        html.raw("</span></span></th><td class=\"wide\">").text(&letter.step).raw("</td><td><code>");
        html.number(letter.partition).raw(":").number(letter.offset).raw("</code></td><td class=\"digits\">");
        html.text(&number::time(letter.timestamp)).raw("</td></tr>");
    }
    end_table(html);
    html.raw("</section>");
}

/// The models that were refused.
pub fn rejections(html: &mut Html, frame: &Frame) {
    open(html, "rejections", "Rejections", &["v1/models"]);
    if frame.rejections.is_empty() {
        html.raw("<p class=\"none\">No model was refused.</p></section>");
        return;
    }
    let columns = [("model", ""), ("reason", ""), ("control", "digits wide"), ("time", "digits")];
    table(html, "refused models with the reason", &columns);
    for row in &frame.rejections {
        let rejection = &row.rejection;
        html.raw("<tr><th scope=\"row\">").name(rejection.name.as_deref().unwrap_or("unnamed"));
        html.raw(" <span class=\"quiet\">").name(rejection.version.as_deref().unwrap_or(""));
        html.raw("</span></th><td class=\"message\">").text(&rejection.reason);
        html.raw("</td><td class=\"digits wide\">")
            .number(rejection.control_offset)
            .raw("</td><td class=\"digits\">");
        html.text(&row.at.map_or_else(|| "before".to_owned(), number::time)).raw("</td></tr>");
    }
    end_table(html);
    more(html, frame.more_rejections, "rejections");
    html.raw("</section>");
}
