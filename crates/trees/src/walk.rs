//! The walks told plainly: what the fast ones of [`unchecked`](crate::unchecked) must agree with, and what rows with
//! missing values or faults take.

use crate::answers::NULL_LEAF;
use crate::columns::Side;
use crate::error::Exception;
use crate::forest::{Forest, Shape, TreePlace};
use crate::rank::Ranked;

/// The slot where one row ends up in one tree; `rank` gives what its cell is in a column.
///
/// # Errors
/// The column at which the row is in error.
pub(crate) fn walk(forest: &Forest, tree: &TreePlace, rank: impl Fn(u16) -> Ranked) -> Result<u32, u16> {
    match tree.shape {
        Shape::Heap { levels } => walk_heap(forest, tree, levels, rank),
        Shape::Program { .. } | Shape::Arena { .. } => walk_arena(forest, tree.root, rank),
    }
}

fn walk_heap(
    forest: &Forest,
    tree: &TreePlace,
    levels: u32,
    rank: impl Fn(u16) -> Ranked,
) -> Result<u32, u16> {
    let mut at = 1;
    for _ in 0..levels {
        let index = (tree.top + at) as usize;
        let node = forest.heaps[index];
        at = 2 * at
            + match rank(node.column) {
                Ranked::Rank(rank) => u32::from(rank >= node.bound),
                Ranked::End(Side::Fault) => return Err(node.column),
                Ranked::End(Side::Own) => return Ok(forest.heap_own[index]),
                Ranked::End(_) => return Ok(NULL_LEAF),
            };
    }
    Ok(tree.first_slot + at - (1 << levels))
}

fn walk_arena(forest: &Forest, root: u32, rank: impl Fn(u16) -> Ranked) -> Result<u32, u16> {
    let mut at = root as usize;
    loop {
        let node = forest.arena[at];
        if node.left as usize == at {
            return Ok(forest.arena_slots.get(at));
        }
        at = node.left as usize
            + match rank(node.column) {
                Ranked::Rank(rank) => usize::from(rank >= node.bound),
                Ranked::End(Side::Fault) => return Err(node.column),
                Ranked::End(Side::Own) => return Ok(forest.arena_own[at]),
                Ranked::End(_) => return Ok(NULL_LEAF),
            };
    }
}

/// Walks all trees in order, writing slots; a fault ends the row.
pub(crate) fn walk_all(
    forest: &Forest,
    feature_of: &[u32],
    slots: &mut [u32],
    rank: impl Fn(u16) -> Ranked,
) -> Result<(), Exception> {
    for (index, tree) in forest.trees.iter().enumerate() {
        match walk(forest, tree, &rank) {
            Ok(slot) => slots[index] = slot,
            Err(column) => {
                slots[index..].fill(NULL_LEAF);
                let feature = feature_of[usize::from(column)];
                return Err(Exception::Fault { tree: index as u32, feature });
            }
        }
    }
    Ok(())
}
