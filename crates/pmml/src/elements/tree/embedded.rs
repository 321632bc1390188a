//! Models that answer for a node: selection of a model by a tree.

use scorewheel_columns::RowError;

use crate::compile::model::category_index;
use crate::compile::{Compiler, ModelContext};
use crate::document::output::OutputField;
use crate::elements::mining::collect_outputs;
use crate::elements::tree::read::{Document, MissingValueStrategy};
use crate::fault::{Fault, Result};
use crate::plan::{ModelId, Slot};
use crate::score::{Prediction, Row};
use crate::value::Datum;

/// The models that answer for nodes of a tree.
#[derive(Debug, Default)]
pub struct EmbeddedPlans {
    /// By ascending node.
    models: Box<[EmbeddedPlan]>,
    /// Slots of what any of them tells others, one a name.
    results: Box<[Slot]>,
}

/// A model that answers for a node.
#[derive(Debug)]
pub struct EmbeddedPlan {
    node: u32,
    model: ModelId,
    /// By category of the model: the index among those of the tree.
    categories: Box<[u32]>,
    /// What it tells others: from its own output to the slot that they read.
    exports: Box<[(Slot, Slot)]>,
}

/// The names under which models that answer for nodes tell others of their results, each once.
#[must_use]
pub fn result_names<'a>(document: &Document<'a>) -> Vec<&'a str> {
    let mut names = Vec::new();
    for (_, model) in &document.embedded {
        let mut add = |name| {
            if !names.contains(&name) {
                names.push(name);
            }
        };
        let fields: &[OutputField<'a>] = model.head.output.as_ref().map_or(&[], |output| &output.fields);
        fields.iter().for_each(|field| add(field.name));
        if let crate::elements::ElementDocument::Tree(inner) = &*model.element {
            result_names(inner).into_iter().for_each(add);
        }
    }
    names
}

/// Compiles the models of a tree's nodes; their categories join `categories`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
    categories: &mut Vec<Datum>,
) -> Result<EmbeddedPlans> {
    let Some((_, first)) = document.embedded.first() else { return Ok(EmbeddedPlans::default()) };
    if matches!(
        document.missing_value_strategy,
        MissingValueStrategy::WeightedConfidence | MissingValueStrategy::AggregateNodes
    ) {
        let message =
            "a missingValueStrategy that weighs several nodes is not supported with embedded models";
        return Err(Fault::unsupported(first.head.offset, message));
    }
    let names = result_names(document);
    let mut results: Vec<Option<Slot>> = vec![None; names.len()];
    let mut models = Vec::with_capacity(document.embedded.len());
    for (node, embedded) in &document.embedded {
        if embedded.head.function != context.head.function {
            let message = "a model that answers for a node is of the mining function of its tree";
            return Err(Fault::invalid(embedded.head.offset, message));
        }
        let kind = context.is_classification().then_some(context.target_kind);
        let outer = std::mem::replace(&mut context.compiler.inherited_kind, kind);
        let model = context.nested(embedded);
        context.compiler.inherited_kind = outer;
        let model = model?;
        let mut told = Vec::new();
        collect_outputs(context, model, embedded, &mut told);
        let mut exports = Vec::with_capacity(told.len());
        for (name, slot) in told {
            if let Some(at) = names.iter().position(|known| *known == name) {
                exports.push((slot, *results[at].get_or_insert(slot)));
            }
        }
        if let Some(plan) = context.compiler.model_plan(model) {
            for category in plan.categories().to_vec() {
                category_index(categories, category);
            }
        }
        models.push(EmbeddedPlan { node: *node, model, categories: Box::default(), exports: exports.into() });
    }
    Ok(EmbeddedPlans { models: models.into(), results: results.into_iter().flatten().collect() })
}

impl EmbeddedPlans {
    /// True without any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// Finds the models' categories among those of the tree, which are complete now.
    pub fn number_categories(&mut self, compiler: &Compiler<'_, '_>, categories: &[Datum]) {
        for embedded in &mut self.models {
            let Some(plan) = compiler.model_plan(embedded.model) else { continue };
            let position = |category: &Datum| categories.iter().position(|known| known == category);
            let found = plan.categories().iter().map(|category| position(category).unwrap_or(0) as u32);
            embedded.categories = found.collect();
        }
    }

    /// Slots of what the models tell others, in the order of [`result_names`].
    pub fn results(&self) -> impl Iterator<Item = Slot> {
        self.results.iter().copied()
    }

    /// Of models that the row does not reach the results are missing.
    pub fn begin(&self, row: &mut Row<'_>) {
        for slot in &self.results {
            row.set(*slot, None);
        }
    }

    /// The model that answers for a node.
    #[must_use]
    pub fn of(&self, node: usize) -> Option<&EmbeddedPlan> {
        let found = self.models.binary_search_by_key(&(node as u32), |embedded| embedded.node).ok()?;
        Some(&self.models[found])
    }
}

impl EmbeddedPlan {
    /// Answers for the node: what the model finds, by the categories of the tree.
    pub fn answer(
        &self,
        row: &mut Row<'_>,
        width: usize,
        prediction: &mut Prediction,
    ) -> std::result::Result<(), RowError> {
        let mut own = row.take_prediction(self.model);
        let scored = row.score(self.model, &mut own);
        prediction.value = own.value;
        for (figures, own) in [
            (&mut prediction.probabilities, &own.probabilities),
            (&mut prediction.confidences, &own.confidences),
        ] {
            if !own.is_empty() {
                figures.resize(width, 0.0);
                for (figure, category) in own.iter().zip(&self.categories) {
                    figures[*category as usize] = *figure;
                }
            }
        }
        row.give_prediction(own);
        scored?;
        for (from, to) in &self.exports {
            let value = if row.is_set(*from) { row.get(*from)? } else { None };
            row.set(*to, value);
        }
        Ok(())
    }
}
