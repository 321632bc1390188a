//! `GeneralRegressionModel` compiled: for every category a sum of products of fields.

use std::collections::{BTreeMap, HashMap};

use crate::compile::model::category_index;
use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::document::dictionary::Property;
use crate::elements::ElementPlan;
use crate::elements::general_regression::hazard::{Hazard, compile_hazard};
use crate::elements::general_regression::link::Link;
use crate::elements::general_regression::read::{Document, ModelType, PredictorDocument};
use crate::fault::{Fault, Result};
use crate::plan::Slot;
use crate::plan::model::Figures;
use crate::value::Datum;

/// A compiled `GeneralRegressionModel`.
#[derive(Debug)]
pub struct Plan {
    /// What is computed from the sums.
    pub kind: Kind,
    /// One sum a category, or one in all. Empty for a category whose sum is nought.
    pub sums: Box<[Box<[Addend]>]>,
    /// Added to all sums but those of a reference category.
    pub offset: Amount,
    /// Factor of the mean.
    pub trials: Amount,
    /// Covariances of the coefficients of a mean: positions of two addends, the first one not below the second.
    pub covariances: Box<[(u32, u32, f64)]>,
}

/// What is computed from the sums.
#[derive(Debug)]
pub enum Kind {
    /// A mean.
    Mean {
        /// How it is linked to the sum.
        link: Link,
        /// Parameter of the link.
        parameter: f64,
    },
    /// The probability of one category against another.
    Binary {
        /// How it is linked to the sum.
        link: Link,
        /// Parameter of the link.
        parameter: f64,
        /// The category whose sum it is; the other one has the rest.
        category: u32,
    },
    /// Exponentials of sums, divided by their sum.
    Multinomial {
        /// The category whose sum is nought.
        reference: Option<u32>,
    },
    /// Cumulative probabilities, in the order of the categories.
    Ordinal {
        /// How they are linked to the sums.
        link: Link,
    },
    /// A cumulative hazard.
    Hazard(Box<Hazard>),
    /// A link that the standard does not have: an error of every row whose fields are there.
    Unlinked,
}

/// A number that may be in a field.
#[derive(Clone, Copy, Debug)]
pub enum Amount {
    /// The same for all records.
    Constant(f64),
    /// That of the record.
    Field(Slot),
}

/// One parameter's part of a sum.
#[derive(Debug)]
pub struct Addend {
    /// Its coefficient.
    pub beta: f64,
    /// What is multiplied.
    pub factors: Box<[Factor]>,
}

/// A field's part of a product.
#[derive(Debug)]
pub enum Factor {
    /// A power of a number.
    Power {
        /// The field.
        slot: Slot,
        /// The exponent.
        exponent: f64,
    },
    /// 1 if the field has the value, else 0.
    Equals {
        /// The field.
        slot: Slot,
        /// The value.
        value: f64,
    },
    /// A column of a contrast matrix.
    Contrast {
        /// The field.
        slot: Slot,
        /// Values with their figure, ascending.
        figures: Box<[(f64, f64)]>,
    },
}

/// Compiles a `GeneralRegressionModel`.
pub fn compile<'a>(document: &Document<'a>, context: &mut ModelContext<'_, '_, 'a>) -> Result<Compiled> {
    let offset = context.head.offset;
    for (index, (name, _)) in document.parameters.iter().enumerate() {
        if document.parameters[..index].iter().any(|(known, _)| known == name) {
            return Err(Fault::invalid(offset, format!("two parameters are named {name:?}")));
        }
    }
    let categories = match context.head.function {
        MiningFunction::Classification => categories(document, context)?,
        MiningFunction::Regression => Vec::new(),
        _ => {
            let message = "a GeneralRegressionModel is for regression or classification";
            return Err(Fault::invalid(offset, message));
        }
    };
    let kind = kind(document, context, &categories)?;
    let mut sums = Vec::new();
    if categories.is_empty() {
        sums.push(sum(document, context, None)?);
    } else {
        for category in &categories {
            sums.push(sum(document, context, Some(*category))?);
        }
    }
    let amount = |field: Option<&'a str>,
                  value: Option<f64>,
                  otherwise: f64,
                  context: &mut ModelContext<'_, '_, 'a>| match field {
        Some(field) => context.slot(field, offset).map(Amount::Field),
        None => Ok(Amount::Constant(value.unwrap_or(otherwise))),
    };
    let offset_amount = amount(document.offset_variable, document.offset_value, 0.0, context)?;
    let trials = amount(document.trials_variable, document.trials_value, 1.0, context)?;
    let figures = Figures { probability: !categories.is_empty(), ..Figures::default() };
    let covariances = match kind {
        Kind::Mean { .. } => covariances(document, offset)?,
        _ => Box::default(),
    };
    let plan = Plan { kind, sums: sums.into(), offset: offset_amount, trials, covariances };
    Ok(Compiled { categories, figures, ..Compiled::new(ElementPlan::GeneralRegression(Box::new(plan))) })
}

/// The covariances of the coefficients, each pair of them once.
fn covariances(document: &Document<'_>, offset: u32) -> Result<Box<[(u32, u32, f64)]>> {
    let positions: HashMap<&str, u32> =
        (0..).zip(&document.p_cells).map(|(at, cell)| (cell.parameter, at)).collect();
    let mut found = BTreeMap::new();
    for (row, column, value) in &document.covariances {
        if !document.parameters.iter().any(|(name, _)| name == row || name == column) {
            let message =
                format!("PCovMatrix names the parameters {row:?} and {column:?}, which are not defined");
            return Err(Fault::invalid(offset, message));
        }
        // Parameters without a coefficient have no part in the sum.
        if let (Some(row), Some(column)) = (positions.get(row), positions.get(column)) {
            found.insert((*row.max(column), *row.min(column)), *value);
        }
    }
    Ok(found.into_iter().map(|((row, column), value)| (row, column, value)).collect())
}

fn kind<'a>(
    document: &Document<'a>,
    context: &mut ModelContext<'_, '_, 'a>,
    categories: &[Datum],
) -> Result<Kind> {
    let offset = context.head.offset;
    let unfit = |message: &str| Err(Fault::invalid(offset, message.to_owned()));
    let link = document.link.unwrap_or(Link::Identity);
    let parameter = match link {
        Link::Negbin => document.distribution_parameter,
        _ => document.link_parameter,
    };
    if document.link.is_none() && document.model_type == ModelType::GeneralizedLinear {
        return unfit("a generalizedLinear model needs the attribute linkFunction");
    }
    let parameter = match (link, parameter) {
        (_, Some(parameter)) => parameter,
        (Link::Power | Link::OddsPower, None) => {
            return unfit("the links power and oddspower need the attribute linkParameter");
        }
        (Link::Negbin, None) => return unfit("the link negbin needs the attribute distParameter"),
        (_, None) => 1.0,
    };
    let reference = match document.reference_category {
        Some(category) => {
            let category = context.category(category, offset)?;
            categories.iter().position(|known| *known == category).map(|index| index as u32)
        }
        None => None,
    };
    Ok(match (document.model_type, categories.is_empty()) {
        (ModelType::Regression | ModelType::GeneralLinear, true) => {
            Kind::Mean { link: Link::Identity, parameter: 1.0 }
        }
        (ModelType::GeneralizedLinear, _) if link == Link::Cauchit => {
            context.compiler.reserve("the link cauchit is not one of the standard");
            Kind::Unlinked
        }
        (ModelType::GeneralizedLinear, true) => Kind::Mean { link, parameter },
        (ModelType::GeneralizedLinear, false) => {
            if categories.len() != 2 {
                return unfit("a generalizedLinear classification has two categories");
            }
            // The coefficients say whose they are; else they are those of the category that is not the reference.
            let named = document.p_cells.iter().find_map(|cell| cell.target_category);
            let category = match named {
                Some(named) => {
                    let named = context.category(named, offset)?;
                    categories.iter().position(|known| *known == named).unwrap_or(1) as u32
                }
                None => reference.map_or(1, |reference| 1 - reference),
            };
            Kind::Binary { link, parameter, category }
        }
        (ModelType::MultinomialLogistic, false) => Kind::Multinomial { reference },
        (ModelType::OrdinalMultinomial, false) => match document.cumulative_link {
            Some(link) => Kind::Ordinal { link: link.link() },
            None => return unfit("an ordinalMultinomial model needs the attribute cumulativeLink"),
        },
        (ModelType::CoxRegression, true) => Kind::Hazard(Box::new(compile_hazard(document, context)?)),
        (model_type, _) => {
            return unfit(&format!("the model type {model_type:?} does not fit the mining function"));
        }
    })
}

/// The categories in the order of the data field, else of the coefficients, the reference last.
fn categories<'a>(document: &Document<'a>, context: &mut ModelContext<'_, '_, 'a>) -> Result<Vec<Datum>> {
    let mut categories = Vec::new();
    let target =
        context.head.mining_schema.targets().next().map(|field| field.name).or(document.target_variable);
    if let Some(field) = target.and_then(|name| context.compiler.data_field(name)) {
        for value in field.values.iter().filter(|value| value.property == Property::Valid) {
            let category = context.category(value.value, field.offset)?;
            category_index(&mut categories, category);
        }
    }
    let named =
        document.p_cells.iter().filter_map(|cell| cell.target_category).chain(document.reference_category);
    let declared = categories.len();
    for name in named {
        let category = context.category(name, context.head.offset)?;
        category_index(&mut categories, category);
    }
    if declared > 0 && categories.len() < 2 || categories.is_empty() {
        return Err(Fault::invalid(context.head.offset, "the categories of the target are not given"));
    }
    Ok(categories)
}

/// The sum of a category: the coefficients that name it, and those that name none.
fn sum<'a>(
    document: &Document<'a>,
    context: &mut ModelContext<'_, '_, 'a>,
    category: Option<Datum>,
) -> Result<Box<[Addend]>> {
    let mut addends = Vec::new();
    let about =
        |context: &mut ModelContext<'_, '_, 'a>, named: Option<&str>, offset: u32| match (named, category) {
            (None, _) | (_, None) => Ok(true),
            (Some(named), Some(category)) => context.category(named, offset).map(|named| named == category),
        };
    for cell in &document.p_cells {
        if !about(context, cell.target_category, cell.offset)? {
            continue;
        }
        if !document.parameters.iter().any(|(name, _)| *name == cell.parameter) {
            return Err(Fault::invalid(
                cell.offset,
                format!("parameter {:?} is not defined", cell.parameter),
            ));
        }
        let mut factors = Vec::new();
        for part in document.pp_cells.iter().filter(|part| part.parameter == cell.parameter) {
            if about(context, part.target_category, part.offset)? {
                factors.push(factor(document, part, context)?);
            }
        }
        addends.push(Addend { beta: cell.beta, factors: factors.into() });
    }
    Ok(addends.into())
}

fn factor<'a>(
    document: &Document<'a>,
    cell: &crate::elements::general_regression::read::PpCell<'a>,
    context: &mut ModelContext<'_, '_, 'a>,
) -> Result<Factor> {
    let find = |list: &'_ [PredictorDocument<'a>]| list.iter().position(|known| known.name == cell.predictor);
    let slot = context.slot(cell.predictor, cell.offset)?;
    if let Some(index) = find(&document.factors) {
        let predictor = &document.factors[index];
        let Some(matrix) = &predictor.matrix else {
            return Ok(Factor::Equals { slot, value: context.value_of(slot, cell.value) });
        };
        let column = predictor.categories.iter().position(|category| *category == cell.value);
        let Some(column) = column.filter(|column| *column < matrix.columns) else {
            let message = format!("category {:?} has no column in the contrast matrix", cell.value);
            return Err(Fault::invalid(cell.offset, message));
        };
        let mut figures = Vec::new();
        for (row, category) in predictor.categories.iter().enumerate() {
            let value = context.value_of(slot, category);
            figures.push((value, matrix.get(row, column).unwrap_or(0.0)));
        }
        figures.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        return Ok(Factor::Contrast { slot, figures: figures.into() });
    }
    if find(&document.covariates).is_none() {
        let message = format!("predictor {:?} is neither a factor nor a covariate", cell.predictor);
        return Err(Fault::invalid(cell.offset, message));
    }
    match crate::reader::element::parse_number(cell.value) {
        Some(exponent) => Ok(Factor::Power { slot, exponent }),
        None => Err(Fault::invalid(cell.offset, format!("the exponent {:?} is not a number", cell.value))),
    }
}
