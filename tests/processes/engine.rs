//! What scores: the engines and what they promise.

use scorewheel_tests::verifier::Guarantee;

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Persistent,
    Memory,
    Custom,
    Stage,
}

impl Engine {
    pub fn name(self) -> &'static str {
        match self {
            Self::Persistent => "persistent",
            Self::Memory => "memory",
            Self::Custom => "custom",
            Self::Stage => "stage",
        }
    }

    /// The settings that choose it.
    pub fn settings(self) -> [String; 2] {
        match self {
            Self::Stage => ["engine.kind=stage".into(), "stage.checkpoint_interval=2s".into()],
            store => ["engine.kind=streams".into(), format!("engine.store={}", store.name())],
        }
    }

    pub fn guarantee(self) -> Guarantee {
        if self == Self::Stage { Guarantee::AtLeastOnce } else { Guarantee::ExactlyOnce }
    }
}
