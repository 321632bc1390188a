//! From the answers of a block to columns of scores.

use scorewheel_columns::{OutputType, OutputValues, Scores};
use scorewheel_trees::vectorised;

use crate::plan::answer::DistributionAnswer;
use crate::plan::model::{Category, Entities, OutputFeature};
use crate::plan::{ModelPlan, Plan};
use crate::score::columnar::answers::{Answers, NO_ENTITY};
use crate::score::emit::{self, NO_TEXT, TextRows};
use crate::value::Kind;

/// What is written into one column.
#[derive(Debug)]
pub struct Write {
    column: usize,
    what: What,
}

#[derive(Debug)]
enum What {
    /// The predicted number.
    Number,
    /// Of the predicted category its label code, or the code of its text.
    Winner(Box<[u32]>),
    /// Of the predicted category the number.
    WinnerNumber(Box<[f64]>),
    /// One probability of `width`, as f64 or rounded to f32.
    Probability { index: usize, width: usize },
    /// One confidence of `width`.
    Confidence { index: usize, width: usize },
    /// The probability of the predicted category, of `width`.
    WinnerProbability { width: usize },
    /// The confidence of the predicted category, of `width`.
    WinnerConfidence { width: usize },
    /// All probabilities.
    Probabilities(Positions),
    /// All confidences.
    Confidences(Positions),
    /// All affinities.
    Affinities(Positions),
    /// All entities from best to worst.
    Ranking(Positions),
    /// One affinity of `width`.
    Affinity { index: usize, width: usize },
    /// The affinity of the entity of a rank, from 0; of `width`.
    RankedAffinity { rank: usize, width: usize },
    /// The position of the entity of a rank, from 0, as text; positions count from 1.
    Position { rank: usize },
    /// The name of the entity of a rank, from 0, by the code of its text.
    Entity { rank: usize, names: Box<[u32]> },
    /// The reason code at an index.
    Reason { index: usize },
}

/// By category or entity of a model the position in the column.
#[derive(Debug)]
enum Positions {
    /// Its own index; the column has no others.
    Same,
    /// Any.
    Listed(Box<[u32]>),
}

/// What is written for a model that answers; `None` if it tells something that only rows can.
pub fn find(plan: &Plan, model: &ModelPlan) -> Option<Vec<Write>> {
    let answer = plan.answer.by_model[model.id.0 as usize].as_ref()?;
    let [places] = &answer.targets[..] else { return None };
    let types = |column: usize| &plan.answer.schema.fields[column].output_type;
    let mut writes = Vec::new();
    let mut push = |column: usize, what: What| {
        // Of columns of one name the first row path writer is the last: left to it.
        if writes.iter().any(|write: &Write| write.column == column) {
            return None;
        }
        writes.push(Write { column, what });
        Some(())
    };
    let winners = model.element.winners(model);
    let value = |column: usize, kind: Option<Kind>| {
        let natural = winners.first().map_or(model.target().kind, |winner| winner.kind);
        let same = kind.is_none_or(|kind| kind == natural);
        let to_float =
            matches!((natural, kind), (Kind::Double | Kind::Float, Some(Kind::Double | Kind::Float)));
        let fits = match types(column) {
            OutputType::F64 => natural == Kind::Double && same || natural == Kind::Float && to_float,
            OutputType::F32 => natural == Kind::Float && same || to_float,
            OutputType::I64 => natural == Kind::Integer && same,
            OutputType::Label(_) | OutputType::Text => !winners.is_empty() && same,
            _ => false,
        };
        if !fits {
            return None;
        }
        if winners.is_empty() {
            return Some(What::Number);
        }
        Some(match types(column) {
            OutputType::Label(_) => {
                let codes = plan.answer.codes[column].as_ref()?;
                What::Winner(winners.iter().map(|datum| codes.code(datum.number)).collect::<Option<_>>()?)
            }
            OutputType::Text if natural == Kind::Text => {
                What::Winner(winners.iter().map(|datum| datum.number as u32).collect())
            }
            OutputType::Text => return None,
            _ => What::WinnerNumber(winners.iter().map(|datum| datum.number).collect()),
        })
    };
    push(places.value, value(places.value, None)?)?;
    let width = model.categories().len();
    let listed = |found: &DistributionAnswer| {
        let labels = match types(found.column) {
            OutputType::Distribution(labels) | OutputType::Ranking(labels) => labels.len(),
            _ => 0,
        };
        let positions = &found.positions;
        let is_same = |(at, position): (usize, &u32)| at == *position as usize;
        if labels == positions.len() && positions.iter().enumerate().all(is_same) {
            Positions::Same
        } else {
            Positions::Listed(positions.clone())
        }
    };
    if let Some(found) = &places.probability {
        push(found.column, What::Probabilities(listed(found)))?;
    }
    if let Some(found) = &places.confidence {
        push(found.column, What::Confidences(listed(found)))?;
    }
    if let Some(found) = &places.affinity {
        push(found.column, What::Affinities(listed(found)))?;
    }
    if let Some(found) = &places.ranking {
        push(found.column, What::Ranking(listed(found)))?;
    }
    let entity = |rank: usize| {
        Some(match &model.entities {
            Entities::None => return None,
            Entities::Positions(_) => What::Position { rank },
            Entities::Named(names) => What::Entity { rank, names: names.clone() },
        })
    };
    if let Some(column) = places.entity {
        push(column, entity(0)?)?;
    }
    let (entities, ranks) = (model.entities.len(), model.figures.ranking);
    for (output, (slot, column)) in model.outputs.iter().zip(&answer.outputs) {
        if output.slot != *slot {
            return None;
        }
        let figure = matches!(types(*column), OutputType::F64 | OutputType::F32)
            && output.kind.is_none_or(|kind| matches!(kind, Kind::Double | Kind::Float));
        let what = match &output.what {
            OutputFeature::PredictedValue(0) => value(*column, output.kind)?,
            OutputFeature::Probability(Category::Index(index))
                if figure && places.probability.is_some() && (*index as usize) < width =>
            {
                What::Probability { index: *index as usize, width }
            }
            OutputFeature::Confidence(Category::Index(index))
                if figure && places.confidence.is_some() && (*index as usize) < width =>
            {
                What::Confidence { index: *index as usize, width }
            }
            OutputFeature::Probability(Category::Predicted { rank: 1 })
                if figure && places.probability.is_some() =>
            {
                What::WinnerProbability { width }
            }
            OutputFeature::Confidence(Category::Predicted { rank: 1 })
                if figure && places.confidence.is_some() =>
            {
                What::WinnerConfidence { width }
            }
            OutputFeature::ReasonCode { rank }
                if matches!(types(*column), OutputType::Text)
                    && *rank > 0
                    && output.kind.is_none_or(|kind| kind == Kind::Text) =>
            {
                What::Reason { index: *rank as usize - 1 }
            }
            OutputFeature::EntityId { rank }
                if matches!(types(*column), OutputType::Text)
                    && (*rank == 1 || *rank > 1 && ranks)
                    && output.kind.is_none_or(|kind| kind == Kind::Text) =>
            {
                entity(*rank as usize - 1)?
            }
            OutputFeature::Affinity(Category::Index(index))
                if figure && places.affinity.is_some() && (*index as usize) < entities =>
            {
                What::Affinity { index: *index as usize, width: entities }
            }
            OutputFeature::Affinity(Category::Predicted { rank })
                if figure && places.affinity.is_some() && ranks && *rank > 0 =>
            {
                What::RankedAffinity { rank: *rank as usize - 1, width: entities }
            }
            _ => return None,
        };
        push(*column, what)?;
    }
    Some(writes)
}

impl Write {
    /// The column that is written.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// Writes the answer of a single row, as [`Write::write`] does, without loops over rows.
    #[inline]
    pub fn write_one(&self, answers: &Answers, scores: &mut Scores, text_rows: &mut [TextRows], out: usize) {
        let has_entity = answers.entities.first().is_some_and(|entity| *entity != NO_ENTITY);
        match (&self.what, &mut scores.columns_mut()[self.column].values) {
            (What::Number, OutputValues::F64(into)) => into[out] = answers.numbers[0],
            (What::Winner(codes), OutputValues::Label(into)) => {
                into[out] = codes[answers.winners[0] as usize];
            }
            (What::Probability { index, .. }, OutputValues::F64(into)) => {
                into[out] = answers.probabilities.get(*index).copied().unwrap_or(into[out]);
            }
            (What::Position { rank: 0 }, OutputValues::Text { .. }) if has_entity => {
                text_rows[self.column][out] = emit::position_text(answers.entities[0]);
            }
            (What::Entity { rank: 0, names }, OutputValues::Text { .. }) if has_entity => {
                text_rows[self.column][out] = names[answers.entities[0] as usize];
            }
            _ => self.write(answers, scores, text_rows, out),
        }
    }

    /// Writes the answers of a block from row `out` on.
    pub fn write(&self, answers: &Answers, scores: &mut Scores, text_rows: &mut [TextRows], out: usize) {
        let rows = out..out + answers.rows;
        let texts = &mut text_rows[self.column];
        match (&self.what, &mut scores.columns_mut()[self.column].values) {
            (What::Number, OutputValues::F64(into)) => into[rows].copy_from_slice(&answers.numbers),
            (What::Number, OutputValues::F32(into)) => {
                put(&mut into[rows], &answers.numbers, |number| *number as f32)
            }
            (What::Number, OutputValues::I64(into)) => {
                put(&mut into[rows], &answers.numbers, |number| *number as i64)
            }
            (What::Winner(codes), OutputValues::Label(into)) => {
                put(&mut into[rows], &answers.winners, |winner| codes[*winner as usize]);
            }
            (What::Winner(codes), OutputValues::Text { .. }) => {
                put(&mut texts[rows], &answers.winners, |winner| codes[*winner as usize]);
            }
            (What::WinnerNumber(numbers), OutputValues::F64(into)) => {
                put(&mut into[rows], &answers.winners, |winner| numbers[*winner as usize]);
            }
            (What::WinnerNumber(numbers), OutputValues::F32(into)) => {
                put(&mut into[rows], &answers.winners, |winner| numbers[*winner as usize] as f32);
            }
            (What::WinnerNumber(numbers), OutputValues::I64(into)) => {
                put(&mut into[rows], &answers.winners, |winner| numbers[*winner as usize] as i64);
            }
            (What::Probability { index, width }, into) => {
                pick(into, rows, &answers.probabilities, *index, *width)
            }
            (What::Confidence { index, width }, into) => {
                pick(into, rows, &answers.confidences, *index, *width)
            }
            (What::WinnerProbability { width }, into) => {
                pick_winners(into, rows, &answers.probabilities, &answers.winners, *width);
            }
            (What::WinnerConfidence { width }, into) => {
                pick_winners(into, rows, &answers.confidences, &answers.winners, *width);
            }
            (What::Probabilities(positions), OutputValues::Numbers { width, numbers }) => {
                distribute(numbers, *width, rows, &answers.probabilities, positions);
            }
            (What::Confidences(positions), OutputValues::Numbers { width, numbers }) => {
                distribute(numbers, *width, rows, &answers.confidences, positions);
            }
            (What::Affinities(positions), OutputValues::Numbers { width, numbers }) => {
                distribute(numbers, *width, rows, &answers.affinities, positions);
            }
            (What::Ranking(positions), OutputValues::Numbers { width, numbers }) => {
                let into = &mut numbers[rows.start * *width..rows.end * *width];
                rank(into, *width, &answers.rankings, answers.rows, positions);
            }
            (What::Affinity { index, width }, into) => {
                pick(into, rows, &answers.affinities, *index, *width);
            }
            (What::RankedAffinity { rank, width }, into) => {
                // As many entities are ranked for every row.
                if answers.ranked(0, *rank).is_none() {
                    scores.columns_mut()[self.column].set_all_missing(out, answers.rows);
                    return;
                }
                for (local, row) in rows.enumerate() {
                    let entity = answers.ranked(local, *rank).unwrap_or(0);
                    let figure = answers.affinities[local * width + entity as usize];
                    match into {
                        OutputValues::F64(into) => into[row] = figure,
                        OutputValues::F32(into) => into[row] = figure as f32,
                        _ => {}
                    }
                }
            }
            (What::Position { rank }, OutputValues::Text { .. }) => {
                for (local, text) in texts[rows].iter_mut().enumerate() {
                    *text = answers.ranked(local, *rank).map_or(NO_TEXT, emit::position_text);
                }
                self.mark_missing(answers, scores, text_rows, out);
            }
            (What::Entity { rank, names }, OutputValues::Text { .. }) => {
                for (local, text) in texts[rows].iter_mut().enumerate() {
                    *text = answers.ranked(local, *rank).map_or(NO_TEXT, |entity| names[entity as usize]);
                }
                self.mark_missing(answers, scores, text_rows, out);
            }
            (What::Reason { index }, OutputValues::Text { .. }) => {
                let told = answers.reasons.len().checked_div(answers.rows).unwrap_or(0);
                if *index < told {
                    let reasons = answers.reasons.chunks_exact(told);
                    texts[rows].iter_mut().zip(reasons).for_each(|(text, reasons)| *text = reasons[*index]);
                } else {
                    texts[rows].fill(NO_TEXT);
                }
                self.mark_missing(answers, scores, text_rows, out);
            }
            _ => {}
        }
    }

    /// Says which rows have no text.
    fn mark_missing(&self, answers: &Answers, scores: &mut Scores, text_rows: &[TextRows], out: usize) {
        let column = &mut scores.columns_mut()[self.column];
        for (row, text) in text_rows[self.column][out..out + answers.rows].iter().enumerate() {
            if *text == NO_TEXT {
                column.set_missing(out + row);
            }
        }
    }
}

/// Of each row the figure of the predicted category.
fn pick_winners(
    into: &mut OutputValues,
    rows: std::ops::Range<usize>,
    figures: &[f64],
    winners: &[u32],
    width: usize,
) {
    let figures = figures.chunks_exact(width).zip(winners);
    let figure = |(figures, winner): (&[f64], &u32)| figures[*winner as usize];
    match into {
        OutputValues::F64(into) => {
            into[rows].iter_mut().zip(figures).for_each(|(into, row)| *into = figure(row));
        }
        OutputValues::F32(into) => {
            into[rows].iter_mut().zip(figures).for_each(|(into, row)| *into = figure(row) as f32);
        }
        _ => {}
    }
}

fn put<T, F>(into: &mut [T], from: &[F], convert: impl Fn(&F) -> T) {
    for (into, from) in into.iter_mut().zip(from) {
        *into = convert(from);
    }
}

/// One figure of each row; nought where the element has none.
fn pick(into: &mut OutputValues, rows: std::ops::Range<usize>, figures: &[f64], index: usize, width: usize) {
    let figures = figures.iter().skip(index).step_by(width);
    match into {
        OutputValues::F64(into) => {
            into[rows].iter_mut().zip(figures).for_each(|(into, figure)| *into = *figure)
        }
        OutputValues::F32(into) => {
            into[rows].iter_mut().zip(figures).for_each(|(into, figure)| *into = *figure as f32);
        }
        _ => {}
    }
}

/// The positions of each row's entities from best to worst, −1 behind the last one.
fn rank(into: &mut [f64], width: usize, rankings: &[u32], rows: usize, positions: &Positions) {
    let ranked = rankings.len().checked_div(rows).unwrap_or(0);
    let rows = into.chunks_exact_mut(width.max(1)).zip(rankings.chunks_exact(ranked.max(1)));
    match positions {
        Positions::Same => vectorised(
            #[inline(always)]
            || {
                for (into, ranking) in rows {
                    into.iter_mut().zip(ranking).for_each(|(code, entity)| *code = f64::from(*entity));
                    into.iter_mut().skip(ranked).for_each(|code| *code = -1.0);
                }
            },
        ),
        Positions::Listed(positions) => {
            for (into, ranking) in rows {
                into.fill(-1.0);
                for (code, entity) in into.iter_mut().zip(ranking) {
                    *code = f64::from(positions[*entity as usize]);
                }
            }
        }
    }
}

fn distribute(
    into: &mut [f64],
    width: usize,
    rows: std::ops::Range<usize>,
    figures: &[f64],
    positions: &Positions,
) {
    let into = &mut into[rows.start * width..rows.end * width];
    let Positions::Listed(positions) = positions else {
        if figures.len() == into.len() {
            into.copy_from_slice(figures);
        }
        return;
    };
    for (into, figures) in
        into.chunks_exact_mut(width.max(1)).zip(figures.chunks_exact(positions.len().max(1)))
    {
        for (figure, position) in figures.iter().zip(positions) {
            into[*position as usize] = *figure;
        }
    }
}
