//! `TreeModel` compiled: nodes of 16 bytes, what they answer with in tables beside.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::compile::model::category_index;
use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::elements::ElementPlan;
use crate::elements::tree::TreeColumns;
use crate::elements::tree::answers::{Collector, NONE, NodeAnswers};
use crate::elements::tree::embedded::{self, EmbeddedPlans};
use crate::elements::tree::read::{Document, MissingValueStrategy, NoTrueChildStrategy, NodeDocument};
use crate::fault::{Fault, Result};
use crate::plan::model::{Entities, Figures};
use crate::plan::predicate::Comparison;
use crate::plan::{Predicate, Slot};
use crate::reader::element::parse_number;
use crate::reader::xml::CELL_LIMIT;
use crate::value::Datum;

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
    /// What the nodes answer with.
    pub answers: NodeAnswers,
    /// By node: its training records. Empty unless something is weighted by them.
    pub record_counts: Box<[f64]>,
    /// By node: its default child, `NONE` for none. Empty unless default children are taken.
    pub default_children: Box<[u32]>,
    /// The same tree for blocks of rows, if it answers by itself.
    pub columns: Option<Box<TreeColumns>>,
    /// Models that answer for nodes.
    pub embedded: EmbeddedPlans,
}

/// A node: its test and where those below it end. Its first child is the node after it.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// What a number is compared with.
    pub constant: f64,
    /// Index of the first node that is not below this one.
    pub next: u32,
    /// The field, or the index of a predicate, and the test.
    packed: u32,
}

/// Bits that a test takes of a node.
const TEST_BITS: u32 = 3;

impl Node {
    /// A node; `None` if the plan has more slots or predicates than its bits can number.
    #[must_use]
    pub fn new(test: Test, slot: u32, constant: f64, next: u32) -> Option<Self> {
        let test = Test::ALL.iter().position(|known| *known == test)? as u32;
        (slot < 1 << (u32::BITS - TEST_BITS)).then_some(Self {
            constant,
            next,
            packed: slot << TEST_BITS | test,
        })
    }

    /// The field; the index of a predicate if the test is [`Test::Predicate`].
    #[inline]
    #[must_use]
    pub fn slot(&self) -> u32 {
        self.packed >> TEST_BITS
    }

    /// When the node is taken.
    #[inline]
    #[must_use]
    pub fn test(&self) -> Test {
        Test::ALL[(self.packed % (1 << TEST_BITS)) as usize]
    }
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

impl Test {
    const ALL: [Self; 1 << TEST_BITS] = [
        Self::True,
        Self::Predicate,
        Self::Compare(Comparison::Equal),
        Self::Compare(Comparison::NotEqual),
        Self::Compare(Comparison::Less),
        Self::Compare(Comparison::LessOrEqual),
        Self::Compare(Comparison::Greater),
        Self::Compare(Comparison::GreaterOrEqual),
    ];
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
    let mut categories = Categories::default();
    let mut nodes = Vec::with_capacity(count);
    let mut predicates = Vec::new();
    let mut scores = Vec::with_capacity(count);
    for node in &document.nodes {
        nodes.push(compile_node(node, context, &mut predicates)?);
        scores.push(match node.score {
            None => f64::NAN,
            Some(text) if is_classification => f64::from(categories.index(text, node.offset, context)?),
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
        answers: NodeAnswers::default(),
        record_counts: Box::default(),
        default_children: Box::default(),
        columns: None,
        embedded: embedded::compile(document, context, &mut categories.found)?,
    };
    if is_classification {
        plan.answers = compile_distributions(document, context, scores, &mut categories)?;
        plan.embedded.number_categories(context.compiler, &categories.found);
    } else {
        plan.answers = NodeAnswers::numbers(scores);
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
    Ok(Compiled {
        categories: categories.found,
        entities,
        figures,
        ..Compiled::new(ElementPlan::Tree(Box::new(plan)))
    })
}

fn compile_node<'a>(
    node: &NodeDocument<'a>,
    context: &mut ModelContext<'_, '_, 'a>,
    predicates: &mut Vec<Predicate>,
) -> Result<Node> {
    let (test, slot, constant) = match context.predicate(&node.predicate)? {
        Predicate::True => (Test::True, 0, 0.0),
        Predicate::Compare { slot: Slot(slot), operator, constant } => {
            (Test::Compare(operator), slot, constant)
        }
        other => {
            predicates.push(other);
            (Test::Predicate, predicates.len() as u32 - 1, 0.0)
        }
    };
    Node::new(test, slot, constant, node.next)
        .ok_or_else(|| Fault::too_large(node.offset, "a tree of too many fields or predicates"))
}

/// Categories as they are met, with the words for them.
#[derive(Default)]
struct Categories<'a> {
    found: Vec<Datum>,
    by_word: HashMap<&'a str, u32, RandomState>,
}

impl<'a> Categories<'a> {
    /// The index of a category by its word.
    fn index(&mut self, word: &'a str, offset: u32, context: &mut ModelContext<'_, '_, 'a>) -> Result<u32> {
        if let Some(index) = self.by_word.get(word) {
            return Ok(*index);
        }
        let index = category_index(&mut self.found, context.category(word, offset)?);
        self.by_word.insert(word, index);
        Ok(index)
    }
}

/// Scores with distributions, which have one entry a category, in the order in which categories first occur.
fn compile_distributions<'a>(
    document: &Document<'a>,
    context: &mut ModelContext<'_, '_, 'a>,
    mut scores: Vec<f64>,
    categories: &mut Categories<'a>,
) -> Result<NodeAnswers> {
    let mut indices = vec![0; document.distributions.len()];
    if !document.distributions.is_empty() {
        // The order of the distributions decides ties; scores follow.
        let scored = std::mem::take(categories).found;
        for node in &document.nodes {
            let own = node.distributions.0 as usize..node.distributions.1 as usize;
            for (index, distribution) in indices[own.clone()].iter_mut().zip(&document.distributions[own]) {
                *index = categories.index(distribution.value, node.offset, context)?;
            }
        }
        let found = &mut categories.found;
        let moved: Vec<u32> = scored.iter().map(|category| category_index(found, *category)).collect();
        for score in scores.iter_mut().filter(|score| !score.is_nan()) {
            *score = f64::from(moved[*score as usize]);
        }
    }
    let width = categories.found.len();
    let holders = document.nodes.iter().filter(|node| node.distributions.0 < node.distributions.1).count();
    if holders.saturating_mul(width) > CELL_LIMIT {
        let message = format!("distributions of more than {CELL_LIMIT} categories in all");
        return Err(Fault::too_large(context.head.offset, message));
    }
    let has_confidence = document.distributions.iter().any(|distribution| distribution.confidence.is_some());
    let mut answers = Collector::new(document.nodes.len(), width);
    let mut probabilities = vec![0.0; width];
    let mut confidences = vec![0.0; if has_confidence { width } else { 0 }];
    for (node, score) in document.nodes.iter().zip(scores) {
        let (first, last) = (node.distributions.0 as usize, node.distributions.1 as usize);
        if first == last {
            answers.push(score, None);
            continue;
        }
        probabilities.fill(0.0);
        confidences.fill(0.0);
        let own = &document.distributions[first..last];
        let total: f64 = own.iter().map(|distribution| distribution.record_count.unwrap_or(0.0)).sum();
        for (distribution, category) in own.iter().zip(&indices[first..last]) {
            let at = *category as usize;
            probabilities[at] = match (distribution.probability, distribution.record_count) {
                (Some(probability), _) => probability,
                (None, Some(count)) => count / total,
                (None, None) => 0.0,
            };
            if let Some(confidence) = distribution.confidence {
                confidences[at] = confidence;
            }
        }
        answers.push(score, Some((&probabilities, &confidences)));
    }
    Ok(answers.finish())
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
