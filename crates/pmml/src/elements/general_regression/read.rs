//! `GeneralRegressionModel` as typed data.

use crate::document::dictionary::{Interval, ListedValue};
use crate::document::table::Matrix;
use crate::document::{ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::elements::general_regression::link::{CumulativeLink, Link};
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// What is computed from the sums.
    pub enum ModelType {
        Regression = "regression",
        GeneralLinear = "generalLinear",
        MultinomialLogistic = "multinomialLogistic",
        OrdinalMultinomial = "ordinalMultinomial",
        GeneralizedLinear = "generalizedLinear",
        CoxRegression = "CoxRegression",
    }
}

closed_list! {
    /// Distribution of the target; nothing follows from it when scoring.
    pub enum Distribution {
        Binomial = "binomial",
        Gamma = "gamma",
        Igauss = "igauss",
        Negbin = "negbin",
        Normal = "normal",
        Poisson = "poisson",
        Tweedie = "tweedie",
    }
}

closed_list! {
    /// How covariances were estimated; told of training.
    enum CovarianceType {
        Model = "model",
        Robust = "robust",
    }
}

/// `GeneralRegressionModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// What is computed from the sums.
    pub model_type: ModelType,
    /// Name of the target.
    pub target_variable: Option<&'a str>,
    /// The category whose sum is nought.
    pub reference_category: Option<&'a str>,
    /// How sums are linked to cumulative probabilities.
    pub cumulative_link: Option<CumulativeLink>,
    /// How sums are linked to means.
    pub link: Option<Link>,
    /// Parameter of the link.
    pub link_parameter: Option<f64>,
    /// Field that holds the number of trials.
    pub trials_variable: Option<&'a str>,
    /// Number of trials.
    pub trials_value: Option<f64>,
    /// Distribution of the target.
    pub distribution: Option<Distribution>,
    /// Parameter of the distribution.
    pub distribution_parameter: Option<f64>,
    /// Field that is added to sums.
    pub offset_variable: Option<&'a str>,
    /// Number that is added to sums.
    pub offset_value: Option<f64>,
    /// Field that holds the end of the time at risk.
    pub end_time_variable: Option<&'a str>,
    /// Field that holds its start.
    pub start_time_variable: Option<&'a str>,
    /// Field that tells strata apart.
    pub strata_variable: Option<&'a str>,
    /// Parameters with the point that they are relative to.
    pub parameters: Vec<(&'a str, f64)>,
    /// Categorical predictors.
    pub factors: Vec<PredictorDocument<'a>>,
    /// Continuous predictors.
    pub covariates: Vec<PredictorDocument<'a>>,
    /// Which predictors make a parameter.
    pub pp_cells: Vec<PpCell<'a>>,
    /// Coefficients.
    pub p_cells: Vec<PCell<'a>>,
    /// Covariances of the coefficients: two parameters, a figure. Those of a category of the target are left out.
    pub covariances: Vec<(&'a str, &'a str, f64)>,
    /// Cumulative hazards over time.
    pub hazard: Option<HazardDocument<'a>>,
}

/// `Predictor`.
#[derive(Clone, Debug)]
pub struct PredictorDocument<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its field.
    pub name: &'a str,
    /// Categories of the contrast matrix.
    pub categories: Vec<&'a str>,
    /// The contrast matrix.
    pub matrix: Option<Matrix>,
}

/// `PPCell`.
#[derive(Clone, Copy, Debug)]
pub struct PpCell<'a> {
    /// Where it stands.
    pub offset: u32,
    /// A category of a factor, an exponent of a covariate.
    pub value: &'a str,
    /// The predictor.
    pub predictor: &'a str,
    /// The parameter.
    pub parameter: &'a str,
    /// The category of the target that it is about; all if not given.
    pub target_category: Option<&'a str>,
}

/// `PCell`.
#[derive(Clone, Copy, Debug)]
pub struct PCell<'a> {
    /// Where it stands.
    pub offset: u32,
    /// The category of the target that it is about; all if not given.
    pub target_category: Option<&'a str>,
    /// The parameter.
    pub parameter: &'a str,
    /// The coefficient.
    pub beta: f64,
}

/// `BaseCumHazardTables`.
#[derive(Clone, Debug, Default)]
pub struct HazardDocument<'a> {
    /// Largest time, without strata.
    pub max_time: Option<f64>,
    /// Times and cumulative hazards, without strata.
    pub cells: Vec<(f64, f64)>,
    /// Tables by stratum.
    pub strata: Vec<StratumDocument<'a>>,
}

/// `BaselineStratum`.
#[derive(Clone, Debug)]
pub struct StratumDocument<'a> {
    /// Value of the field that tells strata apart.
    pub value: &'a str,
    /// Largest time.
    pub max_time: f64,
    /// Times and cumulative hazards.
    pub cells: Vec<(f64, f64)>,
}

/// Reads a `GeneralRegressionModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    let mut document = Document {
        model_type: element.required_choice("modelType")?,
        target_variable: element.text("targetVariableName"),
        reference_category: element.text("targetReferenceCategory"),
        cumulative_link: element.choice("cumulativeLink")?,
        link: element.choice("linkFunction")?,
        link_parameter: element.number("linkParameter")?,
        trials_variable: element.text("trialsVariable"),
        trials_value: element.number("trialsValue")?,
        distribution: element.choice("distribution")?,
        distribution_parameter: element.number("distParameter")?,
        offset_variable: element.text("offsetVariable"),
        offset_value: element.number("offsetValue")?,
        end_time_variable: element.text("endTimeVariable"),
        start_time_variable: element.text("startTimeVariable"),
        strata_variable: element.text("baselineStrataVariable"),
        parameters: Vec::new(),
        factors: Vec::new(),
        covariates: Vec::new(),
        pp_cells: Vec::new(),
        p_cells: Vec::new(),
        covariances: Vec::new(),
        hazard: None,
    };
    element.ignore(&["modelDF", "subjectIDVariable", "statusVariable"]);
    element.finish()?;
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "ParameterList" => read_parameters(xml, child, &mut document)?,
            "FactorList" => document.factors = read_predictors(xml, child)?,
            "CovariateList" => document.covariates = read_predictors(xml, child)?,
            "PPMatrix" => read_pp_matrix(xml, child, &mut document)?,
            "ParamMatrix" => read_param_matrix(xml, child, &mut document)?,
            "PCovMatrix" => read_covariances(xml, child, &mut document)?,
            "EventValues" => read_events(xml, child)?,
            "BaseCumHazardTables" => document.hazard = Some(read_hazard(xml, child)?),
            _ => return Err(child.unexpected("GeneralRegressionModel")),
        }
    }
    head.finish(&element, ElementDocument::GeneralRegression(document))
}

fn read_parameters<'a>(xml: &mut Xml<'a>, element: Element<'a>, document: &mut Document<'a>) -> Result<()> {
    element.finish()?;
    while let Some(mut child) = xml.child()? {
        if child.name != "Parameter" {
            return Err(child.unexpected("ParameterList"));
        }
        let point = child.number("referencePoint")?.unwrap_or(0.0);
        document.parameters.push((child.required("name")?, point));
        child.ignore(&["label"]);
        child.finish()?;
        xml.end(&child)?;
    }
    Ok(())
}

fn read_predictors<'a>(xml: &mut Xml<'a>, element: Element<'a>) -> Result<Vec<PredictorDocument<'a>>> {
    element.finish()?;
    let mut predictors = Vec::new();
    while let Some(mut child) = xml.child()? {
        if child.name != "Predictor" {
            return Err(child.unexpected(element.name));
        }
        let mut predictor = PredictorDocument {
            offset: child.offset,
            name: child.required("name")?,
            categories: Vec::new(),
            matrix: None,
        };
        child.ignore(&["contrastMatrixType"]);
        child.finish()?;
        while let Some(part) = xml.child()? {
            match part.name {
                "Categories" => {
                    part.finish()?;
                    while let Some(mut category) = xml.child()? {
                        if category.name != "Category" {
                            return Err(category.unexpected("Categories"));
                        }
                        predictor.categories.push(category.required("value")?);
                        category.finish()?;
                        xml.end(&category)?;
                    }
                }
                "Matrix" => predictor.matrix = Some(Matrix::read(xml, part)?),
                _ => return Err(part.unexpected("Predictor")),
            }
        }
        predictors.push(predictor);
    }
    Ok(predictors)
}

fn read_pp_matrix<'a>(xml: &mut Xml<'a>, element: Element<'a>, document: &mut Document<'a>) -> Result<()> {
    element.finish()?;
    while let Some(mut child) = xml.child()? {
        if child.name != "PPCell" {
            return Err(child.unexpected("PPMatrix"));
        }
        document.pp_cells.push(PpCell {
            offset: child.offset,
            value: child.required("value")?,
            predictor: child.required("predictorName")?,
            parameter: child.required("parameterName")?,
            target_category: child.text("targetCategory"),
        });
        child.finish()?;
        xml.end(&child)?;
    }
    Ok(())
}

fn read_param_matrix<'a>(xml: &mut Xml<'a>, element: Element<'a>, document: &mut Document<'a>) -> Result<()> {
    element.finish()?;
    while let Some(mut child) = xml.child()? {
        if child.name != "PCell" {
            return Err(child.unexpected("ParamMatrix"));
        }
        document.p_cells.push(PCell {
            offset: child.offset,
            target_category: child.text("targetCategory"),
            parameter: child.required("parameterName")?,
            beta: child.required_number("beta")?,
        });
        child.ignore(&["df"]);
        child.finish()?;
        xml.end(&child)?;
    }
    Ok(())
}

fn read_covariances<'a>(
    xml: &mut Xml<'a>,
    mut element: Element<'a>,
    document: &mut Document<'a>,
) -> Result<()> {
    element.choice::<CovarianceType>("type")?;
    element.finish()?;
    while let Some(mut child) = xml.child()? {
        if child.name != "PCovCell" {
            return Err(child.unexpected("PCovMatrix"));
        }
        let parameters = (child.required("pRow")?, child.required("pCol")?);
        let value = child.required_number("value")?;
        let categories = ["tRow", "tCol", "targetCategory"].map(|name| child.text(name));
        if categories.iter().all(Option::is_none) {
            document.covariances.push((parameters.0, parameters.1, value));
        }
        child.finish()?;
        xml.end(&child)?;
    }
    Ok(())
}

/// Which values of the status are events tells about training.
fn read_events<'a>(xml: &mut Xml<'a>, element: Element<'a>) -> Result<()> {
    element.finish()?;
    while let Some(child) = xml.child()? {
        match child.name {
            "Value" => {
                ListedValue::read(xml, child)?;
            }
            "Interval" => {
                Interval::read(xml, child)?;
            }
            _ => return Err(child.unexpected("EventValues")),
        }
    }
    Ok(())
}

fn read_hazard<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<HazardDocument<'a>> {
    let mut hazard = HazardDocument { max_time: element.number("maxTime")?, ..HazardDocument::default() };
    element.finish()?;
    while let Some(mut child) = xml.child()? {
        match child.name {
            "BaselineCell" => hazard.cells.push(read_cell(xml, child)?),
            "BaselineStratum" => {
                let (value, max_time) = (child.required("value")?, child.required_number("maxTime")?);
                child.ignore(&["label"]);
                child.finish()?;
                let mut cells = Vec::new();
                while let Some(cell) = xml.child()? {
                    match cell.name {
                        "BaselineCell" => cells.push(read_cell(xml, cell)?),
                        _ => return Err(cell.unexpected("BaselineStratum")),
                    }
                }
                hazard.strata.push(StratumDocument { value, max_time, cells });
            }
            _ => return Err(child.unexpected("BaseCumHazardTables")),
        }
    }
    Ok(hazard)
}

fn read_cell<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<(f64, f64)> {
    let cell = (element.required_number("time")?, element.required_number("cumHazard")?);
    element.finish()?;
    xml.end(&element)?;
    Ok(cell)
}
