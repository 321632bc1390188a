//! `SequenceModel` as typed data.

use crate::document::table::Array;
use crate::document::{ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::elements::association::{Item, Itemset, read_item, read_itemset};
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// Whether a set lies in the transaction of the one before it.
    pub enum DelimiterKind {
        SameTimeWindow = "sameTimeWindow",
        AcrossTimeWindows = "acrossTimeWindows",
    }
}

closed_list! {
    /// Whether other transactions lie between two sets.
    pub enum Gap {
        True = "true",
        False = "false",
        Unknown = "unknown",
    }
}

closed_list! {
    /// How a set of values is compared with those of a transaction.
    enum SetOperator {
        SupersetOf = "supersetOf",
    }
}

/// `SequenceModel`.
#[derive(Clone, Debug, Default)]
pub struct Document<'a> {
    /// What may be in a transaction.
    pub items: Vec<Item<'a>>,
    /// Sets of items.
    pub itemsets: Vec<Itemset<'a>>,
    /// Sets of values of a field.
    pub predicates: Vec<SetPredicate<'a>>,
    /// Sequences of sets.
    pub sequences: Vec<Sequence<'a>>,
    /// Rules from one sequence to another.
    pub rules: Vec<Rule<'a>>,
}

/// `SetPredicate`.
#[derive(Clone, Debug)]
pub struct SetPredicate<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its id.
    pub id: &'a str,
    /// The field.
    pub field: &'a str,
    /// The values that must all be there.
    pub values: Vec<&'a str>,
}

/// `Delimiter`.
#[derive(Clone, Copy, Debug)]
pub struct Delimiter {
    /// Whether the next set lies in the same transaction.
    pub kind: DelimiterKind,
    /// Whether others lie between.
    pub gap: Gap,
}

/// `Sequence`.
#[derive(Clone, Debug)]
pub struct Sequence<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its id.
    pub id: &'a str,
    /// Id of its first set.
    pub first: &'a str,
    /// Ids of those that follow.
    pub following: Vec<(Delimiter, &'a str)>,
    /// Its support.
    pub support: Option<f64>,
}

/// `SequenceRule`.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its id.
    pub id: &'a str,
    /// Id of the sequence that must be there.
    pub antecedent: &'a str,
    /// How the consequent follows.
    pub delimiter: Delimiter,
    /// Id of the sequence that is then to be expected.
    pub consequent: &'a str,
    /// Its support.
    pub support: f64,
    /// Its confidence.
    pub confidence: f64,
    /// Its lift.
    pub lift: Option<f64>,
}

/// Reads a `SequenceModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    // Tell about training.
    element.ignore(&[
        "numberOfTransactions",
        "maxNumberOfItemsPerTransaction",
        "avgNumberOfItemsPerTransaction",
        "numberOfTransactionGroups",
        "maxNumberOfTAsPerTAGroup",
        "avgNumberOfTAsPerTAGroup",
    ]);
    element.finish()?;
    let mut document = Document::default();
    while let Some(child) = xml.child()? {
        let Some(mut child) = head.child(xml, child)? else { continue };
        match child.name {
            "Item" => document.items.push(read_item(xml, child)?),
            "Itemset" => document.itemsets.push(read_itemset(xml, child)?),
            "SetPredicate" => document.predicates.push(read_predicate(xml, child)?),
            "Sequence" => document.sequences.push(read_sequence(xml, child)?),
            "SequenceRule" => document.rules.push(read_rule(xml, child)?),
            "Constraints" => {
                for what in ["Items", "AntecedentItems", "ConsequentItems"] {
                    child.integer(&format!("minimumNumberOf{what}"))?;
                    child.integer(&format!("maximumNumberOf{what}"))?;
                }
                for name in ["minimumSupport", "minimumConfidence", "minimumLift"] {
                    child.number(name)?;
                }
                for what in ["TotalSequence", "ItemsetSeparation", "AntConsSeparation"] {
                    child.number(&format!("minimum{what}Time"))?;
                    child.number(&format!("maximum{what}Time"))?;
                }
                child.finish()?;
                xml.end(&child)?;
            }
            _ => return Err(child.unexpected("SequenceModel")),
        }
    }
    if document.sequences.is_empty() {
        return Err(element.lacks("Sequence"));
    }
    head.finish(&element, ElementDocument::Sequence(document))
}

fn read_predicate<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<SetPredicate<'a>> {
    let mut predicate = SetPredicate {
        offset: element.offset,
        id: element.required("id")?,
        field: element.required("field")?,
        values: Vec::new(),
    };
    element.choice::<SetOperator>("operator")?;
    element.finish()?;
    while let Some(child) = xml.child()? {
        match child.name {
            "Array" => predicate.values = Array::read(xml, child)?.entries,
            _ => return Err(child.unexpected("SetPredicate")),
        }
    }
    Ok(predicate)
}

fn read_sequence<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Sequence<'a>> {
    let (offset, id) = (element.offset, element.required("id")?);
    let count = element.integer("numberOfSets")?;
    element.integer("occurrence")?;
    let support = element.number("support")?;
    element.finish()?;
    let (mut first, mut following) = (None, Vec::new());
    let mut delimiter = None;
    while let Some(mut child) = xml.child()? {
        match child.name {
            "SetReference" => {
                let set = child.required("setId")?;
                child.finish()?;
                xml.end(&child)?;
                match (first, delimiter.take()) {
                    (None, None) => first = Some(set),
                    (Some(_), Some(delimiter)) => following.push((delimiter, set)),
                    _ => return Err(child.invalid("a Delimiter stands between two sets of a Sequence")),
                }
            }
            "Delimiter" => delimiter = Some(read_delimiter(xml, child)?),
            "Time" => read_time(xml, child)?,
            _ => return Err(child.unexpected("Sequence")),
        }
    }
    let first = first.ok_or_else(|| element.lacks("SetReference"))?;
    if delimiter.is_some() {
        return Err(element.invalid("a Delimiter stands between two sets of a Sequence"));
    }
    if count.is_some_and(|count| usize::try_from(count) != Ok(following.len() + 1)) {
        return Err(element.invalid(format!("{} sets are not numberOfSets", following.len() + 1)));
    }
    Ok(Sequence { offset, id, first, following, support })
}

fn read_delimiter<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Delimiter> {
    let delimiter =
        Delimiter { kind: element.required_choice("delimiter")?, gap: element.required_choice("gap")? };
    element.finish()?;
    xml.end(&element)?;
    Ok(delimiter)
}

/// Statistics of the times that were seen in training.
fn read_time<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<()> {
    for name in ["min", "max", "mean", "standardDeviation"] {
        element.number(name)?;
    }
    element.finish()?;
    xml.end(&element)
}

fn read_rule<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Rule<'a>> {
    let (offset, id) = (element.offset, element.required("id")?);
    element.integer("numberOfSets")?;
    element.integer("occurrence")?;
    let support = element.required_number("support")?;
    let confidence = element.required_number("confidence")?;
    let lift = element.number("lift")?;
    element.finish()?;
    let (mut antecedent, mut delimiter, mut consequent) = (None, None, None);
    while let Some(child) = xml.child()? {
        match child.name {
            "AntecedentSequence" => antecedent = Some(read_reference(xml, &child)?),
            "ConsequentSequence" => consequent = Some(read_reference(xml, &child)?),
            "Delimiter" => delimiter = Some(read_delimiter(xml, child)?),
            "Time" => read_time(xml, child)?,
            _ => return Err(child.unexpected("SequenceRule")),
        }
    }
    Ok(Rule {
        offset,
        id,
        antecedent: antecedent.ok_or_else(|| element.lacks("AntecedentSequence"))?,
        delimiter: delimiter.ok_or_else(|| element.lacks("Delimiter"))?,
        consequent: consequent.ok_or_else(|| element.lacks("ConsequentSequence"))?,
        support,
        confidence,
        lift,
    })
}

/// The id of the one sequence that an antecedent or consequent names.
fn read_reference<'a>(xml: &mut Xml<'a>, element: &Element<'a>) -> Result<&'a str> {
    element.finish()?;
    let mut found = None;
    while let Some(mut child) = xml.child()? {
        match child.name {
            "SequenceReference" if found.is_none() => {
                found = Some(child.required("seqId")?);
                child.finish()?;
                xml.end(&child)?;
            }
            "Time" => read_time(xml, child)?,
            _ => return Err(child.unexpected(element.name)),
        }
    }
    found.ok_or_else(|| element.lacks("SequenceReference"))
}
