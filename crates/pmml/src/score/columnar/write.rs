//! From the answers of a block to columns of scores.

use scorewheel_columns::{OutputType, OutputValues, Scores};

use crate::plan::model::{Category, Entities, OutputFeature};
use crate::plan::{ModelPlan, Plan};
use crate::score::columnar::answers::Answers;
use crate::score::emit::{self, TextRows};
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
    /// All probabilities.
    Probabilities(Box<[u32]>),
    /// All confidences.
    Confidences(Box<[u32]>),
    /// The position of the winning entity, from 1, as text.
    Position,
    /// The name of the winning entity, by the code of its text.
    Entity(Box<[u32]>),
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
    let value = |column: usize, kind: Option<Kind>| {
        let natural =
            if model.is_classification() { model.categories().first()?.kind } else { model.target().kind };
        let same = kind.is_none_or(|kind| kind == natural);
        let to_float =
            matches!((natural, kind), (Kind::Double | Kind::Float, Some(Kind::Double | Kind::Float)));
        let fits = match types(column) {
            OutputType::F64 => natural == Kind::Double && same || natural == Kind::Float && to_float,
            OutputType::F32 => natural == Kind::Float && same || to_float,
            OutputType::I64 => natural == Kind::Integer && same,
            OutputType::Label(_) | OutputType::Text => model.is_classification() && same,
            _ => false,
        };
        if !fits {
            return None;
        }
        if !model.is_classification() {
            return Some(What::Number);
        }
        let categories = model.categories();
        Some(match types(column) {
            OutputType::Label(_) => {
                let codes = plan.answer.codes[column].as_ref()?;
                What::Winner(categories.iter().map(|datum| codes.code(datum.number)).collect::<Option<_>>()?)
            }
            OutputType::Text if natural == Kind::Text => {
                What::Winner(categories.iter().map(|datum| datum.number as u32).collect())
            }
            OutputType::Text => return None,
            _ => What::WinnerNumber(categories.iter().map(|datum| datum.number).collect()),
        })
    };
    push(places.value, value(places.value, None)?)?;
    let width = model.categories().len();
    if let Some(found) = &places.probability {
        push(found.column, What::Probabilities(found.positions.clone()))?;
    }
    if let Some(found) = &places.confidence {
        push(found.column, What::Confidences(found.positions.clone()))?;
    }
    if places.affinity.is_some() || places.ranking.is_some() {
        return None;
    }
    let entity = || {
        Some(match &model.entities {
            Entities::None => return None,
            Entities::Positions(_) => What::Position,
            Entities::Named(names) => What::Entity(names.clone()),
        })
    };
    if let Some(column) = places.entity {
        push(column, entity()?)?;
    }
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
            OutputFeature::EntityId { rank: 1 }
                if matches!(types(*column), OutputType::Text)
                    && output.kind.is_none_or(|kind| kind == Kind::Text) =>
            {
                entity()?
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
        match (&self.what, &mut scores.columns_mut()[self.column].values) {
            (What::Number, OutputValues::F64(into)) => into[out] = answers.numbers[0],
            (What::Winner(codes), OutputValues::Label(into)) => {
                into[out] = codes[answers.winners[0] as usize];
            }
            (What::Probability { index, .. }, OutputValues::F64(into)) => {
                into[out] = answers.probabilities.get(*index).copied().unwrap_or(into[out]);
            }
            (What::Position, OutputValues::Text { .. }) => {
                text_rows[self.column][out] = emit::position_text(answers.entities[0]);
            }
            (What::Entity(names), OutputValues::Text { .. }) => {
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
                let figures = answers.probabilities.chunks_exact(*width).zip(&answers.winners);
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
            (What::Probabilities(positions), OutputValues::Numbers { width, numbers }) => {
                distribute(numbers, *width, rows, &answers.probabilities, positions);
            }
            (What::Confidences(positions), OutputValues::Numbers { width, numbers }) => {
                distribute(numbers, *width, rows, &answers.confidences, positions);
            }
            (What::Position, OutputValues::Text { .. }) => {
                put(&mut texts[rows], &answers.entities, |entity| emit::position_text(*entity));
            }
            (What::Entity(names), OutputValues::Text { .. }) => {
                put(&mut texts[rows], &answers.entities, |entity| names[*entity as usize]);
            }
            _ => {}
        }
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

fn distribute(
    into: &mut [f64],
    width: usize,
    rows: std::ops::Range<usize>,
    figures: &[f64],
    positions: &[u32],
) {
    let into = &mut into[rows.start * width..rows.end * width];
    if positions.len() == width && positions.iter().enumerate().all(|(at, position)| at == *position as usize)
    {
        if figures.len() == into.len() {
            into.copy_from_slice(figures);
        }
        return;
    }
    for (into, figures) in
        into.chunks_exact_mut(width.max(1)).zip(figures.chunks_exact(positions.len().max(1)))
    {
        for (figure, position) in figures.iter().zip(positions) {
            into[*position as usize] = *figure;
        }
    }
}
