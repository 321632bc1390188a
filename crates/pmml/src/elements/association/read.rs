//! `AssociationModel` as typed data.

use crate::document::{ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::fault::Result;
use crate::reader::{Element, Xml};

/// `AssociationModel`.
#[derive(Clone, Debug, Default)]
pub struct Document<'a> {
    /// The items.
    pub items: Vec<Item<'a>>,
    /// Sets of items.
    pub itemsets: Vec<Itemset<'a>>,
    /// The rules.
    pub rules: Vec<Rule<'a>>,
}

/// `Item`.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its id.
    pub id: &'a str,
    /// What it is called; in old versions also the field that tells of it, or `field=category`.
    pub value: &'a str,
    /// The field that tells of it.
    pub field: Option<&'a str>,
    /// The value of that field.
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
#[derive(Clone, Debug)]
pub struct Rule<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its id.
    pub id: Option<&'a str>,
    /// Id of the set that has to be there.
    pub antecedent: &'a str,
    /// Id of the set that is then expected.
    pub consequent: &'a str,
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

/// Reads an `AssociationModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    // Facts about the training data.
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
    let mut document = Document::default();
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

fn read_item<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Item<'a>> {
    let item = Item {
        offset: element.offset,
        id: element.required("id")?,
        value: element.required("value")?,
        field: element.text("field"),
        category: element.text("category"),
    };
    element.ignore(&["mappedValue", "weight"]);
    element.finish()?;
    xml.end(&element)?;
    Ok(item)
}

fn read_itemset<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Itemset<'a>> {
    let mut itemset = Itemset { offset: element.offset, id: element.required("id")?, items: Vec::new() };
    element.ignore(&["support", "numberOfItems"]);
    element.finish()?;
    while let Some(mut child) = xml.child()? {
        match child.name {
            "ItemRef" => {
                itemset.items.push(child.required("itemRef")?);
                child.finish()?;
                xml.end(&child)?;
            }
            _ => return Err(child.unexpected("Itemset")),
        }
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
