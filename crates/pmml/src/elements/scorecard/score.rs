//! `Scorecard` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::scorecard::columns;
use crate::elements::scorecard::compile::{Attribute, Characteristic, Partial, Plan};
use crate::elements::scorecard::read::ReasonCodeAlgorithm;
use crate::plan::ModelPlan;
use crate::precision::Precision;
use crate::score::columnar::{Answers, Frame, Wanted, Work};
use crate::score::{Prediction, Row};
use crate::value::{Datum, Kind};

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let precision = Precision::from(model.math_context);
        let mut sum = precision.round(self.initial_score);
        let mut points = row.take_numbers();
        let outcome = self.characteristics.iter().try_for_each(|characteristic| {
            let attribute = characteristic.matching(row)?;
            let partial = attribute.partial_score(characteristic, row)?;
            sum = precision.round(sum + precision.round(partial));
            let Some(algorithm) = self.reasons else { return Ok(()) };
            let lacks = || row.error(ErrorCode::UndefinedName, characteristic.place);
            let code = attribute.reason_code.ok_or_else(lacks)?;
            let baseline = characteristic.baseline_score.ok_or_else(lacks)?;
            let difference = algorithm.difference(partial, baseline);
            // A reason that several characteristics give is one reason.
            match prediction.reasons.iter().position(|known| *known == code) {
                Some(known) => points[known] += difference,
                None => {
                    prediction.reasons.push(code);
                    points.push(difference);
                }
            }
            Ok(())
        });
        rank(&mut prediction.reasons, &points);
        prediction.value = Some(Datum::double(sum));
        row.give_numbers(points);
        outcome
    }

    fn columns(&self, _: &ModelPlan, wanted: &mut Vec<Wanted>) -> Option<()> {
        wanted.extend(self.columns.as_ref()?.wanted());
        Some(())
    }

    fn score_columns(&self, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
        match &self.columns {
            Some(columns) => columns::score(self, columns, model, frame, work, answers),
            None => answers.left.mark_all(),
        }
    }

    fn found_per_row(&self) -> usize {
        self.characteristics.len()
    }
}

impl ReasonCodeAlgorithm {
    /// How far a partial score is on the side of the baseline that is a reason.
    pub(super) fn difference(self, partial: f64, baseline: f64) -> f64 {
        match self {
            Self::PointsAbove => partial - baseline,
            Self::PointsBelow => baseline - partial,
        }
    }
}

impl Characteristic {
    fn matching(&self, row: &mut Row<'_>) -> Result<&Attribute, RowError> {
        for attribute in &self.attributes {
            row.step()?;
            if row.test(&attribute.predicate)? == Some(true) {
                return Ok(attribute);
            }
        }
        Err(row.error(ErrorCode::NoAnswer, self.place))
    }
}

impl Attribute {
    fn partial_score(&self, of: &Characteristic, row: &mut Row<'_>) -> Result<f64, RowError> {
        match &self.partial_score {
            Some(Partial::Constant(number)) => Ok(*number),
            Some(Partial::Complex(expression)) => match row.evaluate(expression)? {
                None => Err(row.error(ErrorCode::NoAnswer, of.place)),
                Some(datum) => {
                    let double = datum.cast(Kind::Double, &mut row.texts);
                    double.map(|datum| datum.number).map_err(|code| row.error(code, of.place))
                }
            },
            None => Err(row.error(ErrorCode::UndefinedName, of.place)),
        }
    }
}

/// Reasons by falling points; those below nought are none.
pub(super) fn rank(reasons: &mut Vec<u32>, points: &[f64]) {
    let mut order: Vec<usize> = (0..reasons.len()).filter(|index| points[*index] >= 0.0).collect();
    order.sort_by(|a, b| points[*b].total_cmp(&points[*a]));
    *reasons = order.into_iter().map(|index| reasons[index]).collect();
}
