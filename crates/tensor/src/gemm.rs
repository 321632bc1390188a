//! Matrix products whose result does not depend on how many rows are computed together.
//!
//! Every element of the result is one sum over `k` from first to last, whatever the number of rows, columns or the
//! width of vectors; only independent elements are computed side by side. A product and its sum are rounded once, as
//! every processor of the last ten years does it in one instruction.

use std::ops::{Add, Mul};

use crate::simd::{vectorised, widest};

/// Columns of a panel.
pub(crate) const PANEL: usize = 16;
/// Rows that are computed together.
const ROWS: usize = 6;

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
    // So many sums at once as there are registers for, and enough of them that none waits for its last term.
    let side_by_side = if m == 1 {
        4
    } else if widest() {
        2
    } else {
        1
    };
    vectorised(
        #[inline(always)]
        || {
            let count = n.div_ceil(PANEL);
            let mut first = 0;
            while first < count {
                let rest = (count - first).min(side_by_side);
                let panels = &b.panels[first * k..];
                let out = Target { out: &mut *out, n, first: first * PANEL };
                first += match rest {
                    4.. => panels_of_rows::<T, 4>(a, m, k, panels, out),
                    2..=3 => panels_of_rows::<T, 2>(a, m, k, panels, out),
                    _ => panels_of_rows::<T, 1>(a, m, k, panels, out),
                };
            }
        },
    );
}

/// Where the columns of some panels go.
struct Target<'a, T> {
    out: &'a mut [T],
    n: usize,
    first: usize,
}

/// All rows of `P` neighbouring panels; returns `P`.
#[inline(always)]
fn panels_of_rows<T: Number, const P: usize>(
    a: &[T],
    m: usize,
    k: usize,
    panels: &[[T; PANEL]],
    mut target: Target<'_, T>,
) -> usize {
    let panels: [&[[T; PANEL]]; P] = std::array::from_fn(|panel| &panels[panel * k..(panel + 1) * k]);
    let mut row = 0;
    if P < 4 {
        while row + ROWS <= m {
            block::<T, ROWS, P>(&a[row * k..(row + ROWS) * k], panels, &mut target, row);
            row += ROWS;
        }
        while row + 2 <= m {
            block::<T, 2, P>(&a[row * k..(row + 2) * k], panels, &mut target, row);
            row += 2;
        }
    }
    while row < m {
        block::<T, 1, P>(&a[row * k..(row + 1) * k], panels, &mut target, row);
        row += 1;
    }
    P
}

#[inline(always)]
fn block<T: Number, const M: usize, const P: usize>(
    a: &[T],
    panels: [&[[T; PANEL]]; P],
    target: &mut Target<'_, T>,
    row: usize,
) {
    let k = panels[0].len();
    let panels: [&[[T; PANEL]]; P] = std::array::from_fn(|panel| &panels[panel][..k]);
    let rows: [&[T]; M] = std::array::from_fn(|row| &a[row * k..(row + 1) * k]);
    let mut sums = [[[T::default(); PANEL]; P]; M];
    for index in 0..k {
        for row in 0..M {
            let value = rows[row][index];
            for panel in 0..P {
                let weights = &panels[panel][index];
                for column in 0..PANEL {
                    sums[row][panel][column] = value.multiply_add(weights[column], sums[row][panel][column]);
                }
            }
        }
    }
    let n = target.n;
    for (at, sums) in sums.iter().enumerate() {
        let out = &mut target.out[(row + at) * n..(row + at + 1) * n];
        for (panel, sums) in sums.iter().enumerate() {
            let first = target.first + panel * PANEL;
            let width = PANEL.min(n - first);
            out[first..first + width].copy_from_slice(&sums[..width]);
        }
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
        for (m, k, n) in
            [(1, 1, 1), (7, 5, 17), (13, 33, 16), (6, 3, 40), (1, 9, 100), (9, 4, 70), (2, 0, 3), (0, 3, 3)]
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
