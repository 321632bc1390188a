//! `GaussianProcessModel` as typed data.

use crate::document::table::Array;
use crate::document::{ModelDocument, ModelHead, TrainingInstances};
use crate::elements::ElementDocument;
use crate::fault::Result;
use crate::reader::{Element, Xml};

/// `GaussianProcessModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// Where it stands.
    pub offset: u32,
    /// How near two points are.
    pub kernel: KernelDocument,
    /// The instances.
    pub training: TrainingInstances<'a>,
}

/// Which function of the distances it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// `RadialBasisKernel` and `ARDSquaredExponentialKernel`.
    Squared,
    /// `AbsoluteExponentialKernel`.
    Absolute,
    /// `GeneralizedExponentialKernel`.
    Generalized {
        /// The power of distances.
        degree: f64,
    },
}

/// A kernel.
#[derive(Clone, Debug)]
pub struct KernelDocument {
    /// Where it stands.
    pub offset: u32,
    /// Which function of the distances it is.
    pub shape: Shape,
    /// The kernel of a point with itself.
    pub gamma: f64,
    /// Variance of the targets around what is predicted.
    pub noise_variance: f64,
    /// Scales of distances: one for all features, or one each; empty for 1.
    pub scales: Vec<f64>,
}

/// Reads a `GaussianProcessModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    // How the parameters were found has no part in scoring.
    element.ignore(&["optimizer"]);
    element.finish()?;
    let (mut kernel, mut training) = (None, None);
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "RadialBasisKernel"
            | "ARDSquaredExponentialKernel"
            | "AbsoluteExponentialKernel"
            | "GeneralizedExponentialKernel"
                if kernel.is_none() =>
            {
                kernel = Some(read_kernel(xml, child)?);
            }
            "TrainingInstances" if training.is_none() => {
                training = Some(TrainingInstances::read(xml, child)?)
            }
            _ => return Err(child.unexpected("GaussianProcessModel")),
        }
    }
    let document = Document {
        offset: element.offset,
        kernel: kernel.ok_or_else(|| element.lacks("RadialBasisKernel or another kernel"))?,
        training: training.ok_or_else(|| element.lacks("TrainingInstances"))?,
    };
    head.finish(&element, ElementDocument::GaussianProcess(document))
}

fn read_kernel<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<KernelDocument> {
    let is_radial = element.name == "RadialBasisKernel";
    let gamma = positive(&mut element, "gamma")?;
    let noise_variance = element.number("noiseVariance")?.unwrap_or(1.0);
    if !(noise_variance >= 0.0 && noise_variance.is_finite()) {
        return Err(element.invalid(format!("a noiseVariance of {noise_variance} is below 0")));
    }
    let shape = match element.name {
        "AbsoluteExponentialKernel" => Shape::Absolute,
        "GeneralizedExponentialKernel" => Shape::Generalized { degree: positive(&mut element, "degree")? },
        _ => Shape::Squared,
    };
    let mut scales = Vec::new();
    if is_radial {
        scales.push(positive(&mut element, "lambda")?);
    }
    element.ignore(&["description"]);
    element.finish()?;
    while let Some(child) = xml.child()? {
        match child.name {
            "Lambda" if !is_radial => {
                child.finish()?;
                while let Some(array) = xml.child()? {
                    match array.name {
                        "Array" => scales.extend(Array::read_numbers(xml, array)?),
                        _ => return Err(array.unexpected("Lambda")),
                    }
                }
            }
            _ => return Err(child.unexpected(element.name)),
        }
    }
    if let Some(scale) = scales.iter().find(|scale| !(**scale > 0.0 && scale.is_finite())) {
        return Err(element.invalid(format!("a lambda of {scale} is not above 0")));
    }
    Ok(KernelDocument { offset: element.offset, shape, gamma, noise_variance, scales })
}

/// A number above 0; 1 if it is not stated.
fn positive(element: &mut Element<'_>, name: &str) -> Result<f64> {
    let number = element.number(name)?.unwrap_or(1.0);
    if number > 0.0 && number.is_finite() {
        Ok(number)
    } else {
        Err(element.invalid(format!("a {name} of {number} is not above 0")))
    }
}
