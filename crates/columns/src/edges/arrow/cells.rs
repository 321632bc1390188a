//! An Arrow array to the cells of a column, which are all missing or zero before.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Date32Type, Date64Type, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrowPrimitiveType, DictionaryArray, OffsetSizeTrait};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType as Arrow, TimeUnit};

use crate::cell::Cell;
use crate::coerce::{self, Scalar};
use crate::column::{Column, Values};
use crate::list::ListWriter;
use crate::schema::DataType;

/// Writes the rows of an array of a type that feeds the column's; `nulls` are those of it and of what is around it.
pub(super) fn write(
    column: &mut Column,
    data_type: &DataType,
    array: &dyn Array,
    nulls: Option<&NullBuffer>,
) {
    match (data_type, array.data_type()) {
        (DataType::F64, Arrow::Float64) => {
            let values = array.as_primitive::<Float64Type>().values();
            if let Values::F64(out) = column.values_mut() {
                out.copy_from_slice(values);
            }
            mark(column, array.len(), nulls);
        }
        (DataType::F32, Arrow::Float32) => {
            let values = array.as_primitive::<Float32Type>().values();
            if let Values::F32(out) = column.values_mut() {
                out.copy_from_slice(values);
            }
            mark(column, array.len(), nulls);
        }
        (DataType::Tensor { .. }, Arrow::FixedSizeList(..)) if write_tensor(column, array, nulls) => {}
        (
            DataType::TextList | DataType::Tensor { .. },
            Arrow::List(_) | Arrow::LargeList(_) | Arrow::FixedSizeList(..),
        ) => {
            for row in 0..array.len() {
                if present(nulls, row) {
                    let mut list = ListWriter::new(column, row, data_type);
                    write_list(&mut list, 0, array, row);
                    list.finish();
                } else {
                    column.set_cell(row, Cell::Missing);
                }
                column.end_list(row);
            }
        }
        (DataType::Text, Arrow::Dictionary(..)) => write_codes(column, array, nulls),
        (_, Arrow::Null) => (0..array.len()).for_each(|row| column.set_cell(row, Cell::Missing)),
        _ => write_scalars(column, array, nulls),
    }
}

fn present(nulls: Option<&NullBuffer>, row: usize) -> bool {
    nulls.is_none_or(|nulls| nulls.is_valid(row))
}

/// Says of all rows at once which are values.
fn mark(column: &mut Column, rows: usize, nulls: Option<&NullBuffer>) {
    for row in 0..rows {
        column.set_cell(row, if present(nulls, row) { Cell::Value } else { Cell::Missing });
    }
}

/// Copies the numbers of rows that have the tensor's own layout; false if they have not.
fn write_tensor(column: &mut Column, array: &dyn Array, nulls: Option<&NullBuffer>) -> bool {
    let list = array.as_fixed_size_list();
    let (items, width) = (list.values(), list.value_length() as usize);
    if items.null_count() > 0 || width != column.width() {
        return false;
    }
    let range = list.value_offset_at(0)..list.value_offset_at(0) + array.len() * width;
    match (column.values_mut(), items.data_type()) {
        (Values::TensorF32 { elements, .. }, Arrow::Float32) => {
            elements.copy_from_slice(&items.as_primitive::<Float32Type>().values()[range]);
        }
        (Values::TensorF64 { elements, .. }, Arrow::Float64) => {
            elements.copy_from_slice(&items.as_primitive::<Float64Type>().values()[range]);
        }
        (Values::TensorI64 { elements, .. }, Arrow::Int64) => {
            elements.copy_from_slice(&items.as_primitive::<Int64Type>().values()[range]);
        }
        _ => return false,
    }
    mark(column, array.len(), nulls);
    true
}

fn write_list(list: &mut ListWriter<'_>, depth: usize, array: &dyn Array, row: usize) {
    let (items, start, end) = match array.data_type() {
        Arrow::List(_) => bounds::<i32>(array, row),
        Arrow::LargeList(_) => bounds::<i64>(array, row),
        Arrow::FixedSizeList(..) => {
            let array = array.as_fixed_size_list();
            let start = array.value_offset_at(row);
            (&**array.values(), start, start + array.value_length() as usize)
        }
        _ => return list.misfit(),
    };
    let nested = matches!(items.data_type(), Arrow::List(_) | Arrow::LargeList(_) | Arrow::FixedSizeList(..));
    for at in start..end {
        if nested && items.is_valid(at) {
            write_list(list, depth + 1, items, at);
            continue;
        }
        let mut given = false;
        if !nested && items.is_valid(at) {
            each(items, at..at + 1, |_, scalar| {
                list.element(depth + 1, scalar);
                given = true;
            });
        }
        if !given {
            list.misfit();
        }
    }
    list.end(depth, end - start);
}

fn bounds<O: OffsetSizeTrait>(array: &dyn Array, row: usize) -> (&dyn Array, usize, usize) {
    let list = array.as_list::<O>();
    let offsets = list.value_offsets();
    (&**list.values(), offsets[row].as_usize(), offsets[row + 1].as_usize())
}

/// Gives every string that is used a code once.
fn write_codes(column: &mut Column, array: &dyn Array, nulls: Option<&NullBuffer>) {
    let strings = array.as_any_dictionary();
    if strings.values().is_empty() {
        mark(column, array.len(), nulls);
        return;
    }
    let keys = strings.normalized_keys();
    let mut known: Vec<Option<u32>> = vec![None; strings.values().len()];
    if let Values::Text { codes, dictionary } = column.values_mut() {
        for (row, (code, key)) in codes.iter_mut().zip(keys).enumerate() {
            if present(nulls, row) && known[key].is_none() {
                each_text(&**strings.values(), key, |text| known[key] = Some(dictionary.intern(text)));
            }
            if let (true, Some(known)) = (present(nulls, row), known[key]) {
                *code = known;
            }
        }
    }
    mark(column, array.len(), nulls);
}

fn write_scalars(column: &mut Column, array: &dyn Array, nulls: Option<&NullBuffer>) {
    for row in 0..array.len() {
        if !present(nulls, row) {
            column.set_cell(row, Cell::Missing);
        }
    }
    let temporal = |column: &mut Column, row: usize, number: Option<i64>, shown: i64| {
        if present(nulls, row) && !number.is_some_and(|number| column.write_i64(row, number)) {
            column.set_fault(row, Cell::WrongType, &shown.to_string());
        }
    };
    macro_rules! times {
        ($type:ty, $convert:expr) => {{
            let convert: fn(i64) -> Option<i64> = $convert;
            for (row, value) in array.as_primitive::<$type>().values().iter().enumerate() {
                let value = i64::from(*value);
                temporal(column, row, convert(value), value);
            }
        }};
    }
    match array.data_type() {
        Arrow::Date32 => times!(Date32Type, Some),
        Arrow::Date64 => times!(Date64Type, |millis| Some(millis.div_euclid(86_400_000))),
        Arrow::Time32(TimeUnit::Second) => times!(Time32SecondType, |time| time.checked_mul(1_000_000)),
        Arrow::Time32(_) => times!(Time32MillisecondType, |time| time.checked_mul(1_000)),
        Arrow::Time64(TimeUnit::Microsecond) => times!(Time64MicrosecondType, Some),
        Arrow::Time64(_) => times!(Time64NanosecondType, |time| Some(time.div_euclid(1_000))),
        Arrow::Timestamp(TimeUnit::Second, _) => {
            times!(TimestampSecondType, |time| time.checked_mul(1_000_000))
        }
        Arrow::Timestamp(TimeUnit::Millisecond, _) => {
            times!(TimestampMillisecondType, |time| time.checked_mul(1_000));
        }
        Arrow::Timestamp(TimeUnit::Microsecond, _) => times!(TimestampMicrosecondType, Some),
        Arrow::Timestamp(TimeUnit::Nanosecond, _) => {
            times!(TimestampNanosecondType, |time| Some(time.div_euclid(1_000)));
        }
        _ => each(array, 0..array.len(), |row, scalar| {
            if present(nulls, row) {
                coerce::write_scalar(column, row, scalar);
            }
        }),
    }
}

/// Hands over elements of an array of numbers, truth values or strings; what null ones are means nothing.
fn each(array: &dyn Array, rows: std::ops::Range<usize>, mut take: impl FnMut(usize, Scalar<'_>)) {
    macro_rules! numbers {
        ($type:ty, $scalar:expr) => {{
            let values = array.as_primitive::<$type>().values();
            rows.for_each(|row| take(row, $scalar(values[row])))
        }};
    }
    macro_rules! texts {
        ($array:expr) => {{
            let array = $array;
            rows.filter(|row| array.is_valid(*row)).for_each(|row| take(row, Scalar::Text(array.value(row))))
        }};
    }
    macro_rules! keys {
        ($($key:ident $type:ty),*) => {
            match array.data_type() {
                $(Arrow::Dictionary(key, _) if **key == Arrow::$key => {
                    each_of_dictionary(array.as_dictionary::<$type>(), rows, take);
                })*
                _ => {}
            }
        };
    }
    fn integer<T: Into<i64>>(value: T) -> Scalar<'static> {
        Scalar::Integer(value.into())
    }
    match array.data_type() {
        Arrow::Int8 => numbers!(Int8Type, integer),
        Arrow::Int16 => numbers!(Int16Type, integer),
        Arrow::Int32 => numbers!(Int32Type, integer),
        Arrow::Int64 => numbers!(Int64Type, integer),
        Arrow::UInt8 => numbers!(UInt8Type, integer),
        Arrow::UInt16 => numbers!(UInt16Type, integer),
        Arrow::UInt32 => numbers!(UInt32Type, integer),
        Arrow::UInt64 => numbers!(UInt64Type, |value| {
            i64::try_from(value).map_or(Scalar::Unsigned(value), Scalar::Integer)
        }),
        Arrow::Float16 => numbers!(Float16Type, |value: <Float16Type as ArrowPrimitiveType>::Native| {
            Scalar::Float(value.to_f64())
        }),
        Arrow::Float32 => numbers!(Float32Type, |value| Scalar::Float(f64::from(value))),
        Arrow::Float64 => numbers!(Float64Type, Scalar::Float),
        Arrow::Boolean => {
            let values = array.as_boolean();
            rows.for_each(|row| take(row, Scalar::Truth(values.value(row))));
        }
        Arrow::Utf8 => texts!(array.as_string::<i32>()),
        Arrow::LargeUtf8 => texts!(array.as_string::<i64>()),
        Arrow::Utf8View => texts!(array.as_string_view()),
        _ => keys!(
            Int8 Int8Type, Int16 Int16Type, Int32 Int32Type, Int64 Int64Type,
            UInt8 UInt8Type, UInt16 UInt16Type, UInt32 UInt32Type, UInt64 UInt64Type
        ),
    }
}

fn each_of_dictionary<K: ArrowDictionaryKeyType>(
    array: &DictionaryArray<K>,
    rows: std::ops::Range<usize>,
    mut take: impl FnMut(usize, Scalar<'_>),
) {
    for row in rows {
        if let Some(key) = array.key(row)
            && array.values().is_valid(key)
        {
            each_text(&**array.values(), key, |text| take(row, Scalar::Text(text)));
        }
    }
}

fn each_text(values: &dyn Array, at: usize, mut take: impl FnMut(&str)) {
    match values.data_type() {
        Arrow::Utf8 => take(values.as_string::<i32>().value(at)),
        Arrow::LargeUtf8 => take(values.as_string::<i64>().value(at)),
        Arrow::Utf8View => take(values.as_string_view().value(at)),
        _ => {}
    }
}
