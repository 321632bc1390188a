//! Missing numbers of one column out of the nearest of the rows that were learned.

use scorewheel_model::ModelError;
use smallvec::SmallVec;

use crate::element::Storage;
use crate::error::invalid;
use crate::operators::{Built, Computation, NodeContext};

/// A row that was learned: its index, and its number in the column.
#[derive(Clone, Copy, Debug)]
struct Donor {
    row: usize,
    number: f32,
}

/// One column of `KNNImputer`, see [`crate::onnx::nearest_imputation`]: the mean of the nearest neighbours that have a
/// number there; of all that have one, where the distance to none of them is known.
pub(crate) fn column(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    context.storage(0, &[Storage::F32])?;
    context.storage(1, &[Storage::Bool])?;
    context.storage(2, &[Storage::F32])?;
    let missing = context.constant(3, "which numbers were missing")?;
    let learned = context.constant(4, "the rows that were learned")?;
    let [rows, columns] = *input.shape() else { return Err(invalid("rows of another rank than 2")) };
    let [count, width] = *learned.shape.as_slice() else {
        return Err(invalid("learned rows of another rank"));
    };
    let column = usize::try_from(context.integers(6, "the column")?.first().copied().unwrap_or(-1));
    let column = column.ok().filter(|column| *column < columns);
    let column = column.ok_or_else(|| invalid("a column that is not there"))?;
    let fits = width == columns
        && missing.shape == learned.shape
        && context.input(1)?.shape() == input.shape()
        && context.input(2)?.shape() == [rows, count];
    let (missing, learned) = (missing.data.bool(), learned.data.f32());
    if !fits || missing.len() != count * width || learned.len() != count * width {
        return Err(invalid("rows, distances and learned rows do not fit together"));
    }
    let donors: Vec<Donor> = (0..count)
        .filter(|row| !missing[row * width + column])
        .map(|row| Donor { row, number: learned[row * width + column] })
        .collect();
    let mean = donors.iter().fold(0.0, |sum, donor| sum + donor.number) / donors.len().max(1) as f32;
    let stated = context.integers(5, "how many neighbours")?.first().copied().unwrap_or(1);
    let neighbours = usize::try_from(stated.max(1)).unwrap_or(usize::MAX).min(donors.len());
    Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
        let (mask, distances) = (inputs[1].bool(), inputs[2].f32());
        let out = outputs[0].f32_mut();
        out.copy_from_slice(inputs[0].f32());
        for row in (0..rows).filter(|row| mask[row * columns + column] && !donors.is_empty()) {
            let distances = &distances[row * count..][..count];
            out[row * columns + column] = nearest(&donors, distances, neighbours).unwrap_or(mean);
        }
        Ok(())
    }))
}

/// The mean of the nearest donors; `None` if no distance is known. Of equally near ones the first goes first.
fn nearest(donors: &[Donor], distances: &[f32], neighbours: usize) -> Option<f32> {
    let mut best: SmallVec<[(f32, f32); 16]> = SmallVec::new();
    for donor in donors {
        let distance = distances[donor.row];
        let nearer = |(other, _): &(f32, f32)| *other <= distance;
        if distance.is_nan() || best.len() == neighbours && best.last().is_some_and(nearer) {
            continue;
        }
        best.truncate(neighbours - 1);
        let at = best.iter().take_while(|other| nearer(other)).count();
        best.insert(at, (distance, donor.number));
    }
    let sum = best.iter().fold(0.0, |sum, (_, number)| sum + number);
    (!best.is_empty()).then(|| sum / best.len() as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_known_ones_count() {
        let donors: Vec<Donor> =
            [(0, 1.0), (2, 2.0), (3, 4.0), (4, 8.0)].map(|(row, number)| Donor { row, number }).to_vec();
        let far = f32::NAN;
        assert_eq!(nearest(&donors, &[3.0, 0.0, 1.0, 2.0, 1.0], 2), Some(5.0));
        // Of equally near ones the first.
        assert_eq!(nearest(&donors, &[1.0, 0.0, 1.0, 1.0, 1.0], 1), Some(1.0));
        assert_eq!(nearest(&donors, &[far, 0.0, far, 2.0, far], 3), Some(4.0));
        assert_eq!(nearest(&donors, &[far, 0.0, far, far, far], 3), None);
    }
}
