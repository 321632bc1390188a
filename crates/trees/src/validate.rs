//! Checks that make every later step unable to fail.

use crate::combine::{Combine, NullTree, Sum};
use crate::ensemble::{Ensemble, Feature, Leaves, Node, Number, Tree};
use crate::error::CompileError;
use crate::limits::Limits;
use crate::split::{Missing, Split, Test};

/// What the check finds out on its way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shape {
    /// Most splits on one path of any tree.
    pub(crate) depth: usize,
    /// Nodes that paths reach, shared ones once a use.
    pub(crate) nodes: usize,
}

/// Checks everything that [`CompileError`] names.
pub(crate) fn validate(ensemble: &Ensemble, limits: &Limits) -> Result<Shape, CompileError> {
    check_leaves(ensemble)?;
    let described: usize = ensemble.trees.iter().map(|tree| tree.nodes.len()).sum();
    let limit = described.saturating_mul(limits.sharing).saturating_add(4_096).min(limits.nodes);
    let mut shape = Shape::default();
    let mut walk = Walk::default();
    for (index, tree) in ensemble.trees.iter().enumerate() {
        check_outputs(ensemble, index, tree)?;
        for (node, content) in tree.nodes.iter().enumerate() {
            let place = Place { ensemble, tree: index, node: node as u32 };
            match content {
                Node::Leaf(leaf) => place.check_leaf(*leaf)?,
                Node::Null => {}
                Node::Split(split) => place.check_split(split)?,
            }
        }
        walk.tree(index, tree, limits, limit, &mut shape)?;
    }
    Ok(shape)
}

fn check_leaves(ensemble: &Ensemble) -> Result<(), CompileError> {
    match (&ensemble.combine, &ensemble.leaves) {
        (Combine::Sum(sum) | Combine::Average(sum), Leaves::Numbers { width, values }) => {
            if *width == 0 || values.len() % width != 0 {
                return Err(CompileError::Leaves(
                    "the table is not a whole number of rows of `width` numbers",
                ));
            }
            check_sum(sum, ensemble.outputs)?;
        }
        (Combine::Sum(_) | Combine::Average(_), _) => {
            return Err(CompileError::Leaves("sums and averages need numbers"));
        }
        (Combine::Vote(_), Leaves::Classes(classes)) => {
            let wrong = classes.iter().enumerate().find(|(_, class)| **class as usize >= ensemble.outputs);
            if let Some((leaf, &class)) = wrong {
                return Err(CompileError::ClassOutOfRange { leaf, class, classes: ensemble.outputs });
            }
        }
        (Combine::Vote(_), _) => return Err(CompileError::Leaves("votes need classes")),
        (Combine::None, _) => {}
    }
    if u32::try_from(ensemble.leaves.len()).is_ok_and(|count| count < u32::MAX) {
        Ok(())
    } else {
        Err(CompileError::Leaves("more than 2^32 - 2 of them"))
    }
}

fn check_sum(sum: &Sum, outputs: usize) -> Result<(), CompileError> {
    if sum.null_tree == NullTree::Votes {
        return Err(CompileError::Leaves("a tree without an answer can vote only where trees vote"));
    }
    if sum.base.is_empty() || sum.base.len() == outputs {
        Ok(())
    } else {
        Err(CompileError::Base { given: sum.base.len(), outputs })
    }
}

fn check_outputs(ensemble: &Ensemble, index: usize, tree: &Tree) -> Result<(), CompileError> {
    let first = tree.output as usize;
    let end = match (&ensemble.combine, &ensemble.leaves) {
        (Combine::Sum(_) | Combine::Average(_), Leaves::Numbers { width, .. }) => {
            first.saturating_add(*width)
        }
        _ => return Ok(()),
    };
    if end <= ensemble.outputs {
        Ok(())
    } else {
        Err(CompileError::OutputOutOfRange { tree: index, first, end, outputs: ensemble.outputs })
    }
}

struct Place<'a> {
    ensemble: &'a Ensemble,
    tree: usize,
    node: u32,
}

impl Place<'_> {
    fn check_leaf(&self, leaf: u32) -> Result<(), CompileError> {
        let leaves = self.ensemble.leaves.len();
        if (leaf as usize) < leaves {
            Ok(())
        } else {
            Err(CompileError::LeafOutOfRange { tree: self.tree, node: self.node, leaf, leaves })
        }
    }

    fn check_split(&self, split: &Split) -> Result<(), CompileError> {
        let &Self { ensemble, tree, node } = self;
        let nodes = ensemble.trees[tree].nodes.len();
        if let Some(child) = [split.yes, split.no].into_iter().find(|child| *child as usize >= nodes) {
            return Err(CompileError::ChildOutOfRange { tree, node, child, nodes });
        }
        let Some(feature) = ensemble.features.get(split.feature as usize) else {
            let features = ensemble.features.len();
            return Err(CompileError::FeatureOutOfRange { tree, node, feature: split.feature, features });
        };
        let fits = match (feature, split.test) {
            (_, Test::IsMissing) => true,
            (Feature::Category(_), Test::InSet(set) | Test::NotInSet(set)) => {
                let sets = ensemble.sets.len();
                if set as usize >= sets {
                    return Err(CompileError::SetOutOfRange { tree, node, set, sets });
                }
                true
            }
            (
                Feature::Number(number),
                Test::Less(threshold)
                | Test::LessOrEqual(threshold)
                | Test::Greater(threshold)
                | Test::GreaterOrEqual(threshold)
                | Test::Equal(threshold)
                | Test::NotEqual(threshold),
            ) => {
                if number.round(threshold).is_nan() {
                    return Err(CompileError::NanThreshold { tree, node });
                }
                true
            }
            _ => false,
        };
        if !fits {
            return Err(CompileError::TestDoesNotFit { tree, node, feature: split.feature });
        }
        match split.missing {
            Missing::Leaf(leaf) => self.check_leaf(leaf),
            _ => Ok(()),
        }
    }
}

impl Number {
    /// A value in this precision.
    pub(crate) fn round(self, value: f64) -> f64 {
        match self {
            Self::F64 => value,
            Self::F32 => f64::from(value as f32),
        }
    }
}

/// A walk over all paths of a tree, without recursion.
#[derive(Default)]
struct Walk {
    /// Nodes of the current path, each with the children still to be visited.
    path: Vec<(u32, u8)>,
    on_path: Vec<bool>,
}

impl Walk {
    fn tree(
        &mut self,
        index: usize,
        tree: &Tree,
        limits: &Limits,
        node_limit: usize,
        shape: &mut Shape,
    ) -> Result<(), CompileError> {
        let nodes = tree.nodes.len();
        if nodes == 0 {
            return Err(CompileError::EmptyTree { tree: index });
        }
        if tree.root as usize >= nodes {
            return Err(CompileError::ChildOutOfRange {
                tree: index,
                node: tree.root,
                child: tree.root,
                nodes,
            });
        }
        self.on_path.clear();
        self.on_path.resize(nodes, false);
        self.path.clear();
        let mut entered = Some(tree.root);
        loop {
            if let Some(node) = entered.take() {
                shape.nodes += 1;
                if shape.nodes > node_limit {
                    return Err(CompileError::TooManyNodes { tree: index, limit: node_limit });
                }
                if self.on_path[node as usize] {
                    return Err(CompileError::Cycle { tree: index, node });
                }
                if matches!(tree.nodes[node as usize], Node::Split(_)) {
                    if self.path.len() >= limits.depth {
                        return Err(CompileError::TooDeep { tree: index, node, limit: limits.depth });
                    }
                    self.on_path[node as usize] = true;
                    self.path.push((node, 0));
                    shape.depth = shape.depth.max(self.path.len());
                }
            }
            let Some((node, visited)) = self.path.last_mut() else { return Ok(()) };
            if let (Node::Split(split), 0..=1) = (&tree.nodes[*node as usize], *visited) {
                entered = Some(if *visited == 0 { split.yes } else { split.no });
                *visited += 1;
            } else {
                self.on_path[*node as usize] = false;
                self.path.pop();
            }
        }
    }
}
