//! `BaselineModel` as typed data.

use crate::document::{ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::fault::{Fault, Result};
use crate::reader::{Element, Xml};

closed_list! {
    /// What is computed of an observation.
    pub enum TestStatistic {
        ZValue = "zValue",
        ChiSquareIndependence = "chiSquareIndependence",
        ChiSquareDistribution = "chiSquareDistribution",
        Cusum = "CUSUM",
        ScalarProduct = "scalarProduct",
    }
}

/// `BaselineModel` with the statistic `zValue`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// Where it stands.
    pub offset: u32,
    /// The field that is observed.
    pub field: &'a str,
    /// Its usual mean.
    pub mean: f64,
    /// Its usual variance.
    pub variance: f64,
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
    let statistic: TestStatistic = element.required_choice("testStatistic")?;
    if statistic != TestStatistic::ZValue {
        let message = "this testStatistic is not supported; supported is zValue";
        return Err(Fault::unsupported(element.offset, message));
    }
    for name in ["windowSize", "weightField", "normalizationScheme"] {
        if element.text(name).is_some_and(|text| text.trim() != "0") {
            let message = format!("attribute {name} of TestDistributions is not supported with zValue");
            return Err(Fault::unsupported(element.offset, message));
        }
    }
    // A reset value belongs to sums over several records.
    element.ignore(&["resetValue"]);
    element.finish()?;
    let mut found = None;
    while let Some(child) = xml.child()? {
        if child.name != "Baseline" {
            return Err(match child.name {
                "Alternate" => Fault::unsupported(child.offset, "Alternate is not supported with zValue"),
                _ => child.unexpected("TestDistributions"),
            });
        }
        child.finish()?;
        while let Some(distribution) = xml.child()? {
            if found.replace(read_distribution(xml, distribution)?).is_some() {
                return Err(Fault::invalid(child.offset, "Baseline holds more than one distribution"));
            }
        }
    }
    let (mean, variance) = found.ok_or_else(|| element.lacks("Baseline"))?;
    if variance.is_nan() || variance <= 0.0 {
        return Err(element.invalid(format!("a variance of {variance} is not above 0")));
    }
    Ok(Document { offset: element.offset, field, mean, variance })
}

/// Mean and variance of a distribution.
fn read_distribution<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<(f64, f64)> {
    let found = match element.name {
        "AnyDistribution" | "GaussianDistribution" => {
            (element.required_number("mean")?, element.required_number("variance")?)
        }
        "PoissonDistribution" => {
            let mean = element.required_number("mean")?;
            (mean, mean)
        }
        "UniformDistribution" => {
            let (lower, upper) = (element.required_number("lower")?, element.required_number("upper")?);
            ((lower + upper) / 2.0, (upper - lower) * (upper - lower) / 12.0)
        }
        _ => return Err(element.unexpected("Baseline")),
    };
    element.finish()?;
    xml.end(&element)?;
    Ok(found)
}
