//! The columns of the answer.

use std::collections::HashMap;
use std::sync::Arc;

use scorewheel_columns::{Auxiliary, Dictionary, Label, Labels, OutputField, OutputSchema, OutputType, Role};

use crate::document::MiningFunction;
use crate::fault::{Fault, Result};
use crate::plan::answer::{AnswerPlan, DistributionAnswer, ModelAnswer, TargetAnswer};
use crate::plan::model::{Entities, OutputFeature};
use crate::plan::{ModelId, ModelPlan, SlotPlan};
use crate::score::emit;
use crate::value::{Datum, Kind, Texts};

/// A column under construction: several models may share one by name.
struct Column {
    name: Option<Box<str>>,
    role: Role,
    shape: Shape,
}

/// What a column holds.
#[derive(Clone, PartialEq)]
enum Shape {
    Kind(Kind),
    Categories(Vec<Datum>),
    Distribution(Vec<Datum>),
    Ranking(Vec<Datum>),
    Any,
}

impl Shape {
    /// What holds both.
    fn join(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Categories(known), Self::Categories(more))
            | (Self::Distribution(known), Self::Distribution(more))
            | (Self::Ranking(known), Self::Ranking(more)) => {
                for datum in more {
                    if !known.contains(&datum) {
                        known.push(datum);
                    }
                }
            }
            (known, other) if *known == other => {}
            (known, _) => *known = Self::Any,
        }
    }
}

/// Finds the models that can answer and the columns they answer with.
pub fn compile(
    models: &[ModelPlan],
    root: ModelId,
    texts: &mut Dictionary,
    slots: &[SlotPlan],
) -> Result<AnswerPlan> {
    let mut answering = Vec::new();
    collect(models, root, &mut answering);
    let mut columns: Vec<Column> = Vec::new();
    // Targets first, then outputs, then auxiliaries.
    let mut by_model: Vec<Option<Box<ModelAnswer>>> = models.iter().map(|_| None).collect();
    for id in &answering {
        let model = &models[id.0 as usize];
        let mut answer = ModelAnswer::default();
        if model.answers_itself() && !tells_in_outputs_only(model) {
            for target in &model.targets {
                let shape = value_shape(model, target, texts);
                let value = place(&mut columns, target.name.as_deref(), Role::Target, shape);
                answer.targets.push(TargetAnswer {
                    value,
                    probability: None,
                    confidence: None,
                    affinity: None,
                    entity: None,
                    ranking: None,
                });
            }
        }
        by_model[id.0 as usize] = Some(Box::new(answer));
    }
    for id in &answering {
        let model = &models[id.0 as usize];
        for output in &model.outputs {
            let shape = match slots[output.slot.index()].kind {
                _ if matches!(output.what, OutputFeature::Rule(_)) => Shape::Any,
                Some(Kind::List) | None => Shape::Any,
                Some(kind) => Shape::Kind(kind),
            };
            let column = place(&mut columns, Some(&output.name), Role::Output, shape);
            if let Some(answer) = &mut by_model[id.0 as usize] {
                answer.outputs.push((output.slot, column));
            }
        }
    }
    for id in &answering {
        let model = &models[id.0 as usize];
        let Some(answer) = &mut by_model[id.0 as usize] else { continue };
        if !model.answers_itself() {
            continue;
        }
        for (target, places) in model.targets.iter().zip(&mut answer.targets) {
            let figures = model.figures;
            let mut auxiliary = |what: Auxiliary, shape: Shape| {
                let role = Role::Auxiliary { target: places.value, what };
                place(&mut columns, None, role, shape)
            };
            let categories = || Shape::Distribution(target.categories.clone());
            let mut distribution = |wanted: bool, what: Auxiliary, shape: Shape| {
                wanted
                    .then(|| DistributionAnswer { column: auxiliary(what, shape), positions: Box::default() })
            };
            let is_listed = figures.affinity || figures.ranking;
            let entities = if is_listed { entity_labels(&model.entities, texts) } else { Vec::new() };
            places.probability = distribution(figures.probability, Auxiliary::Probability, categories());
            places.confidence = distribution(figures.confidence, Auxiliary::Confidence, categories());
            places.affinity =
                distribution(figures.affinity, Auxiliary::Affinity, Shape::Distribution(entities.clone()));
            // As text, and not as labels: a tree may have a million nodes.
            places.entity = figures.entity.then(|| auxiliary(Auxiliary::EntityId, Shape::Kind(Kind::Text)));
            places.ranking = figures.ranking.then(|| DistributionAnswer {
                column: auxiliary(Auxiliary::EntityIdRanking, Shape::Ranking(entities)),
                positions: Box::default(),
            });
        }
    }
    for id in &answering {
        let model = &models[id.0 as usize];
        let Some(answer) = &mut by_model[id.0 as usize] else { continue };
        let is_listed = model.figures.affinity || model.figures.ranking;
        let entities = if is_listed { entity_labels(&model.entities, texts) } else { Vec::new() };
        for (target, places) in model.targets.iter().zip(&mut answer.targets) {
            for (found, names) in [
                (&mut places.probability, &target.categories),
                (&mut places.confidence, &target.categories),
                (&mut places.affinity, &entities),
                (&mut places.ranking, &entities),
            ] {
                if let Some(found) = found {
                    found.positions = positions(&columns[found.column].shape, names);
                }
            }
        }
    }
    if columns.iter().all(|column| matches!(column.role, Role::Auxiliary { .. })) {
        return Err(Fault::whole(
            scorewheel_model::ModelErrorKind::Invalid,
            "the model has neither a target nor an output field",
        ));
    }
    let mut own = Dictionary::new();
    let texts = Texts::new(texts, &mut own);
    let codes = columns
        .iter()
        .map(|column| match &column.shape {
            Shape::Categories(categories) => Some(emit::LabelCodes::new(categories)),
            _ => None,
        })
        .collect();
    let fields = columns.into_iter().map(|column| field(column, &texts)).collect();
    Ok(AnswerPlan { schema: Arc::new(OutputSchema::new(fields)), codes, by_model })
}

/// True for rules, which outputs tell of; a document of sequences has an answer without outputs too.
fn tells_in_outputs_only(model: &ModelPlan) -> bool {
    model.function == MiningFunction::AssociationRules
        || (model.function == MiningFunction::Sequences && !model.outputs.is_empty())
}

/// The models whose results can be those of `id`, itself included for its outputs.
fn collect(models: &[ModelPlan], id: ModelId, into: &mut Vec<ModelId>) {
    if into.contains(&id) {
        return;
    }
    into.push(id);
    if let Some(delegates) = models[id.0 as usize].element.delegates() {
        for delegate in delegates {
            collect(models, *delegate, into);
        }
    }
}

fn place(columns: &mut Vec<Column>, name: Option<&str>, role: Role, shape: Shape) -> usize {
    let found = columns.iter().position(|column| {
        column.name.as_deref() == name
            && match (&column.role, &role) {
                (Role::Auxiliary { .. }, _) | (_, Role::Auxiliary { .. }) => column.role == role,
                _ => true,
            }
    });
    match found {
        Some(found) => {
            columns[found].shape.join(shape);
            found
        }
        None => {
            columns.push(Column { name: name.map(Into::into), role, shape });
            columns.len() - 1
        }
    }
}

fn value_shape(model: &ModelPlan, target: &crate::plan::TargetPlan, texts: &mut Dictionary) -> Shape {
    if model.element.answers_with_lists() {
        return Shape::Any;
    }
    if !target.categories.is_empty() {
        let mut categories = target.categories.clone();
        for (datum, _) in target.rules.iter().flat_map(|rules| &rules.priors) {
            if !categories.contains(datum) {
                categories.push(*datum);
            }
        }
        return Shape::Categories(categories);
    }
    if model.function == MiningFunction::Clustering && !model.entities.is_empty() {
        return Shape::Categories(entity_labels(&model.entities, texts));
    }
    match target.kind {
        Kind::List => Shape::Any,
        kind => Shape::Kind(kind),
    }
}

fn entity_labels(entities: &Entities, texts: &mut Dictionary) -> Vec<Datum> {
    match entities {
        Entities::None => Vec::new(),
        Entities::Positions(count) => {
            (1..=*count).map(|at| Datum::text(texts.intern(&at.to_string()))).collect()
        }
        Entities::Named(names) => names.iter().map(|name| Datum::text(*name)).collect(),
    }
}

fn positions(shape: &Shape, names: &[Datum]) -> Box<[u32]> {
    let (Shape::Distribution(labels) | Shape::Ranking(labels)) = shape else { return Box::default() };
    // Of equal labels the first counts.
    let bits = |datum: &Datum| (datum.number + 0.0).to_bits();
    let first: HashMap<u64, u32> =
        labels.iter().enumerate().rev().map(|(at, label)| (bits(label), at as u32)).collect();
    names.iter().map(|name| first.get(&bits(name)).copied().unwrap_or(0)).collect()
}

fn field(column: Column, texts: &Texts<'_>) -> OutputField {
    let labels = |categories: &[Datum]| {
        let label = |datum: &Datum| {
            let mut text = String::new();
            crate::value::writing::write(&mut text, *datum, texts);
            Label { value: emit::value(*datum, texts), text: text.into() }
        };
        Arc::new(Labels::new(categories.iter().map(label).collect()))
    };
    let output_type = match &column.shape {
        Shape::Categories(categories) => OutputType::Label(labels(categories)),
        Shape::Distribution(categories) => OutputType::Distribution(labels(categories)),
        Shape::Ranking(categories) => OutputType::Ranking(labels(categories)),
        Shape::Any => OutputType::Any,
        Shape::Kind(kind) => match kind {
            Kind::Integer | Kind::DaysSince(_) | Kind::TimeSeconds | Kind::SecondsSince(_) => OutputType::I64,
            Kind::Float => OutputType::F32,
            Kind::Double => OutputType::F64,
            Kind::Boolean => OutputType::Bool,
            Kind::Text => OutputType::Text,
            Kind::Date => OutputType::Date,
            Kind::Time => OutputType::Time,
            Kind::DateTime => OutputType::DateTime,
            Kind::List => OutputType::Any,
        },
    };
    OutputField { name: column.name, role: column.role, output_type }
}
