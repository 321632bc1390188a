//! The compiled trees with what ranking takes: from rows and blocks to slots.

use crate::cell::Cell;
use crate::columns::{Columns, Planner};
use crate::direct::Direct;
use crate::ensemble::Ensemble;
use crate::error::Exception;
use crate::forest::{Bias, Forest, Shape, choose_shapes};
use crate::input::Column;
use crate::lower::RankTree;
use crate::rank::{BLOCK, BLOCKS, Context, Lane, Ranked, RowBits};
use crate::search::Bisection;
use crate::sink::Sink;
use crate::split::CategorySet;
use crate::unchecked::{self, Block, PROGRAM_LANES, Simd, SimdLane};
use crate::walk::walk_all;

/// A thread's buffers in rank space.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    bytes: Lanes<i8>,
    words: Lanes<i16>,
    /// One row's ranks by column, as nodes are held against them.
    keys: Vec<i32>,
    /// The same of a row whose paths may end early.
    ranked: Vec<Ranked>,
}

/// A block's ranks by column, and the slots of programs.
#[derive(Debug, Default)]
struct Lanes<L> {
    ranks: Vec<L>,
    program: Vec<L>,
}

impl<L: Lane + SimdLane> Lanes<L> {
    fn reserve(&mut self, columns: usize, blocks: usize, programs: bool) {
        if self.ranks.len() < blocks * columns * BLOCK {
            self.ranks.resize(blocks * columns * BLOCK, L::default());
        }
        if programs && self.program.is_empty() {
            let exits = (0..=u8::MAX).flat_map(|exit| [L::exit(exit); BLOCK]);
            self.program.extend(exits);
            self.program.resize(PROGRAM_LANES, L::default());
        }
    }
}

/// Trees in rank space.
#[derive(Debug)]
pub(crate) struct RankEngine {
    columns: Columns,
    sets: Vec<CategorySet>,
    forest: Forest,
    programs: bool,
    direct: Option<Direct>,
}

impl RankEngine {
    /// Compiles a checked ensemble; returns leaf and weight by slot too. `None` if it needs more columns than nodes can address.
    pub(crate) fn compile(ensemble: &Ensemble) -> Option<(Self, Vec<u32>, Vec<f64>)> {
        let planner = Planner::new(ensemble)?;
        let mut forest = Forest::new(&planner.columns);
        let keep_own = planner.columns.ends_paths();
        let mut lowered = RankTree::default();
        let mut sizes = Vec::with_capacity(ensemble.trees.len());
        for (tree, tests) in ensemble.trees.iter().zip(planner.tests()) {
            lowered.lower(tests, tree);
            sizes.push((lowered.depth, lowered.leaves()));
        }
        let shapes = choose_shapes(&sizes, forest.bias);
        for ((tree, tests), shape) in ensemble.trees.iter().zip(planner.tests()).zip(shapes) {
            lowered.lower(tests, tree);
            forest.push(&lowered, tree.weight, shape, keep_own);
        }
        forest.finish();
        let (leaves, weights) = (std::mem::take(&mut forest.leaves), std::mem::take(&mut forest.weights));
        let programs = forest.trees.iter().any(|tree| matches!(tree.shape, Shape::Program { .. }));
        let columns = planner.columns;
        let is_lone = ensemble.trees.len() == 1;
        let direct = is_lone.then(|| Direct::of(&lowered, &columns, ensemble.features.len())).flatten();
        Some((Self { columns, sets: ensemble.sets.clone(), forest, programs, direct }, leaves, weights))
    }

    /// The tree by its thresholds, if there is but one.
    pub(crate) fn direct(&self) -> Option<&Direct> {
        self.direct.as_ref()
    }

    fn context(&self) -> Context<'_> {
        Context { columns: &self.columns, sets: &self.sets, bias: self.forest.bias }
    }

    /// Walks one row through all trees, writing slots; a fault ends the row.
    pub(crate) fn row(
        &self,
        simd: Option<Simd>,
        cell: impl Fn(u32) -> Cell + Copy,
        buffers: &mut Buffers,
        slots: &mut [u32],
    ) -> Result<(), Exception> {
        if buffers.keys.len() < self.columns.len() {
            buffers.keys.resize(self.columns.len(), 0);
        }
        let keys = &mut buffers.keys[..self.columns.len()];
        let context = self.context();
        let ends = match simd {
            #[cfg(target_arch = "x86_64")]
            Some(simd) => unchecked::rank_row(simd, &context, cell, keys),
            _ => context.rank_row(Bisection, cell, keys),
        };
        if ends {
            return self.row_that_ends(cell, &mut buffers.ranked, slots);
        }
        unchecked::row(&self.forest, &self.columns, keys, slots);
        Ok(())
    }

    /// Walks one row that has faults, or missing values where paths end.
    fn row_that_ends(
        &self,
        cell: impl Fn(u32) -> Cell,
        ranked: &mut Vec<Ranked>,
        slots: &mut [u32],
    ) -> Result<(), Exception> {
        let context = self.context();
        ranked.clear();
        ranked.resize(self.columns.len(), Ranked::Rank(context.bias.apply(0)));
        for feature in &self.columns.features {
            let cell = cell(feature.feature);
            let rank = match cell {
                Cell::Number(value) => feature.cuts.rank(value),
                _ => 0,
            };
            for (index, column) in &feature.columns {
                ranked[usize::from(*index)] = context.ranked(feature, column, cell, rank);
            }
        }
        walk_all(&self.forest, &self.columns.feature_of, slots, |column| ranked[usize::from(column)])
    }

    /// Walks up to [`BLOCKS`] blocks of rows from `first` on through all trees. Returns the bits of rows that must be
    /// walked by [`RankEngine::row`] as well, what the sink has taken for them and for rows past `rows` being
    /// meaningless.
    pub(crate) fn blocks(
        &self,
        simd: Option<Simd>,
        input: &[Column<'_>],
        first: usize,
        rows: usize,
        buffers: &mut Buffers,
        sink: &mut impl Sink,
    ) -> RowBits {
        match self.forest.bias {
            Bias::Narrow => self.blocks_of(simd, input, first, rows, &mut buffers.bytes, sink),
            Bias::Wide => self.blocks_of(simd, input, first, rows, &mut buffers.words, sink),
        }
    }

    fn blocks_of<L: SimdLane + Into<i16>>(
        &self,
        simd: Option<Simd>,
        input: &[Column<'_>],
        first: usize,
        rows: usize,
        lanes: &mut Lanes<L>,
        sink: &mut impl Sink,
    ) -> RowBits {
        let blocks = rows.div_ceil(BLOCK);
        lanes.reserve(self.columns.len(), blocks, self.programs);
        let context = self.context();
        let stride = self.columns.len() * BLOCK;
        let mut ends = [0; BLOCKS];
        for (block, (ends, ranks)) in ends.iter_mut().zip(lanes.ranks.chunks_exact_mut(stride)).enumerate() {
            let from = block * BLOCK;
            if from >= rows {
                break;
            }
            let rows = BLOCK.min(rows - from);
            *ends = match simd {
                #[cfg(target_arch = "x86_64")]
                Some(simd) => context.rank_block(simd, input, first + from, rows, ranks),
                _ => context.rank_block(Bisection, input, first + from, rows, ranks),
            };
        }
        let (forest, columns) = (&self.forest, &self.columns);
        let block = Block { forest, columns, lanes: &lanes.ranks, blocks, program: &mut lanes.program };
        block.walk(simd, sink);
        ends
    }
}
