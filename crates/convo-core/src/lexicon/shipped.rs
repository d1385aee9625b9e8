//! The packs compiled in.

macro_rules! packs {
    ($($file:literal),* $(,)?) => {
        &[$(include_str!(concat!("../../lexicon/", $file))),*]
    };
}

/// Language packs: negation, opt-out, absence, hand-raise, refusal, tone and politeness.
pub const LANGUAGE_PACKS: &[&str] = packs![
    "language.en.toml",
    "language.de.toml",
    "language.fr.toml",
    "language.es.toml",
    "language.it.toml",
    "language.nl.toml",
];

/// Name of the industry of car dealers, the default.
pub const AUTOMOTIVE: &str = "automotive";

/// Industry pack of car dealers, one file for each language.
pub const AUTOMOTIVE_PACKS: &[&str] = packs![
    "automotive.en.toml",
    "automotive.de.toml",
    "automotive.fr.toml",
    "automotive.es.toml",
    "automotive.it.toml",
    "automotive.nl.toml",
];
