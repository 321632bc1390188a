//! `RegressionModel` compiled: fields to slots, categories to values.

use crate::compile::{Compiled, ModelContext};
use crate::document::{MiningFunction, OpType};
use crate::elements::ElementPlan;
use crate::elements::regression::read::{Document, Normalization, TableDocument};
use crate::elements::regression::score::{class_probabilities, inverse_link};
use crate::fault::{Fault, Result};
use crate::plan::model::Figures;
use crate::plan::{Place, Slot};
use crate::precision::Precision;
use crate::reader::Choice;
use crate::value::Datum;

/// A compiled `RegressionModel`.
#[derive(Debug)]
pub struct Plan {
    /// How sums become predictions.
    pub normalization: Normalization,
    /// Where that stands.
    pub place: Place,
    /// True if the sums are of cumulative probabilities.
    pub is_ordinal: bool,
    /// True if the categories cannot be those of the target, which is an error of every row.
    pub contradicts_target: bool,
    /// The sums.
    pub tables: Box<[Table]>,
}

/// A sum of products.
#[derive(Debug)]
pub struct Table {
    /// Summand without a field; a table without one cannot be summed.
    pub intercept: Option<f64>,
    /// Where it stands.
    pub place: Place,
    /// Numbers, with exponent and coefficient.
    pub numeric: Box<[Numeric]>,
    /// Coefficients by value, one entry a field.
    pub categorical: Box<[Categorical]>,
    /// Products of several fields.
    pub terms: Box<[Term]>,
    /// True if it is made of numbers to the first power only.
    pub is_linear: bool,
}

/// One number of a sum.
#[derive(Debug)]
pub struct Numeric {
    /// The field.
    pub slot: Slot,
    /// Its exponent.
    pub exponent: i32,
    /// Its coefficient.
    pub coefficient: f64,
}

/// The coefficients of one field's values.
#[derive(Debug)]
pub struct Categorical {
    /// The field.
    pub slot: Slot,
    /// Values, ascending, with their coefficient.
    pub coefficients: Box<[(f64, f64)]>,
}

/// A product of fields.
#[derive(Debug)]
pub struct Term {
    /// Its coefficient.
    pub coefficient: f64,
    /// The fields, each to the power with which it occurs.
    pub factors: Box<[(Slot, i32)]>,
}

/// Compiles a `RegressionModel`.
pub fn compile<'a>(document: &Document<'a>, context: &mut ModelContext<'_, '_, 'a>) -> Result<Compiled> {
    let incomplete = document.tables.iter().find(|table| table.intercept.is_none());
    if let Some(table) = incomplete.filter(|_| context.is_root() && !may_lack_a_number(document)) {
        return Err(Fault::invalid(table.offset, "RegressionTable needs the attribute intercept"));
    }
    let mut tables = Vec::with_capacity(document.tables.len());
    for table in &document.tables {
        tables.push(compile_table(table, context)?);
    }
    let is_ordinal = is_ordinal(context);
    let mut plan = Plan {
        normalization: document.normalization,
        place: normalization_place(document, is_ordinal, context)?,
        is_ordinal,
        contradicts_target: context.is_classification() && contradicts_target(document, context)?,
        tables: Box::default(),
    };
    let mut categories = Vec::new();
    match context.head.function {
        MiningFunction::Regression => {
            if tables.len() != 1 {
                let message = format!("a regression has one RegressionTable, not {}", tables.len());
                return Err(Fault::invalid(context.head.offset, message));
            }
        }
        MiningFunction::Classification => {
            for table in &document.tables {
                categories.push(category(table, context)?);
            }
        }
        _ => {
            let message = "a RegressionModel is for regression or classification";
            return Err(Fault::invalid(context.head.offset, message));
        }
    }
    plan.tables = tables.into();
    let figures = Figures { probability: context.is_classification(), ..Figures::default() };
    Ok(Compiled { categories, figures, ..Compiled::new(ElementPlan::Regression(Box::new(plan))) })
}

fn category<'a>(table: &TableDocument<'a>, context: &mut ModelContext<'_, '_, 'a>) -> Result<Datum> {
    match table.target_category {
        Some(category) => context.category(category, table.offset),
        None => Err(Fault::invalid(table.offset, "RegressionTable needs the attribute targetCategory")),
    }
}

/// True if the categories cannot be those of the target: it is a number that is measured, or lists others.
fn contradicts_target(document: &Document<'_>, context: &mut ModelContext<'_, '_, '_>) -> Result<bool> {
    let target = context.head.mining_schema.targets().next();
    let Some((target, field)) =
        target.and_then(|target| Some((target, context.compiler.data_field(target.name)?)))
    else {
        return Ok(false);
    };
    let lists_others = !field.values.is_empty()
        && document.tables.iter().any(|table| {
            table
                .target_category
                .is_some_and(|category| field.values.iter().all(|value| value.value != category))
        });
    let contradicts = lists_others || target.op_type.unwrap_or(field.op_type) == OpType::Continuous;
    if contradicts {
        let words = "the categories of a RegressionModel are not those of its target";
        if context.is_root() {
            return Err(Fault::invalid(context.head.offset, format!("{words}, {:?}", target.name)));
        }
        context.compiler.reserve(words);
    }
    Ok(contradicts)
}

/// The place of the normalisation, which is noted if it has no meaning for the model. A record that lacks a number is
/// answered nevertheless, with nothing; where none can lack one the document is refused.
fn normalization_place(
    document: &Document<'_>,
    is_ordinal: bool,
    context: &mut ModelContext<'_, '_, '_>,
) -> Result<Place> {
    let (normalization, precision) = (document.normalization, Precision::double());
    let mut sums = vec![0.5; document.tables.len()];
    let found = if context.is_classification() {
        class_probabilities(normalization, is_ordinal, &mut sums, precision)
    } else {
        inverse_link(normalization, 0.5, precision).map(|_| ())
    };
    let words = format!("normalizationMethod {}", normalization.word());
    if found.is_none() {
        let words = match (context.is_classification(), is_ordinal) {
            (true, true) => format!("{words} has no meaning for an ordinal target"),
            (true, false) => format!("{words} has no meaning for {} categories", sums.len()),
            (false, _) => format!("{words} has no meaning for regression"),
        };
        if context.is_root() && !may_lack_a_number(document) {
            return Err(Fault::invalid(context.head.offset, words));
        }
        context.compiler.reserve(format!("the {words}"));
        return Ok(context.place(format!("RegressionModel, whose {words}")));
    }
    Ok(context.place(format!("RegressionModel with {words}")))
}

/// True if some sum of a record can be missing, which is then the answer.
fn may_lack_a_number(document: &Document<'_>) -> bool {
    document.tables.iter().any(|table| !(table.numeric.is_empty() && table.terms.is_empty()))
}

fn is_ordinal(context: &ModelContext<'_, '_, '_>) -> bool {
    let Some(target) = context.head.mining_schema.targets().next() else { return false };
    let declared = context.compiler.data_field(target.name).map(|field| field.op_type);
    target.op_type.or(declared) == Some(OpType::Ordinal)
}

/// Compiles a `RegressionTable`.
pub fn compile_table<'a>(table: &TableDocument<'a>, context: &mut ModelContext<'_, '_, 'a>) -> Result<Table> {
    let mut numeric = Vec::with_capacity(table.numeric.len());
    for (name, exponent, coefficient) in &table.numeric {
        let slot = context.slot(name, table.offset)?;
        let exponent = i32::try_from(*exponent)
            .map_err(|_| Fault::invalid(table.offset, format!("exponent {exponent} does not fit")))?;
        numeric.push(Numeric { slot, exponent, coefficient: *coefficient });
    }
    let mut categorical: Vec<(Slot, Vec<(f64, f64)>)> = Vec::new();
    for (name, value, coefficient) in &table.categorical {
        let slot = context.slot(name, table.offset)?;
        let value = context.value_of(slot, value);
        if value.is_nan() {
            continue;
        }
        match categorical.iter_mut().find(|(known, _)| *known == slot) {
            Some((_, coefficients)) => coefficients.push((value, *coefficient)),
            None => categorical.push((slot, vec![(value, *coefficient)])),
        }
    }
    let categorical = categorical.into_iter().map(|(slot, mut coefficients)| {
        coefficients.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        // A value that stands twice counts twice.
        coefficients.dedup_by(|(next, added), (value, coefficient)| {
            let same = next == value;
            if same {
                *coefficient += *added;
            }
            same
        });
        Categorical { slot, coefficients: coefficients.into() }
    });
    let categorical: Box<[Categorical]> = categorical.collect();
    let mut terms = Vec::with_capacity(table.terms.len());
    for (coefficient, fields) in &table.terms {
        let mut factors: Vec<(Slot, i32)> = Vec::new();
        for field in fields {
            let slot = context.slot(field, table.offset)?;
            match factors.iter_mut().find(|(known, _)| *known == slot) {
                Some((_, power)) => *power += 1,
                None => factors.push((slot, 1)),
            }
        }
        terms.push(Term { coefficient: *coefficient, factors: factors.into() });
    }
    let place = match table.intercept {
        Some(_) => context.place("RegressionTable"),
        // A record that lacks a number is answered nevertheless, with nothing.
        None => {
            context.compiler.reserve("a RegressionTable has no intercept");
            context.place("RegressionTable, which has no intercept")
        }
    };
    let is_linear = terms.is_empty()
        && categorical.is_empty()
        && numeric.iter().all(|numeric: &Numeric| numeric.exponent == 1);
    Ok(Table {
        intercept: table.intercept,
        place,
        numeric: numeric.into(),
        categorical,
        terms: terms.into(),
        is_linear,
    })
}
