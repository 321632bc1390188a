//! From the columns of a batch to the buffers of an engine.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use scorewheel_columns::{Batch, Cell, Column, DataType, ErrorCode, FieldIndex, RowError, Schema, Values};
use scorewheel_model::{BoundInput, InputField, Mapping, ModelError, resolve_inputs};

use crate::boosting::categories::Categories;
use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::engine::{Layout, Slot};
use crate::error::wrong_schema;

/// What a missing cell is to a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// An error of the row.
    Error,
    /// NaN, which the model knows as missing.
    NotANumber,
    /// 0, or the empty string: a map has no entry.
    Zero,
}

/// Where an input of the model lies in the engine's buffers.
#[derive(Clone, Debug)]
pub(crate) struct Port {
    /// Which of the engine's inputs.
    pub slot: usize,
    /// First element within a row of it.
    pub offset: usize,
    /// Elements a row.
    pub width: usize,
    pub missing: Missing,
    /// What the field holds, if the engine takes the codes of categories.
    pub categories: Option<Arc<Categories>>,
}

/// Copies one field into some elements of a slot.
#[derive(Clone, Debug)]
struct Feed {
    field: FieldIndex,
    /// The model's input, for errors.
    input: u32,
    slot: usize,
    element: ElementType,
    offset: usize,
    width: usize,
    missing: Missing,
    /// The numbers that stand for the field's strings, if it has such.
    codes: Option<Codes>,
    categories: Option<Arc<Categories>>,
}

/// String → number.
type Codes = Arc<HashMap<Box<str>, u32>>;

/// How the fields of a schema feed an engine.
#[derive(Clone, Debug)]
pub(crate) struct Feeds {
    feeds: Vec<Feed>,
    /// Inputs that no field feeds.
    gaps: Vec<Port>,
    notes: Vec<String>,
}

impl Feeds {
    /// Finds the fields of `schema` that feed `inputs`, each lying at its port.
    ///
    /// # Errors
    /// [`scorewheel_model::ModelErrorKind::WrongSchema`] if an input has no field, or one of a type that cannot feed it.
    pub fn new(
        schema: &Arc<Schema>,
        inputs: &[InputField],
        ports: &[Port],
        slots: &[Slot],
        mapping: &Mapping,
    ) -> Result<Self, ModelError> {
        let mut feeds = Vec::new();
        let mut gaps = Vec::new();
        let mut notes = Vec::new();
        let mut codes = codes_of(schema, mapping)?;
        for ((index, bound), port) in
            resolve_inputs(schema, inputs, mapping)?.into_iter().enumerate().zip(ports)
        {
            let input = &inputs[index];
            notes.extend(note(schema, input, &bound, mapping));
            let fields = match bound {
                BoundInput::Field(field) => vec![(field, 0, port.width)],
                BoundInput::Vector(fields) => {
                    if fields.len() != port.width {
                        return Err(wrong_schema(format!(
                            "input {:?} ({}) takes {} numbers, {} fields are mapped to it",
                            input.name,
                            input.data_type,
                            port.width,
                            fields.len()
                        )));
                    }
                    fields.into_iter().enumerate().map(|(at, field)| (field, at, 1)).collect()
                }
                BoundInput::Absent => {
                    gaps.push(port.clone());
                    continue;
                }
            };
            for (field, at, width) in fields {
                let declared = &schema.fields()[field];
                let element = slots[port.slot].element;
                let coded = codes.iter_mut().find(|codes| codes.field == field);
                let coded = coded.map(|codes| {
                    codes.used = true;
                    Arc::clone(&codes.numbers)
                });
                let texts = port.categories.as_ref().map(|categories| categories.are_texts());
                let fits = match (&coded, texts) {
                    (Some(_), Some(true)) => false,
                    (Some(_), _) => width == 1 && element.storage() != Storage::Text,
                    (None, Some(true)) => can_feed(&declared.data_type, ElementType::Text, width),
                    (None, _) => can_feed(&declared.data_type, element, width),
                };
                if !fits {
                    return Err(wrong_schema(format!(
                        "field {:?} ({}) cannot feed input {:?} ({})",
                        declared.name, declared.data_type, input.name, input.data_type
                    )));
                }
                feeds.push(Feed {
                    field,
                    input: index as u32,
                    slot: port.slot,
                    element,
                    offset: port.offset + at,
                    width,
                    missing: port.missing,
                    codes: coded,
                    categories: port.categories.clone(),
                });
            }
        }
        if let Some(unused) = codes.iter().find(|codes| !codes.used) {
            let name = &schema.fields()[unused.field].name;
            return Err(wrong_schema(format!("the mapping codes the field {name:?}, which feeds no input")));
        }
        Ok(Self { feeds, gaps, notes })
    }

    /// What feeds inputs that nobody stated, a sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Copies `rows` of `batch` into `buffers`, from their first row on. `report` is told of each row, counted from
    /// the start of `rows`, that cannot be scored; such rows hold zeros.
    pub fn fill(
        &self,
        batch: &Batch,
        rows: Range<usize>,
        buffers: &mut [Data],
        slots: &[Slot],
        layout: (Layout, usize),
        mut report: impl FnMut(usize, RowError),
    ) {
        for gap in &self.gaps {
            let slot = slots[gap.slot];
            let (row_stride, stride) = layout.0.strides(slot, layout.1);
            let target = Target { start: gap.offset * stride, row_stride, stride, element: slot.element };
            for row in 0..rows.len() {
                target.fill_gap(&mut buffers[gap.slot], row, gap.width, gap.missing);
            }
        }
        for feed in &self.feeds {
            let slot = slots[feed.slot];
            let (row_stride, stride) = layout.0.strides(slot, layout.1);
            let target = Target { start: feed.offset * stride, row_stride, stride, element: slot.element };
            let column = batch.column(feed.field);
            let mut wrong = |row: usize, code: ErrorCode| report(row, RowError::of_field(code, feed.input));
            copy_cells(feed, column, rows.clone(), &mut buffers[feed.slot], &target, &mut wrong);
            if column.cells().is_some() {
                for (index, row) in rows.clone().enumerate() {
                    let code = match column.cell(row) {
                        Cell::Value => continue,
                        Cell::Missing if feed.missing != Missing::Error => {
                            target.fill_gap(&mut buffers[feed.slot], index, feed.width, feed.missing);
                            continue;
                        }
                        Cell::Missing => ErrorCode::MissingValue,
                        Cell::Unparsable => ErrorCode::UnparsableValue,
                        Cell::WrongType => ErrorCode::WrongType,
                        Cell::DeclaredInvalid => ErrorCode::InvalidValue,
                    };
                    report(index, RowError::of_field(code, feed.input));
                }
            }
        }
    }

    /// What an error of a row is about.
    pub fn blame(&self, error: RowError, batch: &Batch, row: usize) -> Option<Blame> {
        let input = error.field?;
        // Of a vector of fields, the first one that is to blame.
        let guilty = self.feeds.iter().find(|feed| feed.input == input && feed.refuses(batch, row))?;
        let column = batch.column(guilty.field);
        let held = match column.fault_text(row) {
            // Of many elements it is not said which are to blame, and all of them would fill a page.
            _ if guilty.width > 1 => None,
            Some(text) => Some(format!("{text:?}")),
            None if column.cell(row) == Cell::Value => Some(column.get(row).to_string()),
            None => None,
        };
        Some(Blame { field: guilty.field, held, takes: guilty.takes() })
    }
}

/// What an error of a row is about: a field, and what it holds beside what it should hold.
#[derive(Debug)]
pub(crate) struct Blame {
    pub field: FieldIndex,
    /// The value as people read it; `None` if it is missing or a list.
    pub held: Option<String>,
    /// What the model takes.
    pub takes: String,
}

impl Feed {
    /// True if this field of the row cannot feed the engine.
    fn refuses(&self, batch: &Batch, row: usize) -> bool {
        let column = batch.column(self.field);
        match column.cell(row) {
            Cell::Missing => return self.missing == Missing::Error,
            Cell::Value => {}
            _ => return true,
        }
        let mut refused = false;
        let mut wrong = |_, _| refused = true;
        let target = Target { start: 0, row_stride: self.width, stride: 1, element: self.element };
        let mut buffer = Data::zeros(self.element, self.width);
        copy_cells(self, column, row..row + 1, &mut buffer, &target, &mut wrong);
        refused
    }

    fn takes(&self) -> String {
        if let Some(codes) = &self.codes {
            return format!("one of the {} strings that the mapping codes", codes.len());
        }
        if let Some(categories) = &self.categories {
            let one = match categories.data_type() {
                DataType::Text => "a string",
                DataType::Bool => "true or false",
                _ => "a number",
            };
            return format!("{one}, one of the {} categories of the model", categories.len());
        }
        let (low, high) = self.element.integer_range();
        let (one, many) = match self.element.storage() {
            Storage::Text => ("a string".to_owned(), "strings".to_owned()),
            Storage::Bool => ("true or false".to_owned(), "truth values".to_owned()),
            Storage::F64 => ("a number".to_owned(), "numbers".to_owned()),
            Storage::F32 => ("a number of 32 bits".to_owned(), "numbers of 32 bits".to_owned()),
            Storage::I64 => (
                format!("a whole number from {low} to {high}"),
                format!("whole numbers from {low} to {high}"),
            ),
        };
        if self.width == 1 { one } else { format!("a list of {} {many}", self.width) }
    }
}

/// Copies a field, coded or as it is.
fn copy_cells(
    feed: &Feed,
    column: &Column,
    rows: Range<usize>,
    buffer: &mut Data,
    target: &Target,
    wrong: &mut impl FnMut(usize, ErrorCode),
) {
    match (&feed.codes, &feed.categories) {
        (None, None) => copy(column, rows, feed.width, buffer, target, wrong),
        (codes, categories) => {
            let code = |cell: Coded<'_>| cell.number(codes.as_deref(), categories.as_deref());
            copy_codes(column, rows, code, buffer, target, wrong);
        }
    }
}

/// A field of strings with its numbers.
struct CodedField {
    field: FieldIndex,
    numbers: Codes,
    used: bool,
}

/// The fields that the mapping codes.
fn codes_of(schema: &Schema, mapping: &Mapping) -> Result<Vec<CodedField>, ModelError> {
    let mut coded: Vec<CodedField> = Vec::new();
    for stated in &mapping.codes {
        let field = schema
            .find(&stated.field)
            .map_err(|error| wrong_schema(format!("the mapping codes a field, but {error}")))?;
        let declared = &schema.fields()[field];
        if declared.data_type != DataType::Text {
            return Err(wrong_schema(format!(
                "the mapping codes the field {:?}, which holds no strings but {}",
                declared.name, declared.data_type
            )));
        }
        let mut numbers = HashMap::with_capacity(stated.strings.len());
        for (number, string) in stated.strings.iter().enumerate() {
            if numbers.insert(string.clone(), number as u32).is_some() {
                return Err(wrong_schema(format!(
                    "the mapping codes {string:?} of the field {:?} twice",
                    declared.name
                )));
            }
        }
        if numbers.is_empty() || coded.iter().any(|earlier| earlier.field == field) {
            let what = if numbers.is_empty() { "without strings" } else { "twice" };
            return Err(wrong_schema(format!("the mapping codes the field {:?} {what}", declared.name)));
        }
        coded.push(CodedField { field, numbers: Arc::new(numbers), used: false });
    }
    Ok(coded)
}

/// What is said of an input whose fields follow neither from a mapping nor from its name.
fn note(schema: &Schema, input: &InputField, bound: &BoundInput, mapping: &Mapping) -> Option<String> {
    if mapping.fields_of(&input.name).is_some() {
        return None;
    }
    let name = |field: &FieldIndex| &*schema.fields()[*field].name;
    match bound {
        BoundInput::Vector(fields) => Some(format!(
            "input {:?} takes the {} numeric fields in the order of the schema: {}",
            input.name,
            fields.len(),
            fields.iter().map(name).collect::<Vec<_>>().join(", ")
        )),
        BoundInput::Field(field) if schema.find(&input.name).is_err() => {
            Some(format!("input {:?} takes the only field {:?}", input.name, name(field)))
        }
        BoundInput::Field(_) => None,
        BoundInput::Absent => Some(format!("input {:?} has no field and is always missing", input.name)),
    }
}

/// Whether `width` elements of this type can be read from a column. Strings and numbers never stand for one another.
fn can_feed(data_type: &DataType, element: ElementType, width: usize) -> bool {
    use scorewheel_columns::TensorElement;
    let numeric = !matches!(element.storage(), Storage::Text | Storage::Bool);
    match data_type {
        DataType::F64 | DataType::F32 | DataType::I64 => numeric && width == 1,
        DataType::Bool => element != ElementType::Text && width == 1,
        DataType::Text => element == ElementType::Text && width == 1,
        DataType::Tensor { element: TensorElement::Text, shape } => {
            element == ElementType::Text && shape.iter().product::<usize>() == width
        }
        DataType::Tensor { element: TensorElement::I64, shape } => {
            element != ElementType::Text && shape.iter().product::<usize>() == width
        }
        DataType::Tensor { shape, .. } => numeric && shape.iter().product::<usize>() == width,
        DataType::Date | DataType::Time | DataType::DateTime | DataType::TextList => false,
    }
}

/// Where elements go in a buffer.
struct Target {
    start: usize,
    row_stride: usize,
    stride: usize,
    element: ElementType,
}

impl Target {
    /// Writes what stands for a missing value.
    fn fill_gap(&self, buffer: &mut Data, row: usize, width: usize, missing: Missing) {
        let number = if missing == Missing::NotANumber { f64::NAN } else { 0.0 };
        for at in 0..width {
            let position = self.start + row * self.row_stride + at * self.stride;
            match buffer {
                Data::F32(out) => out[position] = number as f32,
                Data::F64(out) => out[position] = number,
                Data::I64(out) => out[position] = 0,
                Data::Bool(out) => out[position] = false,
                Data::Text(out) => out[position] = Default::default(),
            }
        }
    }

    /// Writes the one number of a row.
    fn put(&self, buffer: &mut Data, row: usize, number: f64) {
        let at = self.start + row * self.row_stride;
        match buffer {
            Data::F32(out) => out[at] = number as f32,
            Data::F64(out) => out[at] = number,
            Data::I64(out) => out[at] = number as i64,
            Data::Bool(out) => out[at] = number != 0.0,
            Data::Text(_) => {}
        }
    }

    /// Writes `convert(source[i])`, `width` elements a row; an element with a fault is reported and zero.
    fn write<S: Copy, T: Default>(
        &self,
        source: &[S],
        width: usize,
        out: &mut [T],
        wrong: &mut impl FnMut(usize, ErrorCode),
        fault: impl Fn(S) -> Option<ErrorCode>,
        convert: impl Fn(S) -> T,
    ) {
        // Faults are rare: asked for at once, they are not in the way of the loops that copy.
        if source.iter().fold(true, |clean, element| clean & fault(*element).is_none()) {
            self.write_clean(source, width, out, convert);
            return;
        }
        for (row, elements) in source.chunks_exact(width.max(1)).enumerate() {
            let start = self.start + row * self.row_stride;
            for (at, element) in elements.iter().enumerate() {
                out[start + at * self.stride] = match fault(*element) {
                    None => convert(*element),
                    Some(code) => {
                        wrong(row, code);
                        T::default()
                    }
                };
            }
        }
    }

    /// Writes elements without faults.
    fn write_clean<S: Copy, T>(&self, source: &[S], width: usize, out: &mut [T], convert: impl Fn(S) -> T) {
        let width = width.max(1);
        let out = &mut out[self.start..];
        let in_one_piece = self.row_stride == width && (self.stride == 1 || width == 1);
        if in_one_piece {
            out.iter_mut().zip(source).for_each(|(out, element)| *out = convert(*element));
        } else if self.row_stride == 1 {
            for (at, column) in out.chunks_mut(self.stride.max(1)).enumerate().take(width) {
                let elements = source.iter().skip(at).step_by(width);
                column.iter_mut().zip(elements).for_each(|(out, element)| *out = convert(*element));
            }
        } else {
            for (row, elements) in source.chunks_exact(width).enumerate() {
                for (at, element) in elements.iter().enumerate() {
                    out[row * self.row_stride + at * self.stride] = convert(*element);
                }
            }
        }
    }
}

/// An element that becomes another one whatever it is.
fn clean<S>(_: S) -> Option<ErrorCode> {
    None
}

/// A cell for which a code stands.
enum Coded<'a> {
    Text(&'a str),
    Number(f64),
}

impl Coded<'_> {
    /// The number that the engine takes: that which the mapping codes, and of categories their code.
    fn number(
        &self,
        codes: Option<&HashMap<Box<str>, u32>>,
        categories: Option<&Categories>,
    ) -> Result<f64, ErrorCode> {
        let number = match (self, codes) {
            (Self::Text(text), Some(codes)) => match codes.get(*text) {
                Some(code) => f64::from(*code),
                None => return Err(ErrorCode::InvalidValue),
            },
            (Self::Text(text), None) => {
                return categories.map_or(Err(ErrorCode::WrongType), |known| known.code_of_text(text));
            }
            (Self::Number(number), _) => *number,
        };
        categories.map_or(Ok(number), |known| known.code_of_number(number))
    }
}

/// Writes the numbers that stand for the cells of a field.
fn copy_codes(
    column: &Column,
    rows: Range<usize>,
    code: impl Fn(Coded<'_>) -> Result<f64, ErrorCode>,
    buffer: &mut Data,
    target: &Target,
    wrong: &mut impl FnMut(usize, ErrorCode),
) {
    for (index, row) in rows.enumerate() {
        if column.cell(row) != Cell::Value {
            target.put(buffer, index, 0.0);
            continue;
        }
        let number = code(match column.values() {
            Values::Text { codes, dictionary } | Values::TensorText { codes, dictionary, .. } => {
                Coded::Text(dictionary.get(codes[row]))
            }
            Values::F64(values) | Values::TensorF64 { elements: values, .. } => Coded::Number(values[row]),
            Values::F32(values) | Values::TensorF32 { elements: values, .. } => {
                Coded::Number(f64::from(values[row]))
            }
            Values::I64(values) | Values::TensorI64 { elements: values, .. } => {
                Coded::Number(values[row] as f64)
            }
            Values::Bool(values) => Coded::Number(f64::from(u8::from(values[row]))),
            Values::Date(_) | Values::Time(_) | Values::DateTime(_) | Values::TextList(_) => return,
        });
        target.put(
            buffer,
            index,
            number.unwrap_or_else(|error| {
                wrong(index, error);
                0.0
            }),
        );
    }
}

fn copy(
    column: &Column,
    rows: Range<usize>,
    width: usize,
    buffer: &mut Data,
    target: &Target,
    wrong: &mut impl FnMut(usize, ErrorCode),
) {
    let span = rows.start * width..rows.end * width;
    // A cell that is no value is judged by the caller; its content must not be.
    let mut wrong = |row: usize, code: ErrorCode| {
        if column.cell(rows.start + row) == Cell::Value {
            wrong(row, code);
        }
    };
    let wrong = &mut wrong;
    // To f32, f64 and integers: what is wrong with an element, and what it becomes.
    macro_rules! numbers {
        ($source:expr, $to_f32:expr, $to_f64:expr, $to_i64:expr) => {
            match buffer {
                Data::F32(out) => target.write($source, width, out, wrong, $to_f32.0, $to_f32.1),
                Data::F64(out) => target.write($source, width, out, wrong, $to_f64.0, $to_f64.1),
                Data::I64(out) => target.write($source, width, out, wrong, $to_i64.0, $to_i64.1),
                _ => {}
            }
        };
    }
    let element = target.element;
    let (low, high) = element.integer_range();
    let not_whole = |value: f64| {
        if libm::trunc(value) != value {
            Some(ErrorCode::WrongType)
        } else if value < low as f64 || value > high as f64 || value.abs() >= 9.3e18 {
            Some(ErrorCode::InvalidValue)
        } else {
            None
        }
    };
    let out_of_range = |value: i64| (value < low || value > high).then_some(ErrorCode::InvalidValue);
    let not_single = |value: f64| {
        let overflows = (value as f32).is_infinite() & value.is_finite();
        overflows.then_some(ErrorCode::InvalidValue)
    };
    match column.values() {
        Values::F64(values) | Values::TensorF64 { elements: values, .. } => numbers!(
            &values[span],
            (not_single, |value: f64| value as f32),
            (clean::<f64>, |value: f64| value),
            (not_whole, |value: f64| value as i64)
        ),
        Values::F32(values) | Values::TensorF32 { elements: values, .. } => numbers!(
            &values[span],
            (clean::<f32>, |value: f32| value),
            (clean::<f32>, |value: f32| f64::from(value)),
            (|value: f32| not_whole(f64::from(value)), |value: f32| value as i64)
        ),
        Values::I64(values) | Values::TensorI64 { elements: values, .. } => match buffer {
            Data::Bool(out) => {
                let not_truth = |value| (value != 0 && value != 1).then_some(ErrorCode::InvalidValue);
                target.write(&values[span], width, out, wrong, not_truth, |value| value == 1);
            }
            _ => numbers!(
                &values[span],
                (clean::<i64>, |value: i64| value as f32),
                (clean::<i64>, |value: i64| value as f64),
                (out_of_range, |value: i64| value)
            ),
        },
        Values::Bool(values) => match buffer {
            Data::Bool(out) => target.write(&values[span], width, out, wrong, clean::<bool>, |value| value),
            _ => numbers!(
                &values[span],
                (clean::<bool>, |value: bool| f32::from(u8::from(value))),
                (clean::<bool>, |value: bool| f64::from(u8::from(value))),
                (clean::<bool>, |value: bool| i64::from(value))
            ),
        },
        Values::Text { codes, dictionary } | Values::TensorText { codes, dictionary, .. } => {
            if let Data::Text(out) = buffer {
                let text = |code| dictionary.get(code).into();
                target.write(&codes[span], width, out, wrong, clean::<u32>, text);
            }
        }
        Values::Date(_) | Values::Time(_) | Values::DateTime(_) | Values::TextList(_) => {}
    }
    if matches!(element, ElementType::F16 | ElementType::BF16) {
        crate::engine::program::round(element, buffer);
    }
}
