//! From one row of a batch to a JSON object.

use scorewheel_columns::{Batch, Cell, Column, Dictionary, Values, temporal};

use crate::text::{self, Appender};

/// Appends `row` as an object of the fields that are not missing, under their own (dotted) names. A faulty cell gives
/// the text that caused the fault.
pub(crate) fn write_row(batch: &Batch, row: usize, out: &mut Vec<u8>) {
    out.push(b'{');
    let mut first = true;
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let cell = column.cell(row);
        if cell == Cell::Missing {
            continue;
        }
        if !first {
            out.push(b',');
        }
        first = false;
        text::write_string(out, &field.name);
        out.push(b':');
        if cell.is_fault() {
            text::write_string(out, column.fault_text(row).unwrap_or_default());
        } else {
            write_value(column, row, out);
        }
    }
    out.push(b'}');
}

fn write_value(column: &Column, row: usize, out: &mut Vec<u8>) {
    match column.values() {
        Values::F64(values) => text::write_f64(out, values[row]),
        Values::F32(values) => text::write_f32(out, values[row]),
        Values::I64(values) => text::write_i64(out, values[row]),
        Values::Bool(values) => text::write_bool(out, values[row]),
        Values::Text { codes, dictionary } => text::write_string(out, dictionary.get(codes[row])),
        Values::Date(values) => write_date(out, values[row]),
        Values::Time(values) => write_time(out, values[row]),
        Values::DateTime(values) => write_date_time(out, values[row]),
        Values::TextList(list) => write_texts(list.row(row), &list.dictionary, out),
        Values::TensorF32 { width, elements } => {
            write_list(out, &elements[row * width..(row + 1) * width], |out, v| text::write_f32(out, *v));
        }
        Values::TensorF64 { width, elements } => {
            write_list(out, &elements[row * width..(row + 1) * width], |out, v| text::write_f64(out, *v));
        }
        Values::TensorI64 { width, elements } => {
            write_list(out, &elements[row * width..(row + 1) * width], |out, v| text::write_i64(out, *v));
        }
        Values::TensorText { width, codes, dictionary } => {
            write_texts(&codes[row * width..(row + 1) * width], dictionary, out);
        }
    }
}

fn write_texts(codes: &[u32], dictionary: &Dictionary, out: &mut Vec<u8>) {
    write_list(out, codes, |out, code| text::write_string(out, dictionary.get(*code)));
}

/// Appends a list.
pub(crate) fn write_list<T>(out: &mut Vec<u8>, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

/// Appends a date as a string.
pub(crate) fn write_date(out: &mut Vec<u8>, days: i64) {
    quoted(out, |out| temporal::write_date(out, days));
}

/// Appends a time of day as a string.
pub(crate) fn write_time(out: &mut Vec<u8>, micros: i64) {
    quoted(out, |out| temporal::write_time(out, micros));
}

/// Appends a date-time as a string.
pub(crate) fn write_date_time(out: &mut Vec<u8>, micros: i64) {
    quoted(out, |out| temporal::write_date_time(out, micros));
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Appender<'_>) -> std::fmt::Result) {
    out.push(b'"');
    // Writing to bytes cannot fail.
    write(&mut Appender(out)).ok();
    out.push(b'"');
}
