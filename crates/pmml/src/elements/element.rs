//! What every compiled element does.

use std::fmt::Debug;

use scorewheel_columns::{ErrorCode, RowError};

use crate::plan::model::{RuleOutput, Uncertainty};
use crate::plan::{ModelId, ModelPlan};
use crate::score::columnar::{Answers, Frame, Wanted, Work};
use crate::score::row::Evaluated;
use crate::score::{Prediction, Row};
use crate::value::Datum;

/// A compiled element: finds the prediction of one row.
pub trait Element: Debug + Send + Sync {
    /// Scores one row: sets the value of `prediction`, still without the target's rules, and the figures that
    /// [`crate::plan::model::Figures`] promises. `prediction` comes cleared; a missing value is left as it is.
    ///
    /// # Errors
    /// That of the first field that the row's path reads and that fails, or [`ErrorCode::NoAnswer`].
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError>;

    /// Adds the columns that [`Element::score_columns`] reads; `None` if the element scores rows one by one only.
    fn columns(&self, model: &ModelPlan, wanted: &mut Vec<Wanted>) -> Option<()> {
        let _ = (model, wanted);
        None
    }

    /// Scores the rows of a block side by side, with the bits of [`Element::score`]: what it finds for one target, as
    /// [`crate::plan::model::Figures`] promises. A row that has no prediction, or an error, is left to the exact path.
    fn score_columns(&self, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
        let _ = (model, frame, work);
        answers.left.mark_all();
    }

    /// How much [`Element::score_columns`] keeps for each row of a block at once: blocks have the fewer rows.
    fn found_per_row(&self) -> usize {
        0
    }

    /// The values that the winners of [`Answers`] stand for; empty if it predicts numbers.
    fn winners<'m>(&'m self, model: &'m ModelPlan) -> &'m [Datum] {
        if model.is_classification() { model.categories() } else { &[] }
    }

    /// The models whose prediction is handed on as it is; `None` if the element makes its own.
    fn delegates(&self) -> Option<&[ModelId]> {
        None
    }

    /// True if segments hand on what they find to those after them.
    fn is_chain(&self) -> bool {
        false
    }

    /// True if the prediction is a list, or of a type that differs by row.
    fn answers_with_lists(&self) -> bool {
        false
    }

    /// The segment with this id, by the code of the id.
    fn segment(&self, id: u32) -> Option<ModelId> {
        let _ = id;
        None
    }

    /// True if the document tells how uncertain predictions are.
    fn tells_uncertainty(&self) -> bool {
        false
    }

    /// How uncertain the prediction of this row is, before the target's rules. Asked for only where an output tells
    /// it, since it can cost more than the prediction.
    ///
    /// # Errors
    /// [`ErrorCode::UnsupportedElement`] if the document does not tell.
    fn uncertainty(&self, model: &ModelPlan, row: &mut Row<'_>, wanted: Uncertainty) -> Evaluated {
        let _ = wanted;
        Err(row.error(ErrorCode::UnsupportedElement, model.place))
    }

    /// What an output field tells of a rule.
    ///
    /// # Errors
    /// [`ErrorCode::UnsupportedElement`] if the element has no rules.
    fn rule_output(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &Prediction,
        output: &RuleOutput,
    ) -> Evaluated {
        let _ = (prediction, output);
        Err(row.error(ErrorCode::UnsupportedElement, model.place))
    }
}
