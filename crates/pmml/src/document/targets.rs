//! `Targets`: what becomes of a raw prediction.

use crate::document::dictionary::{Interval, OpType};
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// How a number becomes whole.
    pub enum CastInteger {
        Round = "round",
        Ceiling = "ceiling",
        Floor = "floor",
    }
}

/// `TargetValue`: one value of a target.
#[derive(Clone, Debug)]
pub struct TargetValue<'a> {
    /// As it is written.
    pub value: Option<&'a str>,
    /// How it is shown.
    pub display: Option<&'a str>,
    /// Probability if nothing else is known.
    pub prior_probability: Option<f64>,
    /// Prediction of a number if nothing else is known.
    pub default_value: Option<f64>,
}

/// `Target`.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    /// Where it stands.
    pub offset: u32,
    /// The target; some documents leave it out.
    pub field: Option<&'a str>,
    /// Overrides the operational type of the dictionary.
    pub op_type: Option<OpType>,
    /// How the prediction becomes whole.
    pub cast_integer: Option<CastInteger>,
    /// Smallest prediction.
    pub min: Option<f64>,
    /// Largest prediction.
    pub max: Option<f64>,
    /// Factor.
    pub rescale_factor: f64,
    /// Summand, after the factor.
    pub rescale_constant: f64,
    /// Values.
    pub values: Vec<TargetValue<'a>>,
}

impl<'a> Target<'a> {
    fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let mut target = Self {
            offset: element.offset,
            field: element.text("field"),
            op_type: element.choice("optype")?,
            cast_integer: element.choice("castInteger")?,
            min: element.number("min")?,
            max: element.number("max")?,
            rescale_factor: element.number("rescaleFactor")?.unwrap_or(1.0),
            rescale_constant: element.number("rescaleConstant")?.unwrap_or(0.0),
            values: Vec::new(),
        };
        element.finish()?;
        while let Some(child) = xml.child()? {
            match child.name {
                "TargetValue" => target.values.push(TargetValue::read(xml, child)?),
                _ => return Err(child.unexpected("Target")),
            }
        }
        Ok(target)
    }
}

impl<'a> TargetValue<'a> {
    fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let value = Self {
            value: element.text("value"),
            display: element.text("displayValue"),
            prior_probability: element.number("priorProbability")?,
            default_value: element.number("defaultValue")?,
        };
        // `rawDataValue` is of PMML 3.0 and says how the training data wrote the value.
        element.ignore(&["rawDataValue"]);
        element.finish()?;
        while let Some(child) = xml.child()? {
            match child.name {
                "Partition" => xml.skip()?,
                "Interval" => {
                    Interval::read(xml, child)?;
                }
                _ => return Err(child.unexpected("TargetValue")),
            }
        }
        Ok(value)
    }
}

/// `Targets`.
#[derive(Clone, Debug, Default)]
pub struct Targets<'a> {
    /// The targets, in order.
    pub targets: Vec<Target<'a>>,
}

impl<'a> Targets<'a> {
    /// Reads a `Targets` to its end.
    pub fn read(xml: &mut Xml<'a>, element: Element<'a>) -> Result<Self> {
        element.finish()?;
        let mut targets = Self::default();
        while let Some(child) = xml.child()? {
            match child.name {
                "Target" => targets.targets.push(Target::read(xml, child)?),
                _ => return Err(child.unexpected("Targets")),
            }
        }
        Ok(targets)
    }
}
