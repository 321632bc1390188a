//! Protobuf by a plan compiled from a message descriptor at run time.
//!
//! | file | what it holds |
//! |---|---|
//! | [`declare`] | [`ProtobufMessage`]: `.proto` text → schema and plan |
//! | `plan` | what to do with each tag, as flat tables |
//! | `decode` | bytes → one row of a batch, in place |
//! | `layout` | many records that lie alike → their rows, column by column |
//! | `encode` | one row of a batch → bytes |
//! | [`wire`] | varints, tags, lengths |
//!
//! A message becomes columns so:
//!
//! | in the `.proto` file | column |
//! |---|---|
//! | `double` / `float` | f64 / f32 |
//! | every integer type | i64; a `uint64` beyond its range is a fault of the cell |
//! | `bool`, `string` | bool, string |
//! | an enum | string: the name of the value, or its number if it has no name |
//! | a message | its fields, under dotted names; `google.protobuf` wrappers and `Timestamp` are one column |
//! | `repeated` string or enum | list of strings |
//! | `repeated` number | tensor, if declared with a shape; another length is a fault of the cell |
//! | `string` or integer declared a date, time or date-time | that; integers are days or microseconds |
//! | `bytes`, maps, repeated and recursive messages, groups | none |
//!
//! An absent number without `optional` is 0, never missing. An absent `optional` field, member of a oneof, wrapper or
//! field of an absent message is missing.

pub mod declare;
mod decode;
mod encode;
mod layout;
mod plan;
pub mod wire;

pub use declare::{LeftOut, ProtobufMessage};
pub(crate) use decode::{ProtobufDecoder, Run};
pub(crate) use encode::ProtobufEncoder;
