//! From a graph to something that computes rows.
//!
//! | file | what it holds |
//! |---|---|
//! | [`mod@self`] | [`Engine`]: what computes rows, and the buffers it takes them in |
//! | [`trace`] | [`trace::Trace`]: a graph followed once with every shape known; constants are folded on the way |
//! | [`control`] | functions, branches, loops, variables and tables, followed while tracing |
//! | [`bounds`] | numbers that depend on the record and are known all the same |
//! | [`prune`] | steps that nobody reads are left out |
//! | [`words`] | texts split into words, of which each text has its own number |
//! | [`layout`] | images whose channels lie last, so that convolutions need not turn them |
//! | [`fuse`] | convolutions take in what follows them |
//! | [`lists`], [`sequences`] | lists of tensors, followed while tracing |
//! | [`program`] | [`program::Program`]: a trace as steps over reused buffers, one row at a time |
//! | [`blocks`] | graphs whose operators compute each row alone, many rows a step |
//! | [`rows`] | [`rows::RowPlan`]: chains of dense layers, many rows side by side |

pub(crate) mod blocks;
pub(crate) mod bounds;
pub(crate) mod control;
pub(crate) mod fuse;
pub(crate) mod layout;
pub(crate) mod lists;
pub(crate) mod program;
pub(crate) mod prune;
pub(crate) mod rows;
pub(crate) mod sequences;
pub(crate) mod trace;
pub(crate) mod words;

use std::any::Any;
use std::fmt;

use scorewheel_columns::ErrorCode;

use crate::data::Data;
use crate::element::ElementType;

/// One input or output as an engine takes it: `width` elements a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub element: ElementType,
    pub width: usize,
}

/// How rows lie in a slot's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The elements of a row follow one another.
    RowMajor,
    /// The rows of an element follow one another, [`Engine::block`] apart.
    ColumnMajor,
}

impl Layout {
    /// Distance of two rows, and of two elements of a row.
    pub fn strides(self, slot: Slot, block: usize) -> (usize, usize) {
        match self {
            Self::RowMajor => (slot.width, 1),
            Self::ColumnMajor => (1, block),
        }
    }
}

/// Computes rows. Immutable and shared; what changes is in a state of [`Engine::new_state`], one a thread.
pub(crate) trait Engine: Send + Sync + fmt::Debug {
    /// What it takes.
    fn inputs(&self) -> &[Slot];

    /// What it gives.
    fn outputs(&self) -> &[Slot];

    /// How rows lie in its buffers.
    fn layout(&self) -> Layout;

    /// The most rows of one run; buffers hold this many.
    fn block(&self) -> usize;

    /// Working memory.
    fn new_state(&self) -> Box<dyn Any + Send>;

    /// Computes the first `rows` rows, at most [`Engine::block`]. An error says that at least one row has no answer;
    /// a run of that row alone gives its error.
    fn run(
        &self,
        state: &mut dyn Any,
        inputs: &[Data],
        rows: usize,
        outputs: &mut [Data],
    ) -> Result<(), ErrorCode>;
}
