//! `GaussianProcessModel` compiled: instances in one array, their matrix factored.

use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::elements::ElementPlan;
use crate::elements::gaussian_process::matrix::Cholesky;
use crate::elements::gaussian_process::read::{Document, Shape};
use crate::fault::{Fault, Result};
use crate::plan::Slot;
use crate::reader::element::parse_number;

/// Most instances of a model: factoring their matrix takes the third power of them, a variance the second.
pub const INSTANCE_LIMIT: usize = 2_048;

/// A compiled `GaussianProcessModel`.
#[derive(Debug)]
pub struct Plan {
    /// The features.
    pub features: Box<[Slot]>,
    /// How near two points are.
    pub kernel: Kernel,
    /// The instances, one value a feature, instance by instance.
    pub instances: Box<[f64]>,
    /// What each instance counts for.
    pub weights: Box<[f64]>,
    /// The factored matrix of the instances.
    pub factor: Cholesky,
    /// Variance of the targets around what is predicted.
    pub noise_variance: f64,
}

/// A kernel.
#[derive(Debug)]
pub struct Kernel {
    /// Which function of the distances it is.
    pub shape: Shape,
    /// The kernel of a point with itself.
    pub gamma: f64,
    /// By feature: the scale of distances.
    pub scales: Box<[f64]>,
}

impl Kernel {
    /// How near two points are.
    #[must_use]
    pub fn of(&self, a: &[f64], b: &[f64]) -> f64 {
        let distances = a.iter().zip(b).zip(&self.scales).map(|((a, b), scale)| (a - b) / scale);
        let sum: f64 = match self.shape {
            Shape::Squared => 0.5 * distances.map(|distance| distance * distance).sum::<f64>(),
            Shape::Absolute => distances.map(f64::abs).sum(),
            Shape::Generalized { degree } => {
                distances.map(|distance| libm::pow(distance.abs(), degree)).sum()
            }
        };
        self.gamma * libm::exp(-sum)
    }
}

/// Compiles a `GaussianProcessModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    if context.head.function != MiningFunction::Regression {
        let message = "a GaussianProcessModel is for regression: PMML tells of no likelihood of categories";
        return Err(Fault::unsupported(context.head.offset, message));
    }
    let invalid = |message: String| Fault::invalid(document.offset, message);
    let Some(target) = context.head.mining_schema.targets().next() else {
        return Err(invalid("a GaussianProcessModel needs a target among its fields".to_owned()));
    };
    let training = &document.training;
    let Some(target_column) = training.column(target.name) else {
        return Err(invalid(format!("no InstanceField tells of the target {:?}", target.name)));
    };
    let count = training.table.len();
    if count > INSTANCE_LIMIT {
        let message = format!("{count} training instances, more than {INSTANCE_LIMIT}");
        return Err(Fault::too_large(document.offset, message));
    }
    let number = |text: &str| parse_number(text).filter(|number| number.is_finite());
    let mut features = Vec::new();
    let mut columns = Vec::new();
    for (field, column) in training.fields.iter().filter(|(field, _)| *field != target.name) {
        let slot = context.slot(field, document.offset)?;
        if !context.kind(slot).counts() {
            return Err(invalid(format!("the instance field {field:?} is no number")));
        }
        features.push(slot);
        columns.push(training.values(column, number)?);
    }
    let scales = match document.kernel.scales.as_slice() {
        [] => vec![1.0; features.len()],
        [scale] => vec![*scale; features.len()],
        scales if scales.len() == features.len() => scales.to_vec(),
        scales => {
            let message = format!("Lambda has {} entries for {} features", scales.len(), features.len());
            return Err(Fault::invalid(document.kernel.offset, message));
        }
    };
    let kernel = Kernel { shape: document.kernel.shape, gamma: document.kernel.gamma, scales: scales.into() };
    let instances: Vec<f64> =
        (0..count).flat_map(|row| columns.iter().map(move |column| column[row])).collect();
    let point = |at: usize| &instances[at * features.len()..(at + 1) * features.len()];
    let mut cells = Vec::with_capacity(count * (count + 1) / 2);
    for row in 0..count {
        cells.extend((0..row).map(|column| kernel.of(point(row), point(column))));
        cells.push(kernel.gamma + document.kernel.noise_variance);
    }
    let Some(factor) = Cholesky::of(count, cells) else {
        let message = "the matrix of the training instances is not positive definite: some are the same, and \
                       noiseVariance is too small to tell them apart";
        return Err(invalid(message.to_owned()));
    };
    let mut weights = training.values(target_column, number)?;
    factor.solve(&mut weights);
    let plan = Plan {
        features: features.into(),
        kernel,
        instances: instances.into(),
        weights: weights.into(),
        factor,
        noise_variance: document.kernel.noise_variance,
    };
    Ok(Compiled::new(ElementPlan::GaussianProcess(Box::new(plan))))
}
