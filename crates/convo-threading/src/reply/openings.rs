//! The words an intro line starts with before its date, per language.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::dates::digit_within;

/// Words before the date of an intro line.
const OPENINGS: &[&str] = &[
    // English, and words before other programs' intros
    "On ",
    "At ",
    "Sent on ",
    "In a message dated",
    "In message",
    "In article",
    "Quoting ",
    // German, French, Spanish, Italian, Portuguese, Dutch, Romanian, Albanian
    "Am ",
    "Vom ",
    "Um ",
    "Le ",
    "El ",
    "Il ",
    "Nel ",
    "In data ",
    "Em ",
    "No dia ",
    "Op ",
    "Pe ",
    "În ",
    "Në ",
    // Swedish, Danish, Norwegian, Icelandic, Estonian, Latvian
    "Den ",
    "Det ",
    "På ",
    "Þann ",
    "Kuupäeval ",
    "Ar ",
    // Polish, Czech, Slovak, Croatian, Hungarian
    "W dniu ",
    "Dnia ",
    "Dne ",
    "Dňa ",
    "Dana ",
    "U ",
    "A ",
    // Greek, Bulgarian, Russian, Ukrainian
    "Στις ",
    "Την ",
    "На ",
    "В ",
    "Во ",
    "У ",
    // Vietnamese, Indonesian, Turkish, Thai
    "Vào ",
    "Ngày ",
    "Pada ",
    "Tarih ",
    "เมื่อ",
    // Hebrew, Arabic, Persian, Chinese
    "בתאריך",
    "ב-",
    "ב",
    "في",
    "در",
    "在",
    "于",
    "於",
];

/// The openings by their first byte.
static BY_FIRST: LazyLock<HashMap<u8, Vec<&'static str>>> = LazyLock::new(|| {
    let mut all: HashMap<u8, Vec<&str>> = HashMap::new();
    for word in OPENINGS {
        let first = word.bytes().next().unwrap_or_default();
        all.entry(first).or_default().push(word);
    }
    all
});

/// The word a text starts with when a date follows it.
pub(super) fn opening(text: &str) -> Option<&'static str> {
    let words = BY_FIRST.get(&text.bytes().next()?)?;
    words.iter().copied().find(|word| {
        text.strip_prefix(word)
            .is_some_and(|rest| digit_within(rest, 48))
    })
}
