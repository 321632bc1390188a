//! `TrainingInstances`: rows that a model compares records with.

use crate::document::table::{InlineTable, written_column};
use crate::fault::{Fault, Result};
use crate::reader::{Element, Xml};

/// `TrainingInstances`.
#[derive(Clone, Debug)]
pub struct TrainingInstances<'a> {
    /// True if the instances hold derived fields of the model.
    pub is_transformed: bool,
    /// Fields of the instances with their columns.
    pub fields: Vec<(&'a str, &'a str)>,
    /// The instances.
    pub table: InlineTable<'a>,
}

impl<'a> TrainingInstances<'a> {
    /// Reads `TrainingInstances` to their end; there is at least one.
    pub fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let is_transformed = element.boolean("isTransformed")?.unwrap_or(false);
        // Counts of what follows; they decide nothing.
        element.ignore(&["recordCount", "fieldCount"]);
        element.finish()?;
        let mut fields = Vec::new();
        let mut table = None;
        while let Some(child) = xml.child()? {
            match child.name {
                "InstanceFields" => {
                    child.finish()?;
                    while let Some(mut field) = xml.child()? {
                        if field.name != "InstanceField" {
                            return Err(field.unexpected("InstanceFields"));
                        }
                        let name = field.required("field")?;
                        let column = field.text("column").unwrap_or(name);
                        fields.push((name, written_column(xml, column)));
                        field.finish()?;
                        xml.end(&field)?;
                    }
                }
                "InlineTable" => table = Some(InlineTable::read(xml, child)?),
                "TableLocator" => {
                    let message = "TableLocator is not supported; supported is InlineTable";
                    return Err(Fault::unsupported(child.offset, message));
                }
                _ => return Err(child.unexpected("TrainingInstances")),
            }
        }
        let table = table.ok_or_else(|| element.lacks("InlineTable"))?;
        if table.is_empty() {
            return Err(element.invalid("TrainingInstances holds no instance"));
        }
        Ok(Self { is_transformed, fields, table })
    }

    /// The column of a field.
    #[must_use]
    pub fn column(&self, field: &str) -> Option<&'a str> {
        self.fields.iter().find(|(name, _)| *name == field).map(|(_, column)| *column)
    }

    /// One value an instance; each must be there and parse.
    pub fn values(&self, column: &str, mut parse: impl FnMut(&str) -> Option<f64>) -> Result<Vec<f64>> {
        let mut values = Vec::with_capacity(self.table.len());
        for (at, row) in self.table.rows().enumerate() {
            let Some(text) = row.get(column) else {
                let message = format!("training instance {} has no {column:?}", at + 1);
                return Err(Fault::invalid(self.table.offset, message));
            };
            let Some(value) = parse(text) else {
                let message = format!("{text:?} is no value of {column:?}, in training instance {}", at + 1);
                return Err(Fault::invalid(self.table.offset, message));
            };
            values.push(value);
        }
        Ok(values)
    }
}
