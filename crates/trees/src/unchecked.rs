//! The fast walks and searches: the only unsafe code of the crate.
//!
//! Each has a plain twin that gives the same bits: [`Bisection`](crate::search::Bisection) for the search,
//! [`walk`](crate::walk) for the walks. What all of them rely on is what [`Forest`] and [`Columns`] are built to hold:
//!
//! * nodes and operations name columns below [`Columns::len`], and lanes hold a block for each of these;
//! * heaps are whole, arena children are arena nodes, exits of a heap above an arena are arena nodes;
//! * operations refer to exits of their tree or to earlier operations.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use crate::cell::Cell;
use crate::columns::Columns;
use crate::cuts::{Cuts, FAN};
use crate::forest::{
    ArenaNode, ArenaSlots, Forest, HeapNode, MAX_EXITS, Operation, Run, Shape, TOP_LEVELS, TreePlace,
};
use crate::rank::{BLOCK, Context, Lane};
use crate::search::Search;
use crate::sink::Sink;
use crate::wide::Registers;
#[cfg(target_arch = "x86_64")]
use crate::wide::Width;

/// Up to this depth it costs more to look whether all are at leaves than to go on.
const SHALLOW: u32 = 12;

/// Trees of one row, or rows without SIMD, that are walked side by side, so that their loads overlap.
const ABREAST: usize = 8;

/// Rows of a block that take arena steps side by side.
const ROWS_ABREAST: usize = 16;

/// Steps between looking whether all are at leaves.
const STRIDE: u32 = 4;

/// Lanes of a program's slots: exits first, results after them.
pub(crate) const PROGRAM_LANES: usize = (MAX_EXITS * 2) * BLOCK;

/// Proof that the CPU has what the SIMD paths need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Simd(());

impl Simd {
    /// Looks whether the CPU has AVX2 and POPCNT.
    pub(crate) fn detect() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt") {
            return Some(Self(()));
        }
        None
    }
}

/// Does work that is compiled for these registers.
#[inline]
pub(crate) fn run_wide<R>(registers: Registers, work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
        fn with_avx512<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        #[target_feature(enable = "avx2,fma")]
        fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        match registers.width() {
            // SAFETY: `Registers` of a width exist only where the CPU has them.
            Width::Avx512 => unsafe { with_avx512(work) },
            // SAFETY: the same.
            Width::Avx2 => unsafe { with_avx2(work) },
            Width::Plain => work(),
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = registers;
        work()
    }
}

/// Walks one row through trees `first..first + slots.len()`, which all have heaps of this many levels.
fn row_heaps(forest: &Forest, first: usize, levels: u32, keys: &[i32], slots: &mut [u32]) {
    let trees = &forest.trees[first..first + slots.len()];
    let step = |top: u32, at: u32| {
        // SAFETY: `at` is below 2^levels, the heap's size, and its columns are below `keys.len()`.
        unsafe {
            let node = *forest.heaps.get_unchecked((top + at) as usize);
            2 * at + u32::from(*keys.get_unchecked(usize::from(node.column)) >= node.key())
        }
    };
    let mut groups = trees.chunks_exact(ABREAST);
    let mut out = slots.chunks_exact_mut(ABREAST);
    for (group, out) in (&mut groups).zip(&mut out) {
        let tops: [u32; ABREAST] = std::array::from_fn(|tree| group[tree].top);
        let mut at = [1_u32; ABREAST];
        for _ in 0..levels {
            for tree in 0..ABREAST {
                at[tree] = step(tops[tree], at[tree]);
            }
        }
        for tree in 0..ABREAST {
            out[tree] = group[tree].first_slot + at[tree] - (1 << levels);
        }
    }
    for (tree, slot) in groups.remainder().iter().zip(out.into_remainder()) {
        let at = (0..levels).fold(1, |at, _| step(tree.top, at));
        *slot = tree.first_slot + at - (1 << levels);
    }
}

/// Walks one row through trees `first..first + slots.len()`, which all have their root in the arena.
fn row_arenas(forest: &Forest, first: usize, keys: &[i32], slots: &mut [u32]) {
    let mut trees = &forest.trees[first..first + slots.len()];
    let mut slots = slots;
    while !trees.is_empty() {
        let count = trees.len().min(ABREAST);
        let mut at = [trees[0].root; ABREAST];
        for (at, tree) in at.iter_mut().zip(trees) {
            *at = tree.root;
        }
        let depth = trees[..count].iter().map(|tree| tree.depth).max().unwrap_or(0);
        let is_high = |_, node: ArenaNode| {
            // SAFETY: columns of nodes are below `keys.len()`.
            unsafe { *keys.get_unchecked(usize::from(node.column)) >= node.key() }
        };
        if depth <= SHALLOW {
            step(forest, &mut at, depth, is_high);
        } else {
            descend(forest, &mut at, depth, is_high);
        }
        let (now, later) = slots.split_at_mut(count);
        for (slot, at) in now.iter_mut().zip(at) {
            *slot = forest.arena_slots.get(at as usize);
        }
        (trees, slots) = (&trees[count..], later);
    }
}

/// Takes so many steps in the arena from each node; leaves lead to themselves.
#[inline(always)]
fn step<const N: usize>(
    forest: &Forest,
    at: &mut [u32; N],
    steps: u32,
    is_high: impl Fn(usize, ArenaNode) -> bool,
) {
    for _ in 0..steps {
        for (index, at) in at.iter_mut().enumerate() {
            // SAFETY: nodes lead to nodes of the arena.
            let node = unsafe { *forest.arena.get_unchecked(*at as usize) };
            *at = node.left + u32::from(is_high(index, node));
        }
    }
}

/// Takes up to `steps` steps in the arena from each node, stopping early when all are at leaves.
#[inline(always)]
fn descend<const N: usize>(
    forest: &Forest,
    at: &mut [u32; N],
    steps: u32,
    is_high: impl Fn(usize, ArenaNode) -> bool + Copy,
) {
    let mut left = steps;
    while left > 0 {
        let before = *at;
        let now = left.min(STRIDE);
        step(forest, at, now, is_high);
        left -= now;
        // Told without a branch a node: comparing arrays calls a function.
        if left > 0 && before.iter().zip(&*at).fold(0, |moved, (before, at)| moved | (before ^ at)) == 0 {
            return;
        }
    }
}

/// Walks one row through all trees, writing slots. `keys` holds one [`row_key`](crate::forest::row_key) a column.
pub(crate) fn row(forest: &Forest, columns: &Columns, keys: &[i32], slots: &mut [u32]) {
    assert!(keys.len() >= columns.len() && slots.len() == forest.trees.len());
    for Run { trees, shape } in &forest.runs {
        let slots = &mut slots[trees.clone()];
        match *shape {
            Shape::Heap { levels } => row_heaps(forest, trees.start, levels, keys, slots),
            Shape::Program { .. } | Shape::Arena { .. } => row_arenas(forest, trees.start, keys, slots),
        }
    }
}

/// Blocks of rows to be walked.
pub(crate) struct Block<'a, L> {
    pub(crate) forest: &'a Forest,
    pub(crate) columns: &'a Columns,
    /// [`BLOCK`] ranks a column, block after block.
    pub(crate) lanes: &'a [L],
    /// Number of blocks: all of them go through a tree before the next tree, which then is in the cache only once.
    pub(crate) blocks: usize,
    /// [`PROGRAM_LANES`] entries, or none if no tree is a program.
    pub(crate) program: &'a mut [L],
}

impl<'a, L: SimdLane + Into<i16>> Block<'a, L> {
    /// Walks the blocks through all trees.
    pub(crate) fn walk(mut self, simd: Option<Simd>, sink: &mut impl Sink) {
        assert!(self.lanes.len() >= self.blocks * self.columns.len() * BLOCK);
        #[cfg(target_arch = "x86_64")]
        if simd.is_some() {
            // SAFETY: `Simd` exists only where the CPU has AVX2.
            unsafe { self.walk_avx2(sink) }
            return;
        }
        let _ = simd;
        self.walk_scalar(sink);
    }

    /// The lanes of one block.
    fn lanes_of(&self, block: usize) -> &'a [L] {
        let stride = self.columns.len() * BLOCK;
        &self.lanes[block * stride..][..stride]
    }

    /// Without SIMD, rows abreast.
    fn walk_scalar(&mut self, sink: &mut impl Sink) {
        let forest = self.forest;
        for (tree, place) in forest.trees.iter().enumerate() {
            for block in 0..self.blocks {
                let lanes = self.lanes_of(block);
                match place.shape {
                    Shape::Heap { levels } => {
                        let exits = self.heap_scalar(lanes, place, levels);
                        sink.exits(tree, place, block, &exits);
                    }
                    Shape::Program { .. } => {
                        self.arena(lanes, tree, block, [place.root; BLOCK], place.depth, sink);
                    }
                    Shape::Arena { steps } => {
                        let exits = self.heap_scalar(lanes, place, TOP_LEVELS);
                        let from = self.below(place, &exits);
                        self.arena(lanes, tree, block, from, steps, sink);
                    }
                }
            }
        }
    }

    fn heap_scalar(&self, lanes: &[L], place: &TreePlace, levels: u32) -> [u8; BLOCK] {
        let mut exits = [0; BLOCK];
        for (group, exits) in exits.chunks_exact_mut(ABREAST).enumerate() {
            let mut at = [1_u32; ABREAST];
            for _ in 0..levels {
                for (row, at) in at.iter_mut().enumerate() {
                    // SAFETY: `at` is below 2^levels, the heap's size; lanes hold a block for each column.
                    *at = unsafe {
                        let HeapNode { column, bound } =
                            *self.forest.heaps.get_unchecked((place.top + *at) as usize);
                        let lane = usize::from(column) * BLOCK + group * ABREAST + row;
                        2 * *at + u32::from((*lanes.get_unchecked(lane)).into() >= bound)
                    };
                }
            }
            for (exit, at) in exits.iter_mut().zip(at) {
                *exit = (at - (1 << levels)) as u8;
            }
        }
        exits
    }

    /// The nodes of the arena at the exits of a heap.
    #[inline(always)]
    fn below(&self, place: &TreePlace, exits: &[u8; BLOCK]) -> [u32; BLOCK] {
        let table = &self.forest.exits[place.exits as usize..][..1 << TOP_LEVELS];
        std::array::from_fn(|row| table[usize::from(exits[row]) % (1 << TOP_LEVELS)])
    }

    #[inline(always)]
    fn arena(
        &self,
        lanes: &[L],
        tree: usize,
        block: usize,
        from: [u32; BLOCK],
        steps: u32,
        sink: &mut impl Sink,
    ) {
        let mut slots = from;
        for (group, at) in slots.as_chunks_mut::<ROWS_ABREAST>().0.iter_mut().enumerate() {
            descend(self.forest, at, steps, |row, node| {
                let lane = usize::from(node.column) * BLOCK + group * ROWS_ABREAST + row;
                // SAFETY: lanes hold a block for each column.
                let rank: i16 = unsafe { (*lanes.get_unchecked(lane)).into() };
                rank >= node.bound
            });
        }
        match &self.forest.arena_slots {
            ArenaSlots::Wide(by_node) => {
                // SAFETY: there is a slot for each node of the arena.
                slots.iter_mut().for_each(|slot| *slot = unsafe { *by_node.get_unchecked(*slot as usize) });
            }
            ArenaSlots::Narrow(by_node) => slots
                .iter_mut()
                // SAFETY: there is a slot for each node of the arena.
                .for_each(|slot| *slot = u32::from(unsafe { *by_node.get_unchecked(*slot as usize) })),
        }
        sink.slots(tree, block, &slots);
    }
}

#[cfg(target_arch = "x86_64")]
impl<L: SimdLane + Into<i16>> Block<'_, L> {
    #[target_feature(enable = "avx2,popcnt")]
    fn walk_avx2(&mut self, sink: &mut impl Sink) {
        let forest = self.forest;
        let mut exits = [0_u8; BLOCK];
        for (tree, place) in forest.trees.iter().enumerate() {
            for block in 0..self.blocks {
                let lanes = self.lanes_of(block);
                match place.shape {
                    Shape::Heap { levels } => {
                        let heap = &forest.heaps[place.top as usize..][..1 << levels];
                        // SAFETY: the heap is whole, as just checked; lanes hold a block for each column.
                        unsafe { L::heap(levels, heap.as_ptr(), lanes.as_ptr(), &mut exits) };
                        sink.exits(tree, place, block, &exits);
                    }
                    Shape::Program { operations } => {
                        let operations = &forest.operations[place.top as usize..][..operations as usize];
                        assert!(self.program.len() >= PROGRAM_LANES);
                        // SAFETY: there are slots for all exits and results; lanes hold a block for each column.
                        unsafe {
                            L::program(operations, lanes.as_ptr(), self.program.as_mut_ptr(), &mut exits)
                        };
                        sink.exits(tree, place, block, &exits);
                    }
                    Shape::Arena { steps } => {
                        let heap = &forest.heaps[place.top as usize..][..1 << TOP_LEVELS];
                        // SAFETY: as for a heap that holds the whole tree.
                        unsafe { L::heap(TOP_LEVELS, heap.as_ptr(), lanes.as_ptr(), &mut exits) };
                        let from = self.below(place, &exits);
                        self.arena(lanes, tree, block, from, steps, sink);
                    }
                }
            }
        }
    }
}

/// A lane that SIMD compares.
pub(crate) trait SimdLane: Lane {
    /// Writes the number of an exit into a program's constant.
    fn exit(number: u8) -> Self;

    /// Walks a block through a heap of 1 to 6 levels.
    ///
    /// # Safety
    /// The CPU has AVX2; `heap` points to `2^levels` nodes; `lanes` hold [`BLOCK`] ranks for each of their columns.
    #[cfg(target_arch = "x86_64")]
    unsafe fn heap(levels: u32, heap: *const HeapNode, lanes: *const Self, exits: &mut [u8; BLOCK]);

    /// Runs a program on a block.
    ///
    /// # Safety
    /// The CPU has AVX2; `lanes` hold [`BLOCK`] ranks for each column; `slots` has [`PROGRAM_LANES`] entries, of which
    /// the first [`MAX_EXITS`] blocks hold the exits' numbers.
    #[cfg(target_arch = "x86_64")]
    unsafe fn program(
        operations: &[Operation],
        lanes: *const Self,
        slots: *mut Self,
        exits: &mut [u8; BLOCK],
    );
}

/// The SIMD walks for one width of lanes. A block is `$vectors` registers of `$lane`s.
macro_rules! simd_lane {
    ($lane:ty, $unsigned:ty, $module:ident, $vectors:expr, $set:ident, $greater:ident, $add:ident, $narrow:ident) => {
        impl SimdLane for $lane {
            fn exit(number: u8) -> Self {
                <$unsigned>::from(number) as Self
            }

            #[cfg(target_arch = "x86_64")]
            unsafe fn heap(levels: u32, heap: *const HeapNode, lanes: *const Self, exits: &mut [u8; BLOCK]) {
                // SAFETY: the caller's promises.
                unsafe { $module::heap(levels, heap, lanes, exits) }
            }

            #[cfg(target_arch = "x86_64")]
            unsafe fn program(
                operations: &[Operation],
                lanes: *const Self,
                slots: *mut Self,
                exits: &mut [u8; BLOCK],
            ) {
                // SAFETY: the caller's promises.
                unsafe { $module::program(operations, lanes, slots, exits) }
            }
        }

        #[cfg(target_arch = "x86_64")]
        mod $module {
            use super::*;

            type Vectors = [__m256i; $vectors];

            const LANES: usize = BLOCK / $vectors;

            /// All ones where the rank is below the bound.
            ///
            /// # Safety
            /// `lanes` hold a block for `column`.
            #[inline]
            #[target_feature(enable = "avx2")]
            unsafe fn below(column: u16, bound: i16, lanes: *const $lane) -> Vectors {
                let bound = $set(bound as $lane);
                std::array::from_fn(|vector| {
                    // SAFETY: the caller's promise.
                    unsafe {
                        let ranks = lanes.add(usize::from(column) * BLOCK + vector * LANES);
                        $greater(bound, _mm256_loadu_si256(ranks.cast()))
                    }
                })
            }

            /// Exits below a node of the lowest level: `2i` or `2i + 1`.
            ///
            /// # Safety
            /// `heap` has this node, `lanes` hold a block for its column.
            #[inline]
            #[target_feature(enable = "avx2")]
            unsafe fn level1(
                heap: *const HeapNode,
                lanes: *const $lane,
                node: usize,
                exit: usize,
            ) -> Vectors {
                // SAFETY: the caller's promise.
                let below = unsafe { below((*heap.add(node)).column, (*heap.add(node)).bound, lanes) };
                let odd = $set((2 * exit + 1) as $lane);
                below.map(|below| $add(odd, below))
            }

            macro_rules! level {
                ($level:ident, $next:ident) => {
                    /// Exits below a node of this level, lowest levels first.
                    ///
                    /// # Safety
                    /// `heap` has all nodes below this one, `lanes` hold a block for their columns.
                    #[inline]
                    #[target_feature(enable = "avx2")]
                    unsafe fn $level(
                        heap: *const HeapNode,
                        lanes: *const $lane,
                        node: usize,
                        exit: usize,
                    ) -> Vectors {
                        // SAFETY: the caller's promise.
                        unsafe {
                            let low = $next(heap, lanes, 2 * node, 2 * exit);
                            let high = $next(heap, lanes, 2 * node + 1, 2 * exit + 1);
                            let below = below((*heap.add(node)).column, (*heap.add(node)).bound, lanes);
                            choose(below, low, high)
                        }
                    }
                };
            }
            level!(level2, level1);
            level!(level3, level2);
            level!(level4, level3);
            level!(level5, level4);
            level!(level6, level5);

            #[inline]
            #[target_feature(enable = "avx2")]
            fn choose(below: Vectors, low: Vectors, high: Vectors) -> Vectors {
                std::array::from_fn(|vector| _mm256_blendv_epi8(high[vector], low[vector], below[vector]))
            }

            /// # Safety
            /// See [`SimdLane::heap`].
            #[target_feature(enable = "avx2")]
            pub(super) unsafe fn heap(
                levels: u32,
                heap: *const HeapNode,
                lanes: *const $lane,
                exits: &mut [u8; BLOCK],
            ) {
                // SAFETY: the caller's promise.
                let reached = unsafe {
                    match levels {
                        1 => level1(heap, lanes, 1, 0),
                        2 => level2(heap, lanes, 1, 0),
                        3 => level3(heap, lanes, 1, 0),
                        4 => level4(heap, lanes, 1, 0),
                        5 => level5(heap, lanes, 1, 0),
                        _ => level6(heap, lanes, 1, 0),
                    }
                };
                $narrow(reached, exits);
            }

            /// # Safety
            /// See [`SimdLane::program`].
            #[target_feature(enable = "avx2")]
            pub(super) unsafe fn program(
                operations: &[Operation],
                lanes: *const $lane,
                slots: *mut $lane,
                exits: &mut [u8; BLOCK],
            ) {
                // SAFETY: the caller's promise.
                unsafe {
                    let slot = |slot: u16| -> Vectors {
                        let first = slots.add(usize::from(slot) * BLOCK);
                        std::array::from_fn(|vector| _mm256_loadu_si256(first.add(vector * LANES).cast()))
                    };
                    let mut result = slots.add(MAX_EXITS * BLOCK);
                    let mut reached = slot(0);
                    for operation in operations {
                        let below = below(operation.column, operation.bound, lanes);
                        reached = choose(below, slot(operation.a), slot(operation.b));
                        for (vector, reached) in reached.iter().enumerate() {
                            _mm256_storeu_si256(result.add(vector * LANES).cast(), *reached);
                        }
                        result = result.add(BLOCK);
                    }
                    $narrow(reached, exits);
                }
            }
        }
    };
}

simd_lane!(i8, u8, bytes, 2, _mm256_set1_epi8, _mm256_cmpgt_epi8, _mm256_add_epi8, store_bytes);
simd_lane!(i16, u16, words, 4, _mm256_set1_epi16, _mm256_cmpgt_epi16, _mm256_add_epi16, store_words);

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
fn store_bytes(reached: [__m256i; 2], exits: &mut [u8; BLOCK]) {
    for (vector, exits) in reached.iter().zip(exits.chunks_exact_mut(32)) {
        // SAFETY: 32 bytes are written to 32 bytes.
        unsafe { _mm256_storeu_si256(exits.as_mut_ptr().cast(), *vector) };
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
fn store_words(reached: [__m256i; 4], exits: &mut [u8; BLOCK]) {
    let pack = |a, b| _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi16(a, b));
    store_bytes([pack(reached[0], reached[1]), pack(reached[2], reached[3])], exits);
}

#[cfg(target_arch = "x86_64")]
impl Search for Simd {
    fn ranks(self, cuts: &Cuts, values: &[f64; BLOCK], ranks: &mut [u32; BLOCK]) {
        // SAFETY: `Simd` exists only where the CPU has AVX2.
        unsafe { ranks_avx2(cuts, values, ranks) }
    }

    #[inline(always)]
    fn rank(self, cuts: &Cuts, value: f64) -> u32 {
        // SAFETY: `Simd` exists only where the CPU has AVX2.
        unsafe { rank_avx2(cuts, value) }
    }
}

/// Ranks one row: [`Context::rank_row`], compiled together with the search.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn rank_row(
    simd: Simd,
    context: &Context<'_>,
    cell: impl Fn(u32) -> Cell,
    keys: &mut [i32],
) -> bool {
    #[target_feature(enable = "avx2,popcnt")]
    fn with_avx2(simd: Simd, context: &Context<'_>, cell: impl Fn(u32) -> Cell, keys: &mut [i32]) -> bool {
        context.rank_row(simd, cell, keys)
    }
    // SAFETY: `Simd` exists only where the CPU has AVX2.
    unsafe { with_avx2(simd, context, cell, keys) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn ranks_avx2(cuts: &Cuts, values: &[f64; BLOCK], ranks: &mut [u32; BLOCK]) {
    for (rank, value) in ranks.iter_mut().zip(values) {
        *rank = rank_avx2(cuts, *value);
    }
}

/// Descends the pyramid of f32, counting the smaller ones of a block at each level.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn rank_avx2(cuts: &Cuts, value: f64) -> u32 {
    let (pyramid, levels) = cuts.pyramid();
    if levels.is_empty() {
        return cuts.rank(value);
    }
    let single = _mm256_set1_ps(value as f32);
    let mut rank = 0;
    for start in levels {
        let block = &pyramid[*start as usize + rank * FAN..][..FAN];
        // SAFETY: a block is 16 floats.
        let (low, high) =
            unsafe { (_mm256_loadu_ps(block.as_ptr()), _mm256_loadu_ps(block.as_ptr().add(8))) };
        let low = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_LT_OQ>(low, single));
        let high = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_LT_OQ>(high, single));
        // Two bytes, hence two bits, for each cut.
        let smaller = _mm256_movemask_epi8(_mm256_packs_epi32(low, high)).count_ones() / 2;
        rank = rank * FAN + smaller as usize;
    }
    // An infinity ends the list, so that there is always a next one.
    while cuts.exact().get(rank).is_some_and(|cut| *cut < value) {
        rank += 1;
    }
    rank as u32
}
