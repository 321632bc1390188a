//! Output fields, in their order.

use scorewheel_columns::{ErrorCode, RowError};

use crate::document::MiningFunction;
use crate::plan::model::{Category, Entities, OutputFeature, Uncertainty};
use crate::plan::{ModelPlan, OutputPlan, Slot};
use crate::score::row::Evaluated;
use crate::score::{Prediction, Row};
use crate::value::{Datum, Kind};

/// Evaluates the output fields of a model into their slots.
///
/// Without a prediction those that tell of it stay absent, and reading one is an error; the others are computed.
pub fn evaluate(model: &ModelPlan, row: &mut Row<'_>, prediction: &Prediction) -> Result<(), RowError> {
    for output in &model.outputs {
        let found = feature(model, row, prediction, output, &output.what)?;
        let Found::Value(value) = found else {
            if model.is_embedded {
                row.set(output.slot, None);
            } else {
                row.unset(output.slot);
            }
            continue;
        };
        let value = match (value, output.kind) {
            (Some(datum), Some(kind)) if datum.kind != Kind::List => {
                Some(datum.cast(kind, &mut row.texts).map_err(|code| row.error(code, output.place))?)
            }
            (value, _) => value,
        };
        row.set(output.slot, value);
    }
    Ok(())
}

/// What came of an output field.
enum Found {
    Value(Option<Datum>),
    Absent,
}

fn feature(
    model: &ModelPlan,
    row: &mut Row<'_>,
    prediction: &Prediction,
    output: &OutputPlan,
    what: &OutputFeature,
) -> Result<Found, RowError> {
    // Expressions do not read the prediction itself.
    if let OutputFeature::Expression(expression) = what {
        return row.evaluate(expression).map(Found::Value);
    }
    let plan = row.plan;
    let about = |target: u32| -> &Prediction {
        let name = &model.targets[target as usize].name;
        let is_about = |found: &&Prediction| {
            plan.model(found.model)
                .targets
                .get(found.target as usize)
                .is_some_and(|known| known.name == *name)
        };
        std::iter::once(prediction).chain(&prediction.more).find(is_about).unwrap_or(prediction)
    };
    let tells_of_prediction = !matches!(
        what,
        OutputFeature::Absent
            | OutputFeature::UnknownTarget
            | OutputFeature::Unsupported(_)
            | OutputFeature::Rule(_)
            | OutputFeature::Segment { .. }
            | OutputFeature::SegmentOutput(_)
    );
    // Neighbours are ranked even where they have no target to agree on.
    let is_ranking = matches!(what, OutputFeature::EntityId { .. } | OutputFeature::Affinity(_))
        && model.function == MiningFunction::Clustering
        && prediction.entity.is_some();
    if tells_of_prediction && !is_ranking && prediction.value.is_none() {
        if model.element.is_chain() {
            return Err(row.error(ErrorCode::MissingValue, output.place));
        }
        return Ok(Found::Absent);
    }
    let source = row.plan.model(prediction.model);
    let value = match what {
        OutputFeature::PredictedValue(target) => about(*target).value,
        OutputFeature::PredictedDisplayValue(target) => shown(model, *target, about(*target).value),
        OutputFeature::RankedValue { target, rank, is_shown } => {
            let index = ranked(&prediction.probabilities, *rank);
            let value = index.and_then(|index| source.categories().get(index)).copied();
            if *is_shown { shown(model, *target, value) } else { value }
        }
        OutputFeature::Probability(category) => {
            return category_figure(model, source, prediction, &prediction.probabilities, *category)
                .map(Found::Value)
                .map_err(|code| row.error(code, output.place));
        }
        OutputFeature::Confidence(category) => {
            return category_figure(model, source, prediction, &prediction.confidences, *category)
                .map(Found::Value)
                .map_err(|code| row.error(code, output.place));
        }
        OutputFeature::Affinity(entity) => match entity {
            Category::Index(index) => prediction.affinities.get(*index as usize).copied().map(Datum::double),
            Category::Unknown => Some(Datum::double(0.0)),
            Category::Predicted { rank } => {
                let winner = match prediction.ranking.get(*rank as usize - 1) {
                    Some(entity) => Some(*entity),
                    None if *rank == 1 => prediction.entity,
                    None => None,
                };
                winner
                    .and_then(|entity| prediction.affinities.get(entity as usize))
                    .copied()
                    .map(Datum::double)
            }
        },
        // Of segments it is the one that answers.
        OutputFeature::EntityId { .. } if !model.answers_itself() => prediction.segment.map(Datum::text),
        OutputFeature::EntityId { rank } => {
            let entity = match (*rank, prediction.ranking.get((*rank as usize).saturating_sub(1))) {
                (0, _) => None,
                (_, Some(entity)) => Some(*entity),
                (1, None) => prediction.entity,
                _ => None,
            };
            entity.and_then(|entity| entity_name(source, row, entity))
        }
        OutputFeature::Residual { target, observed } => {
            return residual(model, row, about(*target), *target, *observed).map(Found::Value);
        }
        OutputFeature::Uncertainty(wanted) => return uncertainty(source, row, *wanted).map(Found::Value),
        OutputFeature::ReasonCode { rank } => {
            let code = rank.checked_sub(1).and_then(|at| prediction.reasons.get(at as usize));
            code.map(|code| Datum::text(*code))
        }
        OutputFeature::Rule(rule) => {
            return source.element.rule_output(source, row, prediction, rule).map(Found::Value);
        }
        OutputFeature::Segment { segment, what } => {
            return segment_output(model, row, prediction, output, *segment, what);
        }
        OutputFeature::SegmentOutput(slot) => {
            if row.is_set(*slot) {
                row.get(*slot)?
            } else {
                None
            }
        }
        OutputFeature::Absent => None,
        OutputFeature::UnknownTarget => return Err(row.error(ErrorCode::UndefinedName, output.place)),
        OutputFeature::Unsupported(_) => {
            return Err(row.error(ErrorCode::UnsupportedElement, output.place));
        }
        OutputFeature::Expression(_) => return Ok(Found::Absent),
    };
    Ok(Found::Value(value))
}

/// A value of a target as it is shown.
fn shown(model: &ModelPlan, target: u32, value: Option<Datum>) -> Option<Datum> {
    let target = &model.targets[target as usize];
    let stated = target.rules.iter().flat_map(|rules| &rules.displays);
    let display = stated.chain(&target.displays).find(|(datum, _)| Some(*datum) == value);
    display.map(|(_, code)| Datum::text(*code)).or(value)
}

/// The index of the largest figure (rank 1), the second largest, and so on.
fn ranked(figures: &[f64], rank: u32) -> Option<usize> {
    let mut order: Vec<usize> = (0..figures.len()).collect();
    order.sort_by(|a, b| figures[*b].total_cmp(&figures[*a]));
    order.get((rank as usize).checked_sub(1)?).copied()
}

/// A probability or confidence of a category.
fn category_figure(
    model: &ModelPlan,
    source: &ModelPlan,
    prediction: &Prediction,
    figures: &[f64],
    category: Category,
) -> Result<Option<Datum>, ErrorCode> {
    if figures.is_empty() {
        return Err(ErrorCode::WrongType);
    }
    let categories = source.categories();
    let index = match category {
        // A segment may list its categories in an order of its own.
        Category::Index(index) if source.id != model.id => {
            let datum = model.categories().get(index as usize);
            categories.iter().position(|known| Some(known) == datum)
        }
        Category::Index(index) => Some(index as usize),
        Category::Unknown => None,
        Category::Predicted { rank: 1 } => {
            categories.iter().position(|known| Some(*known) == prediction.value)
        }
        Category::Predicted { rank } => match ranked(figures, rank) {
            None => return Ok(None),
            index => index,
        },
    };
    // The probability of a category that the model does not know is nought.
    Ok(Some(Datum::double(index.and_then(|index| figures.get(index)).copied().unwrap_or(0.0))))
}

/// The name of an entity.
#[must_use]
pub fn entity_name(model: &ModelPlan, row: &mut Row<'_>, entity: u32) -> Option<Datum> {
    match &model.entities {
        Entities::None => None,
        Entities::Positions(_) => {
            let mut buffer = row.texts.take_buffer();
            let _ = std::fmt::Write::write_fmt(&mut buffer, format_args!("{}", entity + 1));
            let code = row.texts.intern(&buffer);
            row.texts.give_buffer(buffer);
            Some(Datum::text(code))
        }
        Entities::Named(names) => names.get(entity as usize).map(|name| Datum::text(*name)),
    }
}

/// Observed minus predicted number, or for categories: 1 minus the probability of the observed one.
fn residual(
    model: &ModelPlan,
    row: &mut Row<'_>,
    prediction: &Prediction,
    target: u32,
    observed: Slot,
) -> Evaluated {
    let plan = &model.targets[target as usize];
    let slot = observed;
    let Some(observed) = row.get(slot)? else {
        return Err(row.error_of(ErrorCode::MissingValue, slot));
    };
    let Some(value) = prediction.value else { return Ok(None) };
    if plan.categories.is_empty() {
        return Ok(Some(Datum::double(observed.number - value.number)));
    }
    let index = plan.categories.iter().position(|known| *known == value);
    let probability = index.and_then(|index| prediction.probabilities.get(index)).copied().unwrap_or(0.0);
    let expected = if observed.number == value.number { 1.0 } else { 0.0 };
    Ok(Some(Datum::double(expected - probability)))
}

/// How uncertain a prediction is, on the scale of the target.
fn uncertainty(model: &ModelPlan, row: &mut Row<'_>, wanted: Uncertainty) -> Evaluated {
    let rules = model.target().rules.as_deref();
    let (factor, constant) = rules.map_or((1.0, 0.0), |rules| (rules.factor, rules.constant));
    // A negative factor turns an interval round.
    let raw = match wanted {
        Uncertainty::Bound(errors) if factor < 0.0 => Uncertainty::Bound(-errors),
        wanted => wanted,
    };
    let Some(found) = model.element.uncertainty(model, row, raw)? else { return Ok(None) };
    let number = match wanted {
        Uncertainty::Bound(_) => found.number * factor + constant,
        Uncertainty::StandardError | Uncertainty::StandardDeviation => found.number * factor.abs(),
    };
    Ok(Some(Datum::double(number)))
}

/// The result of a segment, scored for itself.
fn segment_output(
    model: &ModelPlan,
    row: &mut Row<'_>,
    prediction: &Prediction,
    output: &OutputPlan,
    segment: u32,
    what: &OutputFeature,
) -> Result<Found, RowError> {
    let _ = prediction;
    let Some(inner) = model.element.segment(segment) else {
        return Err(row.error(ErrorCode::UndefinedName, output.place));
    };
    let mut found = row.take_prediction(inner);
    let scored = row.score(inner, &mut found);
    let plan = row.plan;
    let result = match scored {
        Ok(()) => feature(plan.model(inner), row, &found, output, what),
        Err(error) => Err(error),
    };
    row.give_prediction(found);
    result
}
