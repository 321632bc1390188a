//! `RegressionModel` as typed data.

use crate::document::expression::read_field_ref;
use crate::document::{ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// How sums become predictions.
    pub enum Normalization {
        None = "none",
        Simplemax = "simplemax",
        Softmax = "softmax",
        Logit = "logit",
        Probit = "probit",
        Cloglog = "cloglog",
        Exp = "exp",
        Loglog = "loglog",
        Cauchit = "cauchit",
    }
}

closed_list! {
    /// What PMML 3 tells of the kind of regression; nothing follows from it.
    enum ModelType {
        Linear = "linearRegression",
        StepwisePolynomial = "stepwisePolynomialRegression",
        Logistic = "logisticRegression",
    }
}

/// `RegressionModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// How sums become predictions.
    pub normalization: Normalization,
    /// The sums, one a category, or one in all.
    pub tables: Vec<TableDocument<'a>>,
}

/// `RegressionTable`.
#[derive(Clone, Debug)]
pub struct TableDocument<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Summand without a field; some documents leave it out.
    pub intercept: Option<f64>,
    /// The category whose sum it is.
    pub target_category: Option<&'a str>,
    /// Field, exponent, coefficient.
    pub numeric: Vec<(&'a str, i64, f64)>,
    /// Field, value, coefficient.
    pub categorical: Vec<(&'a str, &'a str, f64)>,
    /// Coefficient and the fields that are multiplied.
    pub terms: Vec<(f64, Vec<&'a str>)>,
}

/// Reads a `RegressionModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    let normalization = match element.text("normalizationMethod") {
        // Left in documents by a producer that fills in templates.
        Some("NORMALIZATION_METHOD_PLACEHOLDER") => Normalization::None,
        _ => element.choice("normalizationMethod")?.unwrap_or(Normalization::None),
    };
    element.choice::<ModelType>("modelType")?;
    element.ignore(&["targetFieldName"]);
    element.finish()?;
    let mut tables = Vec::new();
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "RegressionTable" => tables.push(read_table(xml, child)?),
            _ => return Err(child.unexpected("RegressionModel")),
        }
    }
    if tables.is_empty() {
        return Err(element.lacks("RegressionTable"));
    }
    head.finish(&element, ElementDocument::Regression(Document { normalization, tables }))
}

/// Reads a `RegressionTable` to its end.
pub fn read_table<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<TableDocument<'a>> {
    let mut table = TableDocument {
        offset: element.offset,
        intercept: element.number("intercept")?,
        target_category: element.text("targetCategory"),
        numeric: Vec::new(),
        categorical: Vec::new(),
        terms: Vec::new(),
    };
    element.finish()?;
    while let Some(mut child) = xml.child()? {
        match child.name {
            "NumericPredictor" => {
                let exponent = child.integer("exponent")?.unwrap_or(1);
                table.numeric.push((
                    child.required("name")?,
                    exponent,
                    child.required_number("coefficient")?,
                ));
                child.finish()?;
                xml.end(&child)?;
            }
            "CategoricalPredictor" => {
                let (name, value) = (child.required("name")?, child.required("value")?);
                table.categorical.push((name, value, child.required_number("coefficient")?));
                child.finish()?;
                xml.end(&child)?;
            }
            "PredictorTerm" => {
                let coefficient = child.required_number("coefficient")?;
                child.ignore(&["name"]);
                child.finish()?;
                let mut fields = Vec::new();
                while let Some(part) = xml.child()? {
                    match part.name {
                        "FieldRef" => fields.push(read_field_ref(xml, part)?.0),
                        _ => return Err(part.unexpected("PredictorTerm")),
                    }
                }
                table.terms.push((coefficient, fields));
            }
            _ => return Err(child.unexpected("RegressionTable")),
        }
    }
    Ok(table)
}
