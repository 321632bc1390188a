//! What slots are worth, and one row's answer from the slots that its trees reach.

use crate::combine::{BasePlace, Combine, NullTree, Sum};
use crate::ensemble::{Ensemble, Leaves, Number};
use crate::error::Exception;
use crate::sink::Real;

/// The mark of a tree without an answer among leaf numbers.
pub const NULL_LEAF: u32 = u32::MAX;

/// Outputs of one row whose sums are kept side by side.
const OUTPUTS_ABREAST: usize = 16;

/// What leaves are worth.
#[derive(Debug)]
pub(crate) enum Worth {
    /// A number by slot, weight included.
    Doubles(Vec<f64>),
    /// The same in f32.
    Singles(Vec<f32>),
    /// Rows of `width` numbers by slot, weight included.
    DoubleRows { width: usize, values: Vec<f64> },
    /// The same in f32.
    SingleRows { width: usize, values: Vec<f32> },
    /// Class by slot; 0 where there is none.
    Classes(Vec<u32>),
    /// Numbers only.
    Nothing,
}

/// How slots become answers.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) combine: Combine,
    pub(crate) outputs: usize,
    pub(crate) worth: Worth,
    /// Leaf by slot; [`NULL_LEAF`] for none.
    pub(crate) leaves: Vec<u32>,
    /// First output, by tree.
    pub(crate) tree_outputs: Vec<u32>,
    /// Weight, by tree.
    pub(crate) tree_weights: Vec<f64>,
    /// What an average is divided by where all trees answer, by output.
    divisors: Vec<f64>,
    /// True if the numbers are still without the weights of their trees.
    lacks_weights: bool,
    /// True if some slots have no leaf.
    pub(crate) nullable: bool,
}

impl Answers {
    /// The answers of an ensemble whose slots stand for these leaves, of trees with these weights.
    pub(crate) fn by_slot(ensemble: &mut Ensemble, leaves: Vec<u32>, weights: &[f64]) -> Self {
        let mut this = Self::by_leaf(ensemble);
        this.leaves = leaves;
        this.lacks_weights = false;
        this.nullable = this.leaves.contains(&NULL_LEAF);
        this.worth = match this.worth {
            Worth::DoubleRows { width, values } => {
                let values = by_slot(&this.leaves, weights, width, &values);
                if width == 1 { Worth::Doubles(values) } else { Worth::DoubleRows { width, values } }
            }
            Worth::SingleRows { width, values } => {
                let values = by_slot(&this.leaves, weights, width, &values);
                if width == 1 { Worth::Singles(values) } else { Worth::SingleRows { width, values } }
            }
            Worth::Classes(classes) => {
                let class = |leaf: &u32| classes.get(*leaf as usize).copied().unwrap_or(0);
                Worth::Classes(this.leaves.iter().map(class).collect())
            }
            worth => worth,
        };
        this
    }

    /// The answers of an ensemble whose slots are its leaf numbers. The ensemble's own table is taken.
    pub(crate) fn by_leaf(ensemble: &mut Ensemble) -> Self {
        let count = ensemble.leaves.len() as u32;
        let table = std::mem::replace(&mut ensemble.leaves, Leaves::Numbered(count));
        let mut adds = 1;
        let worth = match (table, &ensemble.combine) {
            (Leaves::Numbers { width, values }, Combine::Sum(sum) | Combine::Average(sum)) => {
                adds = width;
                match sum.precision {
                    Number::F64 => Worth::DoubleRows { width, values },
                    Number::F32 => {
                        let values = values.iter().map(|value| *value as f32).collect();
                        Worth::SingleRows { width, values }
                    }
                }
            }
            (Leaves::Classes(classes), Combine::Vote(_)) => Worth::Classes(classes),
            _ => Worth::Nothing,
        };
        let mut this = Self {
            combine: ensemble.combine.clone(),
            outputs: ensemble.outputs,
            worth,
            leaves: (0..count).collect(),
            tree_outputs: ensemble.trees.iter().map(|tree| tree.output).collect(),
            tree_weights: ensemble.trees.iter().map(|tree| tree.weight).collect(),
            divisors: Vec::new(),
            lacks_weights: true,
            nullable: false,
        };
        if let Combine::Average(sum) = &this.combine {
            this.divisors =
                (0..this.outputs).map(|output| this.divisor(sum, adds, output, |_| true)).collect();
        }
        this
    }

    /// Σ weight of the trees that add to an output, among those that `answers` tells.
    fn divisor(&self, sum: &Sum, width: usize, output: usize, answers: impl Fn(usize) -> bool) -> f64 {
        let mut total = 0.0;
        for (tree, (first, weight)) in self.tree_outputs.iter().zip(&self.tree_weights).enumerate() {
            let adds = (*first as usize..*first as usize + width).contains(&output);
            if adds && answers(tree) {
                total = sum.precision.round(total + sum.precision.round(*weight));
            }
        }
        total
    }

    /// What the sum of an output starts from.
    pub(crate) fn start(&self, output: usize) -> f64 {
        match &self.combine {
            Combine::Sum(sum) | Combine::Average(sum) if sum.base_place == BasePlace::First => {
                sum.base.get(output).map_or(0.0, |base| sum.precision.round(*base))
            }
            _ => 0.0,
        }
    }

    /// The answer from the finished sum of an output, where all trees answer.
    pub(crate) fn finish(&self, output: usize, total: f64) -> f64 {
        self.finish_over(output, total, self.divisors.get(output).copied())
    }

    fn finish_over(&self, output: usize, total: f64, divisor: Option<f64>) -> f64 {
        let (Combine::Sum(sum) | Combine::Average(sum)) = &self.combine else { return total };
        // An f64 sum or quotient of two f32 is exact enough that rounding it again gives the f32 result.
        let total = divisor.map_or(total, |divisor| sum.precision.round(total / divisor));
        match sum.base.get(output) {
            Some(base) if sum.base_place == BasePlace::Last => {
                sum.precision.round(total + sum.precision.round(*base))
            }
            _ => total,
        }
    }

    /// True if a slot has a leaf; where no slot lacks one it is not looked up.
    #[inline]
    fn has_leaf(&self, slot: u32) -> bool {
        slot != NULL_LEAF && (!self.nullable || self.leaves[slot as usize] != NULL_LEAF)
    }

    fn leaf(&self, slot: u32) -> Option<u32> {
        self.leaves.get(slot as usize).copied().filter(|leaf| *leaf != NULL_LEAF)
    }

    /// Combines the slots of one row, one a tree, into `out`; votes also tell the winner.
    pub(crate) fn fold(&self, slots: &[u32], out: &mut [f64]) -> Result<u32, Exception> {
        match (&self.worth, &self.combine) {
            (Worth::Doubles(values), _) => self.add(slots, out, 1, false, |slot, _| values[slot]),
            (Worth::Singles(values), _) => self.add(slots, out, 1, false, |slot, _| values[slot]),
            (Worth::DoubleRows { width, values }, _) => {
                self.add(slots, out, *width, self.lacks_weights, |slot, at| values[slot * width + at])
            }
            (Worth::SingleRows { width, values }, _) => {
                self.add(slots, out, *width, self.lacks_weights, |slot, at| values[slot * width + at])
            }
            (Worth::Classes(classes), Combine::Vote(null_tree)) => self.vote(slots, out, *null_tree, classes),
            _ => Ok(0),
        }
    }

    fn add<R: Real>(
        &self,
        slots: &[u32],
        out: &mut [f64],
        width: usize,
        weighted: bool,
        value: impl Fn(usize, usize) -> R,
    ) -> Result<u32, Exception> {
        let (Combine::Sum(sum) | Combine::Average(sum)) = &self.combine else { return Ok(0) };
        let nulls = self.nulls(slots);
        check_nulls(sum.null_tree, nulls, slots.len())?;
        // Trees are walked once for each block of outputs: too often where each adds to few of many.
        if nulls == 0 && !weighted && out.len() <= OUTPUTS_ABREAST.max(width) {
            self.add_all(slots, out, width, value);
            return Ok(0);
        }
        for (output, out) in out.iter_mut().enumerate() {
            *out = self.start(output);
        }
        for ((slot, output), weight) in slots.iter().zip(&self.tree_outputs).zip(&self.tree_weights) {
            if nulls > 0 && !self.has_leaf(*slot) {
                continue;
            }
            for (at, out) in out[*output as usize..][..width].iter_mut().enumerate() {
                let value = value(*slot as usize, at);
                let value = if weighted { value * R::of(*weight) } else { value };
                *out = (R::of(*out) + value).widen();
            }
        }
        for (output, out) in out.iter_mut().enumerate() {
            let divisor = self.divisors.get(output).map(|all| match nulls {
                0 => *all,
                _ => self.divisor(sum, width, output, |tree| self.leaf(slots[tree]).is_some()),
            });
            *out = self.finish_over(output, *out, divisor);
        }
        Ok(0)
    }

    /// Sums of trees that all answer, kept in registers or at least in their own precision: each addition waits for
    /// the one before it, so that whatever stands between them counts as many times as there are trees.
    #[inline]
    fn add_all<R: Real>(
        &self,
        slots: &[u32],
        out: &mut [f64],
        width: usize,
        value: impl Fn(usize, usize) -> R,
    ) {
        match (out, width) {
            ([out], 1) => {
                let total =
                    slots.iter().fold(R::of(self.start(0)), |sum, slot| sum + value(*slot as usize, 0));
                *out = self.finish(0, total.widen());
            }
            ([first, second], 2) => {
                let mut totals = [R::of(self.start(0)), R::of(self.start(1))];
                for slot in slots {
                    totals = [totals[0] + value(*slot as usize, 0), totals[1] + value(*slot as usize, 1)];
                }
                *first = self.finish(0, totals[0].widen());
                *second = self.finish(1, totals[1].widen());
            }
            (out, width) => {
                for (block, out) in out.chunks_mut(OUTPUTS_ABREAST).enumerate() {
                    let first = block * OUTPUTS_ABREAST;
                    let mut totals = [R::default(); OUTPUTS_ABREAST];
                    let totals = &mut totals[..out.len()];
                    for (output, total) in totals.iter_mut().enumerate() {
                        *total = R::of(self.start(first + output));
                    }
                    for (slot, output) in slots.iter().zip(&self.tree_outputs) {
                        let output = *output as usize;
                        let (from, to) = (output.max(first), (output + width).min(first + totals.len()));
                        for at in from..to {
                            totals[at - first] = totals[at - first] + value(*slot as usize, at - output);
                        }
                    }
                    for (output, (out, total)) in out.iter_mut().zip(totals).enumerate() {
                        *out = self.finish(first + output, total.widen());
                    }
                }
            }
        }
    }

    /// Trees without an answer.
    fn nulls(&self, slots: &[u32]) -> usize {
        if self.nullable {
            slots.iter().filter(|slot| !self.has_leaf(**slot)).count()
        } else {
            // One comparison a slot, many side by side.
            slots.iter().fold(0_u32, |nulls, slot| nulls + u32::from(*slot == NULL_LEAF)) as usize
        }
    }

    fn vote(
        &self,
        slots: &[u32],
        out: &mut [f64],
        null_tree: NullTree,
        classes: &[u32],
    ) -> Result<u32, Exception> {
        let class_of = |slot: u32| self.has_leaf(slot).then(|| classes[slot as usize]);
        out.fill(0.0);
        let (mut nulls, mut null_votes) = (0, 0.0);
        for (slot, weight) in slots.iter().zip(&self.tree_weights) {
            match class_of(*slot) {
                Some(class) => out[class as usize] += weight,
                None => {
                    nulls += 1;
                    null_votes += weight;
                }
            }
        }
        check_nulls(null_tree, nulls, slots.len())?;
        // The first candidate voted for wins a tie, hence the order of the trees.
        let mut most = f64::NEG_INFINITY;
        let mut winner = None;
        for slot in slots {
            let class = class_of(*slot);
            let votes = match (class, null_tree) {
                (Some(class), _) => out[class as usize],
                (None, NullTree::Votes) => null_votes,
                (None, _) => continue,
            };
            if votes > most {
                most = votes;
                winner = class;
            }
        }
        winner.ok_or(Exception::Null)
    }
}

fn check_nulls(null_tree: NullTree, nulls: usize, trees: usize) -> Result<(), Exception> {
    let passes = match null_tree {
        _ if nulls == 0 => true,
        NullTree::RowIsNull => false,
        NullTree::Skip { threshold } => nulls < trees && nulls as f64 <= threshold * trees as f64,
        NullTree::Votes => true,
    };
    if passes { Ok(()) } else { Err(Exception::Null) }
}

/// A table of weighted rows of `width` numbers by slot.
fn by_slot<R: Real>(leaves: &[u32], weights: &[f64], width: usize, values: &[R]) -> Vec<R> {
    let mut out = Vec::with_capacity(leaves.len() * width);
    for (leaf, weight) in leaves.iter().zip(weights) {
        let weight = R::of(*weight);
        let first = *leaf as usize * width;
        match values.get(first..first + width) {
            Some(values) => out.extend(values.iter().map(|value| *value * weight)),
            // Of a tree without an answer the number is never asked for.
            None => out.resize(out.len() + width, R::default()),
        }
    }
    out
}
