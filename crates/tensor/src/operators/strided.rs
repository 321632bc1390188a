//! Copying elements by strides: what turning, cutting, stretching and reversing have in common.

use crate::data::Data;
use crate::tensor::element_count;

/// Runs `$body` with both buffers as slices of one type; buffers of different kinds are left alone.
macro_rules! same_kind {
    ($input:expr, $output:expr, |$from:ident, $to:ident| $body:expr) => {
        match ($input, $output) {
            ($crate::data::Data::F32($from), $crate::data::Data::F32($to)) => $body,
            ($crate::data::Data::F64($from), $crate::data::Data::F64($to)) => $body,
            ($crate::data::Data::I64($from), $crate::data::Data::I64($to)) => $body,
            ($crate::data::Data::Bool($from), $crate::data::Data::Bool($to)) => $body,
            ($crate::data::Data::Text($from), $crate::data::Data::Text($to)) => $body,
            _ => {}
        }
    };
}
pub(crate) use same_kind;

/// `out[i, j, …] = input[offset + i·strides[0] + j·strides[1] + …]` for every index of a shape.
#[derive(Clone, Debug)]
pub(crate) struct StridedCopy {
    /// Lengths and strides, outermost first, neighbours joined where they can be.
    dimensions: Vec<(usize, isize)>,
    offset: usize,
    total: usize,
}

impl StridedCopy {
    /// A copy that fills `shape`. The caller sees to it that every position lies within the input.
    pub fn new(shape: &[usize], strides: &[isize], offset: usize) -> Self {
        let mut dimensions: Vec<(usize, isize)> = Vec::new();
        for (length, stride) in shape.iter().zip(strides).filter(|(length, _)| **length != 1) {
            match dimensions.last_mut() {
                Some((before, outer)) if *outer == stride * *length as isize => {
                    *before *= length;
                    *outer = *stride;
                }
                _ => dimensions.push((*length, *stride)),
            }
        }
        Self { dimensions, offset, total: element_count(shape) }
    }

    /// Copies.
    pub fn run(&self, input: &Data, output: &mut Data) {
        same_kind!(input, output, |from, to| self.copy(from, to));
    }

    fn copy<T: Clone>(&self, from: &[T], to: &mut [T]) {
        if self.total == 0 {
            return;
        }
        let (&(inner, stride), outer) = self.dimensions.split_last().unwrap_or((&(1, 1), &[]));
        let mut counters: smallvec::SmallVec<[usize; 6]> = smallvec::smallvec![0; outer.len()];
        let mut start = self.offset as isize;
        for to in to[..self.total].chunks_exact_mut(inner) {
            match stride {
                1 => to.clone_from_slice(&from[start as usize..start as usize + inner]),
                0 => to.fill(from[start as usize].clone()),
                _ => {
                    for (index, to) in to.iter_mut().enumerate() {
                        *to = from[(start + index as isize * stride) as usize].clone();
                    }
                }
            }
            for (counter, (length, stride)) in counters.iter_mut().zip(outer).rev() {
                *counter += 1;
                start += stride;
                if *counter < *length {
                    break;
                }
                start -= stride * *length as isize;
                *counter = 0;
            }
        }
    }
}

/// Strides of a row-major tensor.
pub(crate) fn row_major(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; shape.len()];
    for index in (0..shape.len().saturating_sub(1)).rev() {
        strides[index] = strides[index + 1] * shape[index + 1].max(1) as isize;
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_cuts_and_reverses() {
        let input = Data::I64((0..6).collect());
        let copied = |shape: &[usize], strides: &[isize], offset| {
            let mut output = Data::I64(vec![-1; element_count(shape)]);
            StridedCopy::new(shape, strides, offset).run(&input, &mut output);
            output.i64().to_vec()
        };
        assert_eq!(copied(&[3, 2], &[1, 3], 0), [0, 3, 1, 4, 2, 5]);
        assert_eq!(copied(&[2, 2], &[3, 1], 1), [1, 2, 4, 5]);
        assert_eq!(copied(&[6], &[-1], 5), [5, 4, 3, 2, 1, 0]);
        assert_eq!(copied(&[2, 3], &[0, 1], 3), [3, 4, 5, 3, 4, 5]);
        assert_eq!(copied(&[2, 3], &[3, 1], 0), [0, 1, 2, 3, 4, 5]);
        assert_eq!(copied(&[], &[], 4), [4]);
        assert!(copied(&[0, 3], &[3, 1], 0).is_empty());
    }
}
