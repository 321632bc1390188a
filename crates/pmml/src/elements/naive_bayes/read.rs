//! `NaiveBayesModel` as typed data.

use crate::document::{DerivedField, ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::fault::Result;
use crate::reader::{Element, Xml};

/// `NaiveBayesModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// Stands for a probability of nought.
    pub threshold: f64,
    /// The inputs.
    pub inputs: Vec<Input<'a>>,
    /// `BayesOutput`: the field, and how often each category occurred.
    pub output: (&'a str, Counts<'a>),
}

/// `TargetValueCounts`: category and count.
pub type Counts<'a> = Vec<(&'a str, f64)>;

/// `BayesInput`.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// Where it stands.
    pub offset: u32,
    /// The field.
    pub field: &'a str,
    /// Makes the values that are counted.
    pub derived: Option<DerivedField<'a>>,
    /// Value and its counts by category.
    pub pairs: Vec<(&'a str, Counts<'a>)>,
    /// Category and distribution of the values.
    pub distributions: Vec<(&'a str, Distribution)>,
}

/// A continuous or counting distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// `GaussianDistribution`.
    Gaussian {
        /// Mean.
        mean: f64,
        /// Variance.
        variance: f64,
    },
    /// `PoissonDistribution`.
    Poisson {
        /// Mean.
        mean: f64,
    },
    /// `UniformDistribution`.
    Uniform {
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
    },
}

/// Reads a `NaiveBayesModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    let threshold = element.required_number("threshold")?;
    element.finish()?;
    let mut inputs = Vec::new();
    let mut output = None;
    while let Some(child) = xml.child()? {
        let Some(mut child) = head.child(xml, child)? else { continue };
        match child.name {
            "BayesInputs" => {
                child.finish()?;
                while let Some(input) = xml.child()? {
                    match input.name {
                        "BayesInput" => inputs.push(read_input(xml, input)?),
                        _ => return Err(input.unexpected("BayesInputs")),
                    }
                }
            }
            "BayesOutput" => {
                let field = child.required("fieldName")?;
                child.finish()?;
                let mut counts = None;
                while let Some(inner) = xml.child()? {
                    match inner.name {
                        "TargetValueCounts" => counts = Some(read_counts(xml, inner)?),
                        _ => return Err(inner.unexpected("BayesOutput")),
                    }
                }
                output = Some((field, counts.ok_or_else(|| child.lacks("TargetValueCounts"))?));
            }
            _ => return Err(child.unexpected("NaiveBayesModel")),
        }
    }
    let output = output.ok_or_else(|| element.lacks("BayesOutput"))?;
    head.finish(&element, ElementDocument::NaiveBayes(Document { threshold, inputs, output }))
}

fn read_input<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Input<'a>> {
    let mut input = Input {
        offset: element.offset,
        field: element.required("fieldName")?,
        derived: None,
        pairs: Vec::new(),
        distributions: Vec::new(),
    };
    element.finish()?;
    while let Some(mut child) = xml.child()? {
        match child.name {
            "DerivedField" => input.derived = Some(DerivedField::read(xml, child)?),
            "PairCounts" => {
                let value = child.required("value")?;
                child.finish()?;
                while let Some(inner) = xml.child()? {
                    match inner.name {
                        "TargetValueCounts" => input.pairs.push((value, read_counts(xml, inner)?)),
                        _ => return Err(inner.unexpected("PairCounts")),
                    }
                }
            }
            "TargetValueStats" => {
                child.finish()?;
                while let Some(inner) = xml.child()? {
                    match inner.name {
                        "TargetValueStat" => input.distributions.push(read_distribution(xml, inner)?),
                        _ => return Err(inner.unexpected("TargetValueStats")),
                    }
                }
            }
            _ => return Err(child.unexpected("BayesInput")),
        }
    }
    if input.pairs.is_empty() && input.distributions.is_empty() {
        return Err(element.lacks("PairCounts or TargetValueStats"));
    }
    Ok(input)
}

fn read_counts<'a>(xml: &mut Xml<'a>, element: Element<'a>) -> Result<Counts<'a>> {
    element.finish()?;
    let mut counts = Vec::new();
    while let Some(mut child) = xml.child()? {
        if child.name != "TargetValueCount" {
            return Err(child.unexpected("TargetValueCounts"));
        }
        counts.push((child.required("value")?, child.required_count("count")?));
        child.finish()?;
        xml.end(&child)?;
    }
    Ok(counts)
}

fn read_distribution<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<(&'a str, Distribution)> {
    let category = element.required("value")?;
    element.finish()?;
    let mut found = None;
    while let Some(mut child) = xml.child()? {
        let distribution = match child.name {
            "GaussianDistribution" => Distribution::Gaussian {
                mean: child.required_number("mean")?,
                variance: child.required_number("variance")?,
            },
            "PoissonDistribution" => Distribution::Poisson { mean: child.required_number("mean")? },
            "UniformDistribution" => Distribution::Uniform {
                lower: child.required_number("lower")?,
                upper: child.required_number("upper")?,
            },
            _ => return Err(child.unexpected("TargetValueStat")),
        };
        child.finish()?;
        xml.end(&child)?;
        found = Some(distribution);
    }
    let distribution = found.ok_or_else(|| element.lacks("GaussianDistribution or another distribution"))?;
    Ok((category, distribution))
}
