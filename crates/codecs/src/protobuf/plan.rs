//! What to do with each tag of a message, as flat tables.

use std::sync::Arc;

use scorewheel_columns::Schema;

use super::wire;

/// Scalar types of the `.proto` language that become columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Enum,
}

impl Kind {
    /// The wire type of one value.
    pub(super) fn wire(self) -> u8 {
        match self {
            Self::Double | Self::Fixed64 | Self::Sfixed64 => wire::FIXED64,
            Self::Float | Self::Fixed32 | Self::Sfixed32 => wire::FIXED32,
            Self::String => wire::LENGTH,
            _ => wire::VARINT,
        }
    }
}

/// Where the value of a field goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The cell of the column, whose type is the field's own.
    Cell,
    /// The cell of a date, time or date-time column.
    Temporal,
    /// The list of the row.
    List,
    /// The tensor of the row; the slot in the decoder's element counts.
    Tensor(u32),
    /// A nested message: the node that describes it.
    Message(u32),
    /// A `google.protobuf.Timestamp` into a date-time column.
    Timestamp,
}

/// One field of a message.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub number: u32,
    pub kind: Kind,
    pub target: Target,
    /// The column; of a nested message none.
    pub column: usize,
    /// Index of the enumeration, for enums.
    pub enumeration: usize,
    /// Index of the oneof's list in [`Plan::oneofs`].
    pub oneof: Option<usize>,
    /// Whether an absent field differs from zero.
    pub presence: bool,
    /// Whether several values are written packed.
    pub packed: bool,
}

impl Step {
    /// The wire type that a writer of today gives the field: numbers of a list are packed.
    fn usual_wire(&self) -> u8 {
        match self.target {
            Target::Cell | Target::Temporal => self.kind.wire(),
            Target::List | Target::Tensor(_) | Target::Message(_) | Target::Timestamp => wire::LENGTH,
        }
    }
}

/// What a one-byte tag asks for, where that is simple enough for the fast path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Quick {
    /// Look the step up.
    #[default]
    No,
    /// Eight bytes into a cell of an f64 column.
    Double,
    /// A string into a cell of a string column.
    Text,
    /// What the step at this place says, which is no member of a oneof.
    Step,
}

/// One message of the tree.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// By the tag's first byte, with a column or a place in `steps`.
    pub quick: Box<[(Quick, u32); 256]>,
    /// By field number, ascending.
    pub steps: Vec<Step>,
    /// By field number, the position in `steps` plus one; as long as the numbers are small.
    pub positions: Vec<u16>,
    /// Columns that the presence of this message turns from missing to zero.
    pub zeros: Vec<Zero>,
}

/// A column whose absent value is the zero of the field's type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Zero {
    pub column: usize,
    /// The enumeration whose first name is the zero.
    pub enumeration: Option<usize>,
}

/// Names of the values of an enum, by number.
#[derive(Clone, Debug)]
pub(super) struct Enumeration {
    /// Sorted by number; of aliases the first.
    pub names: Vec<(i32, Box<str>)>,
    /// What an absent value means.
    pub default: Box<str>,
}

impl Enumeration {
    pub(super) fn name(&self, number: i32) -> Option<&str> {
        let found = self.names.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(&self.names[found].1)
    }

    pub(super) fn number(&self, name: &str) -> Option<i32> {
        let found = self.names.iter().find(|(_, known)| &**known == name);
        found.map(|(number, _)| *number).or_else(|| name.parse().ok())
    }
}

/// A member of a oneof, and the columns that are below it.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub number: u32,
    pub columns: Vec<usize>,
}

/// The plan of a message: node 0 is the message itself.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub schema: Arc<Schema>,
    pub nodes: Vec<Node>,
    pub enumerations: Vec<Enumeration>,
    pub oneofs: Vec<Vec<Member>>,
    /// Columns of lists.
    pub lists: Vec<usize>,
    /// Columns of tensors, by slot.
    pub tensors: Vec<usize>,
}

impl Node {
    /// A node of these steps.
    pub(super) fn new(mut steps: Vec<Step>, zeros: Vec<Zero>) -> Self {
        const SMALL: u32 = 4096;
        steps.sort_by_key(|step| step.number);
        let mut quick = Box::new([(Quick::No, 0); 256]);
        let largest =
            steps.iter().map(|step| step.number).filter(|number| *number < SMALL).max().unwrap_or(0);
        let mut positions = vec![0; largest as usize + 1];
        for (at, step) in steps.iter().enumerate() {
            if let Some(position) = positions.get_mut(step.number as usize) {
                *position = at as u16 + 1;
            }
            // A one-byte tag holds field numbers to 15.
            if step.oneof.is_some() || step.number > 15 {
                continue;
            }
            let action = match (step.target, step.kind) {
                (Target::Cell, Kind::Double) => (Quick::Double, step.column as u32),
                (Target::Cell, Kind::String) => (Quick::Text, step.column as u32),
                _ => (Quick::Step, at as u32),
            };
            quick[(step.number << 3) as usize | usize::from(step.usual_wire())] = action;
        }
        Self { quick, steps, positions, zeros }
    }

    /// The step of a field.
    pub(super) fn step(&self, number: u32) -> Option<&Step> {
        match self.positions.get(number as usize) {
            Some(0) => None,
            Some(position) => self.steps.get(usize::from(*position) - 1),
            None => {
                let found = self.steps.binary_search_by_key(&number, |step| step.number).ok()?;
                self.steps.get(found)
            }
        }
    }
}
