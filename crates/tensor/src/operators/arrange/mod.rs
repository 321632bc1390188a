//! Moving elements to other places.
//!
//! | file | what it holds |
//! |---|---|
//! | `transpose` | dimensions in another order |
//! | `join`, `split` | several tensors become one, one becomes several |
//! | `slice` | parts of a tensor |
//! | `repeat` | a tensor more than once |
//! | `reverse` | elements in reverse |
//! | `blocks` | blocks of space become channels or rows of the batch, and back |
//! | `pad` | a border |
//! | `band` | matrices with corners of zeros |
//! | `diagonal` | matrices of diagonals |
//! | `copied` | what most of them end in |

mod band;
mod blocks;
mod copied;
mod diagonal;
mod join;
mod pad;
mod repeat;
mod reverse;
mod slice;
mod split;
mod transpose;

pub(crate) use band::band;
pub(crate) use blocks::{blocks, space_and_batch};
pub(crate) use diagonal::matrix;
pub(crate) use join::{concat, pack};
pub(crate) use pad::pad;
pub(crate) use repeat::{expand, tile};
pub(crate) use reverse::{reverse, reverse_sequence};
pub(crate) use slice::{slice, strided_slice};
pub(crate) use split::split;
pub(crate) use transpose::transpose;
