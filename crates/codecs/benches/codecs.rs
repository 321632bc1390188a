//! Time of decoding and encoding.
fn main() {}
