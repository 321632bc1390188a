//! Symmetric positive definite matrices, factored.

/// The factor `L` of a matrix `A = L Lᵀ`: its lower triangle, row by row.
#[derive(Debug)]
pub struct Cholesky {
    size: usize,
    cells: Box<[f64]>,
}

impl Cholesky {
    /// Factors a matrix given by its lower triangle, row by row; `None` if it is not positive definite.
    #[must_use]
    pub fn of(size: usize, mut cells: Vec<f64>) -> Option<Self> {
        for row in 0..size {
            let (done, own) = cells.split_at_mut(start(row));
            for column in 0..=row {
                let sum = if column == row {
                    dot(&own[..row], &own[..row])
                } else {
                    dot(&own[..column], &done[start(column)..start(column) + column])
                };
                let rest = own[column] - sum;
                own[column] = if column < row {
                    rest / done[start(column) + column]
                } else if rest > 0.0 {
                    rest.sqrt()
                } else {
                    return None;
                };
            }
        }
        Some(Self { size, cells: cells.into() })
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.cells[start(row)..=start(row) + row]
    }

    /// Solves `L z = b` in place.
    pub fn solve_lower(&self, vector: &mut [f64]) {
        for at in 0..self.size {
            let row = self.row(at);
            vector[at] = (vector[at] - dot(&row[..at], &vector[..at])) / row[at];
        }
    }

    /// Solves `A z = b` in place.
    pub fn solve(&self, vector: &mut [f64]) {
        self.solve_lower(vector);
        for at in (0..self.size).rev() {
            let row = self.row(at);
            vector[at] /= row[at];
            let solved = vector[at];
            for (below, cell) in vector[..at].iter_mut().zip(row) {
                *below -= solved * cell;
            }
        }
    }
}

/// Where a row of a lower triangle starts.
fn start(row: usize) -> usize {
    row * (row + 1) / 2
}

/// A sum of products in order: the bits do not depend on the machine.
#[must_use]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (a, b) in a.iter().zip(b) {
        sum += a * b;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_solved_multiplies_back() {
        // [[4, 2, 0.4], [2, 5, 1], [0.4, 1, 3]]
        let factor = Cholesky::of(3, vec![4.0, 2.0, 5.0, 0.4, 1.0, 3.0]).unwrap();
        let mut vector = [1.0, 2.0, 3.0];
        factor.solve(&mut vector);
        let [x, y, z] = vector;
        for (found, expected) in
            [(4.0 * x + 2.0 * y + 0.4 * z, 1.0), (2.0 * x + 5.0 * y + z, 2.0), (0.4 * x + y + 3.0 * z, 3.0)]
        {
            assert!((found - expected).abs() < 1e-14);
        }
        assert!(Cholesky::of(2, vec![1.0, 2.0, 1.0]).is_none());
    }
}
