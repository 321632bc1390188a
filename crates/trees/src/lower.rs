//! Trees in rank space, with shared subtrees repeated.

use crate::answers::NULL_LEAF;
use crate::columns::RankTest;
use crate::ensemble::{Node, Tree};
use crate::split::{Missing, Test};

/// A node in rank space.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RankNode {
    /// The path ends with this leaf or [`NULL_LEAF`].
    Leaf(u32),
    /// The path goes on.
    Inner {
        column: u16,
        /// Ranks below this go to `low`.
        bound: u32,
        low: u32,
        high: u32,
        /// The leaf of missing values whose side is [`Side::Own`](crate::columns::Side::Own).
        own: u32,
    },
}

/// A tree in rank space: node 0 is the root, every node has one parent, and parents stand before their children.
#[derive(Debug, Default)]
pub(crate) struct RankTree {
    pub(crate) nodes: Vec<RankNode>,
    /// Splits on the path to each node.
    pub(crate) depths: Vec<u32>,
    /// Most splits on a path.
    pub(crate) depth: u32,
}

impl RankTree {
    /// Rewrites a checked tree, whose splits in rank space are `tests`, into this one, whose memory is used again.
    pub(crate) fn lower(&mut self, tests: &[RankTest], tree: &Tree) {
        self.nodes.clear();
        self.depths.clear();
        self.depth = 0;
        // Where the described node goes; breadth first, so that the list is the queue.
        let mut described = vec![tree.root];
        self.nodes.push(RankNode::Leaf(NULL_LEAF));
        self.depths.push(0);
        let mut at = 0;
        while at < self.nodes.len() {
            self.nodes[at] = match tree.nodes[described[at] as usize] {
                Node::Leaf(leaf) => RankNode::Leaf(leaf),
                Node::Null => RankNode::Leaf(NULL_LEAF),
                Node::Split(split) => {
                    let RankTest { column, bound, low_is_yes } = tests[described[at] as usize];
                    let low = self.nodes.len() as u32;
                    let children = if low_is_yes { [split.yes, split.no] } else { [split.no, split.yes] };
                    described.extend(children);
                    self.nodes.extend([RankNode::Leaf(NULL_LEAF); 2]);
                    let depth = self.depths[at] + 1;
                    self.depths.extend([depth; 2]);
                    self.depth = depth;
                    let own = match split.missing {
                        Missing::Leaf(leaf) if split.test != Test::IsMissing => leaf,
                        _ => NULL_LEAF,
                    };
                    RankNode::Inner { column, bound, low, high: low + 1, own }
                }
            };
            at += 1;
        }
    }

    /// Number of leaves.
    pub(crate) fn leaves(&self) -> usize {
        self.nodes.len().div_ceil(2)
    }
}
