//! Score → filter → next topic, in the DSL: what scores well goes on to a topic of its own, in the same transaction as
//! everything else that the record led to.
//!
//! `cargo run -p scorewheel-scoring --example excellent_wines` runs it without a broker, in the test driver.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use scorewheel_codecs::DataTypes;
use scorewheel_model::{Content, Format, Mapping, ModelDescriptor, ModelType, TypeNumbering};
use scorewheel_pmml::PmmlFormat;
use scorewheel_scoring::operator::score;
use scorewheel_scoring::{BuildError, Parts, sinks};
use scorewheel_streams::{
    KeyValueStore, Sink, StoreSpec, StreamsBuilder, TestRecord, Topology, TopologyTestDriver,
};
use scorewheel_topics::MemoryBackend;

/// Whatever an error is here.
type Failure = Box<dyn std::error::Error>;

/// The topic of whoever comes next.
const EXCELLENT: &str = "excellent_wines";

/// A quality that only depends on alcohol and sulphates.
const MODEL: &str = r#"<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/>
<DataDictionary>
<DataField name="quality" optype="continuous" dataType="double"/>
<DataField name="alcohol" optype="continuous" dataType="double"/>
<DataField name="sulphates" optype="continuous" dataType="double"/>
</DataDictionary>
<RegressionModel functionName="regression">
<MiningSchema><MiningField name="quality" usageType="target"/><MiningField name="alcohol"/><MiningField name="sulphates"/></MiningSchema>
<RegressionTable intercept="1"><NumericPredictor name="alcohol" coefficient="0.5"/><NumericPredictor name="sulphates" coefficient="-1"/></RegressionTable>
</RegressionModel></PMML>"#;

/// Records are scored; results of at least `least` go on, as the bare number.
fn topology(parts: &Arc<Parts>, least: f64) -> Result<Topology, BuildError> {
    let names = &parts.names;
    let builder = StreamsBuilder::new();

    let records = builder.stream(&names.records);
    let scored = score::<KeyValueStore>(&builder, parts, &records, StoreSpec::persistent(&names.store))?;
    scored
        .results
        .filter(move |result| quality(result.value).is_some_and(|quality| quality >= least))
        .map_values(|result, value| {
            let Some(quality) = quality(result.value) else { return false };
            value.extend_from_slice(format!("{quality:.1}").as_bytes());
            true
        })
        .to(Sink::new(EXCELLENT).owned(&[]));
    scored.dead_letters.to(sinks::dead_letters(names));
    scored.cutovers.to(sinks::cutovers(names));

    Ok(builder.build()?)
}

/// The score of a result, if it is a number.
fn quality(result: Option<&[u8]>) -> Option<f64> {
    let result: serde_json::Value = serde_json::from_slice(result?).ok()?;
    result["score"].as_f64()
}

/// A model on its way to the models topic.
fn message(model: &str) -> Vec<u8> {
    let descriptor = ModelDescriptor {
        name: "linear".into(),
        description: "an example".into(),
        data_type: "wine".into(),
        model_type: ModelType::Pmml,
        content: Content::Data(Bytes::copy_from_slice(model.as_bytes())),
        version: None,
        effective_from: None,
        sha256: None,
        mapping: Mapping::default(),
        golden_rows: Vec::new(),
    };
    descriptor.encode(TypeNumbering::Original).to_vec()
}

/// What comes out for some wines: key, value and lineage of each excellent one.
fn excellent(least: f64) -> Result<Vec<String>, Failure> {
    let formats: Vec<Arc<dyn Format>> = vec![Arc::new(PmmlFormat)];
    let backend = Arc::new(MemoryBackend::new());
    let parts = Arc::new(Parts::new("wines", Arc::new(DataTypes::wine()?), formats, backend)?);
    let mut driver = TopologyTestDriver::new(topology(&parts, least)?)?;

    driver.broadcast("models", TestRecord::new(message(MODEL)))?;
    let wine = |name: &str, json: &str| TestRecord::new(json).key(name);
    driver.pipe(
        &parts.names.records,
        0,
        [
            wine("Little River", r#"{"alcohol": 9, "sulphates": 0.5}"#),
            wine("Old Mill", r#"{"alcohol": 13, "sulphates": 0.25}"#),
            wine("Broken Bottle", "spilt"),
            wine("South Wall", r#"{"alcohol": 14.5, "sulphates": 0.75}"#),
        ],
    )?;
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let line = |record: &scorewheel_streams::OutputRecord| {
        format!(
            "{}: {} {}",
            text(record.key.as_deref()),
            text(record.value.as_deref()),
            text(record.header("scorewheel-lineage"))
        )
    };
    Ok(driver.read_output(EXCELLENT).iter().map(line).collect())
}

fn main() -> Result<(), Failure> {
    let mut out = std::io::stdout();
    for line in excellent(7.0)? {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_good_ones_go_on_with_their_key_and_their_lineage() {
        let lines = excellent(7.0).unwrap();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with(r#"Old Mill: 7.2 {"model":"linear","version":"@0""#), "{lines:?}");
        assert!(lines[1].starts_with("South Wall: 7.5 "), "{lines:?}");
        assert!(lines[1].contains(r#""partition":0,"offset":3"#), "{lines:?}");
    }
}
