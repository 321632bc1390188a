//! `MiningSchema`: which fields a model reads, and how it treats their values.

use crate::document::dictionary::OpType;
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// What a field is for.
    pub enum Usage {
        Active = "active",
        Predicted = "predicted",
        Target = "target",
        Supplementary = "supplementary",
        Group = "group",
        Order = "order",
        FrequencyWeight = "frequencyWeight",
        AnalysisWeight = "analysisWeight",
    }
}

closed_list! {
    /// What happens to values outside `lowValue` and `highValue`.
    pub enum OutlierTreatment {
        AsIs = "asIs",
        AsMissingValues = "asMissingValues",
        AsExtremeValues = "asExtremeValues",
    }
}

closed_list! {
    /// Where a replacement of missing values comes from; only `returnInvalid` acts.
    pub enum MissingTreatment {
        AsIs = "asIs",
        AsMean = "asMean",
        AsMode = "asMode",
        AsMedian = "asMedian",
        AsValue = "asValue",
        ReturnInvalid = "returnInvalid",
        XReturnInvalid = "x-returnInvalid",
    }
}

closed_list! {
    /// What happens to invalid values.
    pub enum InvalidTreatment {
        ReturnInvalid = "returnInvalid",
        AsIs = "asIs",
        AsMissing = "asMissing",
        AsValue = "asValue",
        XAsIs = "x-asIs",
        XAsMissing = "x-asMissing",
    }
}

/// `MiningField`.
#[derive(Clone, Debug)]
pub struct MiningField<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its name.
    pub name: &'a str,
    /// What it is for.
    pub usage: Usage,
    /// Overrides the operational type of the data dictionary.
    pub op_type: Option<OpType>,
    /// Relative importance, for people.
    pub importance: Option<f64>,
    /// Treatment of outliers.
    pub outliers: OutlierTreatment,
    /// Lower end of what is no outlier.
    pub low_value: Option<f64>,
    /// Upper end of what is no outlier.
    pub high_value: Option<f64>,
    /// Replaces missing values.
    pub missing_replacement: Option<&'a str>,
    /// Treatment of missing values.
    pub missing_treatment: Option<MissingTreatment>,
    /// Treatment of invalid values.
    pub invalid_treatment: InvalidTreatment,
    /// Replaces invalid values.
    pub invalid_replacement: Option<&'a str>,
}

impl<'a> MiningField<'a> {
    fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let field = Self {
            offset: element.offset,
            name: element.required("name")?,
            usage: element.choice("usageType")?.unwrap_or(Usage::Active),
            op_type: element.choice("optype")?,
            importance: element.number("importance")?,
            outliers: element.choice("outliers")?.unwrap_or(OutlierTreatment::AsIs),
            low_value: element.number("lowValue")?,
            high_value: element.number("highValue")?,
            missing_replacement: element.text("missingValueReplacement"),
            missing_treatment: element.choice("missingValueTreatment")?,
            invalid_treatment: element
                .choice("invalidValueTreatment")?
                .unwrap_or(InvalidTreatment::ReturnInvalid),
            invalid_replacement: match element.text("invalidValueReplacement") {
                Some(value) => Some(value),
                None => element.text("x-invalidValueReplacement"),
            },
        };
        element.finish()?;
        xml.end(&element)?;
        Ok(field)
    }
}

/// `MiningSchema`.
#[derive(Clone, Debug, Default)]
pub struct MiningSchema<'a> {
    /// The fields, in order.
    pub fields: Vec<MiningField<'a>>,
}

impl<'a> MiningSchema<'a> {
    /// Reads a `MiningSchema` to its end.
    pub fn read(xml: &mut Xml<'a>, element: Element<'a>) -> Result<Self> {
        element.finish()?;
        let mut schema = Self::default();
        while let Some(child) = xml.child()? {
            match child.name {
                "MiningField" => schema.fields.push(MiningField::read(xml, child)?),
                _ => return Err(child.unexpected("MiningSchema")),
            }
        }
        Ok(schema)
    }

    /// The fields to be predicted.
    pub fn targets(&self) -> impl Iterator<Item = &MiningField<'a>> {
        self.fields.iter().filter(|field| matches!(field.usage, Usage::Target | Usage::Predicted))
    }
}
