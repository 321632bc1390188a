//! What a model says of rows, to be compared.

use scorewheel_columns::{Batch, OutputValues, Scores};
use scorewheel_model::BoundModel;

/// Everything that is said of the rows, numbers by their bits.
pub fn said(bound: &dyn BoundModel, batch: &Batch, size: usize) -> Vec<String> {
    let (mut scores, mut scratch) = (Scores::new(), bound.new_scratch());
    let mut out = Vec::new();
    for first in (0..batch.rows()).step_by(size) {
        let rows = first..batch.rows().min(first + size);
        bound.score(batch, rows.clone(), &mut scratch, &mut scores);
        for row in 0..rows.len() {
            if let Some(error) = scores.error(row) {
                out.push(format!("{error:?}"));
                continue;
            }
            let columns = scores.columns().iter().enumerate().map(|(index, column)| {
                if column.is_missing(row) {
                    return "missing".to_owned();
                }
                match &column.values {
                    OutputValues::F64(values) => format!("{:x}", values[row].to_bits()),
                    OutputValues::F32(values) => format!("{:x}", values[row].to_bits()),
                    OutputValues::Numbers { width, numbers } => {
                        let numbers = numbers[row * width..(row + 1) * width].iter();
                        format!("{:x?}", numbers.map(|number| number.to_bits()).collect::<Vec<_>>())
                    }
                    _ => format!("{:?}", scores.get(index, row)),
                }
            });
            out.push(columns.collect::<Vec<_>>().join(" "));
        }
    }
    out
}
