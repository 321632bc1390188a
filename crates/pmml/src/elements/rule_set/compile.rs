//! `RuleSetModel` compiled: predicates, categories, weights.

use crate::compile::model::category_index;
use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::elements::ElementPlan;
use crate::elements::rule_set::read::{Criterion, Document};
use crate::fault::{Fault, Result};
use crate::plan::Predicate;
use crate::plan::model::{Entities, Figures};
use crate::score::columnar::predicates::{self, Predicates};

/// A compiled `RuleSetModel`.
#[derive(Debug)]
pub struct Plan {
    /// Which of the rules that fire decides.
    pub criterion: Criterion,
    /// Category and confidence where none fires; `None` is an error of the row.
    pub default: Option<(u32, f64)>,
    /// Conditions of compound rules, each with the one around it, which stands before.
    pub conditions: Box<[(Predicate, Option<u32>)]>,
    /// The rules.
    pub rules: Box<[Rule]>,
    /// The same predicates for columns, conditions before rules, if columns can be tested by all.
    pub columns: Option<Predicates>,
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// When it fires.
    pub predicate: Predicate,
    /// The compound rule around it.
    pub condition: Option<u32>,
    /// The category that it answers.
    pub category: u32,
    /// Confidence in it.
    pub confidence: f64,
    /// Its weight.
    pub weight: f64,
}

/// Compiles a `RuleSetModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    if context.head.function != MiningFunction::Classification {
        return Err(Fault::invalid(context.head.offset, "a RuleSetModel is for classification"));
    }
    let mut conditions = Vec::with_capacity(document.conditions.len());
    for (predicate, around) in &document.conditions {
        conditions.push((context.predicate(predicate)?, *around));
    }
    let mut categories = Vec::new();
    let mut rules = Vec::with_capacity(document.rules.len());
    for rule in &document.rules {
        let category = context.category(rule.score, rule.offset)?;
        rules.push(Rule {
            predicate: context.predicate(&rule.predicate)?,
            condition: rule.condition,
            category: category_index(&mut categories, category),
            confidence: rule.confidence,
            weight: rule.weight,
        });
    }
    let default = match (document.default_score, document.default_confidence) {
        (Some(score), Some(confidence)) => {
            let category = context.category(score, context.head.offset)?;
            Some((category_index(&mut categories, category), confidence))
        }
        _ => None,
    };
    let entities = if document.rules.iter().all(|rule| rule.id.is_none()) {
        Entities::Positions(document.rules.len() as u32)
    } else {
        let name = |(index, id): (usize, Option<&str>)| match id {
            Some(id) => context.text(id),
            None => context.text(&(index + 1).to_string()),
        };
        Entities::Named(document.rules.iter().map(|rule| rule.id).enumerate().map(name).collect())
    };
    let tested = conditions.iter().map(|(predicate, _)| predicate);
    let columns = predicates::find(tested.chain(rules.iter().map(|rule: &Rule| &rule.predicate)));
    let plan = Plan {
        criterion: document.criterion,
        default,
        conditions: conditions.into(),
        rules: rules.into(),
        columns,
    };
    let figures = Figures { confidence: true, entity: true, ..Figures::default() };
    Ok(Compiled { categories, entities, figures, ..Compiled::new(ElementPlan::RuleSet(Box::new(plan))) })
}
