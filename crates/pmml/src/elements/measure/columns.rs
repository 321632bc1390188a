//! A block of rows against the points of a model.

use crate::elements::measure::compute::Measure;
use crate::elements::measure::points::Points;
use crate::elements::measure::rank::order_rows;
use crate::score::columnar::{Answers, Frame, Wanted, Work};
use crate::value::missing::{is_missing, lacks_some};

impl Measure {
    /// Adds the columns that are compared.
    pub fn columns(&self, wanted: &mut Vec<Wanted>) {
        for field in &self.fields {
            let own = if field.is_number { Wanted::number(field.slot) } else { Wanted::code(field.slot) };
            wanted.push(own.or_missing());
        }
    }

    /// Ranks the points for every row: their figures, the order of the nearest ones and the nearest one.
    ///
    /// The same as [`Measure::rank`] for one row.
    pub fn rank_block(&self, points: &Points, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
        let (rows, width) = (frame.rows, self.fields.len());
        let Work { columns: values, row: adjustments, keys, .. } = work;
        values.resize(rows * width, 0.0);
        let mut lacks = false;
        for (at, field) in self.fields.iter().enumerate() {
            let column = frame.column(field.slot);
            lacks |= lacks_some(column);
            values.iter_mut().skip(at).step_by(width).zip(column).for_each(|(into, value)| *into = *value);
        }
        adjustments.clear();
        let Answers { affinities, rankings, entities, left, .. } = answers;
        let whole = self.missing_weights.iter().fold(0.0, |sum, weight| sum + weight);
        if lacks {
            for (row, values) in values.chunks_exact(width).enumerate() {
                let mut there = 0.0;
                for (value, weight) in values.iter().zip(&self.missing_weights) {
                    there += if is_missing(*value) { 0.0 } else { *weight };
                }
                adjustments.push(whole / there);
                if values.iter().all(|value| is_missing(*value)) {
                    left.mark(row);
                }
            }
        } else {
            // One, but for weights that are all nought.
            let there = whole;
            adjustments.resize(rows, whole / there);
        }
        affinities.resize(rows * points.count(), 0.0);
        self.figures(points, values, adjustments, affinities, |row| left.mark(row));
        let ranked = self.ranked.min(points.count());
        order_rows(rankings, affinities, points.network(), self.function.is_similarity(), self.ranked, keys);
        entities.extend(rankings.chunks_exact(ranked.max(1)).map(|ranking| ranking[0]));
    }
}
