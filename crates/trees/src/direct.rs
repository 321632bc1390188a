//! A lone tree told by its thresholds: where one tree is all there is, ranking every feature costs more than walking.
//!
//! It serves what is asked for most: numbers that are there, against cuts. Rows with NaN are left to the ranks.

use crate::columns::{Columns, Content};
use crate::ensemble::{Feature, Number};
use crate::lower::{RankNode, RankTree};
use crate::split::Reading;

/// Most features of an ensemble that is walked so: their columns lie on the stack.
pub(crate) const MAX_FEATURES: usize = 64;

/// Rows that take steps side by side.
const ABREAST: usize = 16;

/// Steps between looking whether all are at leaves.
const STRIDE: u32 = 4;

/// A node: next is `low`, or `low + 1` if the value is above the cut. A leaf leads to itself.
#[derive(Clone, Copy, Debug)]
struct Node {
    cut: f64,
    low: u32,
    feature: u32,
}

/// A tree by its thresholds.
#[derive(Debug)]
pub(crate) struct Direct {
    nodes: Vec<Node>,
    /// Leaf number by node; of inner nodes it means nothing.
    leaves: Vec<u32>,
    /// The features that nodes read.
    features: Vec<u32>,
    depth: u32,
}

impl Direct {
    /// The tree, if all its nodes compare f64 with cuts.
    pub(crate) fn of(tree: &RankTree, columns: &Columns, features: usize) -> Option<Self> {
        if features > MAX_FEATURES || columns.features.is_empty() {
            return None;
        }
        let mut by_column = vec![None; columns.len()];
        for feature in &columns.features {
            let numbers = feature.kind == Feature::Number(Number::F64);
            for (index, column) in &feature.columns {
                let Content::Rank { segment } = column.content else { return None };
                if !numbers || column.reading == Reading::NanAndZeroAreMissing {
                    return None;
                }
                by_column[usize::from(*index)] = Some((feature, segment));
            }
        }
        let first = columns.features[0].feature;
        let mut nodes = Vec::with_capacity(tree.nodes.len());
        let mut leaves = Vec::with_capacity(tree.nodes.len());
        for (index, node) in tree.nodes.iter().enumerate() {
            match *node {
                RankNode::Leaf(leaf) => {
                    // No number is above infinity.
                    nodes.push(Node { cut: f64::INFINITY, low: index as u32, feature: first });
                    leaves.push(leaf);
                }
                RankNode::Inner { column, bound, low, .. } => {
                    let (feature, segment) = by_column[usize::from(column)]?;
                    let cut = feature.cuts.of_bound(segment, bound)?;
                    nodes.push(Node { cut, low, feature: feature.feature });
                    leaves.push(0);
                }
            }
        }
        let features = columns.features.iter().map(|feature| feature.feature).collect();
        Some(Self { nodes, leaves, features, depth: tree.depth })
    }

    /// The leaf of one row; `None` if its path meets NaN.
    #[inline]
    pub(crate) fn row(&self, values: &[f64]) -> Option<u32> {
        let mut at = 0;
        loop {
            let node = self.nodes[at];
            if node.low as usize == at {
                return Some(self.leaves[at]);
            }
            let value = values[node.feature as usize];
            if value.is_nan() {
                return None;
            }
            at = node.low as usize + usize::from(value > node.cut);
        }
    }

    /// The leaves of rows, of which the columns of features that nodes read hold as many; `odd` is told those with NaN.
    pub(crate) fn rows(&self, columns: &[&[f64]], leaves: &mut [u32], mut odd: impl FnMut(usize)) {
        let rows = leaves.len();
        for (group, out) in leaves.chunks_mut(ABREAST).enumerate() {
            let from = group * ABREAST;
            let mut at = [0_u32; ABREAST];
            let mut done = 0;
            while done < self.depth {
                let before = at;
                for _ in 0..STRIDE.min(self.depth - done) {
                    for (row, at) in at.iter_mut().enumerate() {
                        let node = self.nodes[*at as usize];
                        // Of the last rows some are walked again in place of those that are not there.
                        let value = columns[node.feature as usize][(from + row).min(rows - 1)];
                        *at = node.low + u32::from(value > node.cut);
                    }
                }
                done += STRIDE;
                if before == at {
                    break;
                }
            }
            for (leaf, at) in out.iter_mut().zip(at) {
                *leaf = self.leaves[at as usize];
            }
        }
        for feature in &self.features {
            let values = &columns[*feature as usize][..rows];
            if values.iter().fold(false, |any, value| any | value.is_nan()) {
                (0..rows).filter(|row| values[*row].is_nan()).for_each(&mut odd);
            }
        }
    }
}
