//! Settings that are one of a few words.

use super::value::{Raw, SettingValue, quoted};

/// Declares an enum whose values are written as words; the first word of a value is how it is shown.
macro_rules! choices {
    ($(
        $(#[doc = $doc:literal])+
        $type:ident { $($(#[doc = $value_doc:literal])+ $value:ident = $word:literal $(| $other:literal)*,)+ }
    )+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type { $($(#[doc = $value_doc])+ $value,)+ }

        impl $type {
            /// How it is written.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$value => $word,)+ }
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word $(| $other)* => Ok(Self::$value),)+
                    _ => Err(format!("is {text:?}; write one of {}", [$($word),+].join(", "))),
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl SettingValue for $type {
            fn kind() -> String {
                [$($word),+].join(" | ")
            }

            fn read(raw: &Raw) -> Result<Self, String> {
                let text = String::read(raw)?;
                text.parse()
            }

            fn toml(&self) -> Option<String> {
                Some(quoted(self.as_str()))
            }
        }
    )+};
}

choices! {
    /// What scores.
    Engine {
        /// A topology with a store, tasks and transactions.
        Streams = "streams",
        /// The stage: an operator over two streams.
        Stage = "stage",
    }
    /// Where a topology keeps its state.
    Store {
        /// On disk, with a changelog.
        Persistent = "persistent",
        /// In memory; gone at restart.
        Memory = "memory",
        /// A store of its own kind, with its own changelog and view.
        Custom = "custom",
    }
    /// What is promised about each record.
    Guarantee {
        /// Its effect on results, state and offsets is there once.
        ExactlyOnce = "exactly_once" | "exactly_once_v2",
        /// It is there at least once.
        AtLeastOnce = "at_least_once",
    }
    /// Where a partition without a committed offset begins.
    Start {
        /// At its first record.
        Earliest = "earliest",
        /// At its end.
        Latest = "latest",
    }
    /// What becomes of a record for which there is no model.
    NoModel {
        /// It is dropped and counted.
        Drop = "drop",
        /// Its partition waits.
        Wait = "wait",
        /// It becomes a dead letter.
        DeadLetter = "dead-letter",
    }
    /// What happens when a model fails on too many records.
    OnFailure {
        /// Its errors stay dead letters.
        Continue = "continue",
        /// The partition waits for another model.
        Pause = "pause",
    }
    /// Which topics may be created.
    Create {
        /// Those that the application writes.
        Internal = "internal",
        /// Those it reads as well.
        All = "all",
        /// None.
        None = "none",
    }
    /// How results are written.
    ResultFormat {
        /// One JSON object.
        Json = "json",
        /// The message `Score` of `proto/score.proto`.
        Protobuf = "protobuf",
    }
    /// Which numbers model types have in descriptors.
    Numbering {
        /// TENSORFLOW 0, PMML 1.
        Original = "original",
        /// TENSORFLOW 0, TENSORFLOWSAVED 1, PMML 2.
        Successor = "successor",
    }
    /// When embedded topics are forced to disk.
    SyncChoice {
        /// Before a write is acknowledged.
        Always = "always",
        /// Every so often.
        Interval = "interval",
        /// When the system sees fit.
        Never = "never",
    }
    /// Which InfluxDB.
    InfluxVersion {
        /// With databases and retention policies.
        One = "1",
        /// With organisations and buckets.
        Two = "2",
    }
    /// How a connection to a database is encrypted.
    Encryption {
        /// Not at all.
        Off = "off",
        /// Encrypted, whoever answers.
        Require = "require",
        /// Encrypted, and the server's certificate is checked.
        Verify = "verify",
    }
    /// How the log is written.
    LogFormat {
        /// Lines for people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}
