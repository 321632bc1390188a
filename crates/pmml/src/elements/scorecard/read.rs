//! `Scorecard` as typed data.

use crate::document::{Expression, ModelDocument, ModelHead, Predicate};
use crate::elements::ElementDocument;
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// Which side of the baseline is a reason.
    pub enum ReasonCodeAlgorithm {
        PointsAbove = "pointsAbove",
        PointsBelow = "pointsBelow",
    }
}

closed_list! {
    /// How the baselines were found; nothing follows from it.
    enum BaselineMethod {
        Max = "max",
        Min = "min",
        Mean = "mean",
        Neutral = "neutral",
        Other = "other",
    }
}

/// `Scorecard`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// Summand of every row.
    pub initial_score: f64,
    /// True if reasons are given.
    pub use_reason_codes: bool,
    /// Which side of the baseline is a reason.
    pub algorithm: ReasonCodeAlgorithm,
    /// Baseline of characteristics without their own.
    pub baseline_score: Option<f64>,
    /// The characteristics.
    pub characteristics: Vec<Characteristic<'a>>,
}

/// `Characteristic`.
#[derive(Clone, Debug)]
pub struct Characteristic<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its name.
    pub name: Option<&'a str>,
    /// Reason of attributes without their own.
    pub reason_code: Option<&'a str>,
    /// What its partial score is compared with.
    pub baseline_score: Option<f64>,
    /// The attributes, the first whose predicate is true counts.
    pub attributes: Vec<Attribute<'a>>,
}

/// `Attribute`.
#[derive(Clone, Debug)]
pub struct Attribute<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its reason.
    pub reason_code: Option<&'a str>,
    /// When it counts.
    pub predicate: Predicate<'a>,
    /// What it adds.
    pub partial_score: PartialScore<'a>,
}

/// What an attribute adds.
#[derive(Clone, Debug)]
pub enum PartialScore<'a> {
    /// Always the same.
    Constant(f64),
    /// An expression.
    Complex(Box<Expression<'a>>),
    /// Neither is written: reading it is an error of the row.
    Absent,
}

/// Reads a `Scorecard` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    let mut document = Document {
        initial_score: element.number("initialScore")?.unwrap_or(0.0),
        use_reason_codes: element.boolean("useReasonCodes")?.unwrap_or(true),
        algorithm: element.choice("reasonCodeAlgorithm")?.unwrap_or(ReasonCodeAlgorithm::PointsBelow),
        baseline_score: element.number("baselineScore")?,
        characteristics: Vec::new(),
    };
    element.choice::<BaselineMethod>("baselineMethod")?;
    element.finish()?;
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "Characteristics" => read_characteristics(xml, &child, &mut document)?,
            _ => return Err(child.unexpected("Scorecard")),
        }
    }
    if document.characteristics.is_empty() {
        return Err(element.lacks("Characteristics"));
    }
    head.finish(&element, ElementDocument::Scorecard(document))
}

fn read_characteristics<'a>(
    xml: &mut Xml<'a>,
    element: &Element<'a>,
    document: &mut Document<'a>,
) -> Result<()> {
    element.finish()?;
    while let Some(mut child) = xml.child()? {
        if child.name != "Characteristic" {
            return Err(child.unexpected("Characteristics"));
        }
        let mut characteristic = Characteristic {
            offset: child.offset,
            name: child.text("name"),
            reason_code: child.text("reasonCode"),
            baseline_score: child.number("baselineScore")?,
            attributes: Vec::new(),
        };
        child.finish()?;
        while let Some(attribute) = xml.child()? {
            match attribute.name {
                "Attribute" => characteristic.attributes.push(read_attribute(xml, attribute)?),
                _ => return Err(attribute.unexpected("Characteristic")),
            }
        }
        if characteristic.attributes.is_empty() {
            return Err(child.lacks("Attribute"));
        }
        document.characteristics.push(characteristic);
    }
    Ok(())
}

fn read_attribute<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Attribute<'a>> {
    let reason_code = element.text("reasonCode");
    let constant = element.number("partialScore")?;
    element.finish()?;
    let mut predicate = None;
    let mut complex = None;
    while let Some(child) = xml.child()? {
        if child.name == "ComplexPartialScore" {
            child.finish()?;
            while let Some(expression) = xml.child()? {
                if complex.is_some() {
                    return Err(expression.unexpected("ComplexPartialScore"));
                }
                complex = Some(Expression::read(xml, expression, "ComplexPartialScore")?);
            }
            if complex.is_none() {
                return Err(child.lacks("Apply or another expression"));
            }
        } else if predicate.is_none() {
            predicate = Some(Predicate::read(xml, child, "Attribute")?);
        } else {
            return Err(child.unexpected("Attribute"));
        }
    }
    let partial_score = match (complex, constant) {
        (Some(expression), _) => PartialScore::Complex(Box::new(expression)),
        (None, Some(constant)) => PartialScore::Constant(constant),
        (None, None) => PartialScore::Absent,
    };
    let predicate = predicate.ok_or_else(|| element.lacks("True, SimplePredicate or another predicate"))?;
    Ok(Attribute { offset: element.offset, reason_code, predicate, partial_score })
}
