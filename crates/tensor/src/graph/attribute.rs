//! Constants of a node.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use scorewheel_model::ModelError;

use crate::element::ElementType;
use crate::error::invalid;
use crate::graph::{Dimension, Graph, Name};
use crate::tensor::Tensor;

/// One constant of a node.
#[derive(Clone, Debug)]
pub(crate) enum Attribute {
    /// An integer or truth value.
    Integer(i64),
    Float(f32),
    Text(Name),
    Integers(Vec<i64>),
    Floats(Vec<f32>),
    Texts(Vec<Name>),
    Tensor(Arc<Tensor>),
    Graph(Arc<Graph>),
    /// `None` stands for a type that is no tensor's, such as TensorFlow's resource and variant.
    Element(Option<ElementType>),
    /// `None` stands for an unknown rank.
    Shape(Option<Vec<Dimension>>),
    Function(Name),
    /// Stands for the attribute of this name of the node that calls the function.
    Reference(Name),
}

/// The constants of a node, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes {
    list: Vec<(Name, Attribute)>,
    made: Arc<Made>,
}

/// What builders made of attributes, kept for when the same node is looked at again.
#[derive(Default)]
struct Made(Mutex<Vec<(u8, Arc<dyn Any + Send + Sync>)>>);

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Made")
    }
}

impl Attributes {
    /// Adds one.
    pub fn push(&mut self, name: Name, attribute: Attribute) {
        self.list.push((name, attribute));
        // What was made is of fewer attributes; a clone that shares it keeps it.
        match Arc::get_mut(&mut self.made) {
            Some(Made(made)) => made.get_mut().unwrap_or_else(PoisonError::into_inner).clear(),
            None => self.made = Arc::default(),
        }
    }

    /// What `make` makes of these attributes and of what `key` stands for, made once: a graph is followed for a row and
    /// again for a block of rows.
    pub fn once<T: Any + Send + Sync>(
        &self,
        key: u8,
        make: impl FnOnce() -> Result<T, ModelError>,
    ) -> Result<Arc<T>, ModelError> {
        let known = |list: &[(u8, Arc<dyn Any + Send + Sync>)]| {
            let (_, made) = list.iter().find(|(other, made)| *other == key && made.is::<T>())?;
            Arc::clone(made).downcast::<T>().ok()
        };
        // A thread that panicked while it held the list has left it as it was.
        let lock = || self.made.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = known(&lock()) {
            return Ok(made);
        }
        let made = Arc::new(make()?);
        lock().push((key, Arc::clone(&made) as Arc<dyn Any + Send + Sync>));
        Ok(made)
    }

    /// All, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &(Name, Attribute)> {
        self.list.iter()
    }

    /// The one of this name.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.list.iter().find(|(key, _)| &**key == name).map(|(_, attribute)| attribute)
    }

    fn of_kind<'a, T>(
        &'a self,
        name: &str,
        kind: &str,
        take: impl Fn(&'a Attribute) -> Option<T>,
    ) -> Result<Option<T>, ModelError> {
        match self.get(name) {
            None => Ok(None),
            Some(attribute) => match take(attribute) {
                Some(value) => Ok(Some(value)),
                None => Err(invalid(format!("attribute {name:?} is not {kind}"))),
            },
        }
    }

    /// An integer, if it is there.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, ModelError> {
        self.of_kind(name, "an integer", |attribute| match attribute {
            Attribute::Integer(value) => Some(*value),
            _ => None,
        })
    }

    /// An integer, or what it is if left out.
    pub fn integer_or(&self, name: &str, default: i64) -> Result<i64, ModelError> {
        Ok(self.integer(name)?.unwrap_or(default))
    }

    /// A truth value, or what it is if left out.
    pub fn flag_or(&self, name: &str, default: bool) -> Result<bool, ModelError> {
        Ok(self.integer(name)?.map_or(default, |value| value != 0))
    }

    /// A number, or what it is if left out.
    pub fn float_or(&self, name: &str, default: f32) -> Result<f32, ModelError> {
        Ok(self
            .of_kind(name, "a number", |attribute| match attribute {
                Attribute::Float(value) => Some(*value),
                _ => None,
            })?
            .unwrap_or(default))
    }

    /// A string, if it is there.
    pub fn text(&self, name: &str) -> Result<Option<&Name>, ModelError> {
        self.of_kind(name, "a string", |attribute| match attribute {
            Attribute::Text(value) => Some(value),
            _ => None,
        })
    }

    /// A list of integers, if it is there.
    pub fn integers(&self, name: &str) -> Result<Option<&[i64]>, ModelError> {
        self.of_kind(name, "a list of integers", |attribute| match attribute {
            Attribute::Integers(values) => Some(values.as_slice()),
            // An empty list has no kind in TensorFlow's format.
            Attribute::Floats(values) if values.is_empty() => Some(&[][..]),
            Attribute::Texts(values) if values.is_empty() => Some(&[][..]),
            _ => None,
        })
    }

    /// A list of numbers, if it is there.
    pub fn floats(&self, name: &str) -> Result<Option<&[f32]>, ModelError> {
        self.of_kind(name, "a list of numbers", |attribute| match attribute {
            Attribute::Floats(values) => Some(values.as_slice()),
            Attribute::Integers(values) if values.is_empty() => Some(&[][..]),
            _ => None,
        })
    }

    /// A list of strings, if it is there.
    pub fn texts(&self, name: &str) -> Result<Option<&[Name]>, ModelError> {
        self.of_kind(name, "a list of strings", |attribute| match attribute {
            Attribute::Texts(values) => Some(values.as_slice()),
            Attribute::Integers(values) if values.is_empty() => Some(&[][..]),
            _ => None,
        })
    }

    /// A tensor, if it is there.
    pub fn tensor(&self, name: &str) -> Result<Option<&Arc<Tensor>>, ModelError> {
        self.of_kind(name, "a tensor", |attribute| match attribute {
            Attribute::Tensor(value) => Some(value),
            _ => None,
        })
    }

    /// A graph, if it is there.
    pub fn graph(&self, name: &str) -> Result<Option<&Arc<Graph>>, ModelError> {
        self.of_kind(name, "a graph", |attribute| match attribute {
            Attribute::Graph(value) => Some(value),
            _ => None,
        })
    }

    /// An element type, if it is there and one that tensors have.
    pub fn element(&self, name: &str) -> Result<Option<ElementType>, ModelError> {
        Ok(self
            .of_kind(name, "a type", |attribute| match attribute {
                Attribute::Element(value) => Some(*value),
                _ => None,
            })?
            .flatten())
    }
}
