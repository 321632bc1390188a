//! What becomes of the slots that a block of rows reaches, tree by tree in order.

use crate::answers::NULL_LEAF;
use crate::forest::TreePlace;
use crate::rank::BLOCK;

/// Takes the slots of a block's rows, tree by tree in order.
pub(crate) trait Sink {
    /// The rows reach slots `first_slot + exit` of this tree.
    fn exits(&mut self, tree: usize, place: &TreePlace, exits: &[u8; BLOCK]) {
        let slots = std::array::from_fn(|row| place.first_slot + u32::from(exits[row]));
        self.slots(tree, &slots);
    }

    /// The rows reach these slots of this tree.
    fn slots(&mut self, tree: usize, slots: &[u32; BLOCK]);
}

/// Keeps slots, row by row.
pub(crate) struct Slots<'a> {
    pub(crate) trees: usize,
    /// [`BLOCK`] `× trees` of them.
    pub(crate) out: &'a mut [u32],
}

impl Sink for Slots<'_> {
    #[inline(always)]
    fn slots(&mut self, tree: usize, slots: &[u32; BLOCK]) {
        for (row, slot) in self.out.chunks_exact_mut(self.trees).zip(slots) {
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

/// Adds one number a tree. Sums stand output by output, [`BLOCK`] rows each.
pub(crate) struct Scalars<'a, R> {
    /// Number by slot, weight included.
    pub(crate) values: &'a [R],
    /// Output by tree.
    pub(crate) outputs: &'a [u32],
    pub(crate) sums: &'a mut [R],
}

impl<R: Real> Sink for Scalars<'_, R> {
    #[inline(always)]
    fn exits(&mut self, tree: usize, place: &TreePlace, exits: &[u8; BLOCK]) {
        let values = &self.values[place.first_slot as usize..];
        let sums = &mut self.sums[self.outputs[tree] as usize * BLOCK..][..BLOCK];
        for (sum, exit) in sums.iter_mut().zip(exits) {
            *sum = *sum + values[usize::from(*exit)];
        }
    }

    #[inline(always)]
    fn slots(&mut self, tree: usize, slots: &[u32; BLOCK]) {
        let sums = &mut self.sums[self.outputs[tree] as usize * BLOCK..][..BLOCK];
        for (sum, slot) in sums.iter_mut().zip(slots) {
            *sum = *sum + self.values[*slot as usize];
        }
    }
}

/// Adds a vector a tree.
pub(crate) struct Vectors<'a, R> {
    pub(crate) width: usize,
    /// Rows of `width` numbers by leaf.
    pub(crate) values: &'a [R],
    /// Leaf by slot.
    pub(crate) leaves: &'a [u32],
    pub(crate) outputs: &'a [u32],
    pub(crate) weights: &'a [f64],
    pub(crate) sums: &'a mut [R],
}

impl<R: Real> Sink for Vectors<'_, R> {
    #[inline(always)]
    fn slots(&mut self, tree: usize, slots: &[u32; BLOCK]) {
        let weight = R::of(self.weights[tree]);
        let sums = &mut self.sums[self.outputs[tree] as usize * BLOCK..][..self.width * BLOCK];
        for (row, slot) in slots.iter().enumerate() {
            let leaf = self.leaves[*slot as usize];
            if leaf != NULL_LEAF {
                let values = &self.values[leaf as usize * self.width..][..self.width];
                for (output, value) in values.iter().enumerate() {
                    let sum = &mut sums[output * BLOCK + row];
                    *sum = *sum + *value * weight;
                }
            }
        }
    }
}

/// Counts weighted votes.
pub(crate) struct Votes<'a> {
    /// Class by leaf.
    pub(crate) classes: &'a [u32],
    /// Leaf by slot.
    pub(crate) leaves: &'a [u32],
    pub(crate) weights: &'a [f64],
    pub(crate) sums: &'a mut [f64],
}

impl Sink for Votes<'_> {
    #[inline(always)]
    fn slots(&mut self, tree: usize, slots: &[u32; BLOCK]) {
        for (row, slot) in slots.iter().enumerate() {
            let leaf = self.leaves[*slot as usize];
            if leaf != NULL_LEAF {
                self.sums[self.classes[leaf as usize] as usize * BLOCK + row] += self.weights[tree];
            }
        }
    }
}

/// Writes leaf numbers, row by row.
pub(crate) struct Numbers<'a> {
    /// Leaf by slot.
    pub(crate) leaves: &'a [u32],
    pub(crate) trees: usize,
    /// `rows × trees` of them, for the first rows of the block.
    pub(crate) out: &'a mut [u32],
}

impl Sink for Numbers<'_> {
    #[inline(always)]
    fn slots(&mut self, tree: usize, slots: &[u32; BLOCK]) {
        for (row, slot) in self.out.chunks_exact_mut(self.trees).zip(slots) {
            row[tree] = self.leaves[*slot as usize];
        }
    }
}
