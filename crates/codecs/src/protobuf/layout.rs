//! Records that lie in their bytes as an earlier one did, decoded column by column.
//!
//! A producer writes the fields of a message in one order, so most records of a stream differ from one another in their
//! numbers alone: tags, lengths and often texts are the same bytes at the same places. A [`Layout`] is what such records
//! share. One comparison under a mask says whether a record is of the layout; its numbers are then read at known places.

use scorewheel_columns::Column;

use super::plan::{Kind, Plan, Target};
use super::wire;

/// Where the columns of a record lie, and which of its bytes have to be what they were.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// The record that it was learnt from, with the bytes of its numbers zeroed.
    constant: Box<[u8]>,
    /// By byte: all ones where a record has to agree with `constant`.
    mask: Box<[u8]>,
    numbers: Vec<Number>,
    /// Column and text of the strings, which are constant.
    texts: Vec<(usize, Box<str>)>,
}

/// A number of fixed width in a record.
#[derive(Clone, Copy, Debug)]
struct Number {
    column: usize,
    start: usize,
    width: Width,
}

#[derive(Clone, Copy, Debug)]
enum Width {
    Double,
    Float,
}

/// Rows of one layout and their records, which are still to be written.
pub(super) type Pending<'v> = Vec<(usize, &'v [u8])>;

impl Layout {
    /// The layout of a record that was decoded before; `None` if its message holds more than numbers of fixed width and
    /// strings, each once.
    pub(super) fn of(plan: &Plan, bytes: &[u8]) -> Option<Self> {
        let node = plan.nodes.first()?;
        // Lists and tensors are ended row by row; the zero of an enumeration is a name to be written.
        if !(plan.lists.is_empty() && plan.tensors.is_empty() && node.zeros.is_empty()) {
            return None;
        }
        let mut layout = Self {
            constant: bytes.into(),
            mask: vec![0xff; bytes.len()].into(),
            numbers: vec![],
            texts: vec![],
        };
        let mut seen = vec![false; plan.schema.len()];
        let mut at = 0;
        while at < bytes.len() {
            let (number, wire_type) = wire::read_tag(bytes, &mut at).ok()?;
            let step = node.step(number)?;
            let plain = step.target == Target::Cell && step.oneof.is_none() && step.kind.wire() == wire_type;
            if !plain || std::mem::replace(seen.get_mut(step.column)?, true) {
                return None;
            }
            let width = match step.kind {
                Kind::Double => Width::Double,
                Kind::Float => Width::Float,
                Kind::String => {
                    let text = std::str::from_utf8(wire::read_bytes(bytes, &mut at).ok()?).ok()?;
                    layout.texts.push((step.column, text.into()));
                    continue;
                }
                _ => return None,
            };
            let start = at;
            wire::skip(bytes, &mut at, wire_type).ok()?;
            layout.constant.get_mut(start..at)?.fill(0);
            layout.mask.get_mut(start..at)?.fill(0);
            layout.numbers.push(Number { column: step.column, start, width });
        }
        Some(layout)
    }

    /// Whether a record differs from the layout in its numbers alone.
    #[inline]
    pub(super) fn fits(&self, bytes: &[u8]) -> bool {
        if bytes.len() != self.constant.len() {
            return false;
        }
        let places = self.constant.iter().zip(&self.mask);
        bytes.iter().zip(places).fold(0, |all, (byte, (constant, mask))| all | ((byte ^ constant) & mask))
            == 0
    }

    /// Writes the records, all of which fit; nothing is pending afterwards.
    pub(super) fn write(&self, columns: &mut [Column], pending: &mut Pending<'_>) {
        if pending.is_empty() {
            return;
        }
        for Number { column, start, width } in self.numbers.iter().copied() {
            let Some(column) = columns.get_mut(column) else { continue };
            match width {
                Width::Double => column.write_f64_rows(values(pending, start, f64::from_le_bytes)),
                Width::Float => column.write_f32_rows(values(pending, start, f32::from_le_bytes)),
            };
        }
        for (column, text) in &self.texts {
            if let Some(column) = columns.get_mut(*column) {
                column.write_text_rows(pending.iter().map(|(row, _)| *row), text);
            }
        }
        pending.clear();
    }
}

/// Each row with its value of `SIZE` bytes at `start`.
#[inline]
fn values<'p, const SIZE: usize, T>(
    pending: &'p Pending<'_>,
    start: usize,
    read: impl Fn([u8; SIZE]) -> T + 'p,
) -> impl Iterator<Item = (usize, T)> + 'p {
    pending.iter().filter_map(move |(row, bytes)| {
        let chunk = bytes.get(start..).and_then(<[u8]>::first_chunk::<SIZE>)?;
        Some((*row, read(*chunk)))
    })
}

/// The layouts that a decoder knows, and how eager it is to learn another.
#[derive(Clone, Debug, Default)]
pub(super) struct Layouts {
    known: Vec<Known>,
    /// The one that the last record had.
    current: usize,
    /// Records that were of no layout since one was learnt last.
    strangers: u32,
    /// So many of them before the next one is learnt: twice as many each time, as irregular records teach nothing.
    patience: u32,
}

#[derive(Clone, Debug)]
struct Known {
    layout: Layout,
    /// Records of it since a layout was learnt last.
    records: u64,
}

impl Layouts {
    /// Layouts at once: a zero is absent and so makes another layout, so a few are common.
    const MOST: usize = 8;
    const MOST_PATIENCE: u32 = 1 << 16;

    /// The layout of a record, if it is known.
    #[inline]
    pub(super) fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        let fits = |known: &Known| known.layout.fits(bytes);
        if !self.known.get(self.current).is_some_and(fits) {
            self.current = self.known.iter().position(fits)?;
        }
        self.known[self.current].records += 1;
        Some(self.current)
    }

    pub(super) fn get(&self, index: usize) -> Option<&Layout> {
        self.known.get(index).map(|known| &known.layout)
    }

    /// Whether a record that is of no layout should be learnt from.
    #[inline]
    pub(super) fn wants(&mut self) -> bool {
        self.strangers = self.strangers.saturating_add(1);
        self.strangers > self.patience
    }

    /// Learns the layout of a record that was decoded; the layout that was used least makes room.
    pub(super) fn learn(&mut self, plan: &Plan, bytes: &[u8]) {
        self.strangers = 0;
        self.patience = (self.patience * 2 + 1).min(Self::MOST_PATIENCE);
        let Some(layout) = Layout::of(plan, bytes) else { return };
        let least = (0..self.known.len()).min_by_key(|known| self.known[*known].records);
        let learnt = Known { layout, records: 0 };
        match least {
            Some(least) if self.known.len() >= Self::MOST => self.known[least] = learnt,
            _ => self.known.push(learnt),
        }
        for known in &mut self.known {
            known.records = 0;
        }
    }
}
