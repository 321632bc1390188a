//! One field of a batch.

use crate::cell::Cell;
use crate::dictionary::Dictionary;
use crate::schema::{DataType, TensorElement};
use crate::value::Value;

/// Lists of strings: codes of all rows one after another, and where each row's end.
#[derive(Clone, Debug, Default)]
pub struct TextList {
    /// Codes into `dictionary`.
    pub codes: Vec<u32>,
    /// One end a row, ascending; row `i` is `codes[ends[i - 1]..ends[i]]`.
    pub ends: Vec<u32>,
    /// The distinct strings.
    pub dictionary: Dictionary,
}

impl TextList {
    /// The codes of one row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[u32] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.codes[start as usize..self.ends[row] as usize]
    }
}

/// The buffer of a column, one entry a row unless said otherwise.
///
/// Where a cell is not a value the entry is the type's zero (NaN for floating point) and means nothing.
#[derive(Clone, Debug)]
pub enum Values {
    /// 64-bit floating point.
    F64(Vec<f64>),
    /// 32-bit floating point.
    F32(Vec<f32>),
    /// 64-bit signed integers.
    I64(Vec<i64>),
    /// Truth values.
    Bool(Vec<bool>),
    /// Codes of strings.
    Text {
        /// Codes into `dictionary`.
        codes: Vec<u32>,
        /// The distinct strings.
        dictionary: Dictionary,
    },
    /// Days since 1970-01-01.
    Date(Vec<i64>),
    /// Microseconds since midnight.
    Time(Vec<i64>),
    /// Microseconds since 1970-01-01T00:00:00.
    DateTime(Vec<i64>),
    /// Lists of strings.
    TextList(TextList),
    /// Tensors of f32, row-major; a row is `width` elements.
    TensorF32 {
        /// Elements a row.
        width: usize,
        /// The elements of all rows.
        elements: Vec<f32>,
    },
    /// Tensors of f64, row-major.
    TensorF64 {
        /// Elements a row.
        width: usize,
        /// The elements of all rows.
        elements: Vec<f64>,
    },
    /// Tensors of i64, row-major.
    TensorI64 {
        /// Elements a row.
        width: usize,
        /// The elements of all rows.
        elements: Vec<i64>,
    },
    /// Tensors of strings, row-major.
    TensorText {
        /// Elements a row.
        width: usize,
        /// Codes into `dictionary`.
        codes: Vec<u32>,
        /// The distinct strings.
        dictionary: Dictionary,
    },
}

impl Values {
    fn for_type(data_type: &DataType) -> Self {
        match data_type {
            DataType::F64 => Self::F64(Vec::new()),
            DataType::F32 => Self::F32(Vec::new()),
            DataType::I64 => Self::I64(Vec::new()),
            DataType::Bool => Self::Bool(Vec::new()),
            DataType::Text => Self::Text { codes: Vec::new(), dictionary: Dictionary::new() },
            DataType::Date => Self::Date(Vec::new()),
            DataType::Time => Self::Time(Vec::new()),
            DataType::DateTime => Self::DateTime(Vec::new()),
            DataType::TextList => Self::TextList(TextList::default()),
            DataType::Tensor { element, shape } => {
                let width = shape.iter().product();
                match element {
                    TensorElement::F32 => Self::TensorF32 { width, elements: Vec::new() },
                    TensorElement::F64 => Self::TensorF64 { width, elements: Vec::new() },
                    TensorElement::I64 => Self::TensorI64 { width, elements: Vec::new() },
                    TensorElement::Text => {
                        Self::TensorText { width, codes: Vec::new(), dictionary: Dictionary::new() }
                    }
                }
            }
        }
    }

    fn clear(&mut self) {
        match self {
            Self::F64(values) => values.clear(),
            Self::F32(values) => values.clear(),
            Self::I64(values) | Self::Date(values) | Self::Time(values) | Self::DateTime(values) => {
                values.clear()
            }
            Self::Bool(values) => values.clear(),
            Self::Text { codes, dictionary } | Self::TensorText { codes, dictionary, .. } => {
                codes.clear();
                dictionary.clear();
            }
            Self::TextList(list) => {
                list.codes.clear();
                list.ends.clear();
                list.dictionary.clear();
            }
            Self::TensorF32 { elements, .. } => elements.clear(),
            Self::TensorF64 { elements, .. } => elements.clear(),
            Self::TensorI64 { elements, .. } => elements.clear(),
        }
    }

    /// Makes the buffer `rows` long, new entries being the type's zero.
    fn resize(&mut self, rows: usize) {
        match self {
            Self::F64(values) => values.resize(rows, 0.0),
            Self::F32(values) => values.resize(rows, 0.0),
            Self::I64(values) | Self::Date(values) | Self::Time(values) | Self::DateTime(values) => {
                values.resize(rows, 0);
            }
            Self::Bool(values) => values.resize(rows, false),
            Self::Text { codes, dictionary } => {
                if rows > codes.len() {
                    let empty = dictionary.intern("");
                    codes.resize(rows, empty);
                } else {
                    codes.truncate(rows);
                }
            }
            Self::TextList(list) => {
                let end = list.ends.last().copied().unwrap_or(0);
                list.ends.resize(rows, end);
                list.codes.truncate(list.ends.last().copied().unwrap_or(0) as usize);
            }
            Self::TensorF32 { width, elements } => elements.resize(rows * *width, 0.0),
            Self::TensorF64 { width, elements } => elements.resize(rows * *width, 0.0),
            Self::TensorI64 { width, elements } => elements.resize(rows * *width, 0),
            Self::TensorText { width, codes, dictionary } => {
                let empty = if rows * *width > codes.len() { dictionary.intern("") } else { 0 };
                codes.resize(rows * *width, empty);
            }
        }
    }
}

/// One field of a batch: its buffer, and what each cell is.
#[derive(Clone, Debug)]
pub struct Column {
    pub(crate) values: Values,
    /// Empty while every cell is a value.
    pub(crate) cells: Vec<Cell>,
    pub(crate) rows: usize,
    /// By row, ascending. An entry counts while its cell is a fault.
    pub(crate) fault_texts: Vec<(u32, Box<str>)>,
}

impl Column {
    /// An empty column of this type.
    #[must_use]
    pub fn new(data_type: &DataType) -> Self {
        Self { values: Values::for_type(data_type), cells: Vec::new(), rows: 0, fault_texts: Vec::new() }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The buffer.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The buffer, to be written in place. Its length must stay that of [`Column::rows`].
    pub fn values_mut(&mut self) -> &mut Values {
        &mut self.values
    }

    /// What each cell is; `None` says that all are values.
    #[must_use]
    pub fn cells(&self) -> Option<&[Cell]> {
        if self.cells.is_empty() { None } else { Some(&self.cells) }
    }

    /// What the cell of `row` is.
    #[must_use]
    pub fn cell(&self, row: usize) -> Cell {
        self.cells.get(row).copied().unwrap_or(Cell::Value)
    }

    /// The text of the fault in `row`, where the codec kept it.
    #[must_use]
    pub fn fault_text(&self, row: usize) -> Option<&str> {
        if !self.cell(row).is_fault() {
            return None;
        }
        let found = self.fault_texts.binary_search_by_key(&row, |(at, _)| *at as usize).ok()?;
        Some(&self.fault_texts[found].1)
    }

    /// Forgets all rows and keeps the memory.
    pub fn clear(&mut self) {
        self.values.clear();
        self.cells.clear();
        self.fault_texts.clear();
        self.rows = 0;
    }

    /// Makes the column `rows` long: new cells are missing (`missing`) or the type's zero.
    pub fn resize(&mut self, rows: usize, missing: bool) {
        if missing && rows > self.rows {
            self.cells.resize(self.rows, Cell::Value);
            self.cells.resize(rows, Cell::Missing);
        } else if !self.cells.is_empty() {
            self.cells.resize(rows, Cell::Value);
        }
        if rows < self.rows {
            self.fault_texts.retain(|(row, _)| (*row as usize) < rows);
        }
        self.values.resize(rows);
        self.rows = rows;
    }

    /// Says what the cell of `row` is, without touching its buffer.
    pub fn set_cell(&mut self, row: usize, cell: Cell) {
        if self.cells.is_empty() {
            if cell == Cell::Value {
                return;
            }
            self.cells.resize(self.rows, Cell::Value);
        }
        self.cells[row] = cell;
    }

    /// Marks a fault and keeps the text that caused it.
    pub fn set_fault(&mut self, row: usize, fault: Cell, text: &str) {
        self.set_cell(row, fault);
        match self.fault_texts.binary_search_by_key(&row, |(at, _)| *at as usize) {
            Ok(found) => self.fault_texts[found].1 = text.into(),
            Err(position) => self.fault_texts.insert(position, (row as u32, text.into())),
        }
    }

    /// Forgets the cells again if all turn out to be values, so that readers take their fast path.
    pub fn settle(&mut self) {
        if self.cells.iter().all(|cell| *cell == Cell::Value) {
            self.cells.clear();
        }
    }

    /// Appends one value, converting between number types where nothing is lost; other types become a fault.
    pub fn push(&mut self, value: &Value) {
        let row = self.rows;
        self.resize(row + 1, false);
        self.set(row, value);
    }

    /// Replaces the value of `row`; see [`Column::push`] for what is converted.
    ///
    /// A `TextList` cell can only be set in the last row.
    pub fn set(&mut self, row: usize, value: &Value) {
        if *value == Value::Missing {
            self.set_cell(row, Cell::Missing);
            return;
        }
        let stored = store(&mut self.values, row, value);
        self.set_cell(row, if stored { Cell::Value } else { Cell::WrongType });
    }

    /// The value of `row` by itself; a fault reads as missing.
    #[must_use]
    pub fn get(&self, row: usize) -> Value {
        if self.cell(row) != Cell::Value {
            return Value::Missing;
        }
        let texts = |codes: &[u32], dictionary: &Dictionary| {
            Value::List(codes.iter().map(|code| Value::from(dictionary.get(*code))).collect())
        };
        match &self.values {
            Values::F64(values) => Value::F64(values[row]),
            Values::F32(values) => Value::F32(values[row]),
            Values::I64(values) => Value::I64(values[row]),
            Values::Bool(values) => Value::Bool(values[row]),
            Values::Text { codes, dictionary } => Value::from(dictionary.get(codes[row])),
            Values::Date(values) => Value::Date(values[row]),
            Values::Time(values) => Value::Time(values[row]),
            Values::DateTime(values) => Value::DateTime(values[row]),
            Values::TextList(list) => texts(list.row(row), &list.dictionary),
            Values::TensorF32 { width, elements } => {
                Value::List(elements[row * width..(row + 1) * width].iter().map(|v| Value::F32(*v)).collect())
            }
            Values::TensorF64 { width, elements } => {
                Value::List(elements[row * width..(row + 1) * width].iter().map(|v| Value::F64(*v)).collect())
            }
            Values::TensorI64 { width, elements } => {
                Value::List(elements[row * width..(row + 1) * width].iter().map(|v| Value::I64(*v)).collect())
            }
            Values::TensorText { width, codes, dictionary } => {
                texts(&codes[row * width..(row + 1) * width], dictionary)
            }
        }
    }
}

fn store(values: &mut Values, row: usize, value: &Value) -> bool {
    fn integer(value: &Value) -> Option<i64> {
        match value {
            Value::I64(value) => Some(*value),
            Value::F64(value) if libm::trunc(*value) == *value && value.abs() < 9.0e18 => Some(*value as i64),
            _ => None,
        }
    }
    fn elements<T: Copy>(out: &mut [T], value: &Value, convert: impl Fn(&Value) -> Option<T> + Copy) -> bool {
        let flat = flatten(value);
        flat.len() == out.len()
            && out
                .iter_mut()
                .zip(flat)
                .all(|(slot, value)| convert(value).map(|value| *slot = value).is_some())
    }
    match values {
        Values::F64(out) => value.as_f64().map(|value| out[row] = value).is_some(),
        Values::F32(out) => value.as_f64().map(|value| out[row] = value as f32).is_some(),
        Values::I64(out) => integer(value).map(|value| out[row] = value).is_some(),
        Values::Bool(out) => match value {
            Value::Bool(value) => {
                out[row] = *value;
                true
            }
            _ => false,
        },
        Values::Text { codes, dictionary } => {
            value.as_text().map(|text| codes[row] = dictionary.intern(text)).is_some()
        }
        Values::Date(out) => match value {
            Value::Date(value) => {
                out[row] = *value;
                true
            }
            _ => false,
        },
        Values::Time(out) => match value {
            Value::Time(value) => {
                out[row] = *value;
                true
            }
            _ => false,
        },
        Values::DateTime(out) => match value {
            Value::DateTime(value) => {
                out[row] = *value;
                true
            }
            _ => false,
        },
        Values::TextList(list) => match value {
            Value::List(items) if row + 1 == list.ends.len() => {
                let start = if row == 0 { 0 } else { list.ends[row - 1] };
                list.codes.truncate(start as usize);
                for item in items {
                    let Some(text) = item.as_text() else { return false };
                    list.codes.push(list.dictionary.intern(text));
                }
                list.ends[row] = list.codes.len() as u32;
                true
            }
            _ => false,
        },
        Values::TensorF32 { width, elements: out } => {
            elements(&mut out[row * *width..(row + 1) * *width], value, |v| v.as_f64().map(|v| v as f32))
        }
        Values::TensorF64 { width, elements: out } => {
            elements(&mut out[row * *width..(row + 1) * *width], value, Value::as_f64)
        }
        Values::TensorI64 { width, elements: out } => {
            elements(&mut out[row * *width..(row + 1) * *width], value, integer)
        }
        Values::TensorText { width, codes, dictionary } => {
            let flat = flatten(value);
            if flat.len() != *width {
                return false;
            }
            for (slot, value) in codes[row * *width..(row + 1) * *width].iter_mut().zip(flat) {
                let Some(text) = value.as_text() else { return false };
                *slot = dictionary.intern(text);
            }
            true
        }
    }
}

/// The leaves of nested lists, in order; a scalar is its own leaf.
fn flatten(value: &Value) -> Vec<&Value> {
    match value {
        Value::List(items) => items.iter().flat_map(flatten).collect(),
        other => vec![other],
    }
}
