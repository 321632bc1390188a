//! `AssociationModel` as typed data.

use crate::document::{ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::fault::Result;
use crate::reader::{Element, Xml};

/// `AssociationModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// What may be in a basket.
    pub items: Vec<Item<'a>>,
    /// Sets of items.
    pub itemsets: Vec<Itemset<'a>>,
    /// The rules, in order.
    pub rules: Vec<Rule<'a>>,
}

/// `Item`.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its id.
    pub id: &'a str,
    /// Its name, as baskets hold it.
    pub value: &'a str,
    /// The field that tells whether it is there.
    pub field: Option<&'a str>,
    /// The value of the field for which it is there.
    pub category: Option<&'a str>,
}

/// `Itemset`.
#[derive(Clone, Debug)]
pub struct Itemset<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its id.
    pub id: &'a str,
    /// Ids of its items.
    pub items: Vec<&'a str>,
}

/// `AssociationRule`.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its id.
    pub id: Option<&'a str>,
    /// Id of the itemset that must be in the basket.
    pub antecedent: &'a str,
    /// Id of the itemset that is then to be expected.
    pub consequent: &'a str,
    /// Its support.
    pub support: f64,
    /// Its confidence.
    pub confidence: f64,
    /// Its lift.
    pub lift: Option<f64>,
    /// Its leverage.
    pub leverage: Option<f64>,
    /// Its affinity.
    pub affinity: Option<f64>,
}

/// Reads an `AssociationModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    // Tell about training; the counts are those of the elements that follow.
    element.ignore(&[
        "numberOfTransactions",
        "maxNumberOfItemsPerTA",
        "avgNumberOfItemsPerTA",
        "minimumSupport",
        "minimumConfidence",
        "lengthLimit",
        "numberOfItems",
        "numberOfItemsets",
        "numberOfRules",
    ]);
    element.finish()?;
    let mut document = Document { items: Vec::new(), itemsets: Vec::new(), rules: Vec::new() };
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "Item" => document.items.push(read_item(xml, child)?),
            "Itemset" => document.itemsets.push(read_itemset(xml, child)?),
            "AssociationRule" => document.rules.push(read_rule(xml, child)?),
            _ => return Err(child.unexpected("AssociationModel")),
        }
    }
    head.finish(&element, ElementDocument::Association(document))
}

/// Reads an `Item` to its end.
pub fn read_item<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Item<'a>> {
    let item = Item {
        offset: element.offset,
        id: element.required("id")?,
        value: element.required("value")?,
        field: element.text("field"),
        category: element.text("category"),
    };
    // How the item is shown, and what it costs.
    element.ignore(&["mappedValue", "weight"]);
    element.finish()?;
    xml.end(&element)?;
    Ok(item)
}

/// Reads an `Itemset` to its end.
pub fn read_itemset<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Itemset<'a>> {
    let mut itemset = Itemset { offset: element.offset, id: element.required("id")?, items: Vec::new() };
    element.number("support")?;
    let count = element.integer("numberOfItems")?;
    element.finish()?;
    while let Some(mut child) = xml.child()? {
        if child.name != "ItemRef" {
            return Err(child.unexpected("Itemset"));
        }
        itemset.items.push(child.required("itemRef")?);
        child.finish()?;
        xml.end(&child)?;
    }
    if count.is_some_and(|count| usize::try_from(count) != Ok(itemset.items.len())) {
        let message = format!("{} items are not numberOfItems", itemset.items.len());
        return Err(element.invalid(message));
    }
    Ok(itemset)
}

fn read_rule<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Rule<'a>> {
    let rule = Rule {
        offset: element.offset,
        id: element.text("id"),
        antecedent: element.required("antecedent")?,
        consequent: element.required("consequent")?,
        support: element.required_number("support")?,
        confidence: element.required_number("confidence")?,
        lift: element.number("lift")?,
        leverage: element.number("leverage")?,
        affinity: element.number("affinity")?,
    };
    element.finish()?;
    xml.end(&element)?;
    Ok(rule)
}
