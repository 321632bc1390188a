//! From bytes to one row of a batch, in place.

use std::sync::Arc;

use scorewheel_columns::coerce::{self, Scalar};
use scorewheel_columns::{Batch, Cell, Column, temporal};

use super::declare::ProtobufMessage;
use super::layout::{Layouts, Pending};
use super::plan::{Kind, Plan, Quick, Step, Target, Zero};
use super::wire;
use crate::error::{DecodeError, DecodeErrorKind};

/// Rows of one layout that are written at once: their bytes stay in the nearest cache.
const RUN: usize = 128;

/// Decodes messages of one type; one for each thread.
#[derive(Clone, Debug)]
pub(crate) struct ProtobufDecoder {
    plan: Arc<Plan>,
    /// Elements of the row's tensors so far, by slot.
    counts: Vec<Count>,
    layouts: Layouts,
}

/// Rows of one layout that are still to be written.
#[derive(Debug, Default)]
pub(crate) struct Run<'v> {
    layout: usize,
    pending: Pending<'v>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    elements: usize,
    /// An element that the tensor cannot hold was met.
    unfit: bool,
}

impl ProtobufDecoder {
    pub(crate) fn new(message: &ProtobufMessage) -> Self {
        let plan = Arc::clone(message.plan());
        Self { counts: vec![Count::default(); plan.tensors.len()], plan, layouts: Layouts::default() }
    }

    /// Decodes `bytes` into `row` as [`ProtobufDecoder::decode`] does, or puts them off to [`ProtobufDecoder::finish`].
    /// Every row is decoded once.
    #[inline]
    pub(crate) fn decode_in<'v>(
        &mut self,
        run: &mut Run<'v>,
        bytes: &'v [u8],
        batch: &mut Batch,
        row: usize,
    ) -> Result<(), DecodeError> {
        if let Some(layout) = self.layouts.find(bytes) {
            if layout != run.layout || run.pending.len() >= RUN {
                self.finish(run, batch);
                run.layout = layout;
            }
            run.pending.push((row, bytes));
            return Ok(());
        }
        self.decode(bytes, batch, row)?;
        if self.layouts.wants() {
            // What is pending has to be written before its layout may go.
            self.finish(run, batch);
            self.layouts.learn(&self.plan, bytes);
        }
        Ok(())
    }

    /// Writes the rows that were put off.
    pub(crate) fn finish(&self, run: &mut Run<'_>, batch: &mut Batch) {
        if let Some(layout) = self.layouts.get(run.layout) {
            layout.write(batch.columns_mut(), &mut run.pending);
        }
    }

    /// Decodes `bytes` into `row`, which is as [`Batch::resize`] or [`Batch::reset_row`] made it.
    pub(crate) fn decode(&mut self, bytes: &[u8], batch: &mut Batch, row: usize) -> Result<(), DecodeError> {
        let columns = batch.columns_mut();
        let mut walk = Walk { plan: &self.plan, counts: &mut self.counts, columns, row };
        walk.enter(0);
        let result = walk.message(0, bytes, 0);
        walk.finish();
        if result.is_err() {
            batch.reset_row(row);
        }
        result
    }
}

struct Walk<'a> {
    plan: &'a Plan,
    counts: &'a mut [Count],
    columns: &'a mut [Column],
    row: usize,
}

impl Walk<'_> {
    /// Turns what is still missing into the zero of its type, as the presence of the message says.
    fn enter(&mut self, node: usize) {
        let plan = self.plan;
        for Zero { column, enumeration } in &plan.nodes[node].zeros {
            let cells = &mut self.columns[*column];
            if node != 0 && cells.cell(self.row) != Cell::Missing {
                continue;
            }
            match enumeration {
                Some(enumeration) => {
                    cells.write_text(self.row, &plan.enumerations[*enumeration].default);
                }
                None => cells.set_cell(self.row, Cell::Value),
            }
        }
    }

    /// Walks the fields of a message that ends with `bytes` and starts at `at`.
    fn message(&mut self, node: usize, bytes: &[u8], mut at: usize) -> Result<(), DecodeError> {
        let plan = self.plan;
        let quick = &plan.nodes[node].quick;
        while let Some(&tag) = bytes.get(at) {
            match quick[usize::from(tag)] {
                (Quick::Double, column) => {
                    at += 1;
                    let value = f64::from_bits(wire::read_fixed64(bytes, &mut at)?);
                    self.columns[column as usize].write_f64(self.row, value);
                }
                (Quick::Text, column) => {
                    let start = at;
                    at += 1;
                    let text = wire::read_bytes(bytes, &mut at)?;
                    self.text(column as usize, text, start)?;
                }
                (Quick::Step, step) => {
                    let start = at;
                    at += 1;
                    let step = &plan.nodes[node].steps[step as usize];
                    self.value(step, tag & 7, bytes, &mut at, start)?;
                }
                (Quick::No, _) => at = self.field(node, bytes, at)?,
            }
        }
        Ok(())
    }

    fn text(&mut self, column: usize, text: &[u8], start: usize) -> Result<(), DecodeError> {
        if self.columns[column].repeat_text(self.row, text) {
            return Ok(());
        }
        let Ok(text) = std::str::from_utf8(text) else { return Err(self.not_utf8(column, start)) };
        self.columns[column].write_text(self.row, text);
        Ok(())
    }

    fn not_utf8(&self, column: usize, start: usize) -> DecodeError {
        DecodeErrorKind::NotUtf8(self.name(column)).at(start)
    }

    fn name(&self, column: usize) -> Box<str> {
        self.plan.schema.fields().get(column).map_or_else(Box::default, |field| field.name.clone())
    }

    /// One field of any kind; gives the place behind it.
    fn field(&mut self, node: usize, bytes: &[u8], start: usize) -> Result<usize, DecodeError> {
        let plan = self.plan;
        let mut at = start;
        let (number, wire_type) = wire::read_tag(bytes, &mut at)?;
        let Some(step) = plan.nodes[node].step(number) else {
            wire::skip(bytes, &mut at, wire_type)?;
            return Ok(at);
        };
        if let Some(oneof) = step.oneof {
            for member in plan.oneofs[oneof].iter().filter(|member| member.number != number) {
                for column in &member.columns {
                    self.clear(*column);
                }
            }
        }
        self.value(step, wire_type, bytes, &mut at, start)?;
        Ok(at)
    }

    /// The value of a field whose tag is at `start`; `at` moves behind it.
    fn value(
        &mut self,
        step: &Step,
        wire_type: u8,
        bytes: &[u8],
        at: &mut usize,
        start: usize,
    ) -> Result<(), DecodeError> {
        match step.target {
            Target::Message(inner) if wire_type == wire::LENGTH => {
                let length = wire::read_bytes(bytes, at)?.len();
                self.enter(inner as usize);
                self.message(inner as usize, &bytes[..*at], *at - length)?;
            }
            Target::Timestamp if wire_type == wire::LENGTH => {
                let length = wire::read_bytes(bytes, at)?.len();
                self.timestamp(step.column, &bytes[..*at], *at - length)?;
            }
            Target::List | Target::Tensor(_) if wire_type == wire::LENGTH && step.kind != Kind::String => {
                // Packed: the values one after another.
                let values = wire::read_bytes(bytes, at)?;
                if !self.whole_tensor(step, values) {
                    let mut inner = *at - values.len();
                    while inner < *at {
                        self.scalar(step, &bytes[..*at], &mut inner)?;
                    }
                }
            }
            Target::Cell | Target::Temporal | Target::List | Target::Tensor(_)
                if wire_type == step.kind.wire() =>
            {
                self.scalar(step, bytes, at)?;
            }
            _ => {
                let field = self.step_name(step);
                return Err(DecodeErrorKind::WrongWireType { field, found: wire_type }.at(start));
            }
        }
        Ok(())
    }

    /// Takes all elements of a row's tensor at once, where they are doubles for doubles; false if it is not so.
    fn whole_tensor(&mut self, step: &Step, values: &[u8]) -> bool {
        let Target::Tensor(slot) = step.target else { return false };
        let Some(count) = self.counts.get_mut(slot as usize) else { return false };
        let column = &mut self.columns[step.column];
        let whole = column.width() * 8 == values.len() && count.elements == 0;
        if step.kind != Kind::Double || !whole {
            return false;
        }
        let Some(elements) = column.tensor_f64_mut(self.row) else { return false };
        for (element, value) in elements.iter_mut().zip(values.as_chunks::<8>().0) {
            *element = f64::from_le_bytes(*value);
        }
        count.elements = elements.len();
        true
    }

    fn step_name(&self, step: &Step) -> Box<str> {
        match step.target {
            Target::Message(_) => format!("{}", step.number).into(),
            _ => self.name(step.column),
        }
    }

    /// Reads one value at `at` and puts it where the step says.
    fn scalar(&mut self, step: &Step, bytes: &[u8], at: &mut usize) -> Result<(), DecodeError> {
        let start = *at;
        let number = match step.kind {
            Kind::Double => Scalar::Float(f64::from_bits(wire::read_fixed64(bytes, at)?)),
            Kind::Float => {
                let value = f32::from_bits(wire::read_fixed32(bytes, at)?);
                if step.target == Target::Cell {
                    self.columns[step.column].write_f32(self.row, value);
                    return Ok(());
                }
                Scalar::Float(f64::from(value))
            }
            // Negative 32-bit integers are written in ten bytes; only the low four count.
            Kind::Int32 | Kind::Enum => {
                Scalar::Integer(i64::from(wire::read_varint(bytes, at)? as u32 as i32))
            }
            Kind::Int64 => Scalar::Integer(wire::read_varint(bytes, at)?.cast_signed()),
            Kind::Uint32 => Scalar::Integer(i64::from(wire::read_varint(bytes, at)? as u32)),
            Kind::Uint64 => Scalar::unsigned(wire::read_varint(bytes, at)?),
            Kind::Sint32 => {
                let value = wire::read_varint(bytes, at)? as u32;
                Scalar::Integer(i64::from((value >> 1).cast_signed() ^ -(value & 1).cast_signed()))
            }
            Kind::Sint64 => Scalar::Integer(wire::unzigzag(wire::read_varint(bytes, at)?)),
            Kind::Fixed32 => Scalar::Integer(i64::from(wire::read_fixed32(bytes, at)?)),
            Kind::Fixed64 => Scalar::unsigned(wire::read_fixed64(bytes, at)?),
            Kind::Sfixed32 => Scalar::Integer(i64::from(wire::read_fixed32(bytes, at)?.cast_signed())),
            Kind::Sfixed64 => Scalar::Integer(wire::read_fixed64(bytes, at)?.cast_signed()),
            Kind::Bool => {
                let value = wire::read_varint(bytes, at)? != 0;
                self.columns[step.column].write_bool(self.row, value);
                return Ok(());
            }
            Kind::String => {
                let text = wire::read_bytes(bytes, at)?;
                return self.put_text(step, text, start);
            }
        };
        match step.kind {
            Kind::Enum => self.put_enum(step, number),
            _ => self.put_number(step, number),
        }
        Ok(())
    }

    fn put_number(&mut self, step: &Step, number: Scalar<'_>) {
        let column = &mut self.columns[step.column];
        match (step.target, number) {
            (Target::Tensor(slot), _) => self.put_element(slot, step.column, number),
            (_, Scalar::Float(value)) => {
                column.write_f64(self.row, value);
            }
            (_, Scalar::Integer(value)) => {
                column.write_i64(self.row, value);
            }
            // Above the range of the column.
            (_, number) => coerce::write_scalar(column, self.row, number),
        }
    }

    fn put_enum(&mut self, step: &Step, number: Scalar<'_>) {
        let Scalar::Integer(number) = number else { return };
        let plan = self.plan;
        let known = plan.enumerations[step.enumeration].name(number as i32);
        let mut buffer = itoa::Buffer::new();
        let name = known.unwrap_or_else(|| buffer.format(number));
        match step.target {
            Target::List => {
                self.columns[step.column].push_list_text(name);
            }
            Target::Tensor(slot) => self.put_element(slot, step.column, Scalar::Text(name)),
            _ => {
                self.columns[step.column].write_text(self.row, name);
            }
        }
    }

    fn put_text(&mut self, step: &Step, bytes: &[u8], start: usize) -> Result<(), DecodeError> {
        if step.target == Target::Cell {
            return self.text(step.column, bytes, start);
        }
        let Ok(text) = std::str::from_utf8(bytes) else { return Err(self.not_utf8(step.column, start)) };
        match step.target {
            Target::List => {
                self.columns[step.column].push_list_text(text);
            }
            Target::Tensor(slot) => self.put_element(slot, step.column, Scalar::Text(text)),
            // An empty string is proto3's absent one, and no date.
            _ if text.is_empty() && !step.presence => {
                self.columns[step.column].set_cell(self.row, Cell::Missing);
            }
            _ => coerce::write_scalar(&mut self.columns[step.column], self.row, Scalar::Text(text)),
        }
        Ok(())
    }

    fn put_element(&mut self, slot: u32, column: usize, element: Scalar<'_>) {
        let Some(count) = self.counts.get_mut(slot as usize) else { return };
        let column = &mut self.columns[column];
        if count.elements < column.width() {
            count.unfit |= !coerce::write_element(column, self.row, count.elements, element);
        }
        count.elements += 1;
    }

    /// Seconds and nanoseconds since 1970-01-01T00:00:00, to microseconds.
    fn timestamp(&mut self, column: usize, bytes: &[u8], mut at: usize) -> Result<(), DecodeError> {
        let (mut seconds, mut nanos) = (0_i64, 0_i64);
        while at < bytes.len() {
            let start = at;
            match wire::read_tag(bytes, &mut at)? {
                (1, wire::VARINT) => seconds = wire::read_varint(bytes, &mut at)?.cast_signed(),
                (2, wire::VARINT) => nanos = i64::from(wire::read_varint(bytes, &mut at)? as u32 as i32),
                (1 | 2, found) => {
                    return Err(DecodeErrorKind::WrongWireType { field: self.name(column), found }.at(start));
                }
                (_, wire_type) => wire::skip(bytes, &mut at, wire_type)?,
            }
        }
        let micros = seconds
            .checked_mul(temporal::MICROS_PER_DAY / 86_400)
            .and_then(|micros| micros.checked_add(nanos.div_euclid(1000)));
        match micros {
            Some(micros) => {
                self.columns[column].write_i64(self.row, micros);
            }
            None => {
                let text = itoa::Buffer::new().format(seconds).to_owned();
                self.columns[column].set_fault(self.row, Cell::WrongType, &text);
            }
        }
        Ok(())
    }

    /// Another member of the oneof takes over: the column is missing again.
    fn clear(&mut self, column: usize) {
        let slot = self.plan.tensors.iter().position(|tensor| *tensor == column);
        if let Some(count) = slot.and_then(|slot| self.counts.get_mut(slot)) {
            *count = Count::default();
        }
        self.columns[column].reset_row(self.row, true);
    }

    /// Ends the row's lists and looks at its tensors.
    fn finish(&mut self) {
        for column in &self.plan.lists {
            self.columns[*column].end_list(self.row);
        }
        for (slot, column) in self.plan.tensors.iter().enumerate() {
            let count = std::mem::take(&mut self.counts[slot]);
            let column = &mut self.columns[*column];
            let width = column.width();
            if count.elements == 0 && width > 0 {
                column.set_cell(self.row, Cell::Missing);
            } else if count.elements != width {
                let text = format!("{} elements instead of {width}", count.elements);
                column.set_fault(self.row, Cell::WrongType, &text);
            } else if count.unfit {
                column.set_fault(self.row, Cell::WrongType, "an element of another type");
            } else {
                column.set_cell(self.row, Cell::Value);
            }
        }
    }
}
