//! Determinants.

use scorewheel_model::ModelError;

use crate::element::Storage;
use crate::error::invalid;
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// `Det`: of every square matrix in the last two dimensions.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let storage = context.storage(0, &[Storage::F32, Storage::F64])?;
    let [outer @ .., rows, columns] = input.shape() else {
        return Err(invalid(format!("the determinant of {}", input.tensor_type)));
    };
    if rows != columns {
        return Err(invalid(format!("the determinant of a matrix of {rows} × {columns}")));
    }
    let size = *rows;
    let output = TensorType::new(input.element(), outer);
    Ok(Computation::one(output, move |inputs, outputs, workspace| {
        let matrix = &mut workspace.f64.elements;
        for at in 0..outputs[0].len() {
            let range = at * size * size..(at + 1) * size * size;
            matrix.clear();
            match storage {
                Storage::F32 => matrix.extend(inputs[0].f32()[range].iter().map(|x| f64::from(*x))),
                _ => matrix.extend_from_slice(&inputs[0].f64()[range]),
            }
            let value = determinant(matrix, size);
            match storage {
                Storage::F32 => outputs[0].f32_mut()[at] = value as f32,
                _ => outputs[0].f64_mut()[at] = value,
            }
        }
        Ok(())
    }))
}

/// By elimination with the largest pivot of each column.
fn determinant(matrix: &mut [f64], size: usize) -> f64 {
    let mut product = 1.0;
    for step in 0..size {
        let magnitude = |row: usize| matrix[row * size + step].abs();
        let pivot = (step + 1..size).fold(
            step,
            |best, row| {
                if magnitude(row) > magnitude(best) { row } else { best }
            },
        );
        if pivot != step {
            for column in 0..size {
                matrix.swap(pivot * size + column, step * size + column);
            }
            product = -product;
        }
        let first = matrix[step * size + step];
        product *= first;
        if first == 0.0 {
            return product;
        }
        for row in step + 1..size {
            let factor = matrix[row * size + step] / first;
            for column in step + 1..size {
                matrix[row * size + column] -= factor * matrix[step * size + column];
            }
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_small_matrices() {
        assert_eq!(determinant(&mut [], 0), 1.0);
        assert_eq!(determinant(&mut [0.0, 1.0, 1.0, 0.0], 2), -1.0);
        assert_eq!(determinant(&mut [1.0, 2.0, 2.0, 4.0], 2), 0.0);
        assert_eq!(determinant(&mut [2.0, 0.0, 0.0, 0.0, 3.0, 1.0, 0.0, 1.0, 1.0], 3), 4.0);
    }
}
