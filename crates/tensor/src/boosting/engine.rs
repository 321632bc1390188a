//! What computes rows: the ensemble and the link.

use std::any::Any;

use scorewheel_columns::ErrorCode;
use scorewheel_trees::{Column, Kernel, Scratch};
use smallvec::SmallVec;

use crate::boosting::link::Link;
use crate::data::Data;
use crate::element::ElementType;
use crate::engine::{Engine, Layout, Slot};

/// What makes the sums of a row.
#[derive(Debug)]
pub(crate) enum Scorer {
    /// Trees.
    Forest(Kernel),
    /// Trees whose leaves are linear in the features (LightGBM).
    LinearForest(LinearForest),
    /// One linear function an output (XGBoost's gblinear), in f32.
    Linear {
        /// One an output.
        base: Vec<f32>,
        /// Row `i` holds feature `i`'s weights, one an output; the last row the constants.
        weights: Vec<f32>,
    },
}

/// Trees that only say which leaf is reached, and what the leaves compute.
#[derive(Debug)]
pub(crate) struct LinearForest {
    pub kernel: Kernel,
    /// Output of each tree.
    pub outputs: Vec<u32>,
    /// By leaf number.
    pub leaves: Vec<LinearLeaf>,
    /// What each sum is divided by.
    pub divisor: f64,
}

/// A leaf that is linear in some features.
#[derive(Debug)]
pub(crate) struct LinearLeaf {
    /// The answer where one of its features is missing.
    pub value: f64,
    pub constant: f64,
    /// Feature and coefficient, in order.
    pub terms: Vec<(u32, f64)>,
}

/// An [`Engine`] over an ensemble. Its input holds a feature a column, categories as their codes.
#[derive(Debug)]
pub(crate) struct BoostedEngine {
    inputs: [Slot; 1],
    outputs: [Slot; 1],
    block: usize,
    scorer: Scorer,
    sums: usize,
    link: Link,
}

struct State {
    scratch: Scratch,
    sums: Vec<f64>,
    leaves: Vec<u32>,
}

impl BoostedEngine {
    pub fn new(features: usize, scorer: Scorer, sums: usize, link: Link, element: ElementType) -> Self {
        let inputs = [Slot { element, width: features }];
        let outputs = [Slot { element, width: link.width(sums) }];
        let block = if features > 4_096 { 64 } else { 256 };
        Self { inputs, outputs, block, scorer, sums, link }
    }

    fn columns<'a>(&self, numbers: &'a Data) -> SmallVec<[Column<'a>; 64]> {
        let column = |feature: usize| match numbers {
            Data::F32(numbers) => Column::f32(&numbers[feature * self.block..]),
            numbers => Column::f64(&numbers.f64()[feature * self.block..]),
        };
        (0..self.inputs[0].width).map(column).collect()
    }

    /// The number of a feature in a row, as the library sees it.
    fn number(&self, feature: usize, row: usize, numbers: &Data) -> f64 {
        number_at(numbers, feature * self.block + row)
    }
}

fn number_at(data: &Data, at: usize) -> f64 {
    match data {
        Data::F32(numbers) => f64::from(numbers[at]),
        data => data.f64()[at],
    }
}

impl Engine for BoostedEngine {
    fn inputs(&self) -> &[Slot] {
        &self.inputs
    }

    fn outputs(&self) -> &[Slot] {
        &self.outputs
    }

    fn layout(&self) -> Layout {
        Layout::ColumnMajor
    }

    fn block(&self) -> usize {
        self.block
    }

    fn new_state(&self) -> Box<dyn Any + Send> {
        Box::new(State {
            scratch: Scratch::new(),
            sums: vec![0.0; self.sums * self.block],
            leaves: Vec::new(),
        })
    }

    fn run(
        &self,
        state: &mut dyn Any,
        inputs: &[Data],
        rows: usize,
        outputs: &mut [Data],
    ) -> Result<(), ErrorCode> {
        let state = state.downcast_mut::<State>().ok_or(ErrorCode::EnginePanicked)?;
        let State { scratch, sums, leaves } = state;
        let numbers = &inputs[0];
        let sums = &mut sums[..rows * self.sums];
        match &self.scorer {
            Scorer::Forest(kernel) => {
                let columns = self.columns(numbers);
                kernel.score(&columns, rows, scratch, sums).map_err(|_| ErrorCode::EnginePanicked)?;
            }
            Scorer::LinearForest(forest) => {
                let columns = self.columns(numbers);
                let trees = forest.outputs.len();
                leaves.resize(rows * trees, 0);
                let walked = forest.kernel.score_leaves(&columns, rows, scratch, leaves);
                walked.map_err(|_| ErrorCode::EnginePanicked)?;
                for row in 0..rows {
                    let sums = &mut sums[row * self.sums..][..self.sums];
                    let number = |feature: u32| self.number(feature as usize, row, numbers);
                    forest.add(&leaves[row * trees..][..trees], sums, number);
                }
            }
            Scorer::Linear { base, weights } => {
                let features = self.inputs[0].width;
                for row in 0..rows {
                    let number = |feature: usize| self.number(feature, row, numbers) as f32;
                    for output in 0..self.sums {
                        let weight = |feature: usize| weights[feature * self.sums + output];
                        let mut sum = weight(features) + base[output];
                        for feature in 0..features {
                            let number = number(feature);
                            if !number.is_nan() {
                                sum += number * weight(feature);
                            }
                        }
                        sums[row * self.sums + output] = f64::from(sum);
                    }
                }
            }
        }
        for (row, sums) in sums.chunks_exact_mut(self.sums.max(1)).enumerate() {
            self.link.apply(sums);
            for (output, value) in sums.iter().take(self.outputs[0].width).enumerate() {
                let at = output * self.block + row;
                match &mut outputs[0] {
                    Data::F32(out) => out[at] = *value as f32,
                    out => out.f64_mut()[at] = *value,
                }
            }
        }
        Ok(())
    }
}

impl LinearForest {
    /// The sums of a row that reaches these leaves.
    fn add(&self, leaves: &[u32], sums: &mut [f64], number: impl Fn(u32) -> f64) {
        sums.fill(0.0);
        for (leaf, output) in leaves.iter().zip(&self.outputs) {
            let Some(leaf) = self.leaves.get(*leaf as usize) else { continue };
            let mut value = leaf.constant;
            for (feature, coefficient) in &leaf.terms {
                let number = number(*feature);
                if number.is_nan() {
                    value = leaf.value;
                    break;
                }
                value += *coefficient * number;
            }
            sums[*output as usize] += value;
        }
        sums.iter_mut().for_each(|sum| *sum /= self.divisor);
    }
}
