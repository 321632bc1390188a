//! Documented caps of what is compiled.

/// Caps that keep a hostile file from costing more than its size suggests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Splits on one path. Default 4,096.
    pub depth: usize,
    /// Nodes of all compiled trees; shared subtrees count once a use. Default 2^28.
    pub nodes: usize,
    /// How many times larger than the description shared subtrees may make the kernel. Default 4 (+ 4,096 nodes).
    pub sharing: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 4_096, nodes: 1 << 28, sharing: 4 }
    }
}
