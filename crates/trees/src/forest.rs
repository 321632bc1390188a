//! The tables that trees are walked in.
//!
//! | table | what it is | who walks it |
//! |---|---|---|
//! | heap | a complete binary tree of 2^levels 4-byte nodes, children of `i` at `2i` and `2i + 1` | rows together, one row |
//! | program | one 8-byte operation an inner node, children first, for small trees of uneven depth | rows together |
//! | arena | 8-byte nodes, siblings side by side, leaves leading to themselves | one row, and rows below a heap |
//!
//! Wherever a walk ends, its *slot* says which leaf that is.

use std::ops::Range;

use crate::answers::NULL_LEAF;
use crate::columns::Columns;
use crate::lower::{RankNode, RankTree};

/// Most levels of a heap.
pub(crate) const MAX_LEVELS: u32 = 6;

/// Levels of the heap above an arena.
pub(crate) const TOP_LEVELS: u32 = 5;

/// Most exits of a program: they are numbered in a byte.
pub(crate) const MAX_EXITS: usize = 256;

/// A node of a heap.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct HeapNode {
    pub(crate) column: u16,
    /// Biased, see [`Bias`]; ranks below it go to child `2i`, others to `2i + 1`.
    pub(crate) bound: i16,
}

impl HeapNode {
    /// Bound and column in one number, see [`row_key`].
    #[inline]
    pub(crate) fn key(self) -> i32 {
        node_key(self.column, self.bound)
    }
}

/// The rank of a row's column as nodes are held against it: at least a node's key exactly if the rank is at least its
/// bound, whatever its column. One comparison of what is loaded at once, where two halves would have to be taken apart.
#[inline]
pub(crate) fn row_key(rank: i16) -> i32 {
    i32::from(rank) << 16 | 0xffff
}

#[inline]
fn node_key(column: u16, bound: i16) -> i32 {
    i32::from(bound) << 16 | i32::from(column)
}

/// An operation of a program: slot `a` where the rank is below the bound, else slot `b`.
///
/// Slots below [`MAX_EXITS`] are exits, slot `MAX_EXITS + i` is the result of operation `i`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Operation {
    pub(crate) column: u16,
    pub(crate) bound: i16,
    pub(crate) a: u16,
    pub(crate) b: u16,
}

/// A node of the arena: next is `left`, or `left + 1` unless the rank is below the bound.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct ArenaNode {
    pub(crate) left: u32,
    pub(crate) column: u16,
    pub(crate) bound: i16,
}

impl ArenaNode {
    /// Bound and column in one number, see [`row_key`].
    #[inline]
    pub(crate) fn key(self) -> i32 {
        node_key(self.column, self.bound)
    }
}

/// How a tree is walked by many rows together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A heap holds the whole tree; exit `i` is slot `first_slot + i`.
    Heap { levels: u32 },
    /// A program holds the whole tree; exit `i` is slot `first_slot + i`.
    Program { operations: u32 },
    /// A heap of [`TOP_LEVELS`], then `steps` in the arena.
    Arena { steps: u32 },
}

/// Where a tree is in the tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TreePlace {
    pub(crate) shape: Shape,
    /// First node of the heap, or first operation of the program.
    pub(crate) top: u32,
    /// First entry of `exits`.
    pub(crate) exits: u32,
    /// First slot.
    pub(crate) first_slot: u32,
    /// Root in the arena, for shapes other than heaps.
    pub(crate) root: u32,
    /// Steps from the root to the deepest leaf.
    pub(crate) depth: u32,
}

/// Trees that one row walks in the same way, one after another.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) trees: Range<usize>,
    pub(crate) shape: Shape,
}

/// Ranks are kept as signed integers, because that is what SIMD compares: as `rank - bias`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bias {
    /// Ranks and bounds fit 8 bits.
    Narrow,
    /// Ranks and bounds fit 16 bits.
    Wide,
}

impl Bias {
    /// A rank or bound as it is kept.
    pub(crate) fn apply(self, rank: u32) -> i16 {
        match self {
            Self::Narrow => (rank as i16).wrapping_sub(128),
            Self::Wide => (rank as u16 as i16).wrapping_sub(i16::MIN),
        }
    }

    /// What is at the high side of every bound.
    pub(crate) fn high(self) -> i16 {
        match self {
            Self::Narrow => 127,
            Self::Wide => i16::MAX,
        }
    }
}

/// The compiled trees.
#[derive(Debug)]
pub(crate) struct Forest {
    pub(crate) bias: Bias,
    pub(crate) heaps: Vec<HeapNode>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) arena: Vec<ArenaNode>,
    /// Slot by arena node; of inner nodes it means nothing.
    pub(crate) arena_slots: ArenaSlots,
    /// Arena node by exit of a heap above it.
    pub(crate) exits: Vec<u32>,
    pub(crate) trees: Vec<TreePlace>,
    pub(crate) runs: Vec<Run>,
    /// Leaf number by slot, [`NULL_LEAF`] for none.
    pub(crate) leaves: Vec<u32>,
    /// Slot of the node's own leaf by heap node; empty if no node has one.
    pub(crate) heap_own: Vec<u32>,
    /// Slot of the node's own leaf by arena node; empty if no node has one.
    pub(crate) arena_own: Vec<u32>,
    /// Weight of the tree, by slot.
    pub(crate) weights: Vec<f64>,
    shared: SharedSlots,
    idle: u16,
}

/// Slots by node.
#[derive(Debug)]
pub(crate) enum ArenaSlots {
    Wide(Vec<u32>),
    /// The same in half the memory, once all slots are known to fit.
    Narrow(Vec<u16>),
}

impl ArenaSlots {
    /// The slot of a node.
    #[inline]
    pub(crate) fn get(&self, node: usize) -> u32 {
        match self {
            Self::Wide(slots) => slots[node],
            Self::Narrow(slots) => u32::from(slots[node]),
        }
    }

    fn push(&mut self, slot: u32) {
        match self {
            Self::Wide(slots) => slots.push(slot),
            Self::Narrow(slots) => slots.push(slot as u16),
        }
    }

    /// Takes half the memory if slots are below `end`, where that fits.
    fn finish(&mut self, end: usize) {
        if let Self::Wide(slots) = self {
            if end <= 1 << u16::BITS {
                // Of inner nodes anything will do.
                *self = Self::Narrow(slots.iter().map(|slot| *slot as u16).collect());
            } else {
                slots.shrink_to_fit();
            }
        }
    }
}

/// Slots of leaves that several nodes of arenas lead to: what those are worth stands in the tables once.
#[derive(Debug, Default)]
struct SharedSlots {
    /// By leaf: its slot, and for which weight that is.
    by_leaf: Vec<(u32, u32)>,
    weight: f64,
    /// Numbers the changes of weight from one tree to the next, from 1.
    stamp: u32,
}

impl SharedSlots {
    /// The next tree has this weight.
    fn turn_to(&mut self, weight: f64) {
        if self.stamp == 0 || self.weight.to_bits() != weight.to_bits() {
            self.weight = weight;
            self.stamp += 1;
        }
    }
}

impl Forest {
    pub(crate) fn new(columns: &Columns) -> Self {
        let bias = if columns.largest_rank() <= 255 { Bias::Narrow } else { Bias::Wide };
        Self {
            bias,
            heaps: Vec::new(),
            operations: Vec::new(),
            arena: Vec::new(),
            arena_slots: ArenaSlots::Wide(Vec::new()),
            exits: Vec::new(),
            trees: Vec::new(),
            runs: Vec::new(),
            leaves: Vec::new(),
            heap_own: Vec::new(),
            arena_own: Vec::new(),
            weights: Vec::new(),
            shared: SharedSlots::default(),
            idle: columns.idle(),
        }
    }

    /// Adds the next tree.
    pub(crate) fn push(&mut self, tree: &RankTree, weight: f64, shape: Shape, keep_own: bool) {
        let first_slot = self.leaves.len() as u32;
        self.shared.turn_to(weight);
        let mut place = TreePlace { shape, top: 0, exits: 0, first_slot, root: 0, depth: tree.depth };
        match shape {
            Shape::Heap { levels } => {
                place.top = self.push_heap(tree, levels, |forest, node| {
                    forest.leaves.push(leaf_of(tree, node));
                });
                if keep_own {
                    self.push_heap_own(tree, levels, place.top);
                }
            }
            Shape::Program { .. } => {
                place.top = self.operations.len() as u32;
                place.root = self.push_arena(tree, keep_own, Self::new_slot);
                self.push_program(tree, place.root, first_slot);
            }
            Shape::Arena { .. } => {
                place.exits = self.exits.len() as u32;
                place.root = self.push_arena(tree, keep_own, Self::shared_slot);
                let root = place.root;
                place.top = self.push_heap(tree, TOP_LEVELS, |forest, node| forest.exits.push(root + node));
                if keep_own {
                    self.heap_own.resize(self.heaps.len(), NULL_LEAF);
                }
            }
        }
        self.weights.resize(self.leaves.len(), weight);
        self.trees.push(place);
    }

    /// A slot for a leaf.
    fn new_slot(&mut self, leaf: u32) -> u32 {
        self.leaves.push(leaf);
        self.leaves.len() as u32 - 1
    }

    /// The slot of a leaf, which all arenas of trees of one weight share.
    fn shared_slot(&mut self, leaf: u32) -> u32 {
        if leaf == NULL_LEAF {
            return self.new_slot(leaf);
        }
        let index = leaf as usize;
        if self.shared.by_leaf.len() <= index {
            self.shared.by_leaf.resize(index + 1, (0, 0));
        }
        let (slot, stamp) = self.shared.by_leaf[index];
        if stamp == self.shared.stamp {
            return slot;
        }
        let slot = self.new_slot(leaf);
        self.shared.by_leaf[index] = (slot, self.shared.stamp);
        slot
    }

    /// Adds a heap of the tree's upper levels and tells the node at each exit, in order.
    fn push_heap(&mut self, tree: &RankTree, levels: u32, mut exit: impl FnMut(&mut Self, u32)) -> u32 {
        let first = self.heaps.len();
        let idle = HeapNode { column: self.idle, bound: 0 };
        self.heaps.resize(first + (1 << levels), idle);
        let mut nodes = vec![0_u32];
        for level in 0..levels {
            let mut below = Vec::with_capacity(nodes.len() * 2);
            for (index, node) in nodes.into_iter().enumerate() {
                match tree.nodes[node as usize] {
                    RankNode::Leaf(_) => below.extend([node; 2]),
                    RankNode::Inner { column, bound, low, high, .. } => {
                        let bound = self.bias.apply(bound);
                        self.heaps[first + (1 << level) + index] = HeapNode { column, bound };
                        below.extend([low, high]);
                    }
                }
            }
            nodes = below;
        }
        nodes.into_iter().for_each(|node| exit(self, node));
        first as u32
    }

    fn push_heap_own(&mut self, tree: &RankTree, levels: u32, first: u32) {
        self.heap_own.resize(self.heaps.len(), NULL_LEAF);
        let mut nodes = vec![0_u32];
        for level in 0..levels {
            let mut below = Vec::with_capacity(nodes.len() * 2);
            for (index, node) in nodes.into_iter().enumerate() {
                match tree.nodes[node as usize] {
                    RankNode::Leaf(_) => below.extend([node; 2]),
                    RankNode::Inner { low, high, own, .. } => {
                        self.heap_own[first as usize + (1 << level) + index] = self.own_slot(own);
                        below.extend([low, high]);
                    }
                }
            }
            nodes = below;
        }
    }

    /// A slot for a leaf that only missing values reach.
    fn own_slot(&mut self, own: u32) -> u32 {
        if own == NULL_LEAF {
            return NULL_LEAF;
        }
        self.new_slot(own)
    }

    /// Adds the nodes of a tree, which already stand breadth first with siblings side by side.
    fn push_arena(
        &mut self,
        tree: &RankTree,
        keep_own: bool,
        slot_of: impl Fn(&mut Self, u32) -> u32,
    ) -> u32 {
        let root = self.arena.len() as u32;
        for (index, node) in tree.nodes.iter().enumerate() {
            let (node, slot) = match *node {
                RankNode::Leaf(leaf) => {
                    let node = ArenaNode { left: root + index as u32, column: self.idle, bound: i16::MAX };
                    (node, slot_of(self, leaf))
                }
                RankNode::Inner { column, bound, low, .. } => {
                    (ArenaNode { left: root + low, column, bound: self.bias.apply(bound) }, NULL_LEAF)
                }
            };
            self.arena.push(node);
            self.arena_slots.push(slot);
        }
        if keep_own {
            for node in &tree.nodes {
                let slot = match *node {
                    RankNode::Leaf(_) => NULL_LEAF,
                    RankNode::Inner { own, .. } => self.own_slot(own),
                };
                self.arena_own.push(slot);
            }
        }
        root
    }

    /// Adds one operation an inner node: the reverse of breadth first has children before their parents.
    fn push_program(&mut self, tree: &RankTree, root: u32, first_slot: u32) {
        let mut slots = vec![0_u16; tree.nodes.len()];
        let mut operations = 0;
        for (index, node) in tree.nodes.iter().enumerate().rev() {
            slots[index] = match *node {
                RankNode::Leaf(_) => (self.arena_slots.get(root as usize + index) - first_slot) as u16,
                RankNode::Inner { column, bound, low, high, .. } => {
                    let (a, b) = (slots[low as usize], slots[high as usize]);
                    self.operations.push(Operation { column, bound: self.bias.apply(bound), a, b });
                    operations += 1;
                    MAX_EXITS as u16 + operations - 1
                }
            };
        }
    }

    /// Finds the runs of trees, and gives back memory that growing left over.
    pub(crate) fn finish(&mut self) {
        let same = |a: Shape, b: Shape| match (a, b) {
            (Shape::Heap { levels: a }, Shape::Heap { levels: b }) => a == b,
            (Shape::Heap { .. }, _) | (_, Shape::Heap { .. }) => false,
            _ => true,
        };
        let mut first = 0;
        for trees in self.trees.chunk_by(|a, b| same(a.shape, b.shape)) {
            self.runs.push(Run { trees: first..first + trees.len(), shape: trees[0].shape });
            first += trees.len();
        }
        self.shared = SharedSlots::default();
        self.heaps.shrink_to_fit();
        self.operations.shrink_to_fit();
        self.arena.shrink_to_fit();
        self.arena_slots.finish(self.leaves.len());
        self.exits.shrink_to_fit();
        self.trees.shrink_to_fit();
        self.leaves.shrink_to_fit();
        self.heap_own.shrink_to_fit();
        self.arena_own.shrink_to_fit();
    }
}

fn leaf_of(tree: &RankTree, node: u32) -> u32 {
    match tree.nodes[node as usize] {
        RankNode::Leaf(leaf) => leaf,
        RankNode::Inner { .. } => NULL_LEAF,
    }
}

/// Chooses how each tree is walked, from its depth and its number of leaves.
pub(crate) fn choose_shapes(trees: &[(u32, usize)], bias: Bias) -> Vec<Shape> {
    // One number of levels for all makes long runs of equal trees; it may at most triple the leaves.
    let deepest = trees.iter().map(|(depth, _)| *depth).max().unwrap_or(0).max(1);
    let leaves: usize = trees.iter().map(|(_, leaves)| *leaves).sum();
    if deepest <= MAX_LEVELS && trees.len() << deepest <= 3 * leaves {
        return vec![Shape::Heap { levels: deepest }; trees.len()];
    }
    trees.iter().map(|(depth, leaves)| choose_shape(*depth, *leaves, bias)).collect()
}

fn choose_shape(depth: u32, leaves: usize, bias: Bias) -> Shape {
    let levels = depth.max(1);
    if levels <= MAX_LEVELS && 1 << levels <= 3 * leaves {
        return Shape::Heap { levels };
    }
    // Nanoseconds a row, as measured; see the decision record of the kernel.
    let operation = match bias {
        Bias::Narrow => 0.021,
        Bias::Wide => 0.042,
    };
    let steps = depth.saturating_sub(TOP_LEVELS);
    let program = operation * (leaves - 1) as f64;
    let arena = 0.5 + 0.8 * f64::from(steps);
    if leaves <= MAX_EXITS && (program < arena || leaves < 1 << (TOP_LEVELS - 1)) {
        Shape::Program { operations: (leaves - 1) as u32 }
    } else {
        Shape::Arena { steps }
    }
}
