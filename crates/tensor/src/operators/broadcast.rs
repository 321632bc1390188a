//! How two shapes meet, numpy's way.

use scorewheel_model::ModelError;

use crate::error::invalid;
use crate::tensor::element_count;

/// The shape that both shapes stretch to.
pub(crate) fn broadcast_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, ModelError> {
    let rank = a.len().max(b.len());
    (0..rank)
        .map(|index| {
            let from = |shape: &[usize]| (index + shape.len()).checked_sub(rank).map_or(1, |at| shape[at]);
            match (from(a), from(b)) {
                (x, y) if x == y => Ok(x),
                (1, y) => Ok(y),
                (x, 1) => Ok(x),
                _ => Err(invalid(format!("shapes {a:?} and {b:?} do not fit together"))),
            }
        })
        .collect()
}

/// The strides by which `shape` is walked to fill `target`; 0 where it is stretched.
pub(crate) fn strides_in(shape: &[usize], target: &[usize]) -> Vec<usize> {
    let mut strides = vec![0; target.len()];
    let mut stride = 1;
    for (index, length) in shape.iter().enumerate().rev() {
        if *length != 1 {
            strides[index + target.len() - shape.len()] = stride;
        }
        stride *= length;
    }
    strides
}

/// A walk over the elements of `N` operands stretched to one shape.
///
/// Neighbouring dimensions that every operand walks evenly are joined, so that the inner run is as long as it can be.
#[derive(Clone, Debug)]
pub(crate) struct Walk<const N: usize> {
    /// Lengths and strides of the outer dimensions, outermost first.
    outer: Vec<(usize, [usize; N])>,
    /// Length of the inner run.
    pub inner: usize,
    /// Strides within the inner run.
    pub inner_strides: [usize; N],
    total: usize,
}

impl<const N: usize> Walk<N> {
    /// A walk of operands of these shapes over `target`, which all of them stretch to.
    pub fn new(shapes: [&[usize]; N], target: &[usize]) -> Self {
        let strides = shapes.map(|shape| strides_in(shape, target));
        Self::with_strides(target, std::array::from_fn(|operand| strides[operand].as_slice()))
    }

    /// A walk over `target` by these strides.
    pub fn with_strides(target: &[usize], strides: [&[usize]; N]) -> Self {
        let mut dimensions: Vec<(usize, [usize; N])> = Vec::new();
        for (index, length) in target.iter().enumerate() {
            if *length == 1 {
                continue;
            }
            let here = strides.map(|strides| strides[index]);
            match dimensions.last_mut() {
                Some((before, outer)) if (0..N).all(|n| outer[n] == here[n] * length) => {
                    *before *= length;
                    *outer = here;
                }
                _ => dimensions.push((*length, here)),
            }
        }
        let (inner, inner_strides) = dimensions.pop().unwrap_or((1, [1; N]));
        Self { outer: dimensions, inner, inner_strides, total: element_count(target) }
    }

    /// Calls `run` with where each inner run starts: in the output, and in each operand.
    #[inline(always)]
    pub fn runs(&self, mut run: impl FnMut(usize, [usize; N])) {
        if self.total == 0 {
            return;
        }
        if let [(length, strides)] = self.outer.as_slice() {
            for index in 0..*length {
                run(index * self.inner, strides.map(|stride| index * stride));
            }
            return;
        }
        let mut counters: smallvec::SmallVec<[usize; 6]> = smallvec::smallvec![0; self.outer.len()];
        let mut starts = [0; N];
        let mut out = 0;
        while out < self.total {
            run(out, starts);
            out += self.inner;
            for (counter, (length, strides)) in counters.iter_mut().zip(&self.outer).rev() {
                *counter += 1;
                for (start, stride) in starts.iter_mut().zip(strides) {
                    *start += stride;
                }
                if *counter < *length {
                    break;
                }
                for (start, stride) in starts.iter_mut().zip(strides) {
                    *start -= stride * length;
                }
                *counter = 0;
            }
        }
    }
}

/// `out = function(a, b)` over a walk.
#[inline(always)]
pub(crate) fn zip_walk<A: Copy, B: Copy, C>(
    walk: &Walk<2>,
    a: &[A],
    b: &[B],
    out: &mut [C],
    function: impl Fn(A, B) -> C,
) {
    let inner = walk.inner;
    walk.runs(
        // So that its loops are compiled for the registers of whoever walks.
        #[inline(always)]
        |at, [start_a, start_b]| {
            let out = &mut out[at..at + inner];
            match walk.inner_strides {
                [1, 1] => {
                    let (a, b) = (&a[start_a..start_a + inner], &b[start_b..start_b + inner]);
                    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                        *out = function(*a, *b);
                    }
                }
                [1, 0] => {
                    let b = b[start_b];
                    for (out, a) in out.iter_mut().zip(&a[start_a..start_a + inner]) {
                        *out = function(*a, b);
                    }
                }
                [0, 1] => {
                    let a = a[start_a];
                    for (out, b) in out.iter_mut().zip(&b[start_b..start_b + inner]) {
                        *out = function(a, *b);
                    }
                }
                [stride_a, stride_b] => {
                    for (index, out) in out.iter_mut().enumerate() {
                        *out = function(a[start_a + index * stride_a], b[start_b + index * stride_b]);
                    }
                }
            }
        },
    );
}

/// As [`zip_walk`], for elements that are cloned and functions that can fail.
pub(crate) fn try_zip_walk<A, B, C, E>(
    walk: &Walk<2>,
    a: &[A],
    b: &[B],
    out: &mut [C],
    function: impl Fn(&A, &B) -> Result<C, E>,
) -> Result<(), E> {
    let mut failed = None;
    walk.runs(|at, [start_a, start_b]| {
        let [stride_a, stride_b] = walk.inner_strides;
        for (index, out) in out[at..at + walk.inner].iter_mut().enumerate() {
            match function(&a[start_a + index * stride_a], &b[start_b + index * stride_b]) {
                Ok(value) => *out = value,
                Err(error) => failed = Some(error),
            }
        }
    });
    failed.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(a: (&[usize], &[i64]), b: (&[usize], &[i64])) -> (Vec<usize>, Vec<i64>) {
        let shape = broadcast_shape(a.0, b.0).unwrap();
        let mut out = vec![0; element_count(&shape)];
        zip_walk(&Walk::new([a.0, b.0], &shape), a.1, b.1, &mut out, |a, b| a * 10 + b);
        (shape, out)
    }

    #[test]
    fn shapes_stretch() {
        assert_eq!(added((&[2, 1], &[1, 2]), (&[3], &[1, 2, 3])), (vec![2, 3], vec![11, 12, 13, 21, 22, 23]));
        assert_eq!(added((&[], &[1]), (&[2, 1], &[1, 2])), (vec![2, 1], vec![11, 12]));
        assert_eq!(
            added((&[2, 1, 2], &[1, 2, 3, 4]), (&[2, 1], &[5, 6])),
            (vec![2, 2, 2], vec![15, 25, 16, 26, 35, 45, 36, 46])
        );
        assert_eq!(added((&[0, 2], &[]), (&[2], &[5, 6])), (vec![0, 2], vec![]));
        assert!(broadcast_shape(&[2], &[3]).is_err());
    }
}
