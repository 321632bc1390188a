//! `DataDictionary`: the fields of the data.

use std::cmp::Ordering;

use crate::document::table::InlineTable;
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// Type of a field's values.
    pub enum DataType {
        String = "string",
        Integer = "integer",
        Float = "float",
        Double = "double",
        Boolean = "boolean",
        Date = "date",
        Time = "time",
        DateTime = "dateTime",
        DateDaysSince0 = "dateDaysSince[0]",
        DateDaysSince1960 = "dateDaysSince[1960]",
        DateDaysSince1970 = "dateDaysSince[1970]",
        DateDaysSince1980 = "dateDaysSince[1980]",
        DateDaysSince1990 = "dateDaysSince[1990]",
        DateDaysSince2000 = "dateDaysSince[2000]",
        DateDaysSince2010 = "dateDaysSince[2010]",
        DateDaysSince2020 = "dateDaysSince[2020]",
        TimeSeconds = "timeSeconds",
        DateTimeSecondsSince0 = "dateTimeSecondsSince[0]",
        DateTimeSecondsSince1960 = "dateTimeSecondsSince[1960]",
        DateTimeSecondsSince1970 = "dateTimeSecondsSince[1970]",
        DateTimeSecondsSince1980 = "dateTimeSecondsSince[1980]",
        DateTimeSecondsSince1990 = "dateTimeSecondsSince[1990]",
        DateTimeSecondsSince2000 = "dateTimeSecondsSince[2000]",
        DateTimeSecondsSince2010 = "dateTimeSecondsSince[2010]",
        DateTimeSecondsSince2020 = "dateTimeSecondsSince[2020]",
    }
}

closed_list! {
    /// What may be done with a field's values.
    pub enum OpType {
        Categorical = "categorical",
        Ordinal = "ordinal",
        Continuous = "continuous",
    }
}

closed_list! {
    /// Which ends belong to an interval.
    pub enum Closure {
        OpenOpen = "openOpen",
        OpenClosed = "openClosed",
        ClosedOpen = "closedOpen",
        ClosedClosed = "closedClosed",
    }
}

closed_list! {
    /// What a listed value is.
    pub enum Property {
        Valid = "valid",
        Invalid = "invalid",
        Missing = "missing",
    }
}

/// `Interval`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Which ends belong to it.
    pub closure: Closure,
    /// Lower end; there is none if not given.
    pub left: Option<f64>,
    /// Upper end; there is none if not given.
    pub right: Option<f64>,
}

impl Interval {
    /// Reads an `Interval` to its end.
    pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let interval = Self {
            closure: element.required_choice("closure")?,
            left: element.number("leftMargin")?,
            right: element.number("rightMargin")?,
        };
        element.finish()?;
        xml.end(&element)?;
        Ok(interval)
    }

    /// Whether `value` lies within. NaN is more than infinity, as the reference orders numbers.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        let order = |margin: f64| match (value.is_nan(), margin.is_nan()) {
            (false, false) => value.partial_cmp(&margin).unwrap_or(Ordering::Equal),
            (left, right) => left.cmp(&right),
        };
        let above = self.left.is_none_or(|left| match self.closure {
            Closure::OpenOpen | Closure::OpenClosed => order(left).is_gt(),
            Closure::ClosedOpen | Closure::ClosedClosed => order(left).is_ge(),
        });
        above
            && self.right.is_none_or(|right| match self.closure {
                Closure::OpenOpen | Closure::ClosedOpen => order(right).is_lt(),
                Closure::OpenClosed | Closure::ClosedClosed => order(right).is_le(),
            })
    }
}

/// `Value`: one listed value of a field.
#[derive(Clone, Copy, Debug)]
pub struct ListedValue<'a> {
    /// As it is written.
    pub value: &'a str,
    /// How it is shown.
    pub display: Option<&'a str>,
    /// What it is.
    pub property: Property,
}

impl<'a> ListedValue<'a> {
    /// Reads a `Value` to its end.
    pub fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let value = Self {
            value: element.required("value")?,
            display: element.text("displayValue"),
            property: element.choice("property")?.unwrap_or(Property::Valid),
        };
        element.finish()?;
        xml.end(&element)?;
        Ok(value)
    }
}

/// `DataField`.
#[derive(Clone, Debug)]
pub struct DataField<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its name.
    pub name: &'a str,
    /// Type of its values.
    pub data_type: DataType,
    /// What may be done with them.
    pub op_type: OpType,
    /// True if the values form a ring.
    pub is_cyclic: bool,
    /// Name of the taxonomy of its values.
    pub taxonomy: Option<&'a str>,
    /// Where valid values lie; empty for everywhere.
    pub intervals: Vec<Interval>,
    /// Listed values.
    pub values: Vec<ListedValue<'a>>,
}

impl<'a> DataField<'a> {
    fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        // Some producers write the attribute in camel case.
        let op_type = match element.choice("optype")? {
            Some(op_type) => op_type,
            None => element.required_choice("opType")?,
        };
        let mut field = Self {
            offset: element.offset,
            name: element.required("name")?,
            data_type: element.required_choice("dataType")?,
            op_type,
            is_cyclic: element.boolean("isCyclic")?.unwrap_or(false),
            taxonomy: element.text("taxonomy"),
            intervals: Vec::new(),
            values: Vec::new(),
        };
        element.ignore(&["displayName"]);
        element.finish()?;
        while let Some(child) = xml.child()? {
            match child.name {
                "Interval" => field.intervals.push(Interval::read(xml, child)?),
                "Value" => field.values.push(ListedValue::read(xml, child)?),
                _ => return Err(child.unexpected("DataField")),
            }
        }
        Ok(field)
    }
}

/// `Taxonomy`: which value lies below which.
#[derive(Clone, Debug)]
pub struct Taxonomy<'a> {
    /// Its name.
    pub name: &'a str,
    /// Pairs of child and parent.
    pub pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Taxonomy<'a> {
    /// Reads a `Taxonomy` to its end.
    pub fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let mut taxonomy = Self { name: element.required("name")?, pairs: Vec::new() };
        element.finish()?;
        while let Some(mut child) = xml.child()? {
            if child.name != "ChildParent" {
                return Err(child.unexpected("Taxonomy"));
            }
            let (below, above) = (child.required("childField")?, child.required("parentField")?);
            child.ignore(&["parentLevelField", "isRecursive"]);
            child.finish()?;
            while let Some(part) = xml.child()? {
                match part.name {
                    "InlineTable" => {
                        let table = InlineTable::read(xml, part)?;
                        for row in table.rows() {
                            if let (Some(low), Some(high)) = (row.get(below), row.get(above)) {
                                taxonomy.pairs.push((low, high));
                            }
                        }
                    }
                    "TableLocator" | "FieldColumnPair" => xml.skip()?,
                    _ => return Err(part.unexpected("ChildParent")),
                }
            }
        }
        Ok(taxonomy)
    }
}

/// `DataDictionary`.
#[derive(Clone, Debug, Default)]
pub struct DataDictionary<'a> {
    /// The fields, in order.
    pub fields: Vec<DataField<'a>>,
    /// Taxonomies of their values.
    pub taxonomies: Vec<Taxonomy<'a>>,
}

impl<'a> DataDictionary<'a> {
    /// Reads a `DataDictionary` to its end.
    pub fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        element.ignore(&["numberOfFields"]);
        element.finish()?;
        let mut dictionary = Self::default();
        while let Some(child) = xml.child()? {
            match child.name {
                "DataField" => dictionary.fields.push(DataField::read(xml, child)?),
                "Taxonomy" => dictionary.taxonomies.push(Taxonomy::read(xml, child)?),
                _ => return Err(child.unexpected("DataDictionary")),
            }
        }
        Ok(dictionary)
    }
}
