//! Every event type, and how little of one is needed.

use convo_email::{EmailObservation, EventKind, FailureClass, Received, Suppressed};
use serde_json::{Value, json};

use super::{received, signed_event, signed_form};

fn event(data: &Value) -> EmailObservation {
    match received(signed_event(data)) {
        Received::Event(event) => event,
        _ => panic!("not an event"),
    }
}

#[test]
fn every_event_type_is_read() {
    let kinds = [
        ("accepted", EventKind::Accepted),
        ("delivered", EventKind::Delivered),
        ("opened", EventKind::Opened),
        ("clicked", EventKind::Clicked),
        ("unsubscribed", EventKind::Unsubscribed),
        ("complained", EventKind::Complained),
        ("stored", EventKind::Stored),
        ("rejected", EventKind::Rejected { reason: None }),
        (
            "list_member_uploaded",
            EventKind::Unknown("list_member_uploaded".into()),
        ),
    ];
    for (name, kind) in kinds {
        assert_eq!(event(&json!({"event": name})).kind, kind, "{name}");
    }
}

#[test]
fn the_usual_fields_are_read() {
    let read = event(&json!({
        "event": "clicked", "id": "abc", "timestamp": 1_799_999_990.25, "recipient": "Lead@Example.com",
        "domain": {"name": "Mail.Example"}, "url": "https://example.com/",
        "message": {"headers": {"message-id": "m1@mail.example"}},
        "user-variables": {"lead_id": "l1", "conversationId": "c1", "other": 3},
        "client-info": {"user-agent": "Mozilla/5.0 (X11)", "bot": ""}
    }));
    assert_eq!(read.occurred_at.timestamp_micros(), 1_799_999_990_250_000);
    assert_eq!(read.recipient.as_deref(), Some("lead@example.com"));
    assert_eq!(read.domain.as_deref(), Some("mail.example"));
    assert_eq!(read.message_id.unwrap().as_str(), "m1@mail.example");
    assert_eq!(read.variables.lead_id.as_deref(), Some("l1"));
    assert_eq!(read.variables.conversation_id.as_deref(), Some("c1"));
    let client = read.client.unwrap();
    assert_eq!(
        (client.user_agent.as_deref(), client.bot),
        (Some("Mozilla/5.0 (X11)"), None)
    );
}

#[test]
fn fields_of_odd_types_are_read_as_absent() {
    let read = event(&json!({
        "event": "failed", "timestamp": "soon", "tags": null, "recipient": 5, "message": null,
        "user-variables": "{\"lead_id\": \"l\"}", "delivery-status": null, "severity": "permanent", "client-info": []
    }));
    assert_eq!(read.occurred_at, super::now());
    assert_eq!(read.variables.lead_id.as_deref(), Some("l"));
    let EventKind::Failed(failure) = read.kind else {
        panic!()
    };
    assert_eq!(failure.class(), FailureClass::Hard);
}

#[test]
fn a_failure_says_what_it_means_for_the_address() {
    use FailureClass::{Hard, ProviderSuppression, Soft};
    let cases = [
        (
            json!({"severity": "permanent", "reason": "bounce", "delivery-status": {"code": 550, "enhanced-code": "5.1.1"}}),
            Hard,
        ),
        (
            json!({"severity": "temporary", "reason": "generic", "delivery-status": {"code": 451}}),
            Soft,
        ),
        (json!({"reason": "generic"}), Soft),
        (
            json!({"severity": "permanent", "reason": "old", "delivery-status": {"code": 602}}),
            Soft,
        ),
        (
            json!({"severity": "permanent", "reason": "bounce", "delivery-status": {"bounce-type": "soft"}}),
            Soft,
        ),
        (
            json!({"severity": "permanent", "reason": "suppress-bounce"}),
            ProviderSuppression(Suppressed::Bounce),
        ),
        (
            json!({"severity": "permanent", "delivery-status": {"code": 606}}),
            ProviderSuppression(Suppressed::Unsubscribe),
        ),
        (
            json!({"severity": "permanent", "reason": "suppress-complaint"}),
            ProviderSuppression(Suppressed::Complaint),
        ),
    ];
    for (mut data, expected) in cases {
        data["event"] = "failed".into();
        let EventKind::Failed(failure) = event(&data).kind else {
            panic!()
        };
        assert_eq!(failure.class(), expected, "{data}");
    }
}

#[test]
fn the_older_form_posts_are_read() {
    let posts = [
        ("delivered", EventKind::Delivered),
        ("opened", EventKind::Opened),
        ("complained", EventKind::Complained),
    ];
    for (name, kind) in posts {
        let fields = [
            ("event", name),
            ("recipient", "A@b.example"),
            ("Message-Id", "<m@x.example>"),
            ("lead_id", "l"),
        ];
        let Received::Event(read) = received(signed_form(&fields)) else {
            panic!("{name}")
        };
        assert_eq!(
            (read.kind, read.recipient.as_deref()),
            (kind, Some("a@b.example"))
        );
        assert_eq!(read.message_id.unwrap().as_str(), "m@x.example");
        assert_eq!(read.variables.lead_id.as_deref(), Some("l"));
    }
    let bounced = [
        ("event", "bounced"),
        ("code", "550"),
        ("error", "5.1.1 no such user"),
    ];
    let Received::Event(read) = received(signed_form(&bounced)) else {
        panic!()
    };
    let EventKind::Failed(failure) = read.kind else {
        panic!()
    };
    assert_eq!(
        (failure.class(), failure.enhanced_code.as_deref()),
        (FailureClass::Hard, Some("5.1.1"))
    );
    let dropped = [
        ("event", "dropped"),
        ("code", "605"),
        ("reason", "hardfail"),
    ];
    let Received::Event(read) = received(signed_form(&dropped)) else {
        panic!()
    };
    let EventKind::Failed(failure) = read.kind else {
        panic!()
    };
    assert_eq!(
        failure.class(),
        FailureClass::ProviderSuppression(Suppressed::Bounce)
    );
}

proptest::proptest! {
    #[test]
    fn no_event_data_panics(text in ".{0,200}") {
        for name in ["event", "timestamp", "recipient", "user-variables", "message"] {
            let _ = received_or_nothing(&json!({"event": "failed", name: text}));
        }
    }
}

fn received_or_nothing(data: &Value) -> Option<Received> {
    use convo_email::WebhookProvider;
    let provider = super::provider();
    let verified = provider.verify(signed_event(data), super::now()).ok()?;
    provider.parse(verified).ok()?.pop()
}
