//! The line protocol: <https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/>.

use std::fmt::Write as _;

use super::point::Point;

/// The original's measurement.
pub(super) const MEASUREMENT: &str = "serving";

/// Appends a tag's key or value, escaped. A trailing backslash would escape what follows, and a line ends at a line feed:
/// both become `_`.
fn tag(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            ',' | '=' | ' ' => {
                out.push('\\');
                out.push(character);
            }
            '\n' | '\r' | '\\' => out.push('_'),
            _ => out.push(character),
        }
    }
}

/// Appends one point as a line: `serving,engine=…,model=… calculated=…,duration=…i …`.
///
/// `duration` is in whole milliseconds as the original has it. An empty tag is left out, as the protocol demands.
pub(super) fn write(point: &Point, engine: &str, details: bool, out: &mut String) {
    let series = &point.series;
    out.push_str(MEASUREMENT);
    let mut pair = |key: &str, value: &str| {
        if !value.is_empty() {
            out.push(',');
            out.push_str(key);
            out.push('=');
            tag(value, out);
        }
    };
    pair("engine", engine);
    pair("model", &series.model);
    if details {
        pair("outcome", series.outcome);
        pair("partition", &series.partition.to_string());
        pair("version", &series.version);
    }
    out.push(' ');
    // The protocol knows no infinities and no NaN: such a score is left out, its duration is not.
    if let Some(calculated) = point.calculated.filter(|calculated| calculated.is_finite()) {
        let _ = write!(out, "calculated={calculated:?},");
    }
    let _ = write!(out, "duration={}i", point.duration / 1_000_000);
    if details {
        let _ = write!(out, ",duration_ns={}i", point.duration);
    }
    if point.count > 1 {
        let _ = write!(out, ",count={}i", point.count);
    }
    let _ = writeln!(out, " {}", point.timestamp);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::influx::Series;

    fn line(model: &str, calculated: Option<f64>, count: u64, details: bool) -> String {
        let series = Series { model: model.into(), version: "@4".into(), partition: 2, outcome: "result" };
        let point = Point { series: Arc::new(series), timestamp: 17, calculated, duration: 2_500_000, count };
        let mut out = String::new();
        write(&point, "Kafka Streams", details, &mut out);
        out
    }

    #[test]
    fn a_point_is_the_originals_line() {
        assert_eq!(
            line("wine", Some(5.0), 1, false),
            "serving,engine=Kafka\\ Streams,model=wine calculated=5.0,duration=2i 17\n"
        );
    }

    #[test]
    fn details_and_aggregates_stand_beside() {
        assert_eq!(
            line("wine", Some(5.25), 3, true),
            "serving,engine=Kafka\\ Streams,model=wine,outcome=result,partition=2,version=@4 \
             calculated=5.25,duration=2i,duration_ns=2500000i,count=3i 17\n"
        );
    }

    #[test]
    fn names_cannot_break_a_line() {
        assert_eq!(
            line("a b,c=d\ne\\", Some(f64::NAN), 1, false),
            "serving,engine=Kafka\\ Streams,model=a\\ b\\,c\\=d_e_ duration=2i 17\n"
        );
    }
}
