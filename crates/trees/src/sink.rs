//! What becomes of the slots that a block of rows reaches, tree by tree in order.

use crate::forest::TreePlace;
use crate::rank::BLOCK;

/// Takes the slots of the rows of some blocks, tree by tree in order.
pub(crate) trait Sink {
    /// The rows of this block reach slots `first_slot + exit` of this tree.
    #[inline(always)]
    fn exits(&mut self, tree: usize, place: &TreePlace, block: usize, exits: &[u8; BLOCK]) {
        let slots = std::array::from_fn(|row| place.first_slot + u32::from(exits[row]));
        self.slots(tree, block, &slots);
    }

    /// The rows of this block reach these slots of this tree.
    fn slots(&mut self, tree: usize, block: usize, slots: &[u32; BLOCK]);
}

/// Keeps slots, row by row.
pub(crate) struct Slots<'a> {
    pub(crate) trees: usize,
    /// [`BLOCK`] `× trees` of them a block.
    pub(crate) out: &'a mut [u32],
}

impl Sink for Slots<'_> {
    #[inline(always)]
    fn slots(&mut self, tree: usize, block: usize, slots: &[u32; BLOCK]) {
        for (row, slot) in self.out.chunks_exact_mut(self.trees).skip(block * BLOCK).zip(slots) {
            row[tree] = *slot;
        }
    }
}

/// A number that sums are kept in.
pub(crate) trait Real:
    Copy + Default + std::ops::Add<Output = Self> + std::ops::Mul<Output = Self>
{
    /// Rounds to this precision.
    fn of(value: f64) -> Self;
    /// Widens without change.
    fn widen(self) -> f64;
}

impl Real for f64 {
    fn of(value: f64) -> Self {
        value
    }

    fn widen(self) -> f64 {
        self
    }
}

impl Real for f32 {
    fn of(value: f64) -> Self {
        value as Self
    }

    fn widen(self) -> f64 {
        Self::into(self)
    }
}

/// Adds one number a tree. Sums stand block by block, and within one output by output, [`BLOCK`] rows each.
pub(crate) struct Scalars<'a, R> {
    /// Number by slot, weight included.
    pub(crate) values: &'a [R],
    /// Output by tree.
    pub(crate) outputs: &'a [u32],
    /// Number of outputs.
    pub(crate) width: usize,
    pub(crate) sums: &'a mut [R],
}

impl<R: Real> Sink for Scalars<'_, R> {
    #[inline(always)]
    fn exits(&mut self, tree: usize, place: &TreePlace, block: usize, exits: &[u8; BLOCK]) {
        let values = &self.values[place.first_slot as usize..];
        let first = (block * self.width + self.outputs[tree] as usize) * BLOCK;
        for (sum, exit) in self.sums[first..][..BLOCK].iter_mut().zip(exits) {
            *sum = *sum + values[usize::from(*exit)];
        }
    }

    #[inline(always)]
    fn slots(&mut self, tree: usize, block: usize, slots: &[u32; BLOCK]) {
        let first = (block * self.width + self.outputs[tree] as usize) * BLOCK;
        for (sum, slot) in self.sums[first..][..BLOCK].iter_mut().zip(slots) {
            *sum = *sum + self.values[*slot as usize];
        }
    }
}

/// Adds a vector a tree. Sums stand row by row.
pub(crate) struct Vectors<'a, R> {
    pub(crate) width: usize,
    /// Rows of `width` numbers by slot, weight included.
    pub(crate) values: &'a [R],
    /// First output by tree.
    pub(crate) outputs: &'a [u32],
    /// Number of outputs.
    pub(crate) all: usize,
    pub(crate) sums: &'a mut [R],
}

impl<R: Real> Vectors<'_, R> {
    #[inline(always)]
    fn add(&mut self, tree: usize, block: usize, slot: impl Fn(usize) -> usize) {
        let sums = &mut self.sums[block * BLOCK * self.all..][..BLOCK * self.all];
        if self.width == 2 && self.all == 2 {
            let (values, _) = self.values.as_chunks::<2>();
            for (row, sums) in sums.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                let values = &values[slot(row)];
                *sums = [sums[0] + values[0], sums[1] + values[1]];
            }
            return;
        }
        let first = self.outputs[tree] as usize;
        for (row, sums) in sums.chunks_exact_mut(self.all).enumerate() {
            let values = &self.values[slot(row) * self.width..][..self.width];
            for (sum, value) in sums[first..][..self.width].iter_mut().zip(values) {
                *sum = *sum + *value;
            }
        }
    }
}

impl<R: Real> Sink for Vectors<'_, R> {
    #[inline(always)]
    fn exits(&mut self, tree: usize, place: &TreePlace, block: usize, exits: &[u8; BLOCK]) {
        let first = place.first_slot as usize;
        self.add(tree, block, |row| first + usize::from(exits[row]));
    }

    #[inline(always)]
    fn slots(&mut self, tree: usize, block: usize, slots: &[u32; BLOCK]) {
        self.add(tree, block, |row| slots[row] as usize);
    }
}

/// Counts weighted votes. Sums stand row by row.
pub(crate) struct Votes<'a> {
    /// Class by slot.
    pub(crate) classes: &'a [u32],
    pub(crate) weights: &'a [f64],
    /// Number of classes.
    pub(crate) all: usize,
    pub(crate) sums: &'a mut [f64],
}

impl Sink for Votes<'_> {
    #[inline(always)]
    fn slots(&mut self, tree: usize, block: usize, slots: &[u32; BLOCK]) {
        let weight = self.weights[tree];
        let sums = &mut self.sums[block * BLOCK * self.all..][..BLOCK * self.all];
        for (sums, slot) in sums.chunks_exact_mut(self.all).zip(slots) {
            sums[self.classes[*slot as usize] as usize] += weight;
        }
    }
}

/// Writes leaf numbers, row by row.
pub(crate) struct Numbers<'a> {
    /// Leaf by slot.
    pub(crate) leaves: &'a [u32],
    pub(crate) trees: usize,
    /// `rows × trees` of them, for the first rows of the blocks.
    pub(crate) out: &'a mut [u32],
}

impl Sink for Numbers<'_> {
    #[inline(always)]
    fn slots(&mut self, tree: usize, block: usize, slots: &[u32; BLOCK]) {
        for (row, slot) in self.out.chunks_exact_mut(self.trees).skip(block * BLOCK).zip(slots) {
            row[tree] = self.leaves[*slot as usize];
        }
    }
}
