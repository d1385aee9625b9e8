//! Encoded words in header fields.

use crate::charsets;

/// Longest charset label with its language tag, in bytes.
const MAX_LABEL: usize = 60;

/// One encoded word, its transfer encoding undone.
struct Word<'a> {
    label: &'a str,
    bytes: Vec<u8>,
    /// Where the text behind it begins.
    end: usize,
}

/// A header value with its encoded words decoded, in one pass.
///
/// Blanks between two words are dropped, and the bytes of adjacent words of one charset are
/// joined before decoding, since mailers cut characters in two. A language tag is skipped; a word
/// in an unknown charset is read as UTF-8 or Latin-1; what is no word stays as it is.
///
/// Source: RFC 2047 §6.2, RFC 2231 §5.
pub(crate) fn decode(raw: &str) -> String {
    // Behind the last `?=` no word can end: looking there would make hostile fields quadratic.
    let Some(last_end) = raw.rfind("?=") else {
        return charsets::without_nul(raw);
    };
    let mut out = String::with_capacity(raw.len());
    let mut pending: Option<(&str, Vec<u8>)> = None;
    let mut at = 0;
    while let Some(found) = raw[at..].find("=?") {
        let start = at + found;
        if start >= last_end {
            break;
        }
        let between = &raw[at..start];
        let Some(word) = word(raw, start) else {
            flush(&mut out, &mut pending);
            out.push_str(between);
            out.push_str("=?");
            at = start + 2;
            continue;
        };
        let blank = between.chars().all(char::is_whitespace);
        match &mut pending {
            Some((label, bytes)) if blank && label.eq_ignore_ascii_case(word.label) => {
                bytes.extend_from_slice(&word.bytes);
            }
            _ => {
                let follows_word = pending.is_some();
                flush(&mut out, &mut pending);
                if !(blank && follows_word) {
                    out.push_str(between);
                }
                pending = Some((word.label, word.bytes));
            }
        }
        at = word.end;
    }
    flush(&mut out, &mut pending);
    out.push_str(&raw[at..]);
    charsets::without_nul(&out)
}

fn flush(out: &mut String, pending: &mut Option<(&str, Vec<u8>)>) {
    if let Some((label, bytes)) = pending.take() {
        let text = charsets::text(&bytes, Some(label));
        // A decoded line break would make one field look like two.
        out.extend(
            text.chars()
                .map(|c| if matches!(c, '\r' | '\n') { ' ' } else { c }),
        );
    }
}

/// The encoded word that begins at `start`, where `=?` stands.
fn word(raw: &str, start: usize) -> Option<Word<'_>> {
    let after = start + 2;
    let window = raw.as_bytes().get(after..)?;
    let label_len = window
        .iter()
        .take(MAX_LABEL)
        .position(|byte| *byte == b'?')?;
    let label = raw.get(after..after + label_len)?;
    let encoding = window.get(label_len + 1)?.to_ascii_lowercase();
    if !matches!(encoding, b'b' | b'q')
        || window.get(label_len + 2) != Some(&b'?')
        || label.contains(char::is_whitespace)
    {
        return None;
    }
    let text_at = after + label_len + 3;
    let text = raw.get(text_at..)?;
    let length = text.find("?=")?;
    let encoded = &text[..length];
    let bytes = match encoding {
        b'b' => charsets::base64(encoded.as_bytes()),
        _ => charsets::quoted_printable(encoded.replace(['_', ' '], "=20").as_bytes()),
    };
    let label = label
        .split_once('*')
        .map_or(label, |(charset, _language)| charset);
    Some(Word {
        label,
        bytes,
        end: text_at + length + 2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: &str) {
        assert_eq!(decode(raw), expected, "{raw:?}");
    }

    #[test]
    fn encoded_words() {
        check("plain", "plain");
        check("=?utf-8?Q?gr=C3=BCn_und_blau?=", "grün und blau");
        check("=?UTF-8?B?Z3LDvG4=?= rest", "grün rest");
        check("=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab");
        check("=?utf-8?Q?a?=  \t =?iso-8859-1?Q?=FC?= x", "aü x");
        check("a =?utf-8?Q?b?= c", "a b c");
        check("x=?utf-8?Q?b?=y", "xby");
        check(
            "\"=?utf-8?Q?J=C3=BC=2C_X?=\" <a@b.example>",
            "\"Jü, X\" <a@b.example>",
        );
    }

    #[test]
    fn words_cut_inside_a_character() {
        check("=?utf-8?Q?gr=C3?= =?utf-8?Q?=BCn?=", "grün");
        check("=?utf-8?B?Z3LD?=\t=?UTF-8?B?vG4=?=", "grün");
    }

    #[test]
    fn language_tags_and_unknown_charsets() {
        check("=?utf-8*en?Q?gr=C3=BCn?=", "grün");
        check("=?x-nonsense?Q?gr=C3=BCn?=", "grün");
        check("=?x-nonsense?Q?gr=FCn?=", "grün");
        check("=?utf-8?B?Z3LDvG4?=", "grün");
    }

    #[test]
    fn what_is_no_word_stays() {
        for same in [
            "=?",
            "=?utf-8?",
            "=?utf-8?X?a?=",
            "=?utf-8?Q?open",
            "a =? b ?= c",
            "?=",
        ] {
            check(same, same);
        }
        check("=?utf-8?Q?a\0b?=\0", "a\u{FFFD}b\u{FFFD}");
        check("=?utf-8?Q?a=0D=0AX-Evil:_1?=", "a  X-Evil: 1");
    }

    #[test]
    fn hostile_fields_end() {
        for raw in [
            "=?a?Q?".repeat(100_000),
            "=?utf-8?Q?=C3?= ".repeat(60_000),
            "=?".repeat(400_000),
        ] {
            assert!(!decode(&raw).is_empty());
        }
        let open = format!("{}?=", "=?".repeat(300_000));
        assert!(!decode(&open).is_empty());
    }
}
