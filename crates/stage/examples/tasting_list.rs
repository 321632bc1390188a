//! Score → filter → next, over streams: wines go in, and the tasting list of the good ones comes out.
//!
//! `cargo run -p scorewheel-stage --example tasting_list`

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, future, stream};
use scorewheel_codecs::DataTypes;
use scorewheel_model::{Content, Format, Limits, Mapping, ModelDescriptor, ModelType, TypeNumbering};
use scorewheel_pmml::PmmlFormat;
use scorewheel_scoring::{RecordCodecs, parts};
use scorewheel_serving::Answer;
use scorewheel_stage::{
    EncodeError, ModelItem, ModelMessage, Models, ModelsOptions, Outcome, Record, ScoredRecord, StageOptions,
};

/// Whatever an error is here.
type Failure = Box<dyn std::error::Error>;

/// Half of the alcohol, but for sulphates: nobody's idea of a good model.
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

/// A model on its way to the stage.
fn message(offset: i64, model: &str) -> ModelItem {
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
    let value = Some(descriptor.encode(TypeNumbering::Original).into());
    ModelMessage { offset, timestamp: 0, key: None, value }.into()
}

/// The number that the model answers; a model that answers something else has nothing to say here.
fn quality(answer: &Answer<'_>, _: &Record<&'static str>) -> Result<f64, EncodeError> {
    let score =
        answer.scores.schema().score().and_then(|column| answer.scores.get(column, answer.row).as_f64());
    score.ok_or_else(|| EncodeError { kind: "no_number", reason: "the score is no number".into() })
}

/// The step after scoring: what is good enough, with its name, which has travelled with the record.
fn good(
    scored: impl Stream<Item = ScoredRecord<&'static str, f64>>,
    least: f64,
) -> impl Stream<Item = String> {
    scored.filter_map(move |scored| {
        future::ready(match scored.outcome {
            Outcome::Result { output, model, .. } if output >= least => Some(format!(
                "{}: {output:.1}, says {} {}",
                scored.record.context, model.key.name, model.version
            )),
            _ => None,
        })
    })
}

/// The list, and how many wines were looked at for it.
async fn tasting_list(least: f64) -> Result<(Vec<String>, u64), Failure> {
    let data_types = Arc::new(DataTypes::wine()?);
    let formats: Vec<Arc<dyn Format>> = vec![Arc::new(PmmlFormat)];
    let judge = parts::judge(&data_types, formats, Limits::default(), TypeNumbering::default())?;

    let messages = stream::iter([message(0, MODEL), ModelItem::Ready { end: None }]);
    let (models, driver) = Models::new(messages, judge, ModelsOptions::default());

    let wines = stream::iter([
        Record::new(r#"{"alcohol": 9, "sulphates": 0.5}"#, "Little River"),
        Record::new(r#"{"alcohol": 13, "sulphates": 0.25}"#, "Old Mill"),
        Record::new("spilt", "Broken Bottle"),
        Record::new(r#"{"alcohol": 14.5, "sulphates": 0.75}"#, "South Wall"),
    ]);
    let codecs = RecordCodecs::new(data_types)?;
    let (scored, state) = models.stage(wines, codecs, quality, StageOptions::default())?;

    let list = good(scored, least).collect::<Vec<_>>();
    let (driven, list) = future::join(driver, list).await;
    driven?;
    Ok((list, state.conservation().records))
}

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (list, looked_at) = runtime.block_on(tasting_list(7.0))?;
    use std::io::Write;
    let mut out = std::io::stdout();
    for line in list {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "of {looked_at} wines")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_good_ones_are_listed_in_order_and_all_are_counted() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (list, looked_at) = runtime.block_on(tasting_list(7.0)).unwrap();
        assert_eq!(list, ["Old Mill: 7.2, says linear @0", "South Wall: 7.5, says linear @0"]);
        assert_eq!(looked_at, 4);
    }
}
