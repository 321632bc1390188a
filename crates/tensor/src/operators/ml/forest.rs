//! Tree ensembles on the kernel of `scorewheel-trees` where they are sums over comparisons; the rest is walked.

use scorewheel_columns::ErrorCode;
use scorewheel_trees::{
    Column, Combine, Feature, Kernel, Leaves, Missing, Node, Number, Row, Split, Sum, Test as Comparison,
    Tree,
};
use smallvec::SmallVec;

use crate::data::Data;
use crate::operators::Workspace;
use crate::operators::ml::ensemble::{Aggregate, Ensemble, Test};
use crate::operators::ml::widen;

/// Most numbers that the leaves of a kernel may hold.
const LEAF_NUMBERS: usize = 1 << 26;

/// Of which targets it matters whether any leaf of a row spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Of none: the sums are all.
    Nothing,
    /// Of all: the largest of those that were spoken of is looked for.
    Largest,
    /// Of the second.
    Second,
}

/// An ensemble, ready to score.
pub(crate) struct Forest {
    /// Its nodes are gone if there is a kernel.
    pub ensemble: Ensemble,
    kernel: Option<Kernel>,
}

impl Forest {
    /// `single`: rows are of f32.
    pub fn new(mut ensemble: Ensemble, single: bool, seen: Seen) -> Self {
        let told = match seen {
            Seen::Nothing => true,
            Seen::Largest => sums_tell_targets(&ensemble),
            Seen::Second => always_spoken_of(&ensemble)[1],
        };
        let kernel = if told { compile(&ensemble, single) } else { None };
        if kernel.is_some() {
            ensemble.nodes = Vec::new();
        }
        Self { ensemble, kernel }
    }

    /// Tells of each row the aggregate of its trees' answers, and which targets any leaf spoke of.
    pub fn each_row(
        &self,
        input: &Data,
        columns: usize,
        workspace: &mut Workspace,
        mut take: impl FnMut(usize, &mut [f64], &mut [bool]),
    ) -> Result<(), ErrorCode> {
        let targets = self.ensemble.targets;
        let columns = columns.max(1);
        let rows = input.len() / columns;
        let Workspace { f64: buffers, trees: scratch, .. } = workspace;
        let mut seen: SmallVec<[bool; 16]> = smallvec::smallvec![true; targets];
        let Some(kernel) = &self.kernel else {
            widen(input, &mut buffers.elements);
            buffers.results.resize(targets, 0.0);
            for (row, features) in buffers.elements.chunks_exact(columns).enumerate() {
                let scores = &mut buffers.results[..targets];
                self.ensemble.evaluate(features, scores, &mut seen);
                take(row, scores, &mut seen);
            }
            return Ok(());
        };
        buffers.results.resize(rows * targets, 0.0);
        let sums = &mut buffers.results[..rows * targets];
        if rows == 1 {
            widen(input, &mut buffers.elements);
            let row = Row::new(&buffers.elements[..kernel.features()]);
            kernel.score_row(row, scratch, sums).map_err(|_| ErrorCode::EnginePanicked)?;
        } else {
            if !matches!(input, Data::F32(_) | Data::F64(_)) {
                widen(input, &mut buffers.elements);
            }
            let features: SmallVec<[Column<'_>; 64]> = (0..kernel.features())
                .map(|feature| {
                    let column = match input {
                        Data::F32(numbers) => Column::f32(&numbers[feature..]),
                        Data::F64(numbers) => Column::f64(&numbers[feature..]),
                        _ => Column::f64(&buffers.elements[feature..]),
                    };
                    column.every(columns)
                })
                .collect();
            kernel.score(&features, rows, scratch, sums).map_err(|_| ErrorCode::EnginePanicked)?;
        }
        let trees = self.ensemble.roots.len().max(1) as f64;
        for (row, scores) in sums.chunks_exact_mut(targets).enumerate() {
            if self.ensemble.aggregate == Aggregate::Average {
                scores.iter_mut().for_each(|score| *score /= trees);
            }
            take(row, scores, &mut seen);
        }
        Ok(())
    }
}

/// Whether a target that no leaf spoke of needs no mark of its own: every row hears of every target, or its sum of 0 is
/// less than any other.
fn sums_tell_targets(ensemble: &Ensemble) -> bool {
    if ensemble.base_values.len() == ensemble.targets || ensemble.weights.iter().all(|(_, w)| *w > 0.0) {
        return true;
    }
    always_spoken_of(ensemble).into_iter().all(|spoken| spoken)
}

/// The targets that some tree speaks of in each of its leaves.
fn always_spoken_of(ensemble: &Ensemble) -> Vec<bool> {
    let mut spoken = vec![false; ensemble.targets];
    for root in &ensemble.roots {
        let mut common: Option<Vec<u32>> = None;
        for leaf in leaves_below(ensemble, *root) {
            let here: Vec<u32> = ensemble.weights_of(leaf).iter().map(|(target, _)| *target).collect();
            common = Some(match common {
                None => here,
                Some(before) => before.into_iter().filter(|target| here.contains(target)).collect(),
            });
        }
        common.into_iter().flatten().for_each(|target| spoken[target as usize] = true);
    }
    spoken
}

fn leaves_below(ensemble: &Ensemble, root: i32) -> Vec<usize> {
    let mut leaves = Vec::new();
    let mut waiting = vec![root];
    while let Some(at) = waiting.pop() {
        if at < 0 {
            leaves.push((-1 - at) as usize);
        } else {
            let node = &ensemble.nodes[at as usize];
            waiting.extend([node.if_true, node.if_false]);
        }
    }
    leaves
}

/// The ensemble as a kernel; `None` if it is no sum over comparisons.
fn compile(ensemble: &Ensemble, single: bool) -> Option<Kernel> {
    let sums = matches!(ensemble.aggregate, Aggregate::Sum | Aggregate::Average);
    if !sums || ensemble.nodes.iter().any(|node| node.test == Test::Member) {
        return None;
    }
    // A tree whose leaves all speak of one target adds to that alone.
    let target_of = |root: i32| {
        let mut leaves = leaves_below(ensemble, root).into_iter();
        let target = |leaf: usize| match ensemble.weights_of(leaf) {
            [(target, _)] => Some(*target),
            _ => None,
        };
        let first = target(leaves.next()?)?;
        leaves.all(|leaf| target(leaf) == Some(first)).then_some(first)
    };
    let lone: Option<Vec<u32>> = ensemble.roots.iter().map(|root| target_of(*root)).collect();
    let width = if lone.is_some() { 1 } else { ensemble.targets };
    let leaves = ensemble.leaves.len() - 1;
    let numbers = leaves.checked_mul(width).filter(|numbers| *numbers <= LEAF_NUMBERS)?;
    let mut values = vec![0.0; numbers];
    for leaf in 0..leaves {
        let mut last = None;
        for (target, weight) in ensemble.weights_of(leaf) {
            // Two weights of one target are added one after the other, which one number cannot tell.
            if last.is_some_and(|last| *target <= last) {
                return None;
            }
            last = Some(*target);
            let at = if lone.is_some() { leaf } else { leaf * width + *target as usize };
            values[at] = *weight;
        }
    }
    let short =
        single && ensemble.nodes.iter().all(|node| f64::from(node.threshold as f32) == node.threshold);
    let number = Feature::Number(if short { Number::F32 } else { Number::F64 });
    let trees = ensemble.roots.iter().enumerate().map(|(index, root)| Tree {
        nodes: nodes_below(ensemble, *root),
        root: 0,
        weight: 1.0,
        output: lone.as_ref().map_or(0, |lone| lone[index]),
    });
    let described = scorewheel_trees::Ensemble {
        features: vec![number; ensemble.features],
        sets: Vec::new(),
        trees: trees.collect(),
        leaves: Leaves::Numbers { width, values },
        outputs: ensemble.targets,
        combine: Combine::Sum(Sum::default()),
    };
    // What the kernel does not take is still walked.
    described.compile().ok()
}

/// A tree in the order of its levels.
fn nodes_below(ensemble: &Ensemble, root: i32) -> Vec<Node> {
    let mut order = vec![root];
    let mut nodes = Vec::new();
    while let Some(at) = order.get(nodes.len()).copied() {
        if at < 0 {
            nodes.push(Node::Leaf((-1 - at) as u32));
            continue;
        }
        let node = &ensemble.nodes[at as usize];
        let threshold = node.threshold;
        let test = match node.test {
            Test::LessOrEqual => Comparison::LessOrEqual(threshold),
            Test::Less => Comparison::Less(threshold),
            Test::GreaterOrEqual => Comparison::GreaterOrEqual(threshold),
            Test::Greater => Comparison::Greater(threshold),
            Test::Equal => Comparison::Equal(threshold),
            // A set has no threshold; such ensembles do not come here.
            Test::NotEqual | Test::Member => Comparison::NotEqual(threshold),
        };
        let differs = node.test == Test::NotEqual;
        let missing = if node.missing_is_true || differs { Missing::Yes } else { Missing::No };
        let yes = order.len() as u32;
        order.extend([node.if_true, node.if_false]);
        nodes.push(Node::Split(Split::new(node.feature, test, yes, yes + 1).missing(missing)));
    }
    nodes
}
