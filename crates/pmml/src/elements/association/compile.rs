//! `AssociationModel` compiled: items and sets by index, names by code.

use std::collections::HashMap;

use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::document::schema::Usage;
use crate::elements::ElementPlan;
use crate::elements::association::read::{Document, Item, Rule};
use crate::fault::{Fault, Result};
use crate::plan::Slot;
use crate::plan::model::{Entities, Figures};

/// A compiled `AssociationModel`.
#[derive(Debug)]
pub struct Plan {
    /// How a row tells of its items.
    pub input: Input,
    /// Codes of the items' names.
    pub names: Box<[u32]>,
    /// Sets of items.
    pub itemsets: Box<[Box<[u32]>]>,
    /// The rules, in document order.
    pub rules: Box<[RulePlan]>,
}

/// How a row tells of its items.
#[derive(Debug)]
pub enum Input {
    /// One field holds the list of their names.
    List {
        /// The field.
        slot: Slot,
        /// Codes of names with their items, by code.
        items: Box<[(u32, u32)]>,
    },
    /// Each has a field that tells of it; by item.
    Fields(Box<[Presence]>),
}

/// When an item is there.
#[derive(Debug)]
pub enum Presence {
    /// If the field has one of these values.
    OneOf(Slot, Box<[f64]>),
    /// Never: no field tells of it.
    Never,
}

/// A compiled rule.
#[derive(Debug)]
pub struct RulePlan {
    /// Code of its id.
    pub id: u32,
    /// The set that has to be there.
    pub antecedent: u32,
    /// The set that is then expected.
    pub consequent: u32,
    /// Code of the rule as text.
    pub text: u32,
    /// Share of transactions with both sets.
    pub support: f64,
    /// Share of transactions with the antecedent that have the consequent too.
    pub confidence: f64,
    /// Confidence over the consequent's own share.
    pub lift: Option<f64>,
    /// Support less what independent sets would have.
    pub leverage: Option<f64>,
    /// Support over the share of transactions with either set.
    pub affinity: Option<f64>,
}

/// Words for "the item is there" in a field that is named like it.
const PRESENT: [&str; 3] = ["T", "true", "1"];

/// Compiles an `AssociationModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    let offset = context.head.offset;
    if context.head.function != MiningFunction::AssociationRules {
        return Err(Fault::invalid(offset, "an AssociationModel is for associationRules"));
    }
    if context.head.output.as_ref().is_none_or(|output| output.fields.is_empty()) {
        return Err(Fault::invalid(offset, "the model has neither a target nor an output field"));
    }
    let items = by_id(document.items.iter().map(|item| (item.id, item.offset)), "Item")?;
    let itemsets = by_id(document.itemsets.iter().map(|set| (set.id, set.offset)), "Itemset")?;
    let names: Box<[u32]> = document.items.iter().map(|item| context.text(item.value)).collect();
    let mut members = Vec::with_capacity(document.itemsets.len());
    for itemset in &document.itemsets {
        let find = |id: &&str| find(&items, id, itemset.offset, "Item");
        members.push(itemset.items.iter().map(find).collect::<Result<Box<[u32]>>>()?);
    }
    let mut rules = Vec::with_capacity(document.rules.len());
    for (index, rule) in document.rules.iter().enumerate() {
        let antecedent = find(&itemsets, rule.antecedent, rule.offset, "Itemset")?;
        let consequent = find(&itemsets, rule.consequent, rule.offset, "Itemset")?;
        let set = |set: u32| {
            let items: Vec<&str> =
                members[set as usize].iter().map(|item| document.items[*item as usize].value).collect();
            format!("{{{}}}", items.join(","))
        };
        let text = format!("{}->{}", set(antecedent), set(consequent));
        rules.push(rule_plan(rule, index, antecedent, consequent, &text, context));
    }
    let input = input(document, &names, context)?;
    let entities = Entities::Named(rules.iter().map(|rule| rule.id).collect());
    let plan = Plan { input, names, itemsets: members.into(), rules: rules.into() };
    let figures = Figures::default();
    Ok(Compiled { entities, figures, ..Compiled::new(ElementPlan::Association(Box::new(plan))) })
}

fn rule_plan(
    rule: &Rule<'_>,
    index: usize,
    antecedent: u32,
    consequent: u32,
    text: &str,
    context: &mut ModelContext<'_, '_, '_>,
) -> RulePlan {
    let id = match rule.id {
        Some(id) => context.text(id),
        None => context.text(&(index + 1).to_string()),
    };
    RulePlan {
        id,
        antecedent,
        consequent,
        text: context.text(text),
        support: rule.support,
        confidence: rule.confidence,
        lift: rule.lift,
        leverage: rule.leverage,
        affinity: rule.affinity,
    }
}

fn input<'a>(
    document: &Document<'a>,
    names: &[u32],
    context: &mut ModelContext<'_, '_, 'a>,
) -> Result<Input> {
    let fields = &context.head.mining_schema.fields;
    if fields.iter().any(|field| field.usage == Usage::Group) {
        let mut active = fields.iter().filter(|field| field.usage == Usage::Active);
        let (Some(field), None) = (active.next(), active.next()) else {
            let message = "an AssociationModel with a group field needs one active field, the items";
            return Err(Fault::invalid(context.head.offset, message));
        };
        let slot = context.slot(field.name, field.offset)?;
        let mut items: Vec<(u32, u32)> = names.iter().copied().zip(0..).collect();
        items.sort_unstable();
        return Ok(Input::List { slot, items: items.into() });
    }
    let presences = document.items.iter().map(|item| presence(item, context)).collect::<Result<_>>()?;
    Ok(Input::Fields(presences))
}

/// Which field tells of an item: the one it names, the one named like it, or the one before the sign of equality.
fn presence<'a>(item: &Item<'a>, context: &mut ModelContext<'_, '_, 'a>) -> Result<Presence> {
    let is_field = |name: &str| context.head.mining_schema.fields.iter().any(|field| field.name == name);
    let (field, category) = match (item.field, item.value.split_once('=')) {
        (Some(field), _) => (field, Some(item.category.unwrap_or(item.value))),
        (None, _) if is_field(item.value) => (item.value, item.category),
        (None, Some((field, category))) if is_field(field) => (field, Some(category)),
        (None, _) => return Ok(Presence::Never),
    };
    let slot = context.slot(field, item.offset)?;
    let words = category.as_slice();
    let words = if words.is_empty() { &PRESENT[..] } else { words };
    let values = words.iter().map(|word| context.value_of(slot, word)).filter(|value| !value.is_nan());
    Ok(Presence::OneOf(slot, values.collect()))
}

fn by_id<'a>(ids: impl Iterator<Item = (&'a str, u32)>, element: &str) -> Result<HashMap<&'a str, u32>> {
    let mut found = HashMap::new();
    for (index, (id, offset)) in ids.enumerate() {
        if found.insert(id, index as u32).is_some() {
            return Err(Fault::invalid(offset, format!("two {element}s have the id {id:?}")));
        }
    }
    Ok(found)
}

fn find(known: &HashMap<&str, u32>, id: &str, offset: u32, element: &str) -> Result<u32> {
    known.get(id).copied().ok_or_else(|| Fault::invalid(offset, format!("no {element} has the id {id:?}")))
}
