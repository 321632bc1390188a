//! The part about instances and partitions.

use super::html::Html;
use super::number;
use super::part::{end_table, more, open, table};
use crate::live::{ClusterView, Frame, InstanceRow};
use crate::snapshot::{Engine, TaskState};

/// The instances, and the partitions with those that have them.
pub fn instances(html: &mut Html, frame: &Frame) {
    let behind: &[&'static str] = match (frame.engine, &frame.cluster) {
        (Engine::Streams, Some(_)) => &["v1/cluster", "v1/tasks", "v1/revision", "state/instances"],
        (Engine::Streams, None) => &["v1/tasks", "v1/revision", "state/instances"],
        (Engine::Stage, _) => &["v1/tasks", "v1/revision"],
    };
    open(html, "partitions", "Instances and partitions", behind);
    if let Some(cluster) = &frame.cluster {
        members(html, cluster);
    }
    if frame.partitions.is_empty() {
        html.raw(match frame.cluster {
            Some(_) => "<p class=\"none\">No instance that answers has partitions.</p>",
            None => "<p class=\"none\">This instance has no partitions.</p>",
        });
    } else {
        partitions(html, frame);
    }
    if frame.cluster.is_none() && !frame.instances.is_empty() {
        table(html, "instances", &[("instance", ""), ("stores", "")]);
        for instance in frame.instances.iter().take(64) {
            html.raw("<tr><th scope=\"row\"><code>").text(&instance.host).raw(":").number(instance.port);
            html.raw("</code></th><td>").text(&instance.store_names.join(", ")).raw("</td></tr>");
        }
        end_table(html);
    }
    html.raw("</section>");
}

fn partitions(html: &mut Html, frame: &Frame) {
    let columns = [
        ("partition", ""),
        ("state", ""),
        ("records / s", "digits"),
        ("lag", "digits"),
        ("committed", "digits wide"),
        ("revision", "digits"),
        ("results", "digits wide"),
        ("dead letters", "digits wide"),
        ("dropped", "digits wide"),
        ("instance", "wide"),
    ];
    let (label, shown) = match frame.cluster {
        Some(_) => ("partitions of all instances", &columns[..]),
        None => ("partitions of this instance", &columns[..columns.len() - 1]),
    };
    table(html, label, shown);
    for row in &frame.partitions {
        let unknown = || "–".to_owned();
        html.raw("<tr><th scope=\"row\"><code>").text(&row.topic).raw("-").number(row.partition);
        html.raw("</code></th><td>");
        task_state(html, &row.state);
        html.raw("</td><td class=\"digits\">").text(&row.rate.map_or_else(unknown, number::rate));
        html.raw("</td><td class=\"digits\">").text(&row.lag.map_or_else(unknown, number::count));
        html.raw("</td><td class=\"digits wide\">").number(row.offset).raw("</td><td class=\"digits\">");
        html.number(row.revision).raw("</td>");
        for count in [row.results, row.dead_letters, row.drops.total()] {
            html.raw("<td class=\"digits wide\">").text(&number::count(count)).raw("</td>");
        }
        if frame.cluster.is_some() {
            html.raw("<td class=\"wide\">").name(row.instance.as_deref().unwrap_or("–")).raw("</td>");
        }
        html.raw("</tr>");
    }
    end_table(html);
    more(html, frame.more_partitions, "partitions");
}

fn members(html: &mut Html, cluster: &ClusterView) {
    let columns = [
        ("instance", ""),
        ("state", ""),
        ("partitions", ""),
        ("lag", "digits"),
        ("revision", "digits"),
        ("address", "wide"),
        ("version", "wide"),
    ];
    table(html, "instances", &columns);
    for row in &cluster.instances {
        let report = &row.report;
        html.raw("<tr><th scope=\"row\" class=\"member\">").name(&report.instance);
        html.raw(if report.instance == cluster.own { " <span class=\"quiet\">this one</span>" } else { "" });
        html.raw("</th><td class=\"reason\">");
        member_state(html, row);
        html.raw("</td><td class=\"reason\">");
        let held: Vec<String> = report.partitions.iter().take(64).map(ToString::to_string).collect();
        html.text(if held.is_empty() { "–".to_owned() } else { held.join(", ") }.as_str());
        // An instance that gives no state says no more than what it had.
        html.raw(if report.readiness.is_none() && !held.is_empty() {
            " <span class=\"quiet\">last</span>"
        } else {
            ""
        });
        html.raw("</td><td class=\"digits\">");
        html.text(&row.lag.map_or_else(|| "–".to_owned(), number::count)).raw("</td><td class=\"digits\">");
        match &report.revision {
            Some(revision) if revision.control_offset >= 0 => _ = html.number(revision.control_offset),
            _ => _ = html.raw("–"),
        }
        html.raw("</td><td class=\"wide\"><code>");
        match report.port {
            0 => _ = html.raw("–"),
            port => _ = html.text(&report.host).raw(":").number(port),
        }
        html.raw("</code></td><td class=\"wide\">").text(&report.version).raw("</td></tr>");
    }
    end_table(html);
    more(html, cluster.more_instances, "instances");
}

fn member_state(html: &mut Html, row: &InstanceRow) {
    let report = &row.report;
    match &report.readiness {
        Some(readiness) if readiness.ready => _ = html.raw("scoring"),
        Some(readiness) => {
            html.raw("not ready");
            for (index, reason) in readiness.reasons.iter().take(3).enumerate() {
                html.raw(if index == 0 { ": " } else { "; " }).text(reason);
            }
        }
        None => {
            html.raw("<strong class=\"trouble\">").raw(match report.state {
                "timedOut" => "paused or slow",
                "unreachable" => "unreachable",
                "otherVersion" => "other version",
                "replaced" => "replaced",
                _ => "unreadable",
            });
            html.raw("</strong>");
            if let Some(reason) = &report.reason {
                html.raw(": ").text(reason);
            }
        }
    }
}

fn task_state(html: &mut Html, state: &TaskState) {
    match state {
        TaskState::Restoring { done, total } => {
            html.raw("restoring ").number(*done).raw(" of ").number(*total);
        }
        TaskState::AwaitingRevision { control_offset } => {
            html.raw("waits for revision ").number(*control_offset);
        }
        TaskState::Running => _ = html.raw("running"),
        TaskState::Paused { reason } => _ = html.raw("paused: ").text(reason),
    }
}
