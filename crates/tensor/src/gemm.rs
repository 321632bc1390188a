//! Matrix products whose result does not depend on how many rows are computed together.
//!
//! Every element of the result is one sum over `k` from first to last, whatever the number of rows, columns or the
//! width of vectors; only independent elements are computed side by side. A product and its sum are rounded once, as
//! every processor of the last ten years does it in one instruction.

use std::ops::{Add, Mul};

use scorewheel_trees::{vectorised, widest};

/// Columns of a panel.
pub(crate) const PANEL: usize = 16;
/// Rows that are computed together.
const ROWS: usize = 6;
/// The same on machines with thirty-two registers of sixteen f32.
const WIDEST_ROWS: usize = 12;

/// A number that matrices are made of.
pub(crate) trait Number:
    Copy + Default + Add<Output = Self> + Mul<Output = Self> + Send + Sync
{
    /// `self · factor + summand`, rounded once.
    fn multiply_add(self, factor: Self, summand: Self) -> Self;
}

impl Number for f32 {
    #[inline(always)]
    fn multiply_add(self, factor: Self, summand: Self) -> Self {
        self.mul_add(factor, summand)
    }
}

impl Number for f64 {
    #[inline(always)]
    fn multiply_add(self, factor: Self, summand: Self) -> Self {
        self.mul_add(factor, summand)
    }
}

/// A matrix of `k × n` in panels of [`PANEL`] columns, the last one filled up with zeros.
#[derive(Clone, Debug, Default)]
pub(crate) struct Panels<T> {
    k: usize,
    n: usize,
    panels: Vec<[T; PANEL]>,
}

impl<T: Number> Panels<T> {
    /// Panels of the matrix whose element `(row, column)` is `elements[row * row_stride + column * column_stride]`.
    pub fn pack(&mut self, elements: &[T], k: usize, n: usize, row_stride: usize, column_stride: usize) {
        self.resize_zeroed(k, n);
        if k == 0 {
            return;
        }
        for (index, panel) in self.panels.chunks_exact_mut(k).enumerate() {
            let first = index * PANEL;
            let width = PANEL.min(n - first);
            for (row, out) in panel.iter_mut().enumerate() {
                let start = row * row_stride + first * column_stride;
                if column_stride == 1 {
                    out[..width].copy_from_slice(&elements[start..start + width]);
                } else {
                    for (column, out) in out[..width].iter_mut().enumerate() {
                        *out = elements[start + column * column_stride];
                    }
                }
            }
        }
    }

    /// Makes this a `k × n` matrix of zeros.
    pub fn resize_zeroed(&mut self, k: usize, n: usize) {
        self.k = k;
        self.n = n;
        self.panels.clear();
        self.panels.resize(n.div_ceil(PANEL) * k, [T::default(); PANEL]);
    }

    /// Rows of the matrix.
    pub fn rows(&self) -> usize {
        self.k
    }

    /// One row of one panel, by its position: panel times rows plus row.
    pub fn panel_row_mut(&mut self, position: usize) -> &mut [T; PANEL] {
        &mut self.panels[position]
    }

    /// Panels of a row-major matrix.
    pub fn of(elements: &[T], k: usize, n: usize) -> Self {
        let mut panels = Self::default();
        panels.pack(elements, k, n, n, 1);
        panels
    }
}

/// `out = a · b` for a row-major `a` of `m × k` and a row-major `out` of `m × n`.
pub(crate) fn multiply<T: Number>(a: &[T], m: usize, b: &Panels<T>, out: &mut [T]) {
    let (k, n) = (b.k, b.n);
    let (a, out) = (&a[..m * k], &mut out[..m * n]);
    if k == 0 {
        out.fill(T::default());
        return;
    }
    let widest = widest();
    vectorised(
        #[inline(always)]
        || {
            for (index, panel) in b.panels.chunks_exact(k).enumerate() {
                let first = index * PANEL;
                let width = PANEL.min(n - first);
                let mut row = 0;
                while widest && row + WIDEST_ROWS <= m {
                    let rows = &a[row * k..(row + WIDEST_ROWS) * k];
                    block::<T, WIDEST_ROWS>(rows, panel, &mut out[row * n..], n, first, width);
                    row += WIDEST_ROWS;
                }
                while row + ROWS <= m {
                    block::<T, ROWS>(
                        &a[row * k..(row + ROWS) * k],
                        panel,
                        &mut out[row * n..],
                        n,
                        first,
                        width,
                    );
                    row += ROWS;
                }
                while row + 2 <= m {
                    block::<T, 2>(&a[row * k..(row + 2) * k], panel, &mut out[row * n..], n, first, width);
                    row += 2;
                }
                if row < m {
                    block::<T, 1>(&a[row * k..(row + 1) * k], panel, &mut out[row * n..], n, first, width);
                }
            }
        },
    );
}

#[inline(always)]
fn block<T: Number, const M: usize>(
    a: &[T],
    panel: &[[T; PANEL]],
    out: &mut [T],
    n: usize,
    first: usize,
    width: usize,
) {
    let k = panel.len();
    let rows: [&[T]; M] = std::array::from_fn(|row| &a[row * k..(row + 1) * k]);
    let mut sums = [[T::default(); PANEL]; M];
    for (index, weights) in panel.iter().enumerate() {
        for row in 0..M {
            let value = rows[row][index];
            for column in 0..PANEL {
                sums[row][column] = value.multiply_add(weights[column], sums[row][column]);
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        out[row * n + first..row * n + first + width].copy_from_slice(&sums[..width]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn each_element_is_one_sum_in_order() {
        for (m, k, n) in [(1, 1, 1), (7, 5, 17), (13, 33, 16), (6, 3, 40), (31, 9, 20), (2, 0, 3), (0, 3, 3)]
        {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            let mut out = vec![f32::NAN; m * n];
            multiply(&a, m, &Panels::of(&b, k, n), &mut out);
            for row in 0..m {
                for column in 0..n {
                    let sum = (0..k).fold(0.0f32, |sum, i| a[row * k + i].mul_add(b[i * n + column], sum));
                    assert_eq!(out[row * n + column].to_bits(), sum.to_bits(), "{m} {k} {n}");
                }
            }
        }
    }
}
