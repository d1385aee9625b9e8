//! Why packs cannot be compiled.

/// Why a pack could not be compiled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LexiconError {
    /// A pack is not TOML or has an unknown or missing field.
    #[error("pack {index} is not a lexicon pack")]
    Format {
        /// Position in the list given, from 0.
        index: usize,
        /// What the TOML reader says.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A value has not the shape of a pack.
    #[error("pack {index} is not a lexicon pack")]
    Shape {
        /// Position in the list given, from 0.
        index: usize,
        /// What the reader says.
        #[source]
        source: serde_json::Error,
    },
    /// An entry breaks a rule of the format.
    #[error("entry {entry}: {reason}")]
    Entry {
        /// Id of the entry.
        entry: String,
        /// The rule.
        reason: &'static str,
    },
    /// The phrases are too many for one automaton.
    #[error("the phrases do not fit in one automaton")]
    Automaton {
        /// What the automaton's builder says.
        #[source]
        source: aho_corasick::BuildError,
    },
}
