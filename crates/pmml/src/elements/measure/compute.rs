//! A measure, and the row that it is applied to.

use scorewheel_columns::{ErrorCode, RowError};

use crate::compile::ModelContext;
use crate::document::dictionary::Property;
use crate::document::table::Matrix;
use crate::elements::measure::points::Points;
use crate::elements::measure::rank::order;
use crate::elements::measure::read::{CompareFunction, ComparisonField, ComparisonMeasure, MeasureFunction};
use crate::fault::{Fault, Result};
use crate::plan::{ModelPlan, Place, Slot};
use crate::score::{Prediction, Row};
use crate::value::missing::MISSING;

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

/// The values of one row, with a mark where one is missing, and the factor that makes up for the missing ones.
#[derive(Debug)]
pub struct Point {
    /// One value a field; see [`crate::value::missing`].
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

    /// Ranks the points of a model by how near they are to a row: their figures, the order of the nearest ones and the
    /// nearest one go into `prediction`.
    ///
    /// # Errors
    /// [`ErrorCode::MissingValue`] if all fields are missing; [`ErrorCode::UnsupportedElement`] where the measure has no
    /// meaning for how a field is compared; else that of the fields.
    pub fn rank(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        points: &Points,
        prediction: &mut Prediction,
    ) -> std::result::Result<(), RowError> {
        let Some(point) = self.point(row)? else {
            return Err(row.error(ErrorCode::MissingValue, model.place));
        };
        let figures = &mut prediction.affinities;
        figures.resize(points.count(), 0.0);
        let compared = self.figures(points, &point.values, &[point.adjustment], figures, |_| {});
        row.give_numbers(point.values);
        if !compared {
            return Err(row.error(ErrorCode::UnsupportedElement, self.place));
        }
        let is_similarity = self.function.is_similarity();
        order(&mut prediction.ranking, figures, is_similarity, self.ranked, row.keys);
        prediction.entity = prediction.ranking.first().copied();
        Ok(())
    }
}
