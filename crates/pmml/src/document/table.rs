//! Inline tables, arrays, sparse arrays and matrices.

use crate::fault::Result;
use crate::reader::element::parse_number;
use crate::reader::{Element, Xml};

/// `InlineTable`: rows of named cells, as they are written.
#[derive(Clone, Debug, Default)]
pub struct InlineTable<'a> {
    /// Where it stands.
    pub offset: u32,
    cells: Vec<(&'a str, &'a str)>,
    ends: Vec<u32>,
}

/// One row of a table.
#[derive(Clone, Copy, Debug)]
pub struct TableRow<'t, 'a> {
    cells: &'t [(&'a str, &'a str)],
}

impl<'t, 'a> TableRow<'t, 'a> {
    /// The cell of this column.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&'a str> {
        self.cells.iter().find(|(name, _)| *name == column).map(|(_, value)| *value)
    }

    /// All cells with their columns.
    #[must_use]
    pub fn cells(&self) -> &'t [(&'a str, &'a str)] {
        self.cells
    }
}

impl<'a> InlineTable<'a> {
    /// Reads an `InlineTable` to its end. Cells may be of any namespace; a column's prefix does not matter.
    pub fn read(xml: &mut Xml<'a>, element: Element<'a>) -> Result<Self> {
        element.finish()?;
        let mut table = Self { offset: element.offset, ..Self::default() };
        while let Some(row) = xml.child()? {
            if row.name != "row" {
                return Err(row.unexpected("InlineTable"));
            }
            row.finish()?;
            while let Some(cell) = xml.any_child()? {
                if cell.name == "Extension" {
                    xml.skip()?;
                    continue;
                }
                let column = column_name(xml, cell.name);
                let value = xml.content(&cell)?;
                table.cells.push((column, value));
            }
            table.ends.push(table.cells.len() as u32);
        }
        Ok(table)
    }

    /// The rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = TableRow<'_, 'a>> {
        (0..self.ends.len()).map(|row| {
            let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
            TableRow { cells: &self.cells[start..self.ends[row] as usize] }
        })
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True without rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// A column as an attribute names it: some producers write the prefix and the escapes of its element there too.
pub fn written_column<'a>(xml: &Xml<'a>, name: &'a str) -> &'a str {
    column_name(xml, name.rsplit_once(':').map_or(name, |(_, local)| local))
}

/// An element name as a column's: `_x0020_` stands for a blank, as producers escape what XML names cannot hold.
fn column_name<'a>(xml: &Xml<'a>, name: &'a str) -> &'a str {
    if !name.contains("_x") {
        return name;
    }
    let mut decoded = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find("_x") {
        let (before, escape) = rest.split_at(at);
        decoded.push_str(before);
        let code = escape.get(2..6).filter(|_| escape[6..].starts_with('_'));
        let character = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        match character {
            Some(character) => {
                decoded.push(character);
                rest = &escape[7..];
            }
            None => {
                decoded.push_str("_x");
                rest = &escape[2..];
            }
        }
    }
    decoded.push_str(rest);
    xml.keep(&decoded)
}

closed_list! {
    /// Type of an array's entries.
    pub enum ArrayType {
        Int = "int",
        Real = "real",
        String = "string",
    }
}

/// `Array`: its entries as they are written, quotes and escapes resolved.
#[derive(Clone, Debug)]
pub struct Array<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Type of the entries.
    pub array_type: ArrayType,
    /// The entries.
    pub entries: Vec<&'a str>,
}

impl<'a> Array<'a> {
    /// Reads an `Array` to its end.
    pub fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let array_type = element.required_choice("type")?;
        let length = element.integer("n")?;
        element.finish()?;
        let content = xml.content(&element)?;
        let entries = split_array(xml, content);
        if length.is_some_and(|length| usize::try_from(length) != Ok(entries.len())) {
            let message =
                format!("the Array holds {} entries, not n={}", entries.len(), length.unwrap_or_default());
            return Err(element.invalid(message));
        }
        Ok(Self { offset: element.offset, array_type, entries })
    }

    /// Reads an `Array` of numbers to its end.
    pub fn read_numbers(xml: &mut Xml<'a>, element: Element<'a>) -> Result<Vec<f64>> {
        let array = Self::read(xml, element)?;
        array.numbers()
    }

    /// The entries as numbers.
    pub fn numbers(&self) -> Result<Vec<f64>> {
        self.entries.iter().map(|entry| number(self.offset, entry)).collect()
    }
}

fn number(offset: u32, entry: &str) -> Result<f64> {
    parse_number(entry)
        .ok_or_else(|| crate::fault::Fault::invalid(offset, format!("{entry:?} in an array is not a number")))
}

/// Entries are separated by blanks; one that holds blanks stands in double quotes, within which `\"` is a quote.
pub(super) fn split_array<'a>(xml: &Xml<'a>, content: &'a str) -> Vec<&'a str> {
    let mut entries = Vec::new();
    let mut rest = content.trim_start();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut end = None;
            let mut escaped = false;
            let mut any_escape = false;
            for (at, character) in quoted.char_indices() {
                match character {
                    _ if escaped => escaped = false,
                    '\\' if quoted[at + 1..].starts_with('"') => {
                        escaped = true;
                        any_escape = true;
                    }
                    '"' => {
                        end = Some(at);
                        break;
                    }
                    _ => {}
                }
            }
            let end = end.unwrap_or(quoted.len());
            let entry = &quoted[..end];
            entries.push(if any_escape { xml.keep(&entry.replace("\\\"", "\"")) } else { entry });
            rest = quoted.get(end + 1..).unwrap_or_default().trim_start();
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let entry = &rest[..end];
            entries.push(if entry.contains("\\\"") { xml.keep(&entry.replace("\\\"", "\"")) } else { entry });
            rest = rest[end..].trim_start();
        }
    }
    entries
}

/// Reads the entries of a `REAL-SparseArray` or `INT-SparseArray` to its end, as a full array.
///
/// Its length is `n`, else what the largest index says.
pub fn read_sparse_array<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Vec<f64>> {
    let length = element.integer("n")?;
    let default = element.number("defaultValue")?.unwrap_or(0.0);
    element.finish()?;
    let mut indices = Vec::new();
    let mut entries = Vec::new();
    while let Some(child) = xml.child()? {
        child.finish()?;
        let into = match child.name {
            "Indices" => &mut indices,
            "REAL-Entries" | "INT-Entries" => &mut entries,
            _ => return Err(child.unexpected(element.name)),
        };
        for entry in xml.content(&child)?.split_whitespace() {
            into.push(number(child.offset, entry)?);
        }
    }
    if indices.len() != entries.len() {
        let message = format!("{} indices for {} entries in {}", indices.len(), entries.len(), element.name);
        return Err(element.invalid(message));
    }
    let largest = indices.iter().copied().fold(0.0, f64::max);
    let length = length.map_or(largest, |length| length as f64);
    if length < 0.0 {
        return Err(element.invalid(format!("{} of {length} entries", element.name)));
    }
    xml.spend_cells(element.offset, length as usize)?;
    let mut values = vec![default; length as usize];
    for (index, entry) in indices.iter().zip(entries) {
        let slot = if *index >= 1.0 { values.get_mut(*index as usize - 1) } else { None };
        match slot {
            Some(slot) => *slot = entry,
            None => return Err(element.invalid(format!("index {index} lies outside 1 to {length}"))),
        }
    }
    Ok(values)
}

/// `Matrix`, row by row, filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// The cells, row by row.
    pub cells: Vec<f64>,
}

closed_list! {
    /// Shape of a matrix, and so which cells are written.
    pub enum MatrixKind {
        Diagonal = "diagonal",
        Symmetric = "symmetric",
        Any = "any",
    }
}

impl Matrix {
    /// The cell in this row and column, from 0.
    #[must_use]
    pub fn get(&self, row: usize, column: usize) -> Option<f64> {
        if column >= self.columns { None } else { self.cells.get(row * self.columns + column).copied() }
    }

    /// Reads a `Matrix` to its end.
    pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let kind = element.choice("kind")?.unwrap_or(MatrixKind::Any);
        let row_count = element.integer("nbRows")?;
        let column_count = element.integer("nbCols")?;
        let diagonal = element.number("diagDefault")?.unwrap_or(0.0);
        let elsewhere = element.number("offDiagDefault")?.unwrap_or(0.0);
        element.finish()?;
        let mut arrays = Vec::new();
        let mut written = Vec::new();
        while let Some(mut child) = xml.child()? {
            match child.name {
                "Array" => arrays.push(Array::read_numbers(xml, child)?),
                "MatCell" => {
                    let row = child.integer("row")?.unwrap_or(0);
                    let column = child.integer("col")?.unwrap_or(0);
                    child.finish()?;
                    let text = xml.content(&child)?;
                    if row < 1 || column < 1 {
                        return Err(child.invalid("row and col of MatCell count from 1"));
                    }
                    written.push((row as usize - 1, column as usize - 1, number(child.offset, text)?));
                }
                _ => return Err(child.unexpected("Matrix")),
            }
        }
        match kind {
            MatrixKind::Diagonal => {
                if let [array] = arrays.as_slice() {
                    written.extend(array.iter().enumerate().map(|(at, value)| (at, at, *value)));
                }
            }
            MatrixKind::Symmetric | MatrixKind::Any => {
                for (row, array) in arrays.iter().enumerate() {
                    for (column, value) in array.iter().enumerate() {
                        written.push((row, column, *value));
                        if kind == MatrixKind::Symmetric {
                            written.push((column, row, *value));
                        }
                    }
                }
            }
        }
        if kind == MatrixKind::Symmetric {
            let mirrored: Vec<_> =
                written.iter().map(|(row, column, value)| (*column, *row, *value)).collect();
            written.splice(0..0, mirrored);
        }
        let rows = row_count.map_or_else(
            || written.iter().map(|(row, _, _)| row + 1).max().unwrap_or(0),
            |count| usize::try_from(count).unwrap_or(0),
        );
        let columns = column_count.map_or_else(
            || written.iter().map(|(_, column, _)| column + 1).max().unwrap_or(0),
            |count| usize::try_from(count).unwrap_or(0),
        );
        xml.spend_cells(element.offset, rows.saturating_mul(columns))?;
        let mut cells = vec![elsewhere; rows * columns];
        for at in 0..rows.min(columns) {
            cells[at * columns + at] = diagonal;
        }
        for (row, column, value) in written {
            if row >= rows || column >= columns {
                return Err(element.invalid(format!(
                    "cell {}, {} lies outside the matrix",
                    row + 1,
                    column + 1
                )));
            }
            cells[row * columns + column] = value;
        }
        Ok(Self { rows, columns, cells })
    }
}
