//! The base subject: what remains without reply and forward marks.
//!
//! Used only to offer a conversation for a reply that names no message at all; subjects never
//! merge what headers keep apart.

/// A subject without its marks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BaseSubject {
    /// The rest, in lower case, white space collapsed; may be empty.
    pub base: String,
    /// Whether a reply or forward prefix (`Re:`, `AW:`, `Fwd:` …) stood before it.
    pub prefixed: bool,
}

/// Longest part of a subject that is looked at, in characters.
const MAX_CHARS: usize = 1_000;

/// Prefixes of replies in lower case, as mail programs write them in their languages.
#[rustfmt::skip]
const REPLIES: &[&str] = &[
    "re", "aw", "antw", "antwort", "sv", "svar", "vs", "rv", "res", "resp", "rif", "r", "odp",
    "ynt", "yan", "vá", "bls", "atb", "vedr", "απ", "на", "ответ", "відп", "trả lời", "رد", "השב",
    "תשובה", "回复", "回覆", "答复", "答覆", "返信", "회신", "답장", "ตอบ", "ตอบกลับ",
];

/// Prefixes of forwards, the same way.
#[rustfmt::skip]
const FORWARDS: &[&str] = &[
    "fw", "fwd", "wg", "tr", "vb", "vl", "enc", "i", "pd", "doorst", "rtr", "továbbítás", "σχετ",
    "ilt", "i\u{307}lt", "转发", "轉寄", "転送", "전달", "ส่งต่อ", "إعادة توجيه", "הועבר",
];

/// Takes reply and forward marks off a decoded subject: `Re: [list] Fwd: Topic (fwd)` is `topic`.
///
/// Source: RFC 5256 §2.1, with prefixes of more languages.
pub fn base_subject(subject: &str) -> BaseSubject {
    let start: String = subject.chars().take(MAX_CHARS).collect();
    let words: Vec<&str> = start.split_whitespace().collect();
    let text = words.join(" ").to_lowercase();
    let mut rest = text.as_str();
    let mut prefixed = false;
    loop {
        let before = rest.len();
        while let Some(without) = rest.strip_suffix("(fwd)") {
            rest = without.trim_end();
        }
        while let Some(without) = without_leader(rest) {
            prefixed = true;
            rest = without;
        }
        while let Some(without) = without_blob(rest).filter(|without| !without.is_empty()) {
            rest = without;
        }
        if let Some(inner) = forwarded(rest) {
            prefixed = true;
            rest = inner;
        }
        if rest.len() == before {
            break;
        }
    }
    BaseSubject {
        base: rest.to_owned(),
        prefixed,
    }
}

/// Without leading `[list]` blobs and a reply or forward prefix; `None` when there is no prefix.
fn without_leader(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(without) = without_blob(rest) {
        rest = without;
    }
    let (before, after) = rest.split_once([':', '：'])?;
    is_prefix(before).then(|| after.trim_start())
}

/// Without one `[list]` at the front.
fn without_blob(text: &str) -> Option<&str> {
    let (blob, after) = text.strip_prefix('[')?.split_once(']')?;
    (!blob.contains('[')).then(|| after.trim_start())
}

/// Whether what stands before the colon is a prefix: `re`, `re[2]`, `re^2`, `re (3)`, `re *2`.
fn is_prefix(text: &str) -> bool {
    let count = |c: char| c.is_ascii_digit() || "[]()^* ".contains(c);
    let prefix = text.trim_end_matches(count);
    REPLIES.contains(&prefix) || FORWARDS.contains(&prefix)
}

/// The inside of `[fwd: topic]`.
fn forwarded(text: &str) -> Option<&str> {
    let inner = text
        .strip_prefix("[fwd:")
        .or_else(|| text.strip_prefix("[fw:"))?;
    Some(inner.strip_suffix(']')?.trim())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(subject: &str, base: &str, prefixed: bool) {
        let expected = BaseSubject {
            base: base.to_owned(),
            prefixed,
        };
        assert_eq!(base_subject(subject), expected, "{subject:?}");
    }

    #[test]
    fn marks_come_off() {
        check("Topic", "topic", false);
        check("  A\r\n\tTopic ", "a topic", false);
        check("Re: Topic", "topic", true);
        check("RE : Topic", "topic", true);
        check("Re[2]: Topic", "topic", true);
        check("Re^3: Re (4): topic", "topic", true);
        check("AW: WG: Topic", "topic", true);
        check("SV: Antw: RV: TR: Topic", "topic", true);
        check("Fwd: FW: Topic", "topic", true);
        check("回复：Topic", "topic", true);
        check("İLT: Topic", "topic", true);
        check("[list] Topic", "topic", false);
        check("[list] Re: [list] Topic", "topic", true);
        check("Re: [list] AW: Topic", "topic", true);
        check("Topic (fwd)", "topic", false);
        check("Topic (fwd) (fwd)", "topic", false);
        check("[Fwd: Re: Topic]", "topic", true);
        check("[mxr]", "[mxr]", false);
        check("Re: [mxr]", "[mxr]", true);
    }

    #[test]
    fn what_is_no_mark_stays() {
        check("", "", false);
        check("Re:", "", true);
        check("Regarding: Topic", "regarding: topic", false);
        check("Reply: at 10:30", "reply: at 10:30", false);
        check("Topic re: money", "topic re: money", false);
        check("[open Topic", "[open topic", false);
        check("Meeting: Re: Topic", "meeting: re: topic", false);
    }

    proptest! {
        #[test]
        fn any_text_will_do_and_a_base_is_its_own_base(
            subject in "(Re|[Ff]wd|AW|\\[|\\]|\\(fwd\\)|:| |x|\\PC){0,20}"
        ) {
            let base = base_subject(&subject).base;
            prop_assert_eq!(&base_subject(&base).base, &base);
        }
    }
}
