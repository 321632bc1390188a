//! What a bound plan scores column by column.

use std::ops::Range;

use scorewheel_columns::{Batch, Schema, Scores};

use crate::elements::ElementPlan;
use crate::plan::model::OutputFeature;
use crate::plan::{ModelId, ModelPlan, Plan, Slot};
use crate::score::block::BLOCK_ROWS;
use crate::score::bound::InputBinding;
use crate::score::columnar::answers::{Answers, Work};
use crate::score::columnar::feed::{Feed, Feeds};
use crate::score::columnar::formula::evaluate::Buffers;
use crate::score::columnar::frame::{self, Block, Frame};
use crate::score::columnar::write::{self, Write};
use crate::score::emit::TextRows;
use crate::score::row::RowMemory;
use crate::score::target::rescale;
use crate::value::Kind;
use crate::value::datum::whole;

/// The models of a plan that answer one after another, each for the one after it, the last for the record.
#[derive(Debug)]
pub struct Program {
    feeds: Feeds,
    steps: Vec<Step>,
    writes: Vec<Write>,
    /// Columns of scores that nothing is written into.
    unwritten: Vec<usize>,
    block_rows: usize,
}

/// Affinities of a block at most: they stay in the processor's cache until they are written.
const BLOCK_AFFINITIES: usize = 1 << 13;

/// What elements find for the rows of a block at most, as far as [`FEWEST_ROWS`] allow it: every thread keeps it.
const BLOCK_FOUND: usize = 1 << 22;

/// Rows of a block at least.
const FEWEST_ROWS: usize = 8;

/// Larger blocks are of a multiple of so many rows: elements put as many side by side.
const ROWS_ABREAST: usize = 16;

/// One model, and what it hands on.
#[derive(Debug)]
struct Step {
    model: ModelId,
    /// The feeds that it is the first to read.
    feeds: Range<usize>,
    /// Of the first of these feeds, as long as they are the records' own columns of f64: those columns.
    fields: Box<[usize]>,
    /// By column that the element wants, in its order: the feed.
    wanted: Box<[u16]>,
    /// Where the feeds of wanted columns stand one after another, the first one.
    in_order: Option<usize>,
    hands_on: Vec<HandedOn>,
}

/// A prediction that later segments read.
#[derive(Clone, Copy, Debug)]
struct HandedOn {
    feed: usize,
    buffer: usize,
    is_float: bool,
}

/// Memory of a program.
#[derive(Debug, Default)]
pub struct Memory {
    buffers: Vec<Vec<f64>>,
    ones: Vec<f64>,
    wanted: Vec<f64>,
    formulas: Buffers,
    answers: Answers,
    work: Work,
}

impl Memory {
    /// Rows of the last block that the exact path must score.
    pub fn left(&self) -> impl Iterator<Item = usize> + '_ {
        self.answers.left.iter()
    }

    /// True if some rows of the last block are left.
    #[must_use]
    pub fn any_left(&self) -> bool {
        self.answers.left.any()
    }
}

/// What finding a program needs to know.
struct Finder<'f> {
    plan: &'f Plan,
    bindings: &'f [InputBinding],
    schema: &'f Schema,
    feeds: Feeds,
}

impl Program {
    /// Finds the program of a bound plan; `None` if its rows can only be scored one by one.
    #[must_use]
    pub fn of(plan: &Plan, bindings: &[InputBinding], schema: &Schema) -> Option<Self> {
        let root = plan.model(plan.root);
        let mut finder =
            Finder { plan, bindings, schema, feeds: Feeds::new(plan.slots.len(), !root.element.is_chain()) };
        let mut steps = Vec::new();
        match &root.element {
            ElementPlan::Mining(mining) if root.element.is_chain() => {
                let segments = mining.plain_chain()?;
                if root.targets.iter().any(|target| target.rules.is_some()) || !root.outputs.is_empty() {
                    return None;
                }
                for (index, segment) in segments.iter().enumerate() {
                    let model = plan.model(segment.model);
                    finder.step(model, &mut steps)?;
                    if index + 1 < segments.len() {
                        finder.hand_on(model, &segment.exports, steps.last_mut()?)?;
                    }
                }
            }
            _ => finder.step(root, &mut steps)?,
        }
        let answering = plan.model(steps.last()?.model);
        let writes = write::find(plan, answering)?;
        let written = |column: &usize| writes.iter().any(|write| write.column() == *column);
        let unwritten = (0..plan.answer.schema.fields.len()).filter(|column| !written(column)).collect();
        let entities = if answering.figures.affinity { answering.entities.len() } else { 0 };
        let found = steps.iter().map(|step| plan.model(step.model).element.found_per_row()).max();
        let most = (BLOCK_AFFINITIES / entities.max(1)).min(BLOCK_FOUND / found.unwrap_or(0).max(1));
        let most = most.clamp(FEWEST_ROWS, BLOCK_ROWS);
        let block_rows = if most > ROWS_ABREAST { most / ROWS_ABREAST * ROWS_ABREAST } else { most };
        Some(Self { feeds: finder.feeds, steps, writes, unwritten, block_rows })
    }

    /// How many rows are scored together at most.
    #[must_use]
    pub fn block_rows(&self) -> usize {
        self.block_rows
    }

    /// Scores a block; rows that are left are told by [`Memory::left`], and what is written for them is meaningless.
    #[expect(clippy::too_many_arguments, reason = "a block, where it goes, and what it is worked out in")]
    pub fn score(
        &self,
        plan: &Plan,
        bindings: &[InputBinding],
        batch: &Batch,
        start: usize,
        rows: usize,
        memory: &mut Memory,
        row_memory: &mut RowMemory,
        scores: &mut Scores,
        text_rows: &mut [TextRows],
        out: usize,
    ) {
        let Memory { buffers, ones, wanted, formulas, answers, work } = memory;
        buffers.resize_with(self.feeds.buffers(), Vec::new);
        ones.resize(self.feeds.all().len(), f64::NAN);
        answers.left.clear(rows);
        answers.rows = rows;
        let block = Block { batch, start, rows };
        for step in &self.steps {
            let mut feeds = step.feeds.clone();
            if rows == 1 {
                // Most rows by themselves are read straight from the records' columns.
                feeds.start += step.fields.len();
                let into = &mut ones[step.feeds.start..feeds.start];
                if !frame::read_row(batch, start, &step.fields, into) {
                    answers.left.mark(0);
                }
            }
            if !feeds.is_empty() {
                let left = &mut answers.left;
                frame::fill(
                    plan,
                    bindings,
                    &self.feeds,
                    feeds,
                    block,
                    buffers,
                    ones,
                    formulas,
                    row_memory,
                    left,
                );
            }
            let model = plan.model(step.model);
            answers.clear();
            let row: &[f64] = match step.in_order {
                _ if rows != 1 => &[],
                Some(first) => &ones[first..first + step.wanted.len()],
                None => {
                    wanted.clear();
                    wanted.extend(step.wanted.iter().map(|feed| ones[usize::from(*feed)]));
                    wanted
                }
            };
            let frame = Frame::new(block, &self.feeds, buffers, ones).with_row(row);
            model.element.score_columns(model, &frame, work, answers);
            apply_target(model, answers);
            for handed_on in &step.hands_on {
                let buffer = &mut buffers[handed_on.buffer];
                buffer.clear();
                buffer.extend_from_slice(&answers.numbers);
                if handed_on.is_float {
                    buffer.iter_mut().for_each(|number| *number = f64::from(*number as f32));
                }
                answers.left.mark_nan(buffer);
                if let [only] = buffer[..] {
                    ones[handed_on.feed] = only;
                }
            }
        }
        for write in &self.writes {
            if rows == 1 {
                write.write_one(answers, scores, text_rows, out);
            } else {
                write.write(answers, scores, text_rows, out);
            }
        }
        for column in &self.unwritten {
            scores.columns_mut()[*column].set_all_missing(out, rows);
        }
    }
}

impl Finder<'_> {
    /// Adds a model whose element can score columns.
    fn step(&mut self, model: &ModelPlan, steps: &mut Vec<Step>) -> Option<()> {
        if model.targets.len() != 1 || !model.answers_itself() {
            return None;
        }
        let first = self.feeds.all().len();
        let mut wanted = Vec::new();
        model.element.columns(model, &mut wanted)?;
        let mut order = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            let feed = self.feeds.want(wanted, self.plan, self.bindings, self.schema)?;
            order.push(u16::try_from(feed).ok()?);
        }
        let starts = order.first().map_or(0, |feed| usize::from(*feed));
        let is_in_order = order.iter().enumerate().all(|(at, feed)| usize::from(*feed) == starts + at);
        let kind = model.target().kind;
        let fits = match model.element.winners(model) {
            [] => {
                !model.is_classification()
                    && model.categories().is_empty()
                    && matches!(kind, Kind::Double | Kind::Float | Kind::Integer)
            }
            [first, ..] => model.is_classification() || first.kind == kind,
        };
        let feeds = first..self.feeds.all().len();
        let field = |feed: &Feed| if let Feed::Doubles { field } = feed { Some(*field) } else { None };
        steps.push(Step {
            model: model.id,
            fields: self.feeds.all()[feeds.clone()].iter().map_while(field).collect(),
            feeds,
            wanted: order.into(),
            in_order: is_in_order.then_some(starts),
            hands_on: Vec::new(),
        });
        fits.then_some(())
    }

    /// What a segment hands on must be its predicted number, and all of its outputs.
    fn hand_on(&mut self, model: &ModelPlan, exports: &[(Slot, Slot)], step: &mut Step) -> Option<()> {
        let kind = model.target().kind;
        if !model.element.winners(model).is_empty() || !matches!(kind, Kind::Double | Kind::Float) {
            return None;
        }
        for output in &model.outputs {
            let OutputFeature::PredictedValue(0) = output.what else { return None };
            let is_float = match output.kind.unwrap_or(kind) {
                Kind::Float => true,
                Kind::Double => kind == Kind::Float,
                _ => return None,
            };
            if output.kind.is_some_and(|known| self.plan.slots[output.slot.index()].kind != Some(known)) {
                return None;
            }
            let buffer = self.feeds.hand_on(output.slot)?;
            let feed = self.feeds.of(output.slot)?;
            step.hands_on.push(HandedOn { feed, buffer, is_float });
        }
        // Of several outputs of one name later ones take the place of the first.
        exports.is_empty().then_some(())
    }
}

/// Applies the rules of a model's target, as the exact path does to one row.
fn apply_target(model: &ModelPlan, answers: &mut Answers) {
    if !model.element.winners(model).is_empty() {
        return;
    }
    let target = model.target();
    if let Some(rules) = &target.rules {
        answers.numbers.iter_mut().for_each(|number| *number = rescale(rules, *number));
    }
    match target.kind {
        Kind::Float => answers.numbers.iter_mut().for_each(|number| *number = f64::from(*number as f32)),
        Kind::Integer => {
            let Answers { numbers, left, .. } = answers;
            for (row, number) in numbers.iter_mut().enumerate() {
                match whole(*number) {
                    Ok(integer) => *number = integer,
                    Err(_) => left.mark(row),
                }
            }
        }
        _ => {}
    }
}
