//! `SupportVectorMachineModel` as typed data.

use crate::document::expression::read_field_ref;
use crate::document::table::{Array, read_sparse_array};
use crate::document::{ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// How several machines tell categories apart.
    pub enum Method {
        OneAgainstAll = "OneAgainstAll",
        OneAgainstOne = "OneAgainstOne",
    }
}

closed_list! {
    /// What the coefficients belong to.
    pub enum Representation {
        SupportVectors = "SupportVectors",
        Coefficients = "Coefficients",
    }
}

/// How near a row is to a support vector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kernel {
    /// ⟨x, y⟩
    Linear,
    /// (γ⟨x, y⟩ + c)^d
    Polynomial {
        /// γ
        gamma: f64,
        /// c
        constant: f64,
        /// d
        degree: f64,
    },
    /// exp(−γ‖x − y‖²)
    RadialBasis {
        /// γ
        gamma: f64,
    },
    /// tanh(γ⟨x, y⟩ + c)
    Sigmoid {
        /// γ
        gamma: f64,
        /// c
        constant: f64,
    },
}

/// `SupportVectorMachineModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// What the coefficients belong to.
    pub representation: Representation,
    /// How several machines tell categories apart; `None` if it is not said.
    pub method: Method,
    /// True if the largest figure wins.
    pub max_wins: bool,
    /// Where a machine's two categories meet, unless it says otherwise.
    pub threshold: f64,
    /// The other category of a lone machine, as versions before 4 say it.
    pub alternate_category: Option<&'a str>,
    /// How near a row is to a support vector.
    pub kernel: Kernel,
    /// The components of vectors.
    pub fields: Vec<VectorField<'a>>,
    /// The vectors by id.
    pub vectors: Vec<(&'a str, Vec<f64>)>,
    /// The machines.
    pub machines: Vec<Machine<'a>>,
}

/// A component of vectors.
#[derive(Clone, Copy, Debug)]
pub struct VectorField<'a> {
    /// Where it stands.
    pub offset: u32,
    /// The field.
    pub field: &'a str,
    /// Instead of the field itself, a number where it has this value, else 0.
    pub indicator: Option<(&'a str, f64)>,
    /// Instead of a missing value.
    pub missing: Option<&'a str>,
}

/// `SupportVectorMachine`.
#[derive(Clone, Debug)]
pub struct Machine<'a> {
    /// Where it stands.
    pub offset: u32,
    /// One category.
    pub category: Option<&'a str>,
    /// The other one.
    pub alternate: Option<&'a str>,
    /// Where they meet.
    pub threshold: Option<f64>,
    /// Ids of its vectors.
    pub vectors: Vec<&'a str>,
    /// One a vector, or one a component.
    pub coefficients: Vec<f64>,
    /// Summand.
    pub constant: f64,
}

/// Reads a `SupportVectorMachineModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    let mut document = Document {
        representation: element.choice("svmRepresentation")?.unwrap_or(Representation::SupportVectors),
        method: element.choice("classificationMethod")?.unwrap_or(Method::OneAgainstAll),
        max_wins: element.boolean("maxWins")?.unwrap_or(false),
        threshold: element.number("threshold")?.unwrap_or(0.0),
        alternate_category: element.text("alternateBinaryTargetCategory"),
        kernel: Kernel::Linear,
        fields: Vec::new(),
        vectors: Vec::new(),
        machines: Vec::new(),
    };
    element.finish()?;
    let mut has_kernel = false;
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "VectorDictionary" => read_dictionary(xml, child, &mut document)?,
            "SupportVectorMachine" => document.machines.push(read_machine(xml, child)?),
            _ => {
                document.kernel = read_kernel(xml, child)?;
                has_kernel = true;
            }
        }
    }
    if !has_kernel {
        return Err(element.lacks("LinearKernelType or another kernel"));
    }
    if document.machines.is_empty() {
        return Err(element.lacks("SupportVectorMachine"));
    }
    head.finish(&element, ElementDocument::SupportVectorMachine(document))
}

fn read_kernel<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Kernel> {
    element.ignore(&["description"]);
    let gamma = element.number("gamma")?.unwrap_or(1.0);
    let kernel = match element.name {
        "LinearKernelType" => Kernel::Linear,
        "PolynomialKernelType" => Kernel::Polynomial {
            gamma,
            constant: element.number("coef0")?.unwrap_or(1.0),
            degree: element.number("degree")?.unwrap_or(1.0),
        },
        "RadialBasisKernelType" => Kernel::RadialBasis { gamma },
        "SigmoidKernelType" => Kernel::Sigmoid { gamma, constant: element.number("coef0")?.unwrap_or(1.0) },
        _ => return Err(element.unexpected("SupportVectorMachineModel")),
    };
    element.finish()?;
    xml.end(&element)?;
    Ok(kernel)
}

fn read_dictionary<'a>(
    xml: &mut Xml<'a>,
    mut element: Element<'a>,
    document: &mut Document<'a>,
) -> Result<()> {
    element.ignore(&["numberOfVectors"]);
    element.finish()?;
    while let Some(mut child) = xml.child()? {
        match child.name {
            "VectorFields" => {
                child.ignore(&["numberOfFields"]);
                child.finish()?;
                while let Some(field) = xml.child()? {
                    document.fields.push(read_vector_field(xml, field)?);
                }
            }
            "VectorInstance" => {
                let id = child.required("id")?;
                child.finish()?;
                let mut vector = None;
                while let Some(array) = xml.child()? {
                    vector = Some(match array.name {
                        "Array" => Array::read_numbers(xml, array)?,
                        "REAL-SparseArray" | "INT-SparseArray" => read_sparse_array(xml, array)?,
                        _ => return Err(array.unexpected("VectorInstance")),
                    });
                }
                document.vectors.push((id, vector.ok_or_else(|| child.lacks("Array"))?));
            }
            _ => return Err(child.unexpected("VectorDictionary")),
        }
    }
    Ok(())
}

fn read_vector_field<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<VectorField<'a>> {
    let offset = element.offset;
    match element.name {
        "FieldRef" => {
            let (field, missing) = read_field_ref(xml, element)?;
            Ok(VectorField { offset, field, indicator: None, missing })
        }
        "CategoricalPredictor" => {
            let field = element.required("name")?;
            let indicator = (element.required("value")?, element.required_number("coefficient")?);
            element.finish()?;
            xml.end(&element)?;
            Ok(VectorField { offset, field, indicator: Some(indicator), missing: None })
        }
        _ => Err(element.unexpected("VectorFields")),
    }
}

fn read_machine<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Machine<'a>> {
    let mut machine = Machine {
        offset: element.offset,
        category: element.text("targetCategory"),
        alternate: element.text("alternateTargetCategory"),
        threshold: element.number("threshold")?,
        vectors: Vec::new(),
        coefficients: Vec::new(),
        constant: 0.0,
    };
    element.finish()?;
    while let Some(mut child) = xml.child()? {
        let child_name = child.name;
        match child_name {
            "SupportVectors" => child.ignore(&["numberOfSupportVectors", "numberOfAttributes"]),
            "Coefficients" => {
                child.ignore(&["numberOfCoefficients"]);
                machine.constant = child.number("absoluteValue")?.unwrap_or(0.0);
            }
            _ => return Err(child.unexpected("SupportVectorMachine")),
        }
        child.finish()?;
        while let Some(mut entry) = xml.child()? {
            match (child_name, entry.name) {
                ("SupportVectors", "SupportVector") => machine.vectors.push(entry.required("vectorId")?),
                ("Coefficients", "Coefficient") => {
                    machine.coefficients.push(entry.number("value")?.unwrap_or(0.0));
                }
                _ => return Err(entry.unexpected(child_name)),
            }
            entry.finish()?;
            xml.end(&entry)?;
        }
    }
    // One producer writes the other category as an extension.
    for extension in xml.take_extensions() {
        if extension.name == "alternateTargetCategory" && machine.alternate.is_none() {
            machine.alternate = Some(extension.value);
        }
    }
    Ok(machine)
}
