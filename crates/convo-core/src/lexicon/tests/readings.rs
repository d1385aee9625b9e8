//! Anchors and traps: what whole messages are read as.

use super::{codes, read};
use crate::lexicon::{EVIDENCE_PER_ENTRY, Lexicon, PHONE};
use crate::signals::{Intent, OptOut, Sentiment, Signal};

#[test]
fn the_anchors_give_their_signals() {
    let one = read("I'm interested, tell me more");
    assert_eq!(codes(&one), ["interest"]);
    assert!(!one.signals.iter().any(Signal::is_qualification));
    let two = read("Can I book a test drive?");
    assert_eq!(codes(&two), ["test_drive"]);
    let three = read("I want to buy it this week");
    assert_eq!(codes(&three), ["purchase"]);
    for nothing in [
        "ok",
        "thanks",
        "Ok, thank you!",
        "Danke",
        "merci",
        "sí",
        "No",
        "",
        "  \n",
    ] {
        let reading = read(nothing);
        assert_eq!(codes(&reading), [""; 0], "{nothing:?}");
        assert_eq!(reading.intent, None, "{nothing:?}");
        assert_eq!(reading.sentiment, Sentiment::Neutral, "{nothing:?}");
    }
}

#[test]
fn signals_of_whole_messages() {
    let cases: &[(&str, &[&str])] = &[
        (
            "Not interested in the red one, but I would like a test drive of the blue.",
            &["test_drive"],
        ),
        (
            "I don't want to buy. Just tell me the price of a lease.",
            &["financing", "pricing"],
        ),
        (
            "I'm not sure if I'm ready, but what does it cost?",
            &["pricing"],
        ),
        ("Why not! Let's do a test drive.", &["test_drive"]),
        (
            "If the price is right I will buy it.",
            &["pricing", "purchase"],
        ),
        (
            "Would you take my old car in part exchange, and is financing possible?",
            &["financing", "trade_in"],
        ),
        ("I am not\ninterested in this.", &[]),
        (
            "Not only the price matters, I also want a test drive.",
            &["pricing", "test_drive"],
        ),
        ("Ich habe kein Interesse, vielen Dank.", &[]),
        (
            "Kein Interesse am Leasing, aber was kostet er bar?",
            &["pricing"],
        ),
        ("Ich moechte eine PROBEFAHRT machen", &["test_drive"]),
        ("Je ne suis pas interesse", &[]),
        (
            "Je suis interesse, quel est le prix ?",
            &["interest", "pricing"],
        ),
        (
            "N’hésitez pas à m’appeler, je voudrais un essai.",
            &["hand_raise", "test_drive"],
        ),
        ("No me interesa", &[]),
        (
            "No quiero financiación, pero me gustaría probar el coche.",
            &["test_drive"],
        ),
        ("Non sono interessato", &[]),
        (
            "Non esiti a chiamarmi, vorrei un giro di prova.",
            &["hand_raise", "test_drive"],
        ),
        ("Geen interesse", &[]),
        (
            "Ik kan pas volgende week een proefrit maken.",
            &["test_drive"],
        ),
        ("Please don't call me.", &[]),
        ("Please do not call me on 0171 123 45 67.", &[]),
        ("My mobile: +44 7700 900123", &["hand_raise"]),
        ("Does it come in blue? I was born on 03.06.1984.", &[]),
        (
            "see https://dealer.example/test-drive/price or mail buy@test.drive",
            &[],
        ),
        ("pricey testdrives? contested", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(codes(&read(text)), *expected, "{text:?}");
    }
}

#[test]
fn opt_outs_and_their_traps() {
    use OptOut::{Clear, Doubtful, None};
    let cases = [
        ("unsubscribe", Clear),
        ("Unsubscribe.", Clear),
        ("UNSUBSCRIBE\n\nJane Doe", Clear),
        ("remove me", Clear),
        ("remove me from your list", Clear),
        ("stop e-mailing me", Clear),
        ("stop emailing me", Clear),
        ("do not contact me again", Clear),
        ("take me off", Clear),
        ("STOP", Clear),
        ("Hi,\nplease stop.\nThanks", Clear),
        ("abmelden", Clear),
        ("Bitte nicht mehr anschreiben", Clear),
        ("désabonnez-moi", Clear),
        ("desabonnez moi", Clear),
        ("darme de baja", Clear),
        ("cancellami", Clear),
        ("uitschrijven", Clear),
        (
            "Not interested. Please take me off your list and don't write again.",
            Clear,
        ),
        (
            "Thanks, but we bought elsewhere. Please remove my address.",
            Clear,
        ),
        ("Remove 0171 1234567 and remove me from your list.", Clear),
        ("I want to unsubscribe from my current lease", Doubtful),
        (
            "Unsubscribe me from the newsletter, but I do want the test drive.",
            Doubtful,
        ),
        ("Stop sending me e-mails, call me instead.", Doubtful),
        (
            "Please stop contacting me. Call my wife instead, she wants to buy.",
            Doubtful,
        ),
        (
            "Please stop contacting me. My husband wants to buy it.",
            Doubtful,
        ),
        ("I would like to stop my subscription", Clear),
        (
            "Remove me from your list. Is the blue one still available?",
            Doubtful,
        ),
        (
            "I cannot find where one can unsubscribe at the other dealer, but I do want a quote.",
            Doubtful,
        ),
        ("please stop by on Tuesday", None),
        ("remove the roof rack", None),
        ("not interested in the red one", None),
        (
            "can you take me off the waiting list for the red one and put me on the blue",
            None,
        ),
        ("What is the opt-out period on this contract?", None),
        (
            "The bus does not stop there, so I could stop at yours.",
            None,
        ),
        ("I was on holiday. Yes, I want the test drive.", None),
        ("Please don't unsubscribe me!", None),
        ("Do not contact me before noon, I work nights.", None),
        ("Kann ich mein altes Auto bei Ihnen abmelden?", None),
        ("Streichen Sie bitte den Dachträger.", None),
        ("La cuota más baja, por favor.", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text).opt_out, expected, "{text:?}");
    }
}

#[test]
fn intents_are_taken_in_order() {
    use Intent::{Information, NotInterested, Pricing, Purchase, Scheduling, TestDrive};
    let cases = [
        ("unsubscribe", Some(Intent::OptOut)),
        ("Not interested, thanks.", Some(NotInterested)),
        ("We already bought a car.", Some(NotInterested)),
        ("I don't want to buy it.", Some(NotInterested)),
        (
            "Not interested in the red one. Do you have blue?",
            Some(Information),
        ),
        ("I'll take it. When can I come?", Some(Purchase)),
        (
            "How much is it, and can I have a test drive?",
            Some(TestDrive),
        ),
        (
            "What does it cost? I could come by on Monday.",
            Some(Scheduling),
        ),
        ("Please send me a quote.", Some(Pricing)),
        ("Does it have heated seats?", Some(Information)),
        ("Are you there?", Some(Information)),
        ("Fine.", None),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text).intent, expected, "{text:?}");
    }
}

#[test]
fn the_tone_follows_the_words() {
    use Sentiment::{Negative, Neutral, Positive};
    let cases = [
        ("That sounds great, I love it!", Positive),
        ("Not great.", Negative),
        ("This is ridiculous, what a waste of time.", Negative),
        ("Great car, terrible service.", Neutral),
        ("Thanks.", Neutral),
        ("Das ist nicht toll.", Negative),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text).sentiment, expected, "{text:?}");
    }
}

#[test]
fn the_subject_counts_only_without_text() {
    let lexicon = Lexicon::automotive();
    let check = |text, subject, expected: OptOut, signals: &[&str]| {
        let reading = lexicon.read(text, Some(subject));
        assert_eq!(reading.opt_out, expected, "{text:?} {subject:?}");
        assert_eq!(codes(&reading), signals, "{text:?} {subject:?}");
    };
    check("", "unsubscribe", OptOut::Clear, &[]);
    check(" \n ", "Re: unsubscribe", OptOut::Clear, &[]);
    check("", "Test drive on Saturday?", OptOut::None, &["test_drive"]);
    check("", "Re: Your test drive", OptOut::None, &[]);
    check("AW: hallo", "unsubscribe", OptOut::None, &[]);
    check("Yes please", "unsubscribe", OptOut::None, &[]);
}

#[test]
fn evidence_quotes_the_text_as_written() {
    let text = "Grüß Gott! „Probefahrt“ wäre schön – kein Interesse am Leasing. Tel. 0171 1234567";
    let reading = read(text);
    let quotes: Vec<(&str, bool)> = reading
        .evidence
        .iter()
        .filter(|e| e.signal.is_some() || e.entry == PHONE)
        .map(|e| (&text[e.start..e.end], e.negated))
        .collect();
    assert_eq!(
        quotes,
        [
            ("Probefahrt", false),
            ("Interesse", true),
            ("Leasing", true),
            ("0171 1234567", false),
        ]
    );
    assert_eq!(reading.text_len, text.chars().count());
    let many = read(&"interested. ".repeat(50));
    assert_eq!(many.evidence.len(), EVIDENCE_PER_ENTRY);
}
