//! `MiningModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::mining::compile::{Plan, Segment};
use crate::elements::mining::read::{Method, MissingPrediction};
use crate::plan::{ModelId, ModelPlan, Predicate};
use crate::score::columnar::{Answers, Frame, Wanted, Work};
use crate::score::{Prediction, Row};

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        match self.method {
            Method::SelectFirst => self.select_first(row, prediction),
            Method::ModelChain => self.chain(row, prediction, false),
            Method::MultiModelChain | Method::XMultiModelChain => self.chain(row, prediction, true),
            Method::SelectAll => self.select_all(row, prediction),
            _ => self.combine(model, row, prediction),
        }
    }

    fn columns(&self, model: &ModelPlan, wanted: &mut Vec<Wanted>) -> Option<()> {
        self.forest.as_ref()?.columns(model, wanted)
    }

    fn score_columns(&self, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
        match &self.forest {
            Some(forest) => forest.score_columns(model, frame, work, answers),
            None => answers.left.mark_all(),
        }
    }

    fn delegates(&self) -> Option<&[ModelId]> {
        self.delegates.as_deref()
    }

    fn answers_with_lists(&self) -> bool {
        self.method == Method::SelectAll
    }

    fn is_chain(&self) -> bool {
        matches!(self.method, Method::ModelChain | Method::MultiModelChain | Method::XMultiModelChain)
            && !self.is_composition
    }

    fn segment(&self, id: u32) -> Option<ModelId> {
        self.segments.iter().find(|segment| segment.id == id).map(|segment| segment.model)
    }
}

impl Plan {
    /// The segments, if each of them always hands its prediction to the one after it.
    #[must_use]
    pub fn plain_chain(&self) -> Option<&[Segment]> {
        let plain = |segment: &Segment| matches!(segment.predicate, Predicate::True);
        let chained = self.method == Method::ModelChain && !self.is_composition;
        (chained && self.segments.iter().all(plain)).then_some(&self.segments)
    }

    /// A segment of another mining function cannot answer for the whole.
    pub(super) fn fits(&self, segment: &Segment, row: &Row<'_>) -> Result<(), RowError> {
        if segment.is_misfit {
            return Err(row.error(ErrorCode::UnsupportedElement, row.plan.model(segment.model).place));
        }
        Ok(())
    }

    fn select_first(&self, row: &mut Row<'_>, prediction: &mut Prediction) -> Result<(), RowError> {
        for segment in &self.segments {
            if row.test(&segment.predicate)? == Some(true) {
                self.fits(segment, row)?;
                row.score(segment.model, prediction)?;
                prediction.segment = Some(segment.id);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Each segment reads what those before it hand on. The answer is that of the last one that ran, or of all.
    fn chain(&self, row: &mut Row<'_>, prediction: &mut Prediction, all: bool) -> Result<(), RowError> {
        let mut ran = 0;
        for segment in &self.segments {
            if row.test(&segment.predicate)? != Some(true) {
                continue;
            }
            if all && ran > 0 {
                let mut more = row.take_prediction(segment.model);
                row.score(segment.model, &mut more)?;
                more.segment = Some(segment.id);
                prediction.more.append(&mut more.more);
                prediction.more.push(more);
            } else {
                row.score(segment.model, prediction)?;
                prediction.segment = Some(segment.id);
            }
            hand_on(segment, row)?;
            let last = if ran == 0 || !all { Some(&*prediction) } else { prediction.more.last() };
            if last.is_some_and(|last| last.value.is_none()) {
                match self.missing_prediction {
                    MissingPrediction::ReturnMissing => {
                        // The whole is missing, and with it what the segments would tell.
                        prediction.clear(segment.model);
                        return Ok(());
                    }
                    MissingPrediction::SkipSegment => {}
                    MissingPrediction::Continue => expect_outputs(segment, row)?,
                }
            }
            ran += 1;
        }
        Ok(())
    }

    /// A list of all results, with missing ones.
    fn select_all(&self, row: &mut Row<'_>, prediction: &mut Prediction) -> Result<(), RowError> {
        let mut items = Vec::with_capacity(self.segments.len());
        for segment in &self.segments {
            if row.test(&segment.predicate)? != Some(true) {
                continue;
            }
            self.fits(segment, row)?;
            let mut own = row.take_prediction(segment.model);
            let scored = row.score(segment.model, &mut own);
            items.push(own.value);
            row.give_prediction(own);
            scored?;
        }
        if !items.is_empty() {
            prediction.value = Some(row.list_of(items));
        }
        Ok(())
    }
}

/// What a segment without a result fails to hand on is an error of the row.
fn expect_outputs(segment: &Segment, row: &Row<'_>) -> Result<(), RowError> {
    let plan = row.plan;
    for output in &plan.model(segment.model).outputs {
        if !row.is_set(output.slot) {
            return Err(row.error(ErrorCode::MissingValue, output.place));
        }
    }
    Ok(())
}

fn hand_on(segment: &Segment, row: &mut Row<'_>) -> Result<(), RowError> {
    for (from, to) in &segment.exports {
        if row.is_set(*from) {
            let value = row.get(*from)?;
            row.set(*to, value);
        } else {
            row.unset(*to);
        }
    }
    Ok(())
}
