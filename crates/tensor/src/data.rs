//! Buffers of elements, without a shape.

use smol_str::SmolStr;

use crate::element::{ElementType, Storage};

/// Elements of one tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// 32-bit floating point and shorter.
    F32(Vec<f32>),
    /// 64-bit floating point.
    F64(Vec<f64>),
    /// Integers.
    I64(Vec<i64>),
    /// Truth values.
    Bool(Vec<bool>),
    /// Strings.
    Text(Vec<SmolStr>),
}

impl Default for Data {
    fn default() -> Self {
        Self::F32(Vec::new())
    }
}

macro_rules! accessors {
    ($variant:ident, $element:ty, $get:ident, $get_mut:ident) => {
        /// The elements; empty if they are of another kind.
        #[must_use]
        pub fn $get(&self) -> &[$element] {
            match self {
                Self::$variant(elements) => elements,
                _ => &[],
            }
        }

        /// The elements, to be written; empty if they are of another kind.
        pub fn $get_mut(&mut self) -> &mut [$element] {
            match self {
                Self::$variant(elements) => elements,
                _ => &mut [],
            }
        }
    };
}

impl Data {
    /// An empty buffer for elements of this type.
    #[must_use]
    pub fn empty(element: ElementType) -> Self {
        match element.storage() {
            Storage::F32 => Self::F32(Vec::new()),
            Storage::F64 => Self::F64(Vec::new()),
            Storage::I64 => Self::I64(Vec::new()),
            Storage::Bool => Self::Bool(Vec::new()),
            Storage::Text => Self::Text(Vec::new()),
        }
    }

    /// `len` zeros, or empty strings.
    #[must_use]
    pub fn zeros(element: ElementType, len: usize) -> Self {
        let mut data = Self::empty(element);
        data.resize(len);
        data
    }

    accessors!(F32, f32, f32, f32_mut);
    accessors!(F64, f64, f64, f64_mut);
    accessors!(I64, i64, i64, i64_mut);
    accessors!(Bool, bool, bool, bool_mut);
    accessors!(Text, SmolStr, text, text_mut);

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(elements) => elements.len(),
            Self::F64(elements) => elements.len(),
            Self::I64(elements) => elements.len(),
            Self::Bool(elements) => elements.len(),
            Self::Text(elements) => elements.len(),
        }
    }

    /// True if there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The kind of buffer.
    #[must_use]
    pub fn storage(&self) -> Storage {
        match self {
            Self::F32(_) => Storage::F32,
            Self::F64(_) => Storage::F64,
            Self::I64(_) => Storage::I64,
            Self::Bool(_) => Storage::Bool,
            Self::Text(_) => Storage::Text,
        }
    }

    /// Makes the buffer `len` long; new elements are zero.
    pub fn resize(&mut self, len: usize) {
        match self {
            Self::F32(elements) => elements.resize(len, 0.0),
            Self::F64(elements) => elements.resize(len, 0.0),
            Self::I64(elements) => elements.resize(len, 0),
            Self::Bool(elements) => elements.resize(len, false),
            Self::Text(elements) => elements.resize(len, SmolStr::default()),
        }
    }

    /// The numbers as f64; `None` for strings.
    #[must_use]
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        Some(match self {
            Self::F32(elements) => elements.iter().map(|v| f64::from(*v)).collect(),
            Self::F64(elements) => elements.clone(),
            Self::I64(elements) => elements.iter().map(|v| *v as f64).collect(),
            Self::Bool(elements) => elements.iter().map(|v| f64::from(u8::from(*v))).collect(),
            Self::Text(_) => return None,
        })
    }

    /// Copies `len` elements of `source` from `from` to `to`; both buffers are of one kind.
    pub fn copy_range(&mut self, to: usize, source: &Self, from: usize, len: usize) {
        match (self, source) {
            (Self::F32(out), Self::F32(src)) => out[to..to + len].copy_from_slice(&src[from..from + len]),
            (Self::F64(out), Self::F64(src)) => out[to..to + len].copy_from_slice(&src[from..from + len]),
            (Self::I64(out), Self::I64(src)) => out[to..to + len].copy_from_slice(&src[from..from + len]),
            (Self::Bool(out), Self::Bool(src)) => out[to..to + len].copy_from_slice(&src[from..from + len]),
            (Self::Text(out), Self::Text(src)) => out[to..to + len].clone_from_slice(&src[from..from + len]),
            _ => {}
        }
    }
}
