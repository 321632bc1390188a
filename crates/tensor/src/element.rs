//! Types of the elements of tensors.

use std::fmt;

/// Type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElementType {
    /// 32-bit floating point.
    F32,
    /// 64-bit floating point.
    F64,
    /// 16-bit floating point; held as f32, rounded after every operation.
    F16,
    /// The upper half of an f32; held as f32, rounded after every operation.
    BF16,
    /// 8-bit signed integer.
    I8,
    /// 16-bit signed integer.
    I16,
    /// 32-bit signed integer.
    I32,
    /// 64-bit signed integer.
    I64,
    /// 8-bit unsigned integer.
    U8,
    /// 16-bit unsigned integer.
    U16,
    /// 32-bit unsigned integer.
    U32,
    /// 64-bit unsigned integer, held in the bits of an i64.
    U64,
    /// Truth value.
    Bool,
    /// String.
    Text,
}

/// The buffer in which elements of a type are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    /// f32: also the shorter floating-point types.
    F32,
    /// f64.
    F64,
    /// i64: all integers, wrapped to their width after every operation.
    I64,
    /// Truth values.
    Bool,
    /// Strings.
    Text,
}

impl ElementType {
    /// Where elements of this type are held.
    #[must_use]
    pub fn storage(self) -> Storage {
        match self {
            Self::F32 | Self::F16 | Self::BF16 => Storage::F32,
            Self::F64 => Storage::F64,
            Self::Bool => Storage::Bool,
            Self::Text => Storage::Text,
            _ => Storage::I64,
        }
    }

    /// True for floating-point types.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64 | Self::F16 | Self::BF16)
    }

    /// True for integers, signed or not.
    #[must_use]
    pub fn is_integer(self) -> bool {
        self.storage() == Storage::I64
    }

    /// Smallest and largest value of an integer type; those of i64 for others.
    #[must_use]
    pub fn integer_range(self) -> (i64, i64) {
        match self {
            Self::I8 => (i64::from(i8::MIN), i64::from(i8::MAX)),
            Self::I16 => (i64::from(i16::MIN), i64::from(i16::MAX)),
            Self::I32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
            Self::U8 => (0, i64::from(u8::MAX)),
            Self::U16 => (0, i64::from(u16::MAX)),
            Self::U32 => (0, i64::from(u32::MAX)),
            _ => (i64::MIN, i64::MAX),
        }
    }

    /// `value` cut to the width of this integer type, as two's complement does.
    #[must_use]
    pub fn wrap(self, value: i64) -> i64 {
        match self {
            Self::I8 => i64::from(value as i8),
            Self::I16 => i64::from(value as i16),
            Self::I32 => i64::from(value as i32),
            Self::U8 => i64::from(value as u8),
            Self::U16 => i64::from(value as u16),
            Self::U32 => i64::from(value as u32),
            _ => value,
        }
    }

    /// The name as messages show it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::Bool => "bool",
            Self::Text => "string",
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
