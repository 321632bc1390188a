//! `SequenceModel` compiled: sets to codes of strings, sequences to lists of sets.

use std::collections::HashMap;

use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::document::schema::Usage;
use crate::elements::ElementPlan;
use crate::elements::sequence::read::{Delimiter, DelimiterKind, Document, Gap};
use crate::fault::{Fault, Result};
use crate::plan::model::{Entities, Figures};
use crate::plan::{Place, Slot};
use crate::value::{Datum, Kind};

/// A compiled `SequenceModel`.
#[derive(Debug)]
pub struct Plan {
    /// The list of items.
    pub items: Slot,
    /// The list of their times.
    pub times: Option<Slot>,
    /// Where errors about the times stand.
    pub place: Place,
    /// By set: the codes that must all be in one transaction.
    pub sets: Box<[Box<[u32]>]>,
    /// By sequence: its sets, each with how it follows the one before.
    pub sequences: Box<[Steps]>,
    /// Rules; of a model without any, its sequences as rules without a consequent.
    pub rules: Box<[RulePlan]>,
}

/// The sets of a sequence, each with how it follows the one before.
pub type Steps = Box<[(Step, u32)]>;

/// How a set follows the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is the first one.
    First,
    /// In the same transaction.
    Same,
    /// In the next one.
    Next,
    /// In a later one.
    Later,
    /// In a later one that is not the next.
    AfterGap,
}

/// A rule.
#[derive(Debug)]
pub struct RulePlan {
    /// Sequence that must be there.
    pub antecedent: u32,
    /// Sequence that is then to be expected, and how it follows.
    pub consequent: Option<(Step, u32)>,
    /// Code of the rule as text: `{A}{B,C}->{D}`.
    pub text: u32,
    /// Code of its id.
    pub id: u32,
    /// Support, confidence, lift, and two that sequences do not have; NaN if not stated.
    pub figures: [f64; 5],
}

impl Step {
    fn of(delimiter: Delimiter) -> Self {
        match (delimiter.kind, delimiter.gap) {
            (DelimiterKind::SameTimeWindow, _) => Self::Same,
            (DelimiterKind::AcrossTimeWindows, Gap::False) => Self::Next,
            (DelimiterKind::AcrossTimeWindows, Gap::Unknown) => Self::Later,
            (DelimiterKind::AcrossTimeWindows, Gap::True) => Self::AfterGap,
        }
    }
}

/// Compiles a `SequenceModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    if !matches!(context.head.function, MiningFunction::Sequences | MiningFunction::AssociationRules) {
        return Err(Fault::invalid(context.head.offset, "a SequenceModel is for sequences"));
    }
    let (field, items) = item_list(context)?;
    let times = time_list(context)?;
    let mut sets = Sets::default();
    sets.collect(document, field, context)?;
    let mut by_id = HashMap::new();
    let mut sequences: Vec<Steps> = Vec::with_capacity(document.sequences.len());
    for sequence in &document.sequences {
        let mut steps = vec![(Step::First, sets.find(sequence.first, sequence.offset)?)];
        for (delimiter, set) in &sequence.following {
            steps.push((Step::of(*delimiter), sets.find(set, sequence.offset)?));
        }
        if by_id.insert(sequence.id, sequences.len() as u32).is_some() {
            let message = format!("two sequences have the id {:?}", sequence.id);
            return Err(Fault::invalid(sequence.offset, message));
        }
        sequences.push(steps.into());
    }
    let mut rules = Vec::with_capacity(document.rules.len());
    for rule in &document.rules {
        let find = |id: &str| {
            by_id.get(id).copied().ok_or_else(|| {
                Fault::invalid(rule.offset, format!("no Sequence has the id {id:?} that a rule names"))
            })
        };
        let (antecedent, consequent) = (find(rule.antecedent)?, find(rule.consequent)?);
        let text = format!(
            "{}->{}",
            sets.text(&sequences[antecedent as usize], context),
            sets.text(&sequences[consequent as usize], context)
        );
        let lift = rule.lift.unwrap_or(f64::NAN);
        rules.push(RulePlan {
            antecedent,
            consequent: Some((Step::of(rule.delimiter), consequent)),
            text: context.text(&text),
            id: context.text(rule.id),
            figures: [rule.support, rule.confidence, lift, f64::NAN, f64::NAN],
        });
    }
    if document.rules.is_empty() {
        for (index, sequence) in document.sequences.iter().enumerate() {
            let text = sets.text(&sequences[index], context);
            let support = sequence.support.unwrap_or(f64::NAN);
            rules.push(RulePlan {
                antecedent: index as u32,
                consequent: None,
                text: context.text(&text),
                id: context.text(sequence.id),
                figures: [support, f64::NAN, f64::NAN, f64::NAN, f64::NAN],
            });
        }
    }
    let entities = Entities::Named(rules.iter().map(|rule| rule.id).collect());
    let plan = Plan {
        items,
        times,
        place: context.place("the times of the items"),
        sets: sets.codes.into(),
        sequences: sequences.into(),
        rules: rules.into(),
    };
    let figures = Figures { entity: true, ..Figures::default() };
    Ok(Compiled { entities, figures, ..Compiled::new(ElementPlan::Sequence(Box::new(plan))) })
}

/// The one active field, which holds the items.
fn item_list<'a>(context: &mut ModelContext<'_, '_, 'a>) -> Result<(&'a str, Slot)> {
    let fields = context.head.mining_schema.fields.iter();
    let active: Vec<_> = fields.filter(|field| field.usage == Usage::Active).collect();
    let [field] = active[..] else {
        let message = format!("a SequenceModel has one active field, the items, and not {}", active.len());
        return Err(Fault::unsupported(context.head.offset, message));
    };
    let slot = context.slot(field.name, field.offset)?;
    let kind = context.kind(slot);
    if !matches!(kind, Kind::List | Kind::Text) {
        let message =
            format!("the items of a SequenceModel are strings, but {:?} is {}", field.name, kind.describe());
        return Err(Fault::unsupported(field.offset, message));
    }
    Ok((field.name, slot))
}

/// The field of usage `order`: a list too.
fn time_list(context: &mut ModelContext<'_, '_, '_>) -> Result<Option<Slot>> {
    let mut fields = context.head.mining_schema.fields.iter();
    let Some(field) = fields.find(|field| field.usage == Usage::Order) else { return Ok(None) };
    context.compiler.list_input(field.name);
    context.slot(field.name, field.offset).map(Some)
}

/// Sets by id.
#[derive(Default)]
struct Sets<'a> {
    by_id: HashMap<&'a str, u32>,
    codes: Vec<Box<[u32]>>,
}

impl<'a> Sets<'a> {
    fn collect(
        &mut self,
        document: &Document<'a>,
        field: &str,
        context: &mut ModelContext<'_, '_, 'a>,
    ) -> Result<()> {
        let mut items = HashMap::new();
        for item in &document.items {
            if items.insert(item.id, context.text(item.value)).is_some() {
                return Err(Fault::invalid(item.offset, format!("two items have the id {:?}", item.id)));
            }
        }
        for itemset in &document.itemsets {
            let mut codes = Vec::with_capacity(itemset.items.len());
            for id in &itemset.items {
                let code = items.get(id).copied().ok_or_else(|| {
                    let message = format!("no Item has the id {id:?} that an ItemRef names");
                    Fault::invalid(itemset.offset, message)
                })?;
                codes.push(code);
            }
            self.add(itemset.id, itemset.offset, codes)?;
        }
        for predicate in &document.predicates {
            if predicate.field != field {
                let message = format!("a SetPredicate of another field than the items, {field:?}");
                return Err(Fault::unsupported(predicate.offset, message));
            }
            let codes = predicate.values.iter().map(|value| context.text(value)).collect();
            self.add(predicate.id, predicate.offset, codes)?;
        }
        Ok(())
    }

    fn add(&mut self, id: &'a str, offset: u32, codes: Vec<u32>) -> Result<()> {
        if self.by_id.insert(id, self.codes.len() as u32).is_some() {
            return Err(Fault::invalid(offset, format!("two sets have the id {id:?}")));
        }
        self.codes.push(codes.into());
        Ok(())
    }

    fn find(&self, id: &str, offset: u32) -> Result<u32> {
        self.by_id.get(id).copied().ok_or_else(|| {
            Fault::invalid(
                offset,
                format!("no Itemset or SetPredicate has the id {id:?} that a Sequence names"),
            )
        })
    }

    /// A sequence as text: `{A}{B,C}`.
    fn text(&self, steps: &[(Step, u32)], context: &ModelContext<'_, '_, '_>) -> String {
        let texts = &context.compiler.texts;
        let set = |(_, set): &(Step, u32)| {
            let words: Vec<&str> = self.codes[*set as usize].iter().map(|code| texts.get(*code)).collect();
            format!("{{{}}}", words.join(","))
        };
        steps.iter().map(set).collect()
    }
}

/// The items of a set as values.
pub fn items_of(set: &[u32]) -> impl Iterator<Item = Option<Datum>> + '_ {
    set.iter().map(|code| Some(Datum::text(*code)))
}
