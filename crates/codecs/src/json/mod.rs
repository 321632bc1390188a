//! JSON objects.
//!
//! | file | what it holds |
//! |---|---|
//! | `decode` | bytes → one row of a batch, in place |
//! | `encode` | one row of a batch → bytes |
//! | [`data_type`] | the data type that a record names, without decoding it |
//!
//! Keys stand for fields by their exact name, else by their folded one; a nested object's keys stand for dotted names.
//! Keys that stand for no field are ignored; two keys for one field make the record undecodable. `null` is missing.

pub mod data_type;
mod decode;
mod encode;

pub use data_type::named_data_type;
pub(crate) use decode::{JsonDecoder, write_list_text};
pub(crate) use encode::{write_date, write_date_time, write_list, write_row, write_time};
