//! `BaselineModel` as typed data.

use crate::document::expression::read_field_ref;
use crate::document::{ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::elements::baseline::distribution::Distribution;
use crate::fault::{Fault, Result};
use crate::reader::{Element, Xml};

closed_list! {
    /// What is computed of a record.
    pub enum TestStatistic {
        ZValue = "zValue",
        ChiSquareIndependence = "chiSquareIndependence",
        ChiSquareDistribution = "chiSquareDistribution",
        Cusum = "CUSUM",
        ScalarProduct = "scalarProduct",
    }
}

/// `BaselineModel`, which is one `TestDistributions`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// Where it stands.
    pub offset: u32,
    /// The field that is observed.
    pub field: &'a str,
    /// What is computed.
    pub statistic: TestStatistic,
    /// The smallest sum.
    pub reset_value: f64,
    /// The field that says how often a record counts.
    pub weight_field: Option<&'a str>,
    /// What is usual.
    pub baseline: Baseline<'a>,
    /// What it is held against.
    pub alternate: Option<Distribution>,
}

/// What is usual.
#[derive(Clone, Debug)]
pub enum Baseline<'a> {
    /// A distribution of numbers.
    Distribution(Distribution),
    /// `CountTable` or `NormalizedCountTable`.
    Table(CountTable<'a>),
    /// `FieldRef`s: fields whose counts are those of the stream itself.
    Fields(Vec<&'a str>),
}

/// Counts of combinations of values.
#[derive(Clone, Debug, Default)]
pub struct CountTable<'a> {
    /// The fields, outermost first.
    pub fields: Vec<&'a str>,
    /// The values of each cell, one a field.
    pub values: Vec<&'a str>,
    /// The count of each cell.
    pub counts: Vec<f64>,
}

/// Reads a `BaselineModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    element.finish()?;
    let mut document = None;
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "TestDistributions" if document.is_none() => document = Some(read_test(xml, child)?),
            _ => return Err(child.unexpected("BaselineModel")),
        }
    }
    let document = document.ok_or_else(|| element.lacks("TestDistributions"))?;
    head.finish(&element, ElementDocument::Baseline(document))
}

fn read_test<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Document<'a>> {
    let field = element.required("field")?;
    let statistic = element.required_choice("testStatistic")?;
    let reset_value = element.number("resetValue")?.unwrap_or(0.0);
    let weight_field = element.text("weightField");
    // One record is a window of one.
    if element.integer("windowSize")?.is_some_and(|size| size < 0) {
        return Err(element.invalid("a windowSize is not below 0"));
    }
    if element.text("normalizationScheme").is_some() {
        let message =
            "attribute normalizationScheme of TestDistributions is not supported: PMML has no words for it";
        return Err(Fault::unsupported(element.offset, message));
    }
    element.finish()?;
    let (mut baseline, mut alternate) = (None, None);
    while let Some(child) = xml.child()? {
        child.finish()?;
        match child.name {
            "Baseline" if baseline.is_none() => baseline = Some(read_baseline(xml, &child)?),
            "Alternate" if alternate.is_none() => {
                while let Some(inner) = xml.child()? {
                    if alternate.replace(Distribution::read(xml, inner, "Alternate")?).is_some() {
                        return Err(child.invalid("Alternate holds more than one distribution"));
                    }
                }
                if alternate.is_none() {
                    return Err(child.lacks("GaussianDistribution or another distribution"));
                }
            }
            _ => return Err(child.unexpected("TestDistributions")),
        }
    }
    let baseline = baseline.ok_or_else(|| element.lacks("Baseline"))?;
    Ok(Document { offset: element.offset, field, statistic, reset_value, weight_field, baseline, alternate })
}

fn read_baseline<'a>(xml: &mut Xml<'a>, element: &Element<'a>) -> Result<Baseline<'a>> {
    let mut found = None;
    let mut fields = Vec::new();
    while let Some(mut child) = xml.child()? {
        match child.name {
            "FieldRef" => {
                fields.push(read_field_ref(xml, child)?.0);
                continue;
            }
            _ if found.is_some() => {
                return Err(element.invalid("Baseline holds more than one distribution"));
            }
            "CountTable" | "NormalizedCountTable" => {
                // The size of the sample that was counted.
                child.number("sample")?;
                child.finish()?;
                let mut table = CountTable::default();
                read_counts(xml, &child, &mut Vec::new(), &mut table)?;
                if table.counts.is_empty() {
                    return Err(child.lacks("FieldValueCount"));
                }
                found = Some(Baseline::Table(table));
            }
            _ => found = Some(Baseline::Distribution(Distribution::read(xml, child, "Baseline")?)),
        }
    }
    match (found, fields.len()) {
        (Some(found), 0) => Ok(found),
        (None, 0) => Err(element.lacks("GaussianDistribution, CountTable or another distribution")),
        (None, 1) => Err(element.invalid("Baseline needs a second FieldRef")),
        (None, _) => Ok(Baseline::Fields(fields)),
        (Some(_), _) => Err(element.invalid("Baseline holds more than one distribution")),
    }
}

/// Reads the cells below some values, which are those of the elements around.
fn read_counts<'a>(
    xml: &mut Xml<'a>,
    parent: &Element<'a>,
    around: &mut Vec<(&'a str, &'a str)>,
    table: &mut CountTable<'a>,
) -> Result<()> {
    while let Some(mut child) = xml.child()? {
        if !matches!(child.name, "FieldValue" | "FieldValueCount") {
            return Err(child.unexpected(parent.name));
        }
        around.push((child.required("field")?, child.required("value")?));
        if child.name == "FieldValue" {
            child.finish()?;
            let before = table.counts.len();
            read_counts(xml, &child, around, table)?;
            if table.counts.len() == before {
                return Err(child.lacks("FieldValueCount"));
            }
        } else {
            let count = child.required_count("count")?;
            child.finish()?;
            xml.end(&child)?;
            if table.counts.is_empty() {
                table.fields = around.iter().map(|(field, _)| *field).collect();
            }
            if !table.fields.iter().eq(around.iter().map(|(field, _)| field)) {
                return Err(child.invalid("the cells of a table are not all of the same fields"));
            }
            table.values.extend(around.iter().map(|(_, value)| *value));
            table.counts.push(count);
        }
        around.pop();
    }
    Ok(())
}
