//! "Wrote", as the intro lines of mail clients say it.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// The forms in which mail clients say that somebody wrote, per language.
const WROTE: &[&str] = &[
    // English
    "wrote",
    "writes",
    "has written",
    // German
    "schrieb",
    "schrieb am",
    "hat geschrieben",
    "schreibt",
    // French
    "a écrit",
    "a ecrit",
    "écrit",
    "a écrit ",
    // Spanish, Catalan, Galician
    "escribió",
    "escribio",
    "ha escrito",
    "escribe",
    "va escriure",
    "ha escrit",
    "escribiu",
    // Italian
    "ha scritto",
    "scrive",
    "scrisse",
    "ha scritto",
    // Dutch, Afrikaans
    "schreef",
    "het volgende geschreven",
    "geschreven",
    "verzond",
    "het geskryf",
    "skryf",
    // Portuguese
    "escreveu",
    "escreve",
    // Swedish, Danish, Norwegian
    "skrev",
    "skrev följande",
    "skrev følgende",
    "skriver",
    "har skrevet",
    // Icelandic, Finnish, Estonian, Latvian, Lithuanian
    "skrifaði",
    "kirjoitti",
    "kirjutas",
    "rakstīja",
    "rašė",
    // Polish
    "napisał",
    "napisała",
    "napisał(a)",
    "pisze",
    // Czech, Slovak
    "napsal",
    "napsala",
    "napsal(a)",
    "napsal/a",
    "napísal",
    "napísala",
    "napísal(a)",
    // Hungarian
    "ezt írta",
    "írta",
    // Romanian
    "a scris",
    "scris",
    // Croatian, Serbian, Slovenian
    "napisao",
    "napisala",
    "napisao/la",
    "je napisao/la",
    "написао",
    "написала",
    // Turkish, Azeri
    "yazdı",
    "şunu yazdı",
    "yazıb",
    // Greek, Albanian
    "έγραψε",
    "έγραψε τα εξής",
    "shkroi",
    // Russian, Ukrainian, Belarusian, Bulgarian
    "написал",
    "написал(а)",
    "написала",
    "пишет",
    "писал",
    "писал(а)",
    "написав",
    "написала",
    "написав(ла)",
    "пише",
    "пише:",
    "напісаў",
    "напісаў(-ла)",
    "написа",
    // Vietnamese, Indonesian, Malay, Filipino
    "đã viết",
    "menulis",
    "bertulis",
    "sumulat",
    // Thai, Hindi
    "เขียนว่า",
    "เขียน",
    "ने लिखा",
    // Chinese, Japanese, Korean
    "写道",
    "寫道",
    "编写",
    "撰寫",
    "のメール",
    "が書きました",
    "は書きました",
    "書きました",
    "님이 작성",
    "작성",
    "님이 쓴 글",
    // Hebrew, Arabic, Persian
    "כתב",
    "כתבה",
    "מאת",
    "كتب",
    "كتبت",
    "نوشت",
];

/// Pronouns: with one of them beside the verb the writer tells a story.
const PRONOUNS: &[&str] = &[
    "i", "we", "he", "she", "they", "who", "you", "already", "ich", "wir", "er", "sie", "du", "je",
    "nous", "il", "elle", "yo", "io", "ik", "wij", "jag", "jeg", "eu", "ja", "я", "мы", "он",
    "она",
];

/// Further verbs that writers type themselves over a marked quote.
const SAID: &[&str] = &[
    "said",
    "says",
    "say",
    "mentioned",
    "asked",
    "sagte",
    "meinte",
    "dit",
    "dijo",
    "disse",
    "zei",
    "sa",
];

/// Whether a verb of writing or saying ends the text, or one of writing stands in it.
pub(super) fn said(body: &str) -> bool {
    let last_word = body.split_whitespace().next_back().unwrap_or_default();
    SAID.contains(&last_word) || last(body).is_some()
}

static AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::DFA))
        .ascii_case_insensitive(true)
        .build(WROTE)
        .ok()
});

/// Where a verb of writing stands in a text, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verb {
    start: usize,
    end: usize,
}

/// The last verb of writing that stands as a word of its own.
pub(super) fn last(text: &str) -> Option<Verb> {
    let automaton = AUTOMATON.as_ref()?;
    automaton
        .find_iter(text)
        .map(|found| Verb {
            start: found.start(),
            end: found.end(),
        })
        .filter(|verb| verb.is_word(text))
        .last()
}

/// The bytes such verbs end with.
static LAST_BYTES: LazyLock<[bool; 256]> = LazyLock::new(|| {
    let mut bytes = [false; 256];
    for byte in WROTE.iter().filter_map(|verb| verb.bytes().next_back()) {
        bytes[usize::from(byte.to_ascii_lowercase())] = true;
        bytes[usize::from(byte.to_ascii_uppercase())] = true;
    }
    bytes
});

/// Whether the text ends with such a verb; only its end is read.
pub(super) fn ends_with_one(text: &str) -> bool {
    if !text
        .bytes()
        .next_back()
        .is_some_and(|byte| LAST_BYTES[usize::from(byte)])
    {
        return false;
    }
    let mut start = text.len().saturating_sub(32);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let tail = text.get(start..).unwrap_or_default();
    last(tail).is_some_and(|verb| verb.end == tail.len())
}

impl Verb {
    fn is_word(self, text: &str) -> bool {
        let before = text
            .get(..self.start)
            .unwrap_or_default()
            .chars()
            .next_back();
        let after = self.rest(text).chars().next();
        let is_joined_script = text
            .get(self.start..)
            .and_then(|verb| verb.chars().next())
            .is_some_and(|c| c >= '\u{e00}');
        is_joined_script
            || (before.is_none_or(|c| c.is_whitespace() || "<>()[]\"'*_,:،»”".contains(c))
                && after.is_none_or(|c| !c.is_alphanumeric() && !"/_=@'’".contains(c)))
    }

    /// What follows the verb.
    pub(super) fn rest(self, text: &str) -> &str {
        text.get(self.end..).unwrap_or_default()
    }

    /// What stands before the verb.
    pub(super) fn before(self, text: &str) -> &str {
        text.get(..self.start).unwrap_or_default()
    }

    /// The writer speaks of somebody's writing ("I wrote", "schrieb ich"), no client does.
    pub(super) fn is_told(self, text: &str) -> bool {
        let before = self.before(text);
        let neighbours = [
            before.split_whitespace().next_back(),
            self.rest(text).split_whitespace().next(),
        ];
        neighbours.into_iter().flatten().any(|word| {
            let word = word
                .trim_matches(|c: char| !c.is_alphanumeric())
                .to_lowercase();
            PRONOUNS.contains(&word.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn words_only() {
        assert!(last("Ann <a@example.com>wrote:").is_some());
        assert!(last("Ann schrieb am Montag:").is_some());
        assert!(last("2024年5月3日 写道：").is_some());
        assert!(last("https://example.com/what-she-wrote:").is_none());
        assert!(last("wrote_to_disk:").is_none());
        assert!(last("rewrote:").is_none());
    }

    #[test]
    fn told() {
        let is_told = |text| last(text).is_some_and(|verb| verb.is_told(text));
        assert!(is_told("On Monday I wrote:"));
        assert!(is_told("Am Montag schrieb ich Folgendes:"));
        assert!(!is_told("Am Montag schrieb Hans Maier:"));
    }
}
