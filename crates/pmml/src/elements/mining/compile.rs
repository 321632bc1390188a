//! `MiningModel` compiled: segments in their order, each with what it hands on.

use crate::compile::model::category_index;
use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::elements::mining::forest::Forest;
use crate::elements::mining::read::{Document, Method, MissingPrediction, SegmentDocument};
use crate::elements::tree::embedded;
use crate::elements::{ElementDocument, ElementPlan};
use crate::fault::{Fault, Result};
use crate::plan::model::Figures;
use crate::plan::{ModelId, Place, Predicate, Slot};
use crate::reader::Choice;
use crate::value::Datum;

/// A compiled `MiningModel`.
#[derive(Debug)]
pub struct Plan {
    /// What becomes of the results of several segments.
    pub method: Method,
    /// Where the method stands, if it has no meaning for the mining function: an error of every record that comes here.
    pub misplaced: Option<Place>,
    /// What a segment without a result does to the whole.
    pub missing_prediction: MissingPrediction,
    /// Largest share of segments that may be skipped.
    pub missing_threshold: f64,
    /// The segments, in order.
    pub segments: Box<[Segment]>,
    /// The models of all segments, where one of their predictions is handed on.
    pub delegates: Option<Box<[ModelId]>>,
    /// The segments compiled together, if they are plain trees.
    pub forest: Option<Forest>,
    /// True for embedded models in a sequence.
    pub is_composition: bool,
}

/// A compiled segment.
#[derive(Debug)]
pub struct Segment {
    /// Code of its id.
    pub id: u32,
    /// When it takes part.
    pub predicate: Predicate,
    /// Its model.
    pub model: ModelId,
    /// True if its model is of another mining function than the whole, which can only be chained.
    pub is_misfit: bool,
    /// Its weight.
    pub weight: f64,
    /// The field that holds its weight instead.
    pub weight_slot: Option<Slot>,
    /// By category of its model: the index among the categories of the whole.
    pub categories: Box<[u32]>,
    /// What it hands on to later segments: from its own output, to the slot that they read.
    pub exports: Box<[(Slot, Slot)]>,
}

/// Compiles a `MiningModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    let misplaced = misplaced(document.method, context)?;
    let chained =
        matches!(document.method, Method::ModelChain | Method::MultiModelChain | Method::XMultiModelChain);
    let delegates = chained || document.method == Method::SelectFirst;
    let mut handed_on: Vec<(&'a str, Slot)> = Vec::new();
    let mut segments: Vec<Segment> = Vec::with_capacity(document.segments.len());
    for (index, segment) in document.segments.iter().enumerate() {
        let outer = context.compiler.inherited_kind;
        // Of a chain the last segment answers.
        let answers = !chained || index + 1 == document.segments.len();
        context.compiler.inherited_kind = match (delegates, context.is_classification()) {
            (false, true) => Some(context.target_kind),
            (true, true) if answers => outer,
            _ => None,
        };
        let compiled = compile_segment(segment, index, context);
        context.compiler.inherited_kind = outer;
        let mut compiled = compiled?;
        compiled.is_misfit = !chained && segment.model.head.function != context.head.function;
        if compiled.is_misfit {
            context.compiler.reserve("a segment is of another mining function than the whole");
        }
        if chained {
            compiled.exports = exports(compiled.model, context, segment, &mut handed_on)?;
        }
        if segments.iter().any(|known| known.id == compiled.id) {
            let message = format!("two segments have the id {:?}", segment.id.unwrap_or_default());
            return Err(Fault::invalid(segment.offset, message));
        }
        segments.push(compiled);
    }
    let mut categories: Vec<Datum> = Vec::new();
    if context.head.function != MiningFunction::Regression {
        for segment in &mut segments {
            let Some(model) = context.compiler.model_plan(segment.model) else { continue };
            let own = categories_of(model);
            segment.categories =
                own.iter().map(|category| category_index(&mut categories, *category)).collect();
        }
    }
    let figures = Figures { probability: !delegates && !categories.is_empty(), ..Figures::default() };
    let mut plan = Plan {
        method: document.method,
        misplaced,
        missing_prediction: document.missing_prediction,
        missing_threshold: document.missing_threshold,
        // All models of a sequence run, and the last one answers.
        delegates: delegates.then(|| {
            let first = if document.is_composition { segments.len() - 1 } else { 0 };
            segments[first..].iter().map(|segment| segment.model).collect()
        }),
        segments: segments.into(),
        forest: None,
        is_composition: document.is_composition,
    };
    let head = context.head;
    if misplaced.is_none() {
        plan.forest = Forest::of(&plan, head.function, head.math_context, categories.len(), context.compiler);
    }
    Ok(Compiled { categories, figures, ..Compiled::new(ElementPlan::Mining(Box::new(plan))) })
}

/// A place for a method that has no meaning for the mining function, which the whole document cannot have.
fn misplaced(method: Method, context: &mut ModelContext<'_, '_, '_>) -> Result<Option<Place>> {
    let function = context.head.function;
    if method.fits(function) {
        return Ok(None);
    }
    let words = format!("multipleModelMethod {} has no meaning for {}", method.word(), function.word());
    if context.is_root() {
        let known =
            Method::ALL.iter().filter(|(word, method)| method.fits(function) && !word.starts_with("x-"));
        let known: Vec<&str> = known.map(|(word, _)| *word).collect();
        return Err(Fault::invalid(
            context.head.offset,
            format!("{words}; it is one of {}", known.join(", ")),
        ));
    }
    context.compiler.reserve(format!("the {words}"));
    Ok(Some(context.place(format!("MiningModel, whose {words}"))))
}

/// The categories that a segment's model can answer with.
fn categories_of(model: &crate::plan::ModelPlan) -> Vec<Datum> {
    match (&model.entities, model.function) {
        (crate::plan::model::Entities::Named(names), MiningFunction::Clustering) => {
            names.iter().map(|name| Datum::text(*name)).collect()
        }
        _ => model.categories().to_vec(),
    }
}

fn compile_segment<'d, 'a>(
    segment: &'d SegmentDocument<'a>,
    index: usize,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Segment> {
    let predicate = context.predicate(&segment.predicate)?;
    let weight_slot = match segment.weight_field {
        Some(field) => Some(context.slot(field, segment.offset)?),
        None => None,
    };
    let model = context.nested(&segment.model)?;
    let id = match segment.id {
        Some(id) => context.text(id),
        None => context.text(&(index + 1).to_string()),
    };
    Ok(Segment {
        id,
        predicate,
        model,
        is_misfit: false,
        weight: segment.weight,
        weight_slot,
        categories: Box::default(),
        exports: Box::default(),
    })
}

/// Names the outputs of a segment for those after it. Of outputs of one name all share the slot of the first.
fn exports<'d, 'a>(
    model: ModelId,
    context: &mut ModelContext<'_, 'd, 'a>,
    segment: &'d SegmentDocument<'a>,
    handed_on: &mut Vec<(&'a str, Slot)>,
) -> Result<Box<[(Slot, Slot)]>> {
    let mut found: Vec<(&'a str, Slot)> = Vec::new();
    collect_outputs(context, model, &segment.model, &mut found);
    let mut exports = Vec::new();
    for (name, slot) in found {
        match handed_on.iter().find(|(known, _)| *known == name) {
            Some((_, shared)) if *shared != slot => exports.push((slot, *shared)),
            Some(_) => {}
            None => {
                handed_on.push((name, slot));
                context.compiler.bind(context.scope, name, slot);
            }
        }
    }
    Ok(exports.into())
}

/// The outputs of a model: its own, those of the segments whose prediction it hands on, and those of models that answer
/// for its nodes.
pub fn collect_outputs<'d, 'a>(
    context: &ModelContext<'_, 'd, 'a>,
    model: ModelId,
    document: &'d crate::document::ModelDocument<'a>,
    into: &mut Vec<(&'a str, Slot)>,
) {
    let Some(plan) = context.compiler.model_plan(model) else { return };
    if let Some(output) = &document.head.output {
        for (field, compiled) in output.fields.iter().zip(&plan.outputs) {
            into.push((field.name, compiled.slot));
        }
    }
    match (&*document.element, &plan.element) {
        (ElementDocument::Mining(inner), ElementPlan::Mining(mining)) if mining.delegates.is_some() => {
            for (compiled, segment) in mining.segments.iter().zip(&inner.segments) {
                collect_outputs(context, compiled.model, &segment.model, into);
            }
        }
        (ElementDocument::Tree(inner), ElementPlan::Tree(tree)) => {
            into.extend(embedded::result_names(inner).into_iter().zip(tree.embedded.results()));
        }
        _ => {}
    }
}
