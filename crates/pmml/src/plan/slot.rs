//! Fields with their treatments, each computed at most once a row.

use crate::plan::{Expression, Place, Treatment};
use crate::value::Kind;

/// Index of a slot in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);

impl Slot {
    /// The index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One input of the root model.
#[derive(Clone, Debug)]
pub struct InputPlan {
    /// Its name.
    pub name: Box<str>,
    /// Its type.
    pub kind: Kind,
}

/// A slot: a field of some scope, with its treatment.
#[derive(Debug)]
pub struct SlotPlan {
    /// Name of the field, for messages.
    pub name: Box<str>,
    /// Type of its values. `None` where only the row tells (outputs without a declared type).
    pub kind: Option<Kind>,
    /// The order of an ordinal field's values: their numbers, lowest first.
    pub order: Option<Box<[f64]>>,
    /// True if its values can only be told apart, or ordered.
    pub is_categorical: bool,
    /// How deep computing it recurses.
    pub depth: u32,
    /// Where the value comes from.
    pub source: Source,
}

/// Where the value of a slot comes from.
#[derive(Debug)]
pub enum Source {
    /// A cell of the record.
    Input {
        /// Index into [`crate::plan::Plan::inputs`].
        input: u32,
        /// What becomes of the cell.
        treatment: Box<Treatment>,
    },
    /// Another slot, under the treatment of a nested model.
    Field {
        /// The slot.
        slot: Slot,
        /// What becomes of its value.
        treatment: Box<Treatment>,
    },
    /// A derived field.
    Derived {
        /// How it is computed.
        expression: Expression,
        /// Where it stands.
        place: Place,
    },
    /// An output of a model, or what a segment hands on. Reading it before it is there is an error of the row.
    Output,
    /// A name that the document does not define. Reading it is an error of the row.
    Undefined,
}
