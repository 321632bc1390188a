//! `ModelVerification`: rows that the model must reproduce.

use crate::document::table::{InlineTable, written_column};
use crate::fault::Result;
use crate::reader::{Element, Xml};

/// `VerificationField`.
#[derive(Clone, Copy, Debug)]
pub struct VerificationField<'a> {
    /// An input, target or output.
    pub field: &'a str,
    /// Its column in the table.
    pub column: &'a str,
    /// Relative difference that is tolerated.
    pub precision: f64,
    /// Numbers closer to zero than this are taken for zero.
    pub zero_threshold: f64,
}

/// `ModelVerification`.
#[derive(Clone, Debug)]
pub struct ModelVerification<'a> {
    /// Where it stands.
    pub offset: u32,
    /// The fields.
    pub fields: Vec<VerificationField<'a>>,
    /// The rows.
    pub table: InlineTable<'a>,
}

impl<'a> ModelVerification<'a> {
    /// Reads a `ModelVerification` to its end.
    pub fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        element.ignore(&["recordCount", "fieldCount"]);
        element.finish()?;
        let mut fields = Vec::new();
        let mut table = InlineTable::default();
        while let Some(child) = xml.child()? {
            match child.name {
                "VerificationFields" => {
                    child.finish()?;
                    while let Some(mut field) = xml.child()? {
                        if field.name != "VerificationField" {
                            return Err(field.unexpected("VerificationFields"));
                        }
                        let name = field.required("field")?;
                        let column = field.text("column").map(|column| written_column(xml, column));
                        fields.push(VerificationField {
                            field: name,
                            column: column.unwrap_or(name),
                            precision: field.number("precision")?.unwrap_or(1e-6),
                            zero_threshold: field.number("zeroThreshold")?.unwrap_or(1e-16),
                        });
                        field.finish()?;
                        xml.end(&field)?;
                    }
                }
                "InlineTable" => table = InlineTable::read(xml, child)?,
                _ => return Err(child.unexpected("ModelVerification")),
            }
        }
        Ok(Self { offset: element.offset, fields, table })
    }
}
