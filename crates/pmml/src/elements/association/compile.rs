//! `AssociationModel` compiled: items to positions, itemsets to lists of positions, rules to pairs of itemsets.

use std::collections::HashMap;

use crate::compile::{Compiled, ModelContext};
use crate::document::schema::Usage;
use crate::document::{MiningFunction, ModelDocument, ModelHead};
use crate::elements::association::read::{Document, Item, Rule};
use crate::elements::{ElementDocument, ElementPlan};
use crate::fault::{Fault, Result};
use crate::plan::Slot;
use crate::plan::model::Entities;
use crate::value::{Datum, Kind};

/// A compiled `AssociationModel`.
#[derive(Debug)]
pub struct Plan {
    /// Where a row's items come from.
    pub basket: Basket,
    /// By item: its value.
    pub values: Box<[Datum]>,
    /// By itemset: its items.
    pub itemsets: Box<[Box<[u32]>]>,
    /// The rules.
    pub rules: Box<[RulePlan]>,
}

/// Where a row's items come from.
#[derive(Debug)]
pub enum Basket {
    /// A field that holds a list of items, or one.
    List {
        /// The field.
        slot: Slot,
        /// Codes of items with their positions, ascending.
        positions: Box<[(u32, u32)]>,
    },
    /// By item: the field that tells whether it is there; `None` if none does.
    Fields(Box<[Option<Presence>]>),
}

/// When a field tells that an item is there.
#[derive(Debug)]
pub struct Presence {
    /// The field.
    pub slot: Slot,
    /// The values for which the item is there.
    pub values: Box<[f64]>,
}

/// A rule.
#[derive(Debug)]
pub struct RulePlan {
    /// Itemset that must be in the basket.
    pub antecedent: u32,
    /// Itemset that is then to be expected.
    pub consequent: u32,
    /// Code of the rule as text: `{A,B}->{C}`.
    pub text: u32,
    /// Code of its id.
    pub id: u32,
    /// Support, confidence, lift, leverage, affinity; NaN if not stated.
    pub figures: [f64; 5],
}

/// Compiles an `AssociationModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    if context.head.function != MiningFunction::AssociationRules {
        return Err(Fault::invalid(context.head.offset, "an AssociationModel is for associationRules"));
    }
    let mut by_id = HashMap::new();
    for (index, item) in document.items.iter().enumerate() {
        if by_id.insert(item.id, index as u32).is_some() {
            return Err(Fault::invalid(item.offset, format!("two items have the id {:?}", item.id)));
        }
    }
    let values = document.items.iter().map(|item| Datum::text(context.text(item.value))).collect();
    let mut itemset_by_id = HashMap::new();
    let mut itemsets: Vec<Box<[u32]>> = Vec::with_capacity(document.itemsets.len());
    for itemset in &document.itemsets {
        let item = |id: &&str| {
            by_id.get(*id).copied().ok_or_else(|| {
                Fault::invalid(itemset.offset, format!("no Item has the id {id:?} that an ItemRef names"))
            })
        };
        itemsets.push(itemset.items.iter().map(item).collect::<Result<_>>()?);
        if itemset_by_id.insert(itemset.id, itemsets.len() as u32 - 1).is_some() {
            return Err(Fault::invalid(itemset.offset, format!("two itemsets have the id {:?}", itemset.id)));
        }
    }
    let mut rules = Vec::with_capacity(document.rules.len());
    for rule in &document.rules {
        let itemset = |id: &str| {
            itemset_by_id.get(id).copied().ok_or_else(|| {
                Fault::invalid(rule.offset, format!("no Itemset has the id {id:?} that a rule names"))
            })
        };
        let (antecedent, consequent) = (itemset(rule.antecedent)?, itemset(rule.consequent)?);
        let words = |itemset: u32| {
            let names = itemsets[itemset as usize].iter().map(|item| document.items[*item as usize].value);
            names.collect::<Vec<_>>().join(",")
        };
        let text = context.text(&format!("{{{}}}->{{{}}}", words(antecedent), words(consequent)));
        let id = match rule.id {
            Some(id) => context.text(id),
            None => context.text(&(rules.len() + 1).to_string()),
        };
        rules.push(RulePlan { antecedent, consequent, text, id, figures: figures(rule) });
    }
    let basket = basket(document, context)?;
    let entities = Entities::Named(rules.iter().map(|rule| rule.id).collect());
    let plan = Plan { basket, values, itemsets: itemsets.into(), rules: rules.into() };
    Ok(Compiled { entities, ..Compiled::new(ElementPlan::Association(Box::new(plan))) })
}

fn figures(rule: &Rule<'_>) -> [f64; 5] {
    let stated = |figure: Option<f64>| figure.unwrap_or(f64::NAN);
    [rule.support, rule.confidence, stated(rule.lift), stated(rule.leverage), stated(rule.affinity)]
}

/// True if a model's only active field holds the items of a basket: no item is named after it.
#[must_use]
pub fn is_basket(model: &ModelDocument<'_>) -> bool {
    let ElementDocument::Association(document) = &*model.element else { return false };
    let active = active_fields(&model.head);
    active.len() == 1 && !document.items.iter().any(|item| presence_of(item, &active).is_some())
}

/// Names and places of the active fields.
fn active_fields<'a>(head: &ModelHead<'a>) -> Vec<(&'a str, u32)> {
    let active = head.mining_schema.fields.iter().filter(|field| field.usage == Usage::Active);
    active.map(|field| (field.name, field.offset)).collect()
}

/// A single active field holds the items; of several each tells of items of its own.
fn basket<'d, 'a>(document: &'d Document<'a>, context: &mut ModelContext<'_, 'd, 'a>) -> Result<Basket> {
    let active = active_fields(context.head);
    let names_field = |item: &Item<'_>| presence_of(item, &active).is_some();
    let [(name, offset)] = active[..] else { return fields(document, &active, context) };
    if document.items.iter().any(names_field) {
        return fields(document, &active, context);
    }
    let slot = context.slot(name, offset)?;
    let kind = context.kind(slot);
    if !matches!(kind, Kind::List | Kind::Text) {
        let message =
            format!("the items of an AssociationModel are strings, but {name:?} is {}", kind.describe());
        return Err(Fault::unsupported(offset, message));
    }
    let mut positions = Vec::with_capacity(document.items.len());
    for (index, item) in document.items.iter().enumerate() {
        positions.push((context.text(item.value), index as u32));
    }
    positions.sort_unstable();
    Ok(Basket::List { slot, positions: positions.into() })
}

/// The field that an item names and the value that it must have; any that says yes if none is named.
fn presence_of<'i>(item: &Item<'i>, active: &[(&'i str, u32)]) -> Option<(&'i str, u32, Option<&'i str>)> {
    let find = |name: &str| active.iter().find(|(known, _)| *known == name).copied();
    if let Some(field) = item.field {
        let (name, offset) = find(field)?;
        return Some((name, offset, Some(item.category.unwrap_or(item.value))));
    }
    if let Some((name, offset)) = find(item.value) {
        return Some((name, offset, None));
    }
    let (field, category) = item.value.split_once('=')?;
    let (name, offset) = find(field.trim())?;
    Some((name, offset, Some(category.trim())))
}

fn fields<'d, 'a>(
    document: &'d Document<'a>,
    active: &[(&'a str, u32)],
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Basket> {
    let mut presences = Vec::with_capacity(document.items.len());
    for item in &document.items {
        let Some((name, offset, category)) = presence_of(item, active) else {
            presences.push(None);
            continue;
        };
        let slot = context.slot(name, offset)?;
        let values = match category {
            Some(category) => vec![context.value_of(slot, category)],
            None if context.kind(slot) == Kind::Text => {
                ["T", "true", "1"].iter().map(|yes| context.value_of(slot, yes)).collect()
            }
            None => vec![1.0],
        };
        presences.push(Some(Presence { slot, values: values.into() }));
    }
    Ok(Basket::Fields(presences.into()))
}
