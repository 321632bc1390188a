//! The whole document.

use crate::document::dictionary::DataDictionary;
use crate::document::expression::Transformations;
use crate::document::head::ModelDocument;
use crate::elements::ElementDocument;
use crate::fault::{Fault, Result};
use crate::reader::Xml;

/// A PMML document.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// `version`, which decides nothing.
    pub version: Option<&'a str>,
    /// Name and version of the producer.
    pub producer: Option<(&'a str, Option<&'a str>)>,
    /// The fields of the data.
    pub dictionary: DataDictionary<'a>,
    /// Fields and functions that all models share.
    pub transformations: Transformations<'a>,
    /// The models, in order.
    pub models: Vec<ModelDocument<'a>>,
}

impl<'a> Document<'a> {
    /// Reads a whole document.
    pub fn read(xml: &mut Xml<'a>) -> Result<Self> {
        let (mut root, is_pmml) = xml.root()?;
        if root.name != "PMML" {
            return Err(Fault {
                kind: scorewheel_model::ModelErrorKind::UnknownFormat,
                message: format!("the root element is {}, not PMML", root.name),
                offset: Some(root.offset),
            });
        }
        if !is_pmml {
            return Err(Fault::unsupported(
                root.offset,
                "the root element is of another namespace than http://www.dmg.org/PMML-<version>",
            ));
        }
        let version = root.text("version");
        root.finish()?;
        let mut document = Self {
            version,
            producer: None,
            dictionary: DataDictionary::default(),
            transformations: Transformations::default(),
            models: Vec::new(),
        };
        let mut has_dictionary = false;
        while let Some(child) = xml.child()? {
            match child.name {
                "Header" => document.producer = read_header(xml)?,
                "MiningBuildTask" => xml.skip()?,
                "DataDictionary" => {
                    document.dictionary = DataDictionary::read(xml, child)?;
                    has_dictionary = true;
                }
                "TransformationDictionary" => document.transformations = Transformations::read(xml, child)?,
                _ => document.models.push(ElementDocument::read(xml, child, "PMML")?),
            }
        }
        xml.finish()?;
        if !has_dictionary {
            return Err(root.lacks("DataDictionary"));
        }
        if document.models.is_empty() {
            return Err(root.lacks("RegressionModel, TreeModel or another model"));
        }
        Ok(document)
    }
}

/// Name and version of the application that wrote the document.
fn read_header<'a>(xml: &mut Xml<'a>) -> Result<Option<(&'a str, Option<&'a str>)>> {
    let mut producer = None;
    while let Some(mut child) = xml.child()? {
        if child.name == "Application" {
            producer = child.text("name").map(|name| (name, child.text("version")));
        }
        xml.skip()?;
    }
    Ok(producer)
}
