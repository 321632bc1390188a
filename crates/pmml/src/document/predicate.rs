//! Predicates.

use crate::document::table::Array;
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// How a field is compared with a constant.
    pub enum Operator {
        Equal = "equal",
        NotEqual = "notEqual",
        LessThan = "lessThan",
        LessOrEqual = "lessOrEqual",
        GreaterThan = "greaterThan",
        GreaterOrEqual = "greaterOrEqual",
        IsMissing = "isMissing",
        IsNotMissing = "isNotMissing",
    }
}

closed_list! {
    /// Whether a value must be in a set.
    pub enum SetOperator {
        IsIn = "isIn",
        IsNotIn = "isNotIn",
    }
}

closed_list! {
    /// How predicates are joined.
    pub enum BooleanOperator {
        Or = "or",
        And = "and",
        Xor = "xor",
        Surrogate = "surrogate",
    }
}

/// A predicate and where it stands.
#[derive(Clone, Debug)]
pub struct Predicate<'a> {
    /// Where it stands.
    pub offset: u32,
    /// What it is.
    pub node: PredicateNode<'a>,
}

/// One kind of predicate.
#[derive(Clone, Debug)]
pub enum PredicateNode<'a> {
    /// There is none where one must be: evaluating it is an error of the row.
    Absent,
    /// `True`.
    True,
    /// `False`.
    False,
    /// `SimplePredicate`.
    Simple {
        /// The field.
        field: &'a str,
        /// How it is compared.
        operator: Operator,
        /// The constant; not for `isMissing` and `isNotMissing`.
        value: Option<&'a str>,
    },
    /// `SimpleSetPredicate`.
    Set {
        /// The field.
        field: &'a str,
        /// In or not in.
        operator: SetOperator,
        /// The set.
        values: Box<Array<'a>>,
    },
    /// `CompoundPredicate`.
    Compound {
        /// How they are joined.
        operator: BooleanOperator,
        /// What is joined.
        parts: Vec<Predicate<'a>>,
    },
}

impl<'a> Predicate<'a> {
    /// True for the names of elements that are predicates.
    #[must_use]
    pub fn is_one(name: &str) -> bool {
        matches!(name, "True" | "False" | "SimplePredicate" | "SimpleSetPredicate" | "CompoundPredicate")
    }

    /// Reads a predicate to its end. `parent` names the element that holds it.
    pub fn read(xml: &mut Xml<'a>, mut element: Element<'a>, parent: &str) -> Result<Self> {
        let offset = element.offset;
        let node = match element.name {
            "True" | "False" => {
                element.finish()?;
                xml.end(&element)?;
                if element.name == "True" { PredicateNode::True } else { PredicateNode::False }
            }
            "SimplePredicate" => {
                let field = element.required("field")?;
                let operator = element.required_choice("operator")?;
                let value = element.text("value");
                element.finish()?;
                if value.is_none() && !matches!(operator, Operator::IsMissing | Operator::IsNotMissing) {
                    return Err(element.invalid("SimplePredicate needs the attribute value"));
                }
                xml.end(&element)?;
                PredicateNode::Simple { field, operator, value }
            }
            "SimpleSetPredicate" => {
                let field = element.required("field")?;
                let operator = element.required_choice("booleanOperator")?;
                element.finish()?;
                let mut values = None;
                while let Some(child) = xml.child()? {
                    match child.name {
                        "Array" => values = Some(Array::read(xml, child)?),
                        _ => return Err(child.unexpected("SimpleSetPredicate")),
                    }
                }
                let values = Box::new(values.ok_or_else(|| element.lacks("Array"))?);
                PredicateNode::Set { field, operator, values }
            }
            "CompoundPredicate" => {
                let operator = element.required_choice("booleanOperator")?;
                element.finish()?;
                let mut parts = Vec::new();
                while let Some(child) = xml.child()? {
                    parts.push(Self::read(xml, child, "CompoundPredicate")?);
                }
                if parts.is_empty() {
                    return Err(element.lacks("SimplePredicate or another predicate"));
                }
                PredicateNode::Compound { operator, parts }
            }
            _ => return Err(element.unexpected(parent)),
        };
        Ok(Self { offset, node })
    }
}
