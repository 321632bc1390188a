//! One tree of a file.

use scorewheel_model::ModelError;
use scorewheel_trees::{CategorySet, Missing, Node, Reading, Split, Test};

use crate::boosting::engine::LinearLeaf;
use crate::error::{invalid, unsupported};
use crate::lightgbm::text::Section;

/// What all trees of a file add to.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub values: Vec<f64>,
    pub sets: Vec<CategorySet>,
    /// Leaves that are linear, all of them if one is.
    pub linear: Vec<LinearLeaf>,
    /// True once a tree is linear.
    pub is_linear: bool,
}

/// Bits of `decision_type`.
const CATEGORICAL: u8 = 1;
const DEFAULT_LEFT: u8 = 2;

/// Reads a tree: inner nodes first, then leaves.
///
/// # Errors
/// Lists of the wrong length, or what they refer to does not exist. Whatever else makes no tree is left to
/// [`Ensemble::compile`](scorewheel_trees::Ensemble::compile).
pub(crate) fn read_tree(section: &Section<'_>, tables: &mut Tables) -> Result<Vec<Node>, ModelError> {
    let leaves: usize = section.one("num_leaves")?;
    let first_leaf = tables.values.len();
    if leaves == 0 {
        return Err(invalid("a tree without leaves"));
    }
    let values = section.exactly("leaf_value", leaves)?;
    tables.values.extend(&values);
    read_linear(section, &values, tables)?;
    let inner = leaves - 1;
    let features: Vec<u32> = section.exactly("split_feature", inner)?;
    let thresholds: Vec<f64> = section.exactly("threshold", inner)?;
    let decisions: Vec<u8> = section.exactly("decision_type", inner)?;
    let left: Vec<i64> = section.exactly("left_child", inner)?;
    let right: Vec<i64> = section.exactly("right_child", inner)?;
    let first_set = tables.sets.len();
    read_sets(section, &mut tables.sets)?;
    let sets = tables.sets.len() - first_set;

    // Leaves are told as −1, −2 and so on. What is out of range becomes a child that does not exist.
    let child = |child: i64| {
        let index = if child < 0 { inner as i64 - 1 - child } else { child };
        u32::try_from(index).unwrap_or(u32::MAX)
    };
    let mut nodes = Vec::with_capacity(inner + leaves);
    for node in 0..inner {
        let decision = decisions[node];
        let (yes, no) = (child(left[node]), child(right[node]));
        nodes.push(Node::Split(if decision & CATEGORICAL != 0 {
            let set = thresholds[node];
            if !(set >= 0.0 && set < sets as f64) {
                return Err(invalid(format!("node {node}: there is no set of categories {set}")));
            }
            let test = Test::InSet((first_set + set as usize) as u32);
            Split::new(features[node], test, yes, no).missing(Missing::No)
        } else {
            let reading = match decision >> 2 & 3 {
                0 => Reading::NanIsZero,
                1 => Reading::NanAndZeroAreMissing,
                2 => Reading::NanIsMissing,
                _ => return Err(unsupported(format!("node {node}: decision type {decision}"))),
            };
            let missing = if decision & DEFAULT_LEFT != 0 { Missing::Yes } else { Missing::No };
            let test = Test::LessOrEqual(thresholds[node]);
            Split::new(features[node], test, yes, no).missing(missing).reading(reading)
        }));
    }
    nodes.extend((0..leaves).map(|leaf| Node::Leaf((first_leaf + leaf) as u32)));
    Ok(nodes)
}

/// Adds the tree's sets of categories: set `i` is words `cat_boundaries[i]` to `cat_boundaries[i + 1]` of 32 bits.
fn read_sets(section: &Section<'_>, sets: &mut Vec<CategorySet>) -> Result<(), ModelError> {
    let count: usize = section.one("num_cat")?;
    if count == 0 {
        return Ok(());
    }
    let words: Vec<u32> = section.many("cat_threshold")?;
    let boundaries: Vec<usize> = section.many("cat_boundaries")?;
    if boundaries.len() != count.saturating_add(1) {
        return Err(invalid("cat_boundaries does not fit num_cat"));
    }
    for pair in boundaries.windows(2) {
        let words = words.get(pair[0]..pair[1]).ok_or_else(|| invalid("cat_boundaries out of range"))?;
        let word = |pair: &[u32]| u64::from(pair[0]) | u64::from(pair.get(1).copied().unwrap_or(0)) << 32;
        sets.push(CategorySet::from_words(words.chunks(2).map(word).collect()));
    }
    Ok(())
}

/// Adds the tree's leaves as linear ones.
fn read_linear(section: &Section<'_>, values: &[f64], tables: &mut Tables) -> Result<(), ModelError> {
    let plain = |value: &f64| LinearLeaf { value: *value, constant: *value, terms: Vec::new() };
    if section.get("is_linear").is_none_or(|flag| flag.trim() != "1") {
        tables.linear.extend(values.iter().map(plain));
        return Ok(());
    }
    tables.is_linear = true;
    let constants: Vec<f64> = section.exactly("leaf_const", values.len())?;
    let counts: Vec<usize> = section.exactly("num_features", values.len())?;
    let total = counts.iter().fold(0_usize, |total, count| total.saturating_add(*count));
    let features: Vec<u32> = section.exactly("leaf_features", total)?;
    let coefficients: Vec<f64> = section.exactly("leaf_coeff", total)?;
    let mut terms = features.into_iter().zip(coefficients);
    for ((value, constant), count) in values.iter().zip(constants).zip(counts) {
        let terms = terms.by_ref().take(count).collect();
        tables.linear.push(LinearLeaf { value: *value, constant, terms });
    }
    Ok(())
}
