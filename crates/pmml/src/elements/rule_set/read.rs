//! `RuleSetModel` as typed data: compound rules flattened into chains of predicates.

use crate::document::{ModelDocument, ModelHead, Predicate};
use crate::elements::ElementDocument;
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// Which of the rules that fire decides.
    pub enum Criterion {
        WeightedSum = "weightedSum",
        WeightedMax = "weightedMax",
        FirstHit = "firstHit",
    }
}

/// `RuleSetModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// Which of the rules that fire decides: the first of those named.
    pub criterion: Criterion,
    /// The answer where none fires.
    pub default_score: Option<&'a str>,
    /// Confidence in it.
    pub default_confidence: Option<f64>,
    /// Conditions of compound rules, each with the one around it.
    pub conditions: Vec<(Predicate<'a>, Option<u32>)>,
    /// The rules in document order.
    pub rules: Vec<Rule<'a>>,
}

/// `SimpleRule`.
#[derive(Clone, Debug)]
pub struct Rule<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its id.
    pub id: Option<&'a str>,
    /// What it answers.
    pub score: &'a str,
    /// Confidence in it.
    pub confidence: f64,
    /// Its weight.
    pub weight: f64,
    /// When it fires.
    pub predicate: Predicate<'a>,
    /// The compound rule around it.
    pub condition: Option<u32>,
}

/// Reads a `RuleSetModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    element.finish()?;
    let mut document = None;
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "RuleSet" if document.is_none() => document = Some(read_rule_set(xml, child)?),
            _ => return Err(child.unexpected("RuleSetModel")),
        }
    }
    let document = document.ok_or_else(|| element.lacks("RuleSet"))?;
    head.finish(&element, ElementDocument::RuleSet(document))
}

fn read_rule_set<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Document<'a>> {
    let default_score = element.text("defaultScore");
    let default_confidence = element.number("defaultConfidence")?;
    element.ignore(&["recordCount", "nbCorrect"]);
    element.finish()?;
    let mut criterion = None;
    let mut document = Document {
        criterion: Criterion::FirstHit,
        default_score,
        default_confidence,
        conditions: Vec::new(),
        rules: Vec::new(),
    };
    while let Some(mut child) = xml.child()? {
        match child.name {
            "RuleSelectionMethod" => {
                let found = child.required_choice("criterion")?;
                child.finish()?;
                xml.end(&child)?;
                criterion = criterion.or(Some(found));
            }
            "ScoreDistribution" => xml.skip()?,
            _ => read_rule(xml, child, &mut document, None, "RuleSet")?,
        }
    }
    document.criterion = criterion.ok_or_else(|| element.lacks("RuleSelectionMethod"))?;
    Ok(document)
}

fn read_rule<'a>(
    xml: &mut Xml<'a>,
    mut element: Element<'a>,
    document: &mut Document<'a>,
    condition: Option<u32>,
    parent: &str,
) -> Result<()> {
    match element.name {
        "SimpleRule" => {
            let id = element.text("id");
            let score = element.required("score")?;
            let confidence = element.number("confidence")?.unwrap_or(1.0);
            let weight = element.number("weight")?.unwrap_or(1.0);
            element.ignore(&["recordCount", "nbCorrect"]);
            element.finish()?;
            let mut predicate = None;
            while let Some(child) = xml.child()? {
                match child.name {
                    "ScoreDistribution" => xml.skip()?,
                    _ if predicate.is_none() => predicate = Some(Predicate::read(xml, child, "SimpleRule")?),
                    _ => return Err(child.unexpected("SimpleRule")),
                }
            }
            let predicate =
                predicate.ok_or_else(|| element.lacks("True, SimplePredicate or another predicate"))?;
            let offset = element.offset;
            document.rules.push(Rule { offset, id, score, confidence, weight, predicate, condition });
            Ok(())
        }
        "CompoundRule" => {
            element.finish()?;
            let Some(first) = xml.child()? else {
                return Err(element.lacks("True, SimplePredicate or another predicate"));
            };
            let predicate = Predicate::read(xml, first, "CompoundRule")?;
            let own = document.conditions.len() as u32;
            document.conditions.push((predicate, condition));
            while let Some(child) = xml.child()? {
                read_rule(xml, child, document, Some(own), "CompoundRule")?;
            }
            Ok(())
        }
        _ => Err(element.unexpected(parent)),
    }
}
