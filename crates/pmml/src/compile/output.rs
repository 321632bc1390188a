//! Output fields.

use crate::compile::{Compiler, ScopeId};
use crate::document::output::{Feature, Output, OutputField, RuleAlgorithm, RuleFeature};
use crate::fault::{Fault, Result};
use crate::functions::statistics::quantile;
use crate::plan::model::{Category, OutputFeature, RuleOutput, Uncertainty};
use crate::plan::{ModelPlan, OutputPlan, Source};
use crate::reader::element::parse_number;
use crate::value::Kind;

/// Compiles the output fields of a model in their order: each sees those before it.
pub fn compile<'d, 'a>(
    compiler: &mut Compiler<'d, 'a>,
    scope: ScopeId,
    output: &'d Output<'a>,
    model: &ModelPlan,
) -> Result<Vec<OutputPlan>> {
    let mut outputs: Vec<OutputPlan> = Vec::with_capacity(output.fields.len());
    for field in &output.fields {
        if outputs.iter().any(|known| *known.name == *field.name) {
            return Err(Fault::invalid(
                field.offset,
                format!("two output fields are named {:?}", field.name),
            ));
        }
        let what = match field.segment_id {
            Some(id) if field.expression.is_none() && is_computed(field) => {
                segment_output(compiler, field, id, model)?
            }
            None => feature(compiler, scope, field, model)?,
            Some(id) => {
                let inner = feature(compiler, scope, field, model)?;
                OutputFeature::Segment { segment: compiler.text(id), what: Box::new(inner) }
            }
        };
        let kind = kind(compiler, field, &what, model);
        let place = compiler.place(format!("OutputField {:?}", field.name));
        let slot = compiler.add_slot(field.name, kind, Source::Output);
        compiler.bind(scope, field.name, slot);
        outputs.push(OutputPlan { name: field.name.into(), slot, kind, what, place });
    }
    Ok(outputs)
}

/// True for the features that tell of a prediction.
fn tells_of_target(feature: Feature) -> bool {
    matches!(
        feature,
        Feature::PredictedValue | Feature::PredictedDisplayValue | Feature::Probability | Feature::Residual
    )
}

/// True for the features that have an expression.
fn is_computed(field: &OutputField<'_>) -> bool {
    matches!(field.feature, Feature::TransformedValue | Feature::Decision)
}

/// The output of a segment that the attribute `value` names.
fn segment_output<'a>(
    compiler: &mut Compiler<'_, 'a>,
    field: &OutputField<'a>,
    id: &str,
    model: &ModelPlan,
) -> Result<OutputFeature> {
    let code = compiler.text(id);
    let segment = model.element.segment(code).and_then(|segment| compiler.model_plan(segment));
    let output = segment.and_then(|segment| {
        segment.outputs.iter().find(|output| Some(&*output.name) == field.value).map(|output| output.slot)
    });
    match output {
        Some(slot) => Ok(OutputFeature::SegmentOutput(slot)),
        None => Err(Fault::invalid(
            field.offset,
            format!("segment {id:?} has no output field {:?}", field.value.unwrap_or_default()),
        )),
    }
}

fn feature<'d, 'a>(
    compiler: &mut Compiler<'d, 'a>,
    scope: ScopeId,
    field: &'d OutputField<'a>,
    model: &ModelPlan,
) -> Result<OutputFeature> {
    let target = match field.target_field {
        None => 0,
        Some(name) => {
            let found = model.targets.iter().position(|target| target.name.as_deref() == Some(name));
            match found {
                Some(found) => found as u32,
                None if tells_of_target(field.feature) && field.expression.is_none() => {
                    compiler
                        .reserve(format!("the output field {:?} tells of the target {name:?}", field.name));
                    return Ok(OutputFeature::UnknownTarget);
                }
                None => 0,
            }
        }
    };
    let rank = u32::try_from(field.rank).unwrap_or(0);
    Ok(match field.feature {
        Feature::PredictedValue | Feature::PredictedDisplayValue if rank > 1 && model.is_classification() => {
            let is_shown = field.feature == Feature::PredictedDisplayValue;
            OutputFeature::RankedValue { target, rank, is_shown }
        }
        // An expression has no say in it.
        Feature::PredictedValue => OutputFeature::PredictedValue(target),
        Feature::PredictedDisplayValue => OutputFeature::PredictedDisplayValue(target),
        Feature::TransformedValue | Feature::Decision => match &field.expression {
            Some(expression) => OutputFeature::Expression(expression_of(compiler, scope, field, expression)?),
            None => {
                return Err(Fault::invalid(
                    field.offset,
                    format!("the output field {:?} needs an expression", field.name),
                ));
            }
        },
        Feature::Probability => OutputFeature::Probability(category(compiler, field, model)),
        Feature::Confidence
            if field.value.is_some() || model.entities.is_empty() || model.is_classification() =>
        {
            OutputFeature::Confidence(category(compiler, field, model))
        }
        Feature::Affinity if model.element_name == "AssociationModel" => {
            rule(field, RuleFeature::Affinity, rank)
        }
        Feature::Affinity | Feature::EntityAffinity | Feature::ClusterAffinity => {
            OutputFeature::Affinity(entity(compiler, field, model))
        }
        // The entities of a model of rules are these.
        Feature::EntityId if matches!(model.element_name, "AssociationModel" | "SequenceModel") => {
            rule(field, RuleFeature::RuleId, rank)
        }
        Feature::EntityId | Feature::ClusterId => OutputFeature::EntityId { rank },
        Feature::Residual => {
            let name = model.targets[target as usize].name.as_deref();
            match compiler.target_field(scope, name) {
                Some(name) => {
                    OutputFeature::Residual { target, observed: compiler.resolve(scope, name, field.offset)? }
                }
                None => OutputFeature::Unsupported(field.feature),
            }
        }
        Feature::ReasonCode => OutputFeature::ReasonCode { rank },
        Feature::RuleValue => rule(field, field.rule_feature.unwrap_or(RuleFeature::Consequent), rank),
        Feature::Antecedent => rule(field, RuleFeature::Antecedent, rank),
        Feature::Consequent => rule(field, RuleFeature::Consequent, rank),
        Feature::Rule => rule(field, RuleFeature::Rule, rank),
        Feature::RuleId => rule(field, RuleFeature::RuleId, rank),
        Feature::Confidence => rule(field, RuleFeature::Confidence, rank),
        Feature::Support => rule(field, RuleFeature::Support, rank),
        Feature::Lift => rule(field, RuleFeature::Lift, rank),
        Feature::Leverage => rule(field, RuleFeature::Leverage, rank),
        Feature::Warning => OutputFeature::Absent,
        // How a figure came about is told by engines that keep record of it.
        Feature::Report => OutputFeature::Absent,
        Feature::StandardError
        | Feature::StandardDeviation
        | Feature::ConfidenceIntervalLower
        | Feature::ConfidenceIntervalUpper => uncertainty(compiler, field, model)?,
    })
}

/// What tells how uncertain a prediction is, where the document tells it.
fn uncertainty(
    compiler: &mut Compiler<'_, '_>,
    field: &OutputField<'_>,
    model: &ModelPlan,
) -> Result<OutputFeature> {
    let about = match field.segment_id {
        Some(id) => {
            let code = compiler.text(id);
            model.element.segment(code).and_then(|segment| compiler.model_plan(segment))
        }
        None => Some(model),
    };
    if !about.is_some_and(|about| tells_uncertainty(compiler, about)) {
        compiler.reserve(format!("the model does not tell the output field {:?}", field.name));
        return Ok(OutputFeature::Unsupported(field.feature));
    }
    Ok(OutputFeature::Uncertainty(match field.feature {
        Feature::StandardError => Uncertainty::StandardError,
        Feature::StandardDeviation => Uncertainty::StandardDeviation,
        Feature::ConfidenceIntervalLower => Uncertainty::Bound(-interval_quantile(field)?),
        _ => Uncertainty::Bound(interval_quantile(field)?),
    }))
}

/// True if the model, or one whose prediction it hands on, tells how uncertain its predictions are.
fn tells_uncertainty(compiler: &Compiler<'_, '_>, model: &ModelPlan) -> bool {
    let delegates = model.element.delegates().unwrap_or_default();
    model.element.tells_uncertainty()
        || delegates
            .iter()
            .any(|id| compiler.model_plan(*id).is_some_and(|inner| tells_uncertainty(compiler, inner)))
}

/// Half the width of an interval in standard errors. Its confidence stands in `value`: a percentage, or a share below
/// 1; 95 per cent if it is not stated.
fn interval_quantile(field: &OutputField<'_>) -> Result<f64> {
    let text = field.value.unwrap_or("95");
    let share = parse_number(text).map(|level| if level < 1.0 { level } else { level / 100.0 });
    match share.filter(|share| *share > 0.0 && *share < 1.0) {
        Some(share) => Ok(quantile(0.5 + share / 2.0)),
        None => {
            let message =
                format!("value={text:?} of an interval is no confidence between 0 and 100 per cent");
            Err(Fault::invalid(field.offset, message))
        }
    }
}

fn expression_of<'d, 'a>(
    compiler: &mut Compiler<'d, 'a>,
    scope: ScopeId,
    field: &OutputField<'a>,
    expression: &'d crate::document::Expression<'a>,
) -> Result<crate::plan::Expression> {
    match field.data_type {
        Some(data_type) => compiler.expression_of(scope, Kind::of(data_type), expression),
        None => compiler.expression(scope, expression),
    }
}

fn rule(field: &OutputField<'_>, feature: RuleFeature, rank: u32) -> OutputFeature {
    OutputFeature::Rule(Box::new(RuleOutput {
        feature,
        algorithm: field.algorithm.unwrap_or(RuleAlgorithm::ExclusiveRecommendation),
        rank,
        basis: field.rank_basis,
        order: field.rank_order,
        is_multi_valued: field.is_multi_valued,
    }))
}

fn category<'a>(compiler: &mut Compiler<'_, 'a>, field: &OutputField<'a>, model: &ModelPlan) -> Category {
    let Some(text) = field.value else {
        return Category::Predicted { rank: u32::try_from(field.rank).unwrap_or(1).max(1) };
    };
    let datum = compiler.parse(model.target().kind, text);
    match datum.and_then(|datum| model.categories().iter().position(|known| *known == datum)) {
        Some(index) => Category::Index(index as u32),
        None => Category::Unknown,
    }
}

fn entity<'a>(compiler: &mut Compiler<'_, 'a>, field: &OutputField<'a>, model: &ModelPlan) -> Category {
    let Some(text) = field.value else {
        return Category::Predicted { rank: u32::try_from(field.rank).unwrap_or(1).max(1) };
    };
    let found = match &model.entities {
        crate::plan::model::Entities::None => None,
        crate::plan::model::Entities::Positions(count) => {
            text.parse::<u32>().ok().and_then(|at| at.checked_sub(1)).filter(|at| at < count)
        }
        crate::plan::model::Entities::Named(names) => {
            let code = compiler.text(text);
            names.iter().position(|name| *name == code).map(|index| index as u32)
        }
    };
    found.map_or(Category::Unknown, Category::Index)
}

/// Type of an output's values: as declared, else as its feature says.
fn kind(
    compiler: &Compiler<'_, '_>,
    field: &OutputField<'_>,
    what: &OutputFeature,
    model: &ModelPlan,
) -> Option<Kind> {
    if matches!(what, OutputFeature::Rule(rule) if rule.is_multi_valued || rule.rank == 0) {
        return None;
    }
    if let Some(data_type) = field.data_type {
        return Some(Kind::of(data_type));
    }
    match what {
        OutputFeature::PredictedValue(target) => Some(model.targets[*target as usize].kind),
        OutputFeature::RankedValue { target, is_shown: false, .. } => {
            Some(model.targets[*target as usize].kind)
        }
        OutputFeature::PredictedDisplayValue(_)
        | OutputFeature::RankedValue { .. }
        | OutputFeature::EntityId { .. } => Some(Kind::Text),
        OutputFeature::Probability(_)
        | OutputFeature::Confidence(_)
        | OutputFeature::Affinity(_)
        | OutputFeature::Uncertainty(_)
        | OutputFeature::Residual { .. } => Some(Kind::Double),
        OutputFeature::Expression(expression) => compiler.kind_of(expression),
        OutputFeature::ReasonCode { .. } => Some(Kind::Text),
        OutputFeature::SegmentOutput(slot) => compiler.slot_plan(*slot).kind,
        OutputFeature::Rule(_)
        | OutputFeature::Segment { .. }
        | OutputFeature::Absent
        | OutputFeature::UnknownTarget
        | OutputFeature::Unsupported(_) => None,
    }
}
