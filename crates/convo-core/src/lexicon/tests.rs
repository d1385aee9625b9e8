//! Anchors, traps and properties of the shipped lexicon.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

mod corpus;
mod readings;

use super::*;
use crate::signals::Intent;

fn read(text: &str) -> Reading {
    Lexicon::automotive().read(text, None)
}

fn codes(reading: &Reading) -> Vec<&str> {
    reading.signals.iter().map(|s| s.code.as_str()).collect()
}

#[test]
fn the_packs_read_their_own_sentences() {
    let lexicon = Lexicon::automotive();
    let failures: Vec<String> = lexicon.check().iter().map(ToString::to_string).collect();
    assert_eq!(failures, Vec::<String>::new());
    assert!(lexicon.sentence_count() > 900);
}

#[test]
fn every_entry_has_sentences() {
    for compiled in &Lexicon::automotive().automaton.entries {
        assert!(
            check::sentences(compiled).count() > 0,
            "{} has no sentence",
            compiled.id
        );
    }
}

#[test]
fn the_automotive_vocabulary_is_the_documented_one() {
    use crate::signals::{signal, topic};
    let lexicon = Lexicon::automotive();
    let signals = lexicon.signals();
    let codes: Vec<&str> = signals.iter().map(|s| s.code.as_str()).collect();
    assert_eq!(
        codes,
        [
            signal::APPOINTMENT,
            signal::FINANCING,
            signal::HAND_RAISE,
            signal::INTEREST,
            signal::PRICING,
            signal::PURCHASE,
            signal::TEST_DRIVE,
            signal::TRADE_IN,
        ]
    );
    assert_eq!(
        lexicon.topics(),
        [
            topic::AVAILABILITY,
            topic::FEATURES,
            topic::FINANCING,
            topic::PRICING,
            topic::SCHEDULING,
            topic::TEST_DRIVE,
            topic::TRADE_IN,
            topic::VEHICLE,
            topic::WARRANTY,
        ]
    );
}

#[test]
fn another_industry_names_its_own() {
    let pack = r#"
        [pack]
        name = "boats.en"
        [[entry]]
        id = "mooring"
        kind = "signal"
        signal = "mooring"
        class = "purchase"
        topics = ["harbour"]
        intent = "pricing"
        phrases = ["mooring", "rent* ... berth"]
        unless = ["mooring line"]
        match = ["Is a mooring included?", "Do you rent out a berth?"]
        reject = ["I need no mooring.", "Sell me a mooring line."]
    "#;
    let lexicon = Lexicon::with_industry(&[pack]).unwrap();
    assert_eq!(lexicon.check(), []);
    assert!(lexicon.version().starts_with("boats-"));
    assert_ne!(lexicon.version(), Lexicon::automotive().version());
    let reading = lexicon.read("Can I rent a small berth? No test drive needed.", None);
    assert_eq!(codes(&reading), ["mooring"]);
    assert_eq!(reading.topics, ["harbour"]);
    assert_eq!(reading.intent, Some(Intent::Pricing));
}

#[test]
fn a_wrong_sentence_is_reported() {
    let pack = "[pack]\nname = \"x\"\n[[entry]]\nid = \"a\"\nkind = \"topic\"\ntopics = [\"t\"]\nphrases = [\"sail\"]\nmatch = [\"a boat\"]\nreject = [\"a sail\"]\n";
    let failures = Lexicon::from_toml(&[pack]).unwrap().check();
    let shown: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        ["x/a must match \"a boat\"", "x/a must not match \"a sail\""]
    );
}

#[test]
fn broken_packs_are_refused() {
    let check = |entry: &str, expected: &str| {
        let pack = format!("[pack]\nname = \"x\"\n[[entry]]\nid = \"a\"\n{entry}");
        let error = Lexicon::from_toml(&[&pack]).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), expected, "{entry}");
    };
    let not_a_pack = "pack 0 is not a lexicon pack";
    check("kind = \"riddle\"\nphrases = [\"a\"]", not_a_pack);
    check("kind = \"topic\"\nphrases = [\"a\"]\nextra = 1", not_a_pack);
    check(
        "kind = \"topic\"\nphrases = [\"a\"]",
        "entry x/a: a topic names its `topics`",
    );
    check(
        "kind = \"signal\"\nphrases = [\"a\"]",
        "entry x/a: a signal, and nothing else, has `signal` and `class`",
    );
    check(
        "kind = \"filler\"\nphrases = [\"...\"]",
        "entry x/a: a phrase has words and is open on one side at most",
    );
    check(
        "kind = \"filler\"\nphrases = []",
        "entry x/a: an entry has `phrases`",
    );
    assert!(Lexicon::from_toml(&["not toml ["]).is_err());
    let none = Lexicon::from_toml(&[]).unwrap();
    assert_eq!(none.read("Can I book a test drive?", None).signals, []);
}

#[test]
fn codes_have_snake_case_names() {
    let json = serde_json::to_string(&read("Remove me from your list.")).unwrap();
    assert!(json.contains("\"opt_out\":\"clear\""), "{json}");
    assert!(json.contains("\"intent\":\"opt_out\""), "{json}");
    let json = serde_json::to_string(&read("Call me, I love it")).unwrap();
    assert!(
        json.contains("{\"code\":\"hand_raise\",\"class\":\"hand_raise\"}"),
        "{json}"
    );
    assert!(json.contains("\"sentiment\":\"positive\""), "{json}");
}

#[test]
fn an_endless_text_is_read_up_to_its_bound() {
    let text = format!("{}Can I book a test drive?", "ä".repeat(READ_BYTES));
    let reading = read(&text);
    assert_eq!(reading.signals, []);
    assert_eq!(reading.text_len, text.chars().count());
}

/// Time grows with the text, whatever stands in it: no unit may cost a second at 1 MB.
#[test]
fn hostile_texts_are_read() {
    let units = [
        "not ",
        "not interested ",
        "finanzier",
        "finanzierung",
        "stop ",
        "remove me ",
        "? ",
        "but ",
        "ä\u{301}",
        "(",
        "+49 ",
        "0171 ",
        "@",
        "\n",
        ". ",
        "mich ",
        "ich möchte mich ",
        "no, no, ",
        "\u{0}",
        "probe",
        "e-",
        "www.",
        "nicht probefahrt ",
    ];
    for unit in units {
        let text = unit.repeat(200_000 / unit.len());
        let reading = read(&text);
        assert_eq!(reading.text_len, text.trim().chars().count());
        assert!(reading.evidence.len() < 500);
    }
}

proptest! {
    #[test]
    fn any_text_is_read_alike_twice(text in any::<String>(), subject in any::<Option<String>>()) {
        let lexicon = Lexicon::automotive();
        let reading = lexicon.read(&text, subject.as_deref());
        prop_assert_eq!(&reading, &lexicon.read(&text, subject.as_deref()));
        let whole = if reading.from_subject { subject.unwrap_or_default() } else { text };
        for found in &reading.evidence {
            prop_assert!(whole.get(found.start..found.end).is_some_and(|quote| !quote.is_empty()));
        }
    }

    #[test]
    fn any_words_are_read(words in prop::collection::vec(word(), 0..40)) {
        let text = words.concat();
        let reading = read(&text);
        for found in &reading.evidence {
            prop_assert!(text.get(found.start..found.end).is_some_and(|quote| !quote.is_empty()));
        }
        let mut sorted = reading.signals.clone();
        sorted.sort_unstable();
        sorted.dedup();
        prop_assert_eq!(sorted, reading.signals);
    }

    // Without vowels the filler is no word that opens a clause in one of the languages.
    #[test]
    fn not_interested_is_never_interest(filler in "[b-df-hj-np-tv-xz]{0,8}") {
        let reading = read(&format!("I am not {filler} interested"));
        prop_assert!(!codes(&reading).contains(&"interest"), "{}", filler);
    }
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "not ",
            "interested ",
            "but ",
            ", ",
            ". ",
            "? ",
            "stop ",
            "remove me ",
            "Probefahrt ",
            "nicht ",
            "kein ",
            "0171 ",
            "123 45 67 ",
            "ß",
            "É",
            "\n\n",
            "unsubscribe",
            "’",
            "-",
            "essai ",
            "rufen sie mich ",
            "x@y.z ",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ]
}
