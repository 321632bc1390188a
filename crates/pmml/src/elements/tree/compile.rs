//! `TreeModel` compiled: nodes of 24 bytes, what they answer with in tables beside.

use crate::compile::model::category_index;
use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::elements::ElementPlan;
use crate::elements::tree::TreeColumns;
use crate::elements::tree::embedded::{self, EmbeddedPlans};
use crate::elements::tree::read::{Document, MissingValueStrategy, NoTrueChildStrategy, NodeDocument};
use crate::fault::{Fault, Result};
use crate::plan::model::{Entities, Figures};
use crate::plan::predicate::Comparison;
use crate::plan::{Predicate, Slot};
use crate::reader::element::parse_number;
use crate::reader::xml::CELL_LIMIT;

/// A compiled `TreeModel`.
#[derive(Debug)]
pub struct Plan {
    /// What happens where a predicate is unknown.
    pub missing: MissingValueStrategy,
    /// Factor of confidences where a default child is taken.
    pub penalty: f64,
    /// What happens where no child's predicate is true.
    pub no_true_child: NoTrueChildStrategy,
    /// The nodes, depth first, parents before their children.
    pub nodes: Box<[Node]>,
    /// Predicates that are no simple comparison.
    pub predicates: Box<[Predicate]>,
    /// By node: the score as a number (regression) or as an index of categories; NaN for none.
    pub scores: Box<[f64]>,
    /// By node: its distribution, `NONE` for none. Empty if no node has one.
    pub distributions: Box<[u32]>,
    /// Probabilities of all distributions, one entry a category.
    pub probabilities: Box<[f64]>,
    /// Confidences of all distributions, one entry a category; empty if no node has any.
    pub confidences: Box<[f64]>,
    /// By node: its training records. Empty unless something is weighted by them.
    pub record_counts: Box<[f64]>,
    /// By node: its default child, `NONE` for none. Empty unless default children are taken.
    pub default_children: Box<[u32]>,
    /// The same tree for blocks of rows, if it answers by itself.
    pub columns: Option<TreeColumns>,
    /// Models that answer for nodes.
    pub embedded: EmbeddedPlans,
}

/// No node, no distribution.
pub const NONE: u32 = u32::MAX;

/// A node: its test and where those below it end. Its first child is the node after it.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// What a number is compared with.
    pub constant: f64,
    /// The field; the index of a predicate if the test is [`Test::Predicate`].
    pub slot: u32,
    /// When the node is taken.
    pub test: Test,
    /// Index of the first node that is not below this one.
    pub next: u32,
}

/// The test of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Always taken.
    True,
    /// A number, or anything by equality.
    Compare(Comparison),
    /// Any other predicate.
    Predicate,
}

/// Compiles a `TreeModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    let is_classification = match context.head.function {
        MiningFunction::Classification => true,
        MiningFunction::Regression => false,
        _ => {
            return Err(Fault::invalid(
                context.head.offset,
                "a TreeModel is for regression or classification",
            ));
        }
    };
    let count = document.nodes.len();
    let mut categories = Vec::new();
    let mut nodes = Vec::with_capacity(count);
    let mut predicates = Vec::new();
    let mut scores = Vec::with_capacity(count);
    for node in &document.nodes {
        nodes.push(compile_node(node, context, &mut predicates)?);
        scores.push(match node.score {
            None => f64::NAN,
            Some(text) if is_classification => {
                let category = context.category(text, node.offset)?;
                f64::from(category_index(&mut categories, category))
            }
            Some(text) => parse_number(text).ok_or_else(|| {
                Fault::invalid(node.offset, format!("the score {text:?} of a regression is not a number"))
            })?,
        });
    }
    let mut plan = Plan {
        missing: document.missing_value_strategy,
        penalty: document.missing_value_penalty,
        no_true_child: document.no_true_child_strategy,
        nodes: nodes.into(),
        predicates: predicates.into(),
        scores: scores.into(),
        distributions: Box::default(),
        probabilities: Box::default(),
        confidences: Box::default(),
        record_counts: Box::default(),
        default_children: Box::default(),
        columns: None,
        embedded: embedded::compile(document, context, &mut categories)?,
    };
    if is_classification {
        compile_distributions(document, context, &mut plan, &mut categories)?;
        plan.embedded.number_categories(context.compiler, &categories);
    }
    let weighted = matches!(
        plan.missing,
        MissingValueStrategy::WeightedConfidence | MissingValueStrategy::AggregateNodes
    );
    if weighted {
        plan.record_counts =
            document.nodes.iter().map(|node| node.record_count.unwrap_or(f64::NAN)).collect();
    }
    if plan.missing == MissingValueStrategy::DefaultChild {
        plan.default_children = default_children(document);
    }
    let figures = Figures {
        probability: is_classification,
        confidence: is_classification,
        entity: true,
        ..Figures::default()
    };
    let entities = if document.nodes.iter().all(|node| node.id.is_none()) {
        Entities::Positions(count as u32)
    } else {
        let name = |(index, node): (usize, &NodeDocument<'a>)| match node.id {
            Some(id) => context.text(id),
            None => context.text(&(index + 1).to_string()),
        };
        Entities::Named(document.nodes.iter().enumerate().map(name).collect())
    };
    Ok(Compiled { categories, entities, figures, ..Compiled::new(ElementPlan::Tree(Box::new(plan))) })
}

fn compile_node<'a>(
    node: &NodeDocument<'a>,
    context: &mut ModelContext<'_, '_, 'a>,
    predicates: &mut Vec<Predicate>,
) -> Result<Node> {
    let next = node.next;
    Ok(match context.predicate(&node.predicate)? {
        Predicate::True => Node { constant: 0.0, slot: 0, test: Test::True, next },
        Predicate::Compare { slot: Slot(slot), operator, constant } => {
            Node { constant, slot, test: Test::Compare(operator), next }
        }
        other => {
            predicates.push(other);
            Node { constant: 0.0, slot: predicates.len() as u32 - 1, test: Test::Predicate, next }
        }
    })
}

/// Distributions with one entry a category, in the order in which categories first occur.
fn compile_distributions<'a>(
    document: &Document<'a>,
    context: &mut ModelContext<'_, '_, 'a>,
    plan: &mut Plan,
    categories: &mut Vec<crate::value::Datum>,
) -> Result<()> {
    if document.distributions.is_empty() {
        return Ok(());
    }
    // The order of the distributions decides ties; scores follow.
    let scored = std::mem::take(categories);
    let mut indices = Vec::with_capacity(document.distributions.len());
    for node in &document.nodes {
        let (first, last) = node.distributions;
        for distribution in &document.distributions[first as usize..last as usize] {
            let category = context.category(distribution.value, node.offset)?;
            let _ = category_index(categories, category);
        }
    }
    for distribution in &document.distributions {
        let category = context.category(distribution.value, context.head.offset)?;
        indices.push(category_index(categories, category));
    }
    let moved: Vec<u32> = scored.iter().map(|category| category_index(categories, *category)).collect();
    for score in plan.scores.iter_mut().filter(|score| !score.is_nan()) {
        *score = f64::from(moved[*score as usize]);
    }
    let width = categories.len();
    let holders = document.nodes.iter().filter(|node| node.distributions.0 < node.distributions.1).count();
    if holders.saturating_mul(width) > CELL_LIMIT {
        let message = format!("distributions of more than {CELL_LIMIT} categories in all");
        return Err(Fault::too_large(context.head.offset, message));
    }
    let has_confidence = document.distributions.iter().any(|distribution| distribution.confidence.is_some());
    let mut by_node = vec![NONE; document.nodes.len()];
    let (mut probabilities, mut confidences) = (Vec::new(), Vec::new());
    for (index, node) in document.nodes.iter().enumerate() {
        let (first, last) = (node.distributions.0 as usize, node.distributions.1 as usize);
        if first == last {
            continue;
        }
        by_node[index] = (probabilities.len() / width) as u32;
        let start = probabilities.len();
        probabilities.resize(start + width, 0.0);
        let own = &document.distributions[first..last];
        let total: f64 = own.iter().map(|distribution| distribution.record_count.unwrap_or(0.0)).sum();
        if has_confidence {
            confidences.resize(start + width, 0.0);
        }
        for (distribution, category) in own.iter().zip(&indices[first..last]) {
            let at = start + *category as usize;
            probabilities[at] = match (distribution.probability, distribution.record_count) {
                (Some(probability), _) => probability,
                (None, Some(count)) => count / total,
                (None, None) => 0.0,
            };
            if let Some(confidence) = distribution.confidence {
                confidences[at] = confidence;
            }
        }
    }
    plan.distributions = by_node.into();
    plan.probabilities = probabilities.into();
    plan.confidences = confidences.into();
    Ok(())
}

/// By node: the index of the child that its `defaultChild` names.
fn default_children(document: &Document<'_>) -> Box<[u32]> {
    let nodes = &document.nodes;
    let child = |(index, node): (usize, &NodeDocument<'_>)| {
        let Some(wanted) = node.default_child else { return NONE };
        let mut child = index + 1;
        while child < node.next as usize {
            let own = &nodes[child];
            let found = match own.id {
                Some(id) => id == wanted,
                None => wanted.parse() == Ok(child + 1),
            };
            if found {
                return child as u32;
            }
            child = own.next as usize;
        }
        NONE
    };
    nodes.iter().enumerate().map(child).collect()
}
