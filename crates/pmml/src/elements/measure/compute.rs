//! From two points to a figure.

use scorewheel_columns::{ErrorCode, RowError};

use crate::compile::ModelContext;
use crate::document::dictionary::Property;
use crate::document::table::Matrix;
use crate::elements::measure::rank::order;
use crate::elements::measure::read::{CompareFunction, ComparisonField, ComparisonMeasure, MeasureFunction};
use crate::fault::{Fault, Result};
use crate::plan::{ModelPlan, Place, Slot};
use crate::score::{Prediction, Row};

/// A field that is compared.
#[derive(Debug)]
pub struct FieldPlan {
    /// Its slot.
    pub slot: Slot,
    /// Its weight.
    pub weight: f64,
    /// How its values are compared.
    pub compare: CompareFunction,
    /// False if its values cannot be compared so under the measure: an error of the row.
    pub is_suited: bool,
    /// Scale of [`CompareFunction::GaussSim`].
    pub scale: f64,
    /// Figures of [`CompareFunction::Table`].
    pub table: Option<Matrix>,
    /// Values in the order of the table's rows and columns; empty if the values themselves count them from 0.
    pub table_values: Box<[f64]>,
    /// True if its values are numbers and not codes.
    pub is_number: bool,
}

/// Compiles a field that is compared.
pub fn compile_field<'a>(
    field: &ComparisonField<'a>,
    measure: &ComparisonMeasure,
    context: &mut ModelContext<'_, '_, 'a>,
) -> Result<FieldPlan> {
    let slot = context.slot(field.field, field.offset)?;
    let compare = field.compare_function.unwrap_or(measure.compare_function);
    if compare == CompareFunction::GaussSim && field.similarity_scale.is_none() {
        return Err(Fault::invalid(field.offset, "gaussSim needs the attribute similarityScale"));
    }
    if compare == CompareFunction::Table && field.comparisons.is_none() {
        return Err(Fault::invalid(field.offset, "the compare function table needs the element Comparisons"));
    }
    let is_number = context.kind(slot).counts();
    let mut table_values = Vec::new();
    if compare == CompareFunction::Table
        && !is_number
        && let Some(data) = context.compiler.data_field(field.field)
    {
        for value in data.values.iter().filter(|value| value.property == Property::Valid) {
            table_values.push(context.value_of(slot, value.value));
        }
    }
    Ok(FieldPlan {
        slot,
        table_values: table_values.into(),
        weight: field.weight,
        compare,
        is_suited: field.compare_function.is_some() || !measure.is_unsuited(),
        scale: field.similarity_scale.unwrap_or(1.0),
        table: field.comparisons.clone(),
        is_number,
    })
}

/// A measure over some fields.
#[derive(Debug)]
pub struct Measure {
    /// How the comparisons become one figure.
    pub function: MeasureFunction,
    /// The fields.
    pub fields: Box<[FieldPlan]>,
    /// By field: what it counts for if others are missing.
    pub missing_weights: Box<[f64]>,
    /// How many of the nearest points are ranked.
    pub ranked: usize,
    /// Where it stands.
    pub place: Place,
}

/// Stands for a missing value among the values of a point; no figure that a row holds has these bits.
const MISSING: f64 = f64::from_bits(0x7ff8_0000_6d69_7373);

/// True for the mark of a missing value, which is not any other NaN.
#[inline]
#[must_use]
pub fn is_missing(value: f64) -> bool {
    value.to_bits() == MISSING.to_bits()
}

/// The values of one row, with a mark where one is missing, and the factor that makes up for the missing ones.
#[derive(Debug)]
pub struct Point {
    /// One value a field; see [`is_missing`].
    pub values: Vec<f64>,
    /// Sum of all missing-value weights over the sum of those that are there.
    pub adjustment: f64,
}

impl Measure {
    /// Reads the fields of a row. `None` if all are missing. The buffer is to be given back.
    pub fn point(&self, row: &mut Row<'_>) -> std::result::Result<Option<Point>, RowError> {
        let mut values = row.take_numbers();
        let (mut whole, mut there) = (0.0, 0.0);
        let mut any = false;
        for (field, weight) in self.fields.iter().zip(&self.missing_weights) {
            let value = if field.is_number { row.number(field.slot)? } else { row.raw(field.slot)? };
            whole += weight;
            if value.is_some() {
                any = true;
                there += weight;
            }
            values.push(value.unwrap_or(MISSING));
        }
        if any {
            return Ok(Some(Point { values, adjustment: whole / there }));
        }
        row.give_numbers(values);
        Ok(None)
    }

    /// Ranks the points of a model, one value a field each, by how near they are to a row: their figures, the order of the
    /// nearest ones and the nearest one go into `prediction`.
    ///
    /// # Errors
    /// [`ErrorCode::MissingValue`] if all fields are missing; else that of the fields or of [`Measure::figure`].
    pub fn rank(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        points: &[f64],
        prediction: &mut Prediction,
    ) -> std::result::Result<(), RowError> {
        let Some(point) = self.point(row)? else {
            return Err(row.error(ErrorCode::MissingValue, model.place));
        };
        let figures = &mut prediction.affinities;
        let outcome = points
            .chunks_exact(self.fields.len())
            .try_for_each(|other| self.figure(row, &point, other).map(|figure| figures.push(figure)));
        row.give_numbers(point.values);
        outcome?;
        let is_similarity = self.function.is_similarity();
        order(&mut prediction.ranking, &prediction.affinities, is_similarity, self.ranked);
        prediction.entity = prediction.ranking.first().copied();
        Ok(())
    }

    /// The figure between a row and a point of the model.
    ///
    /// # Errors
    /// [`ErrorCode::UnsupportedElement`] where the measure has no meaning for how a field is compared.
    pub fn figure(&self, row: &Row<'_>, point: &Point, center: &[f64]) -> std::result::Result<f64, RowError> {
        let unsupported = || row.error(ErrorCode::UnsupportedElement, self.place);
        if self.function.is_similarity() {
            return self.similarity(&point.values, center).ok_or_else(unsupported);
        }
        let mut sum = 0.0;
        for ((field, value), other) in self.fields.iter().zip(&point.values).zip(center) {
            if is_missing(*value) {
                continue;
            }
            let compared = self.compare(field, *value, *other).ok_or_else(unsupported)?;
            match self.function {
                MeasureFunction::Euclidean | MeasureFunction::SquaredEuclidean => {
                    sum += field.weight * (compared * compared);
                }
                MeasureFunction::Chebychev => sum = f64::max(sum, field.weight * compared),
                MeasureFunction::Minkowski(power) => sum += field.weight * libm::pow(compared, power),
                _ => sum += field.weight * compared,
            }
        }
        let sum = sum * point.adjustment;
        Ok(match self.function {
            MeasureFunction::Euclidean => sum.sqrt(),
            MeasureFunction::Minkowski(power) => libm::pow(sum, 1.0 / power),
            _ => sum,
        })
    }

    fn compare(&self, field: &FieldPlan, value: f64, other: f64) -> Option<f64> {
        if !field.is_suited {
            return None;
        }
        match field.compare {
            CompareFunction::AbsDiff if field.is_number => Some((value - other).abs()),
            CompareFunction::AbsDiff => None,
            CompareFunction::GaussSim => {
                let difference = value - other;
                let exponent =
                    -std::f64::consts::LN_2 * (difference * difference) / (field.scale * field.scale);
                field.is_number.then(|| libm::exp(exponent))
            }
            CompareFunction::Delta => Some(if value == other { 0.0 } else { 1.0 }),
            CompareFunction::Equal => Some(if value == other { 1.0 } else { 0.0 }),
            CompareFunction::Table => {
                let index = |number: f64| match &*field.table_values {
                    [] => (number >= 0.0 && number.fract() == 0.0).then_some(number as usize),
                    values => values.iter().position(|known| *known == number),
                };
                field.table.as_ref()?.get(index(value)?, index(other)?)
            }
        }
    }

    /// Counts in how many fields both are 1, only the row, only the centre, neither.
    fn similarity(&self, values: &[f64], center: &[f64]) -> Option<f64> {
        let (mut both, mut row_only, mut center_only, mut neither) = (0.0, 0.0, 0.0, 0.0);
        for (value, other) in values.iter().zip(center) {
            match (*value, *other) {
                (value, _) if is_missing(value) => {}
                (1.0, 1.0) => both += 1.0,
                (1.0, 0.0) => row_only += 1.0,
                (0.0, 1.0) => center_only += 1.0,
                (0.0, 0.0) => neither += 1.0,
                _ => return None,
            }
        }
        let different = row_only + center_only;
        Some(match self.function {
            MeasureFunction::SimpleMatching => (both + neither) / (both + different + neither),
            MeasureFunction::Jaccard => both / (both + different),
            MeasureFunction::Tanimoto => (both + neither) / (both + 2.0 * different + neither),
            MeasureFunction::BinarySimilarity([c00, c01, c10, c11, d00, d01, d10, d11]) => {
                (c11 * both + c10 * row_only + c01 * center_only + c00 * neither)
                    / (d11 * both + d10 * row_only + d01 * center_only + d00 * neither)
            }
            _ => return None,
        })
    }
}
