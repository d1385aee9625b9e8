#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;

struct Given {
    status: Value,
    record: Value,
    events: Vec<Value>,
    messages: Value,
}

fn given() -> Given {
    Given {
        status: json!({"conversationId": "c1", "currentState": "QUALIFIED", "version": 4, "assignedAgentId": "a1",
            "analytics": {"engagementScore": 61}, "integrationStatus": {"email": {}, "handover": {"offer": null}}}),
        record: json!({"leadId": "l1", "leadName": "<b>Ada</b>", "subject": "<script>alert(1)</script>", "agentName": "Grace"}),
        events: vec![
            json!({"event": "HANDOVER_REQUESTED", "isValid": true, "canProceed": false, "fromState": "QUALIFIED",
                "toState": "READY_FOR_HANDOVER", "reason": "rules_not_met", "rules": [
                {"id": "handover_readiness", "required": true, "passed": false, "actual": 12, "expected": 70, "message": "more"}]}),
            json!({"event": "CONVERSATION_ABANDONED", "isValid": true, "canProceed": true, "fromState": "QUALIFIED", "toState": "CLOSED", "rules": []}),
            json!({"event": "MANUAL_ARCHIVE", "isValid": false, "canProceed": false, "fromState": "QUALIFIED", "toState": null, "rules": []}),
        ],
        messages: json!({"items": [{"id": "m1", "direction": "inbound", "author": "lead", "kind": "human",
            "subject": "</article><img src=x onerror=alert(1)>", "content": "<script>x</script>", "replyText": "<script>x</script>",
            "html": "<script>never here</script>", "attachments": [{"n": 1, "name": "\"><svg onload=1>.exe", "size": 12}]}], "older": 3}),
    }
}

fn shown(given: &Given, viewer: &Viewer) -> String {
    let null = Value::Null;
    page(&Conversation {
        status: &given.status,
        record: &given.record,
        lead: &null,
        journey: &null,
        events: &given.events,
        messages: &given.messages,
        tree: Some(&[]),
        history: &null,
        agents: &[],
        sends: true,
        viewer,
        alert: None,
        unsent: "",
        done: Some("accept"),
    })
    .into_string()
}

#[test]
fn a_reading_key_sees_everything_and_no_button() {
    let html = shown(&given(), &Viewer::default());
    for id in [
        "head", "machine", "handover", "events", "messages", "thread", "history", "journey",
        "scores",
    ] {
        assert!(
            html.contains(&format!("<section class=\"part\" id=\"{id}\"")),
            "{id}"
        );
    }
    assert!(
        !html.contains("<button") && !html.contains("<form"),
        "{html}"
    );
    assert!(html.contains("data-event=\"HANDOVER_REQUESTED\" data-allowed=\"false\""));
    assert!(html.contains("is 12, needs 70") && html.contains("Not possible in qualified"));
}

#[test]
fn buttons_are_there_for_those_who_may() {
    let writer = Viewer {
        may_write: true,
        csrf: "t".to_owned(),
        ..Viewer::default()
    };
    let html = shown(&given(), &writer);
    assert!(
        html.contains("data-fire=\"CONVERSATION_ABANDONED\"")
            && !html.contains("data-fire=\"MANUAL_ARCHIVE\"")
    );
    assert!(!html.contains("data-act=\"called\"") && !html.contains("id=\"reply\""));
    let owner = Viewer {
        may_act: true,
        agent: Some("a1".to_owned()),
        ..writer.clone()
    };
    let html = shown(&given(), &owner);
    assert!(
        html.contains("data-act=\"called\"")
            && html.contains("id=\"reply\"")
            && !html.contains("data-act=\"take-over\"")
    );
    let other = Viewer {
        agent: Some("a2".to_owned()),
        ..owner
    };
    let html = shown(&given(), &other);
    assert!(
        html.contains("data-act=\"take-over\"")
            && !html.contains("id=\"reply\"")
            && !html.contains("data-act=\"called\"")
    );
}

#[test]
fn what_a_mail_says_is_text_and_its_html_is_only_framed() {
    let html = shown(&given(), &Viewer::default());
    for word in ["<script", "<img", "<svg onload", "never here", "<b>"] {
        assert!(!html.contains(word), "{word}");
    }
    assert!(html.contains("sandbox=\"\"") && html.contains("src=\"/messages/m1/html\""));
    assert!(html.contains("?before=3#messages"));
}
