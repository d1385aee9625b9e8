//! Exact quotes: which sentence of a text says what was read in it.
//!
//! Every quote is a part of the text as it stands, byte by byte, line ends and all.

use crate::lexicon::{Lexicon, READ_BYTES};

/// Longest quote, in characters; a longer sentence is cut at its end.
const LONGEST: usize = 400;
/// A line this short was ended by its writer, not by the mail program.
const OWN_LINE: usize = 50;

/// The sentences of a text, in order, without the white space around them.
pub fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = &text[..text.floor_char_boundary(READ_BYTES)];
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let end = end_of_sentence(rest);
            let (sentence, after) = rest.split_at(end);
            rest = after;
            let sentence = sentence.trim();
            if !sentence.is_empty() {
                return Some(cut(sentence));
            }
        }
        None
    })
}

/// The sentences that ask something.
pub fn questions(text: &str) -> impl Iterator<Item = &str> {
    sentences(text).filter(|sentence| {
        let end = sentence.trim_end_matches(['"', '\'', '”', '’', '»', ')', ']', '!']);
        end.ends_with(['?', '？'])
    })
}

/// The signals that a lexicon finds in a text, each with the sentence of its first mention, in order of mention.
#[must_use]
pub fn signals<'t>(lexicon: &Lexicon, text: &'t str) -> Vec<(String, &'t str)> {
    let reading = lexicon.read(text, None);
    let mut found: Vec<(String, &str)> = Vec::new();
    for evidence in reading.evidence.iter().filter(|one| !one.negated) {
        let Some(signal) = &evidence.signal else {
            continue;
        };
        if found.iter().any(|(known, _)| known == signal) {
            continue;
        }
        let around = sentences(text).find(|sentence| {
            let start = sentence.as_ptr() as usize - text.as_ptr() as usize;
            (start..start + sentence.len()).contains(&evidence.start)
        });
        found.extend(around.map(|sentence| (signal.clone(), sentence)));
    }
    found
}

/// The first sentence that speaks of a topic.
#[must_use]
pub fn topic<'t>(lexicon: &Lexicon, text: &'t str, topic: &str) -> Option<&'t str> {
    sentences(text).find(|sentence| {
        let topics = lexicon.read(sentence, None).topics;
        topics.iter().any(|found| found == topic)
    })
}

fn cut(sentence: &str) -> &str {
    match sentence.char_indices().nth(LONGEST) {
        Some((at, _)) => sentence[..at].trim_end(),
        None => sentence,
    }
}

/// Where the first sentence of a text ends.
fn end_of_sentence(text: &str) -> usize {
    let mut line = 0;
    for (at, c) in text.char_indices() {
        let after = at + c.len_utf8();
        match c {
            '。' | '！' | '？' => return after,
            '.' if is_number(&text[line..at]) => {}
            '.' | '!' | '?' | '…' => {
                let closed = text[after..]
                    .find(|next: char| {
                        !matches!(
                            next,
                            '.' | '!' | '?' | '…' | '"' | '\'' | '”' | '’' | '»' | ')' | ']'
                        )
                    })
                    .map_or(text.len(), |more| after + more);
                if text[closed..]
                    .chars()
                    .next()
                    .is_none_or(char::is_whitespace)
                {
                    return closed;
                }
            }
            '\n' if ends_line(&text[line..at], &text[after..]) => return after,
            '\n' => line = after,
            _ => {}
        }
    }
    text.len()
}

/// Whether a line was ended by its writer: it is short, empty, or a list goes on after it.
fn ends_line(line: &str, next: &str) -> bool {
    let next = next.lines().next().unwrap_or_default().trim_start();
    let list = next.starts_with(['-', '*', '•', '–'])
        || next
            .split_once(['.', ')'])
            .is_some_and(|(number, _)| is_number(number));
    next.is_empty() || list || line.trim().chars().count() < OWN_LINE
}

/// The number of an item of a list.
fn is_number(text: &str) -> bool {
    let text = text.trim_start();
    (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(sentences(text).collect::<Vec<_>>(), expected, "{text:?}");
    }

    #[test]
    fn sentences_end_where_people_end_them() {
        check("", &[]);
        check("  \n ", &[]);
        check(
            "Yes! Can I book a test drive? It is 3.5 t, see http://x.example/?a=b.",
            &[
                "Yes!",
                "Can I book a test drive?",
                "It is 3.5 t, see http://x.example/?a=b.",
            ],
        );
        check(
            "Hi Ann,\nI want to buy it.",
            &["Hi Ann,", "I want to buy it."],
        );
        check(
            "We have been thinking about this for a long time now and would\nlike to come by. Ok?",
            &[
                "We have been thinking about this for a long time now and would\nlike to come by.",
                "Ok?",
            ],
        );
        check(
            "Three things that we would like to know before we come over to you:\n- price\n- colour\n1. date",
            &[
                "Three things that we would like to know before we come over to you:",
                "- price",
                "- colour",
                "1. date",
            ],
        );
        check(
            "He said \"no.\" Then yes…  Ok",
            &["He said \"no.\"", "Then yes…", "Ok"],
        );
        check("価格は？安い。", &["価格は？", "安い。"]);
    }

    #[test]
    fn questions_are_found() {
        let all: Vec<&str> = questions("Hi. How much?! (And when?) \"Why?\" Ok.").collect();
        assert_eq!(all, ["How much?!", "(And when?)", "\"Why?\""]);
    }

    #[test]
    fn signals_and_topics_are_quoted_with_their_sentence() {
        let lexicon = Lexicon::automotive();
        let text = "Hello Ann,\n\nthanks for your mail. Can I book a test drive on Friday? I do not want financing.\nWhat is the price?";
        let found = signals(lexicon, text);
        let quote = |code: &str| {
            let found = found.iter().find(|(signal, _)| signal == code);
            found.map(|(_, sentence)| *sentence)
        };
        assert_eq!(
            quote("test_drive"),
            Some("Can I book a test drive on Friday?")
        );
        assert_eq!(quote("financing"), None, "what is denied is not wanted");
        assert_eq!(topic(lexicon, text, "pricing"), Some("What is the price?"));
        assert_eq!(topic(lexicon, text, "warranty"), None);
    }

    proptest! {
        #[test]
        fn every_quote_is_a_part_of_the_text(
            text in "([a-zA-Z .!?,\n\r\u{e4}\u{1f600}\u{3002}-]|test drive|price|\\?|interested){0,60}",
        ) {
            let lexicon = Lexicon::automotive();
            let mut quotes: Vec<&str> = sentences(&text).collect();
            quotes.extend(questions(&text));
            quotes.extend(signals(lexicon, &text).into_iter().map(|(_, quote)| quote));
            quotes.extend(topic(lexicon, &text, "pricing"));
            for quote in quotes {
                prop_assert!(text.contains(quote));
                prop_assert!(!quote.trim().is_empty());
                prop_assert!(quote.chars().count() <= LONGEST);
            }
        }
    }
}
