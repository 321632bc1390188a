//! From predictions to columns of scores.

use std::collections::HashMap;

use scorewheel_columns::{OutputValues, Scores, Value};

use crate::plan::ModelPlan;
use crate::plan::answer::DistributionAnswer;
use crate::score::output::entity_name;
use crate::score::{Prediction, Row};
use crate::value::texts::Lists;
use crate::value::{Datum, Kind, Texts};

/// How values become the codes of a label column.
#[derive(Debug, Default)]
pub struct LabelCodes {
    few: Vec<f64>,
    many: HashMap<u64, u32, foldhash::fast::FixedState>,
}

/// Up to this many labels are compared one by one.
const FEW_LABELS: usize = 16;

impl LabelCodes {
    /// The codes of these categories: their positions.
    #[must_use]
    pub fn new(categories: &[Datum]) -> Self {
        if categories.len() <= FEW_LABELS {
            return Self {
                few: categories.iter().map(|datum| datum.number).collect(),
                many: HashMap::default(),
            };
        }
        let code = |(index, datum): (usize, &Datum)| ((datum.number + 0.0).to_bits(), index as u32);
        // Of equal categories the first counts.
        Self { few: Vec::new(), many: categories.iter().enumerate().rev().map(code).collect() }
    }

    /// The code of a value.
    #[must_use]
    pub fn code(&self, number: f64) -> Option<u32> {
        if self.many.is_empty() {
            return self.few.iter().position(|known| *known == number).map(|index| index as u32);
        }
        self.many.get(&(number + 0.0).to_bits()).copied()
    }
}

/// Texts of rows, by code, until a whole column can be written in order; [`NO_TEXT`] where there is none.
pub type TextRows = Vec<u32>;

/// A row without a text.
pub const NO_TEXT: u32 = u32::MAX;

/// Marks a text that is the position of an entity, from 0; told from 1.
const POSITION: u32 = 1 << 31;

/// The text of the position of an entity, which is told from 1, without a code of its own.
#[must_use]
pub fn position_text(entity: u32) -> u32 {
    POSITION | entity
}

/// The entity that a text is the position of.
#[must_use]
pub fn position_of_text(code: u32) -> Option<u32> {
    (code & POSITION != 0 && code != NO_TEXT).then_some(code & !POSITION)
}

/// Appends a number in decimal digits.
pub fn push_decimal(text: &mut String, number: u32) {
    let mut digits = [0_u8; 10];
    let (mut at, mut rest) = (digits.len(), number);
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    text.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}

/// Writes the answer for one row: predictions, outputs, figures.
pub fn write_row(
    row: &mut Row<'_>,
    root: &ModelPlan,
    prediction: &Prediction,
    scores: &mut Scores,
    text_rows: &mut [TextRows],
    at: usize,
) {
    let plan = row.plan;
    // What the row does not tell is missing.
    for column in scores.columns_mut() {
        column.set_missing(at);
    }
    write_outputs(row, root, scores, text_rows, at);
    if root.id != prediction.model {
        write_outputs_of_others(row, root, prediction, scores, text_rows, at);
    }
    write_prediction(row, prediction, scores, text_rows, at);
    for more in &prediction.more {
        if more.model != root.id && more.model != prediction.model {
            write_outputs(row, plan.model(more.model), scores, text_rows, at);
        }
        write_prediction(row, more, scores, text_rows, at);
    }
}

/// Outputs of the models between the root and the one whose prediction it is.
fn write_outputs_of_others(
    row: &mut Row<'_>,
    root: &ModelPlan,
    prediction: &Prediction,
    scores: &mut Scores,
    text_rows: &mut [TextRows],
    at: usize,
) {
    let plan = row.plan;
    let mut inner = root;
    while let Some(delegates) = inner.element.delegates() {
        let next = delegates
            .iter()
            .find(|id| **id == prediction.model || reaches(plan.model(**id), prediction.model, row));
        let Some(next) = next else { return };
        inner = plan.model(*next);
        write_outputs(row, inner, scores, text_rows, at);
        if inner.id == prediction.model {
            return;
        }
    }
}

fn reaches(model: &ModelPlan, wanted: crate::plan::ModelId, row: &Row<'_>) -> bool {
    let Some(delegates) = model.element.delegates() else { return false };
    delegates.iter().any(|id| *id == wanted || reaches(row.plan.model(*id), wanted, row))
}

fn write_outputs(
    row: &mut Row<'_>,
    model: &ModelPlan,
    scores: &mut Scores,
    text_rows: &mut [TextRows],
    at: usize,
) {
    let plan = row.plan;
    let Some(answer) = &plan.answer.by_model[model.id.0 as usize] else { return };
    for (slot, column) in &answer.outputs {
        if row.is_set(*slot)
            && let Ok(Some(datum)) = row.get(*slot)
        {
            put(row, scores, text_rows, *column, at, datum);
        }
    }
}

fn write_prediction(
    row: &mut Row<'_>,
    prediction: &Prediction,
    scores: &mut Scores,
    text_rows: &mut [TextRows],
    at: usize,
) {
    let plan = row.plan;
    let model = plan.model(prediction.model);
    let Some(answer) = &plan.answer.by_model[prediction.model.0 as usize] else { return };
    let Some(places) = answer.targets.get(prediction.target as usize) else { return };
    if let Some(datum) = prediction.value {
        put(row, scores, text_rows, places.value, at, datum);
    }
    for (found, figures) in [
        (&places.probability, &prediction.probabilities),
        (&places.confidence, &prediction.confidences),
        (&places.affinity, &prediction.affinities),
    ] {
        if let Some(found) = found
            && !figures.is_empty()
        {
            put_distribution(scores, found, at, figures);
        }
    }
    if let (Some(column), Some(entity)) = (places.entity, prediction.entity)
        && let Some(name) = entity_name(model, row, entity)
    {
        put(row, scores, text_rows, column, at, name);
    }
    if let Some(found) = &places.ranking
        && !prediction.ranking.is_empty()
    {
        put_ranking(scores, found, at, &prediction.ranking);
    }
}

/// Writes entities from best to worst.
fn put_ranking(scores: &mut Scores, found: &DistributionAnswer, at: usize, ranking: &[u32]) {
    let column = &mut scores.columns_mut()[found.column];
    if let OutputValues::Numbers { width, numbers } = &mut column.values {
        let codes = &mut numbers[at * *width..(at + 1) * *width];
        codes.fill(-1.0);
        for (code, entity) in codes.iter_mut().zip(ranking) {
            *code = f64::from(found.positions[*entity as usize]);
        }
        column.set_present(at);
    }
}

fn put_distribution(scores: &mut Scores, found: &DistributionAnswer, at: usize, figures: &[f64]) {
    let column = &mut scores.columns_mut()[found.column];
    if let OutputValues::Numbers { width, numbers } = &mut column.values {
        let start = at * *width;
        for (figure, position) in figures.iter().zip(&found.positions) {
            numbers[start + *position as usize] = *figure;
        }
        column.set_present(at);
    }
}

/// Writes one value into a column.
pub fn put(
    row: &mut Row<'_>,
    scores: &mut Scores,
    text_rows: &mut [TextRows],
    at_column: usize,
    at: usize,
    datum: Datum,
) {
    let plan = row.plan;
    let column = &mut scores.columns_mut()[at_column];
    match &mut column.values {
        OutputValues::F64(values) => values[at] = datum.number,
        OutputValues::F32(values) => values[at] = datum.number as f32,
        OutputValues::I64(values) => values[at] = datum.number as i64,
        OutputValues::Bool(values) => values[at] = datum.number != 0.0,
        OutputValues::Label(codes) => {
            let found = plan.answer.codes[at_column].as_ref().and_then(|codes| codes.code(datum.number));
            let Some(code) = found else { return };
            codes[at] = code;
        }
        OutputValues::Text { .. } => {
            let Ok(text) = datum.cast(Kind::Text, &mut row.texts) else { return };
            text_rows[at_column][at] = text.number as u32;
        }
        OutputValues::Any(values) => {
            values[at] = match datum.kind {
                Kind::List => list_value(datum, &row.texts, row.lists),
                _ => value(datum, &row.texts),
            };
        }
        OutputValues::Numbers { .. } => return,
    }
    column.set_present(at);
}

fn list_value(datum: Datum, texts: &Texts<'_>, lists: &Lists) -> Value {
    let item = |item: &Option<Datum>| match item {
        None => Value::Missing,
        Some(item) if item.kind == Kind::List => list_value(*item, texts, lists),
        Some(item) => value(*item, texts),
    };
    Value::List(lists.get(datum.number as u32).iter().map(item).collect())
}

/// A value by itself.
#[must_use]
pub fn value(datum: Datum, texts: &Texts<'_>) -> Value {
    match datum.kind {
        Kind::Integer | Kind::DaysSince(_) | Kind::TimeSeconds | Kind::SecondsSince(_) => {
            Value::I64(datum.number as i64)
        }
        Kind::Float => Value::F32(datum.number as f32),
        Kind::Double => Value::F64(datum.number),
        Kind::Boolean => Value::Bool(datum.number != 0.0),
        Kind::Text => Value::from(texts.get(datum.number as u32)),
        Kind::Date => Value::Date(datum.number as i64),
        Kind::Time => Value::Time(datum.number as i64),
        Kind::DateTime => Value::DateTime(datum.number as i64),
        Kind::List => Value::Missing,
    }
}
