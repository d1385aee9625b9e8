//! Mail that fools others, sent through the front door: what it is taken for, and what it changes.

use chrono::{DateTime, TimeZone, Utc};
use convo_tests::mailgun::Event;
use convo_tests::records::Contact;
use convo_tests::{Mail, Options, Server, on_both, together};
use serde_json::{Value, json};

on_both!(traps, absences_name_their_day_of_return);

/// What a trap must be taken for.
struct Expected {
    kind: &'static str,
    author: &'static str,
    state: &'static str,
    /// Automation waits for a person.
    held: bool,
    /// The person is written to no more.
    suppressed: bool,
    /// The lead may be taken for interested.
    interest: bool,
}

const REPLY: Expected = Expected {
    kind: "human",
    author: "lead",
    state: "ENGAGED",
    held: false,
    suppressed: false,
    interest: false,
};
const INTERESTED: Expected = Expected {
    interest: true,
    ..REPLY
};
const AUTOMATED: Expected = Expected {
    kind: "auto_reply",
    state: "ACTIVE",
    ..REPLY
};
const OPTED_OUT: Expected = Expected {
    kind: "opt_out",
    state: "CLOSED",
    suppressed: true,
    ..REPLY
};
const DOUBTFUL: Expected = Expected {
    held: true,
    ..INTERESTED
};
const FORGED: Expected = Expected {
    author: "other",
    state: "ACTIVE",
    held: true,
    ..REPLY
};

type Fields = &'static [(&'static str, &'static str)];
type Trap = (&'static str, Fields, Expected);

const NONE: Fields = &[];
const DMARC_FAIL: Fields = &[(
    "Authentication-Results",
    "mxa.mailgun.org; dkim=none; spf=none; dmarc=fail header.from=customer.example",
)];
const FOOTER: &str = "\n\nOn Mon, 1 Jun 2026 at 10:00, Sales <sales@dealer.example> wrote:\n> Hello Ada,\n> \
     book a test drive now.\n> --\n> You can unsubscribe here: https://dealer.example/u\n";

/// The text, further header fields, and what comes of it.
fn table() -> Vec<Trap> {
    let with_footer = |text: &str| -> &'static str { Box::leak(format!("{text}{FOOTER}").into()) };
    vec![
        // Denied interest is none.
        ("I am not interested.", NONE, REPLY),
        (
            "Sorry, not interested in the red one. Which others do you have?",
            NONE,
            REPLY,
        ),
        ("We are no longer interested, thank you.", NONE, REPLY),
        ("Wir haben kein Interesse.", NONE, REPLY),
        ("Je ne suis pas intéressé.", NONE, REPLY),
        ("No estoy interesado, gracias.", NONE, REPLY),
        (
            "I don't want to buy it and I do not need a test drive.",
            NONE,
            REPLY,
        ),
        ("I'm interested, tell me more.", NONE, INTERESTED),
        (
            "Not only am I interested, I would like a test drive.",
            NONE,
            INTERESTED,
        ),
        // Opt-outs, and words that only look like one.
        ("Please unsubscribe me.", NONE, OPTED_OUT),
        ("Stop e-mailing me!", NONE, OPTED_OUT),
        (
            "Bitte tragen Sie mich aus Ihrem Verteiler aus.",
            NONE,
            OPTED_OUT,
        ),
        ("Merci de me désinscrire de votre liste.", NONE, OPTED_OUT),
        ("Por favor, denme de baja de su lista.", NONE, OPTED_OUT),
        (
            "Please stop by on Tuesday, I will be at home.",
            NONE,
            INTERESTED,
        ),
        ("Can you stop at the house on Saturday?", NONE, REPLY),
        (
            "Could you remove the roof rack before delivery?",
            NONE,
            REPLY,
        ),
        ("Don't stop sending me your offers, please.", NONE, REPLY),
        (
            with_footer("Thank you, I will think about it."),
            NONE,
            REPLY,
        ),
        (with_footer("Please unsubscribe me."), NONE, OPTED_OUT),
        (
            "Remove me from your mailing list. Could someone call me about the price of the van?",
            NONE,
            DOUBTFUL,
        ),
        // Whose mail it is says the header, where there is one.
        (
            "Thank you, I will think about it.",
            &[("Auto-Submitted", "no")],
            REPLY,
        ),
        (
            "I'm interested, tell me more.",
            &[("Auto-Submitted", "no; x=y")],
            INTERESTED,
        ),
        (
            "I'm interested, tell me more.",
            &[("X-Auto-Response-Suppress", "All")],
            INTERESTED,
        ),
        (
            "I'm interested, tell me more.",
            &[("X-Auto-Response-Suppress", "OOF, AutoReply")],
            INTERESTED,
        ),
        (
            "I'm interested, tell me more.",
            &[("Auto-Submitted", "auto-replied")],
            AUTOMATED,
        ),
        (
            "Please unsubscribe me.",
            &[("Auto-Submitted", "auto-generated")],
            AUTOMATED,
        ),
        (
            "I'm interested, tell me more.",
            &[("Precedence", "auto_reply")],
            AUTOMATED,
        ),
        (
            "I'm interested, tell me more.",
            &[("X-Autoreply", "yes")],
            AUTOMATED,
        ),
        (
            "I'm interested, tell me more.",
            &[("Return-Path", "<>")],
            AUTOMATED,
        ),
        (
            "I'm interested, tell me more.",
            &[("List-Id", "<news.customer.example>")],
            Expected {
                kind: "list",
                ..AUTOMATED
            },
        ),
        (
            "I am away.",
            &[
                ("X-Auto-Response-Suppress", "All"),
                ("X-MS-Exchange-Inbox-Rules-Loop", "ada@customer.example"),
            ],
            Expected {
                kind: "out_of_office",
                ..AUTOMATED
            },
        ),
        // A person on holiday who writes by hand is a person.
        (
            "I'm on vacation until Monday, but tell me more.",
            NONE,
            INTERESTED,
        ),
        // Nobody's word.
        (
            "I'm interested, I want to buy it. Book me a test drive.",
            DMARC_FAIL,
            FORGED,
        ),
        ("Please unsubscribe me.", DMARC_FAIL, FORGED),
    ]
}

async fn active(server: &Server, email: &str) -> (Contact, String) {
    let contact = server.contact(email).await;
    let ours = contact.outbound("Hello").await;
    let delivered = Event::delivered(&ours, &contact.email);
    server.event(&delivered).await.ok();
    (contact, ours)
}

async fn traps(options: Options) {
    let server = options.start().await;
    let played = together(table().into_iter().enumerate().map(|(number, trap)| {
        let api = server.api();
        async move { play(&api, number, &trap).await }
    }))
    .await;
    let wrong: Vec<String> = played.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    server.verify().await;
}

/// Sends one trap; what it was taken for, where that is wrong.
async fn play(api: &convo_tests::Api, number: usize, trap: &Trap) -> Option<String> {
    let (words, fields, expected) = trap;
    let contact = api.contact(&format!("ada{number}@customer.example")).await;
    let ours = contact.outbound("Hello").await;
    api.event(&Event::delivered(&ours, &contact.email))
        .await
        .ok();
    let mut mail = Mail::new(&contact.email, "Re: Hello", words).answering(&ours);
    for (name, value) in *fields {
        mail = mail.header(name, value);
    }
    // Raw, so that quotes are cut off by us and not by the provider.
    api.inbound_mime(&mail).await.ok();
    let message = contact.messages().await.pop().unwrap();
    let status = contact.status().await;
    let record = api
        .get(&format!("/api/conversations/{}", contact.id))
        .await
        .ok();
    let signals = message["codes"]["signals"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let came = json!({
        "kind": message["kind"], "author": message["author"], "state": status["currentState"],
        "held": record["held"], "suppressed": status["integrationStatus"]["email"]["suppressed"],
        "interest": !signals.is_empty(),
    });
    let wanted = json!({
        "kind": expected.kind, "author": expected.author, "state": expected.state,
        "held": expected.held, "suppressed": expected.suppressed, "interest": expected.interest,
    });
    let differs = Value::Object(
        came.as_object()
            .unwrap()
            .iter()
            .filter(|(name, value)| wanted[name.as_str()] != **value)
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    );
    (came != wanted).then(|| format!("{words:?} {fields:?}: {differs}"))
}

/// A Tuesday, as the mails' own time.
fn written() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 10, 9, 0, 0).unwrap()
}

/// Language of the header's subject, text, and the day the person is back or absent until.
const ABSENCES: [(&str, &str, &str); 24] = [
    (
        "Automatic reply: Hello",
        "I am out of the office until Friday, 20 March 2026 with limited access to e-mail.",
        "2026-03-20",
    ),
    (
        "Automatic reply: Hello",
        "I'm on annual leave from 9 March and back at my desk on Monday 23 March.",
        "2026-03-23",
    ),
    (
        "Out of Office: Hello",
        "I will be out of the office 03/09/2026 through 03/20/2026.",
        "2026-03-20",
    ),
    (
        "Automatic reply: Hello",
        "I am away until next Monday. For urgent matters call 555-0102.",
        "2026-03-16",
    ),
    (
        "Auto: Hello",
        "I'm out of the office today and will be back tomorrow.",
        "2026-03-11",
    ),
    (
        "Automatic reply: Hello",
        "I'm on vacation and will be back in two weeks.",
        "2026-03-24",
    ),
    (
        "Automatische Antwort: Hello",
        "Ich bin bis einschließlich 20.03.2026 nicht im Büro.",
        "2026-03-20",
    ),
    (
        "Automatische Antwort: Hello",
        "Ich befinde mich vom 9. bis 20. März im Urlaub.",
        "2026-03-20",
    ),
    (
        "Abwesenheitsnotiz: Hello",
        "Ich bin im Urlaub und kehre am 1. April zurück.",
        "2026-04-01",
    ),
    (
        "Automatische Antwort: Hello",
        "Am 23.3. bin ich wieder im Büro.",
        "2026-03-23",
    ),
    (
        "Automatische Antwort: Hello",
        "Bis Ende März bin ich in Elternzeit.",
        "2026-03-31",
    ),
    (
        "Automatische Antwort: Hello",
        "Ich bin bis Freitag auf Dienstreise.",
        "2026-03-13",
    ),
    (
        "Réponse automatique : Hello",
        "Je suis absente du bureau jusqu'au vendredi 20 mars 2026 inclus.",
        "2026-03-20",
    ),
    (
        "Réponse automatique : Hello",
        "En congés du 9 au 20 mars 2026.",
        "2026-03-20",
    ),
    (
        "Réponse automatique : Hello",
        "Je suis en vacances et serai de retour le 23 mars.",
        "2026-03-23",
    ),
    (
        "Réponse automatique : Hello",
        "Je suis absent jusqu’au 20/03/26.",
        "2026-03-20",
    ),
    (
        "Absence: Hello",
        "Je suis en congé jusqu'à fin mars.",
        "2026-03-31",
    ),
    (
        "Réponse automatique : Hello",
        "Je suis absent jusqu'à demain.",
        "2026-03-11",
    ),
    (
        "Respuesta automática: Hello",
        "Estaré fuera de la oficina hasta el 20 de marzo de 2026.",
        "2026-03-20",
    ),
    (
        "Respuesta automática: Hello",
        "Estoy de vacaciones del 9 al 20 de marzo.",
        "2026-03-20",
    ),
    (
        "Respuesta automática: Hello",
        "Estoy ausente. Volveré a estar disponible el lunes 23 de marzo.",
        "2026-03-23",
    ),
    (
        "Respuesta automática: Hello",
        "Estoy de vacaciones y me reincorporaré el 23/03/2026.",
        "2026-03-23",
    ),
    (
        "Respuesta automática: Hello",
        "Fuera de la oficina hasta el próximo lunes.",
        "2026-03-16",
    ),
    (
        "Respuesta automática: Hello",
        "Estaré ausente hasta finales de marzo.",
        "2026-03-31",
    ),
];

/// With and without the header that says so: the subject alone tells it too.
async fn absences_name_their_day_of_return(options: Options) {
    let server = options.start().await;
    for (number, (subject, words, day)) in ABSENCES.into_iter().enumerate() {
        let (contact, ours) = active(&server, &format!("ada{number}@customer.example")).await;
        let version = contact.status().await["version"].clone();
        let mut mail = Mail::new(&contact.email, subject, words)
            .answering(&ours)
            .dated(written());
        if number % 2 == 0 {
            mail = mail.header("Auto-Submitted", "auto-replied");
        }
        server.inbound(&mail).await.ok();
        let stored = contact.messages().await.pop().unwrap();
        assert_eq!(stored["kind"], "out_of_office", "{words}");
        assert_eq!(stored["returnsOn"], day, "{words}");
        let status = contact.status().await;
        assert_eq!(
            (&status["currentState"], &status["version"]),
            (&json!("ACTIVE"), &version),
            "{words}"
        );
    }
    assert!(server.items("/api/review").await.is_empty());
    server.verify().await;
}
