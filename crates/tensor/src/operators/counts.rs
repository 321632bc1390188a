//! How often each whole number occurs.

use scorewheel_columns::ErrorCode;
use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::Storage;
use crate::error::invalid;
use crate::operators::context::length;
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// Most numbers that are counted apart.
pub(crate) const COUNTED: i64 = 1 << 24;

/// `DenseBincount`, `Bincount`: of each row, or of all numbers, how often each from 0 to `size` occurs, or the sum of the
/// weights where it does. Larger numbers are left out; a negative one is an error of the record.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::I64])?;
    let numbers = context.input(0)?;
    let size = context.integers(1, "how many numbers are counted")?.first().copied();
    let size = size.filter(|size| (0..=COUNTED).contains(size));
    let size = length(size.ok_or_else(|| invalid("how many numbers are counted is no size"))?, "size")?;
    context.storage(2, &[Storage::I64, Storage::F32, Storage::F64])?;
    let weights = context.input(2)?;
    let element = weights.element();
    let presence = context.attributes().flag_or("binary_output", false)?;
    let weighted = !weights.tensor_type.is_empty();
    if weighted && weights.shape() != numbers.shape() {
        let shapes = format!("{:?} and {:?}", weights.shape(), numbers.shape());
        return Err(invalid(format!("weights and numbers of different shapes: {shapes}")));
    }
    if weighted && presence {
        return Err(invalid("weights where only presence is told"));
    }
    let (shape, width) = match (context.operator(), numbers.shape()) {
        ("Bincount", shape) => (vec![size], shape.iter().product()),
        (_, [count]) => (vec![size], *count),
        (_, [rows, width]) => (vec![*rows, size], *width),
        (_, shape) => {
            return Err(invalid(format!("numbers of shape {shape:?}; a vector or a matrix is counted")));
        }
    };
    Ok(Computation::one(TensorType::new(element, shape), move |inputs, outputs, _| {
        let numbers = inputs[0].i64();
        let counted = Counted { size, presence };
        match &mut outputs[0] {
            Data::I64(out) => out.fill(0),
            Data::F32(out) => out.fill(0.0),
            Data::F64(out) => out.fill(0.0),
            Data::Bool(_) | Data::Text(_) => {}
        }
        for (at, number) in numbers.iter().enumerate() {
            let row = at / width.max(1);
            if weighted {
                counted.weigh(row, *number, inputs[2], at, &mut outputs[0])?;
            } else {
                counted.count(row, *number, &mut outputs[0])?;
            }
        }
        if let Data::I64(out) = &mut outputs[0] {
            out.iter_mut().for_each(|out| *out = element.wrap(*out));
        }
        Ok(())
    }))
}

/// How numbers are counted.
pub(crate) struct Counted {
    pub size: usize,
    /// 1 where a number occurs, however often.
    pub presence: bool,
}

impl Counted {
    /// Where a number of a row is counted; `None` if it is too large to be.
    fn place(&self, row: usize, number: i64) -> Result<Option<usize>, ErrorCode> {
        let number = usize::try_from(number).map_err(|_| ErrorCode::BadArgument)?;
        Ok((number < self.size).then_some(row * self.size + number))
    }

    /// Counts a number.
    ///
    /// # Errors
    /// [`ErrorCode::BadArgument`] for a negative one.
    pub fn count(&self, row: usize, number: i64, out: &mut Data) -> Result<(), ErrorCode> {
        let Some(at) = self.place(row, number)? else { return Ok(()) };
        match out {
            Data::I64(out) => out[at] = if self.presence { 1 } else { out[at] + 1 },
            Data::F32(out) => out[at] = if self.presence { 1.0 } else { out[at] + 1.0 },
            Data::F64(out) => out[at] = if self.presence { 1.0 } else { out[at] + 1.0 },
            Data::Bool(_) | Data::Text(_) => {}
        }
        Ok(())
    }

    /// Adds the weight at `from` where a number is counted.
    fn weigh(
        &self,
        row: usize,
        number: i64,
        weights: &Data,
        from: usize,
        out: &mut Data,
    ) -> Result<(), ErrorCode> {
        let Some(at) = self.place(row, number)? else { return Ok(()) };
        match (out, weights) {
            (Data::I64(out), Data::I64(weights)) => out[at] = out[at].wrapping_add(weights[from]),
            (Data::F32(out), Data::F32(weights)) => out[at] += weights[from],
            (Data::F64(out), Data::F64(weights)) => out[at] += weights[from],
            _ => {}
        }
        Ok(())
    }
}
