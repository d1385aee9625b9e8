//! The 72 pairs of state and event, and the requests around them.

use convo_tests::records::Contact;
use convo_tests::{Options, Server, on_both};
use serde_json::{Value, json};

on_both!(
    all_72_pairs,
    validate_says_what_transition_does,
    a_refusal_lists_every_unmet_rule,
    take_over_applies_the_missing_events,
    closing_carries_an_outcome,
    expected_version_is_compared,
    a_reply_reopens_what_was_closed,
);

const STATES: [&str; 8] = [
    "NEW",
    "ACTIVE",
    "ENGAGED",
    "QUALIFIED",
    "READY_FOR_HANDOVER",
    "HANDED_OVER",
    "CLOSED",
    "ARCHIVED",
];

/// Event, then per state: where it leads, `=` recorded, `.` refused.
const TABLE: [(&str, [&str; 8]); 9] = [
    (
        "FIRST_EMAIL_SENT",
        ["ACTIVE", ".", ".", ".", ".", ".", ".", "."],
    ),
    (
        "LEAD_REPLIED",
        [".", "ENGAGED", "=", "=", "=", "=", "ENGAGED", "."],
    ),
    (
        "ENGAGEMENT_INCREASED",
        [".", "=", "=", "=", "=", "=", ".", "."],
    ),
    (
        "QUALIFICATION_CRITERIA_MET",
        [".", ".", "QUALIFIED", ".", ".", ".", ".", "."],
    ),
    (
        "HANDOVER_REQUESTED",
        [".", ".", ".", "READY_FOR_HANDOVER", ".", ".", ".", "."],
    ),
    (
        "HUMAN_AGENT_ASSIGNED",
        [".", ".", ".", ".", "HANDED_OVER", "=", ".", "."],
    ),
    (
        "CONVERSATION_COMPLETED",
        [".", ".", ".", ".", ".", "CLOSED", ".", "."],
    ),
    (
        "CONVERSATION_ABANDONED",
        [
            "CLOSED", "CLOSED", "CLOSED", "CLOSED", "CLOSED", "CLOSED", ".", ".",
        ],
    ),
    (
        "MANUAL_ARCHIVE",
        [".", ".", ".", ".", ".", ".", "ARCHIVED", "."],
    ),
];

/// Thresholds low and the cascade off, so that every state is reached by request.
fn by_hand(options: Options) -> Options {
    let settings = [
        ("CONVO_POLICY__AUTO_QUALIFY", "false"),
        ("CONVO_POLICY__AUTO_HANDOVER", "false"),
        ("CONVO_POLICY__MIN_MESSAGES", "0"),
        ("CONVO_POLICY__MIN_ENGAGEMENT", "0"),
        ("CONVO_POLICY__MIN_READINESS", "0"),
    ];
    settings
        .into_iter()
        .fold(options, |options, (name, value)| options.with(name, value))
}

/// A new conversation in this state; every request on the way must be granted.
async fn conversation_in(server: &Server, agent: &str, state: &str, name: &str) -> Contact {
    let contact = server.contact(&format!("{name}@customer.example")).await;
    let order = STATES.iter().position(|other| *other == state).unwrap();
    if order >= 6 {
        // Closed with a reply that no LEAD_REPLIED has used up, so that one may follow by request.
        contact.reply("Are you there? I look for a van").await;
        contact.transition("CONVERSATION_ABANDONED").await.ok();
        if state == "ARCHIVED" {
            contact.transition("MANUAL_ARCHIVE").await.ok();
        }
        return contact;
    }
    contact.outbound("Hello, may I make you an offer?").await;
    if order >= 1 {
        contact.transition("FIRST_EMAIL_SENT").await.ok();
    }
    if order >= 2 {
        contact.reply("Could I book a test drive with you?").await;
        contact.outbound("Of course, when?").await;
        contact.reply("On Friday, and what is the price?").await;
    }
    if order >= 3 {
        contact.transition("QUALIFICATION_CRITERIA_MET").await.ok();
    }
    if order >= 4 {
        contact.transition("HANDOVER_REQUESTED").await.ok();
    }
    if order >= 5 {
        let metadata = json!({"agentId": agent});
        contact
            .transition_with("HUMAN_AGENT_ASSIGNED", metadata)
            .await
            .ok();
    }
    contact
}

async fn all_72_pairs(options: Options) {
    let server = by_hand(options).start().await;
    let agent = server.agent("grace@dealer.example").await;
    for (column, state) in STATES.into_iter().enumerate() {
        let allowed: Vec<&str> = TABLE
            .iter()
            .filter(|(_, cells)| cells[column] != ".")
            .map(|(event, _)| *event)
            .collect();
        for (row, (event, cells)) in TABLE.into_iter().enumerate() {
            let name = format!("pair-{column}-{row}");
            let contact = conversation_in(&server, &agent, state, &name).await;
            let before = contact.status().await;
            assert_eq!(before["currentState"], state);
            assert_eq!(before["allowedEvents"], json!(allowed), "{state}");
            let metadata = json!({"agentId": agent, "outcome": "won"});
            let answer = contact.transition_with(event, metadata).await;
            let after = contact.status().await;
            // A reply is stored in no ACTIVE conversation without moving it, so this request cannot be granted.
            let unmet = (state, event) == ("ACTIVE", "LEAD_REPLIED");
            if cells[column] == "." {
                let problem = answer.problem(409, "invalid_transition");
                assert_eq!(problem["from"], state);
                assert_eq!(problem["event"], event);
                assert_eq!(problem["allowedEvents"], json!(allowed));
                assert_eq!(after["version"], before["version"]);
            } else if unmet {
                answer.problem(422, "rules_not_met");
                assert_eq!(after["version"], before["version"]);
            } else {
                let to = if cells[column] == "=" {
                    state
                } else {
                    cells[column]
                };
                let granted = answer.ok();
                assert_eq!(granted["fromState"], state, "{event}");
                assert_eq!(granted["newState"], to, "{event}");
                assert_eq!(granted["version"], before["version"].as_u64().unwrap() + 1);
                assert_eq!(after["currentState"], to);
                assert_eq!(after["version"], granted["version"]);
                let rows = contact.transitions().await;
                let last = rows.last().unwrap();
                assert_eq!(last["event"], event);
                assert_eq!(last["transitionId"], granted["transitionId"]);
                assert_eq!(last["triggeredBy"], "test");
            }
        }
    }
    server.verify().await;
}

async fn validate_says_what_transition_does(options: Options) {
    let server = by_hand(options).start().await;
    let agent = server.agent("grace@dealer.example").await;
    for (column, state) in STATES.into_iter().enumerate() {
        for (row, (event, cells)) in TABLE.into_iter().enumerate() {
            for metadata in [json!({}), json!({"agentId": agent})] {
                let with = metadata["agentId"].is_string();
                let name = format!("validate-{column}-{row}-{with}");
                let contact = conversation_in(&server, &agent, state, &name).await;
                let body = json!({"event": event, "triggeredBy": "test", "metadata": metadata});
                let answer = contact.post("validate-transition", body).await.ok();
                let validation = &answer["validation"];
                let moved = contact.transition_with(event, metadata).await;
                let said = format!("{state} {event} {validation:#}\n{}", moved.text());
                assert_eq!(validation["isValid"], cells[column] != ".", "{said}");
                assert_eq!(validation["canProceed"], moved.status == 200, "{said}");
                assert_eq!(validation["fromState"], state, "{said}");
                if moved.status == 200 {
                    assert_eq!(validation["toState"], moved.json()["newState"], "{said}");
                    assert_eq!(validation["warnings"], moved.json()["warnings"], "{said}");
                } else {
                    assert_eq!(validation["reason"], moved.json()["code"], "{said}");
                }
                if cells[column] == "." {
                    assert_eq!(validation["toState"], Value::Null, "{said}");
                    assert_eq!(validation["rules"], json!([]), "{said}");
                }
            }
        }
    }
}

async fn a_refusal_lists_every_unmet_rule(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    contact.reply("Hm, let me think about it for a while").await;
    let problem = contact.transition("QUALIFICATION_CRITERIA_MET").await;
    let problem = problem.problem(422, "rules_not_met");
    let unmet = problem["unmet"].as_array().unwrap();
    assert!(
        unmet
            .iter()
            .any(|rule| rule["rule"] == "qualification_criteria"),
        "{problem:#}"
    );
    for rule in unmet {
        assert_eq!(rule["required"], true);
        assert!(
            rule["fix"].as_str().is_some_and(|fix| fix.len() > 10),
            "{rule}"
        );
        assert!(
            !rule["actual"].is_null() && !rule["expected"].is_null(),
            "{rule}"
        );
    }
    let body = json!({"event": "HUMAN_AGENT_ASSIGNED", "triggeredBy": "test"});
    let validation = &contact.post("validate-transition", body).await.ok()["validation"];
    assert_eq!(validation["reason"], "invalid_transition");
    let body = json!({"event": "LEAD_REPLIED", "triggeredBy": "test", "fromState": "CLOSED"});
    let validation = &contact.post("validate-transition", body).await.ok()["validation"];
    assert_eq!(validation["reason"], "state_mismatch");
    let body = json!({"triggeredBy": "test", "fromState": "ENGAGED", "toState": "QUALIFIED"});
    let validation = &contact.post("validate-transition", body).await.ok()["validation"];
    assert_eq!(validation["isValid"], true, "{validation:#}");
    assert_eq!(validation["canProceed"], false);
    assert!(!validation["requirements"].as_array().unwrap().is_empty());
}

async fn take_over_applies_the_missing_events(options: Options) {
    let server = options.start().await;
    let agent = server.agent("grace@dealer.example").await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    contact.reply("Let me think about it, please").await;
    let before = contact.status().await;
    let body = json!({"agentId": agent, "reason": "the lead rang"});
    contact.post("take-over", body).await.ok();
    let status = contact.status().await;
    assert_eq!(status["currentState"], "HANDED_OVER");
    assert_eq!(status["assignedAgentId"], agent);
    assert_eq!(status["version"], before["version"].as_u64().unwrap() + 3);
    let unknown = json!({"agentId": "018f0000-0000-7000-8000-000000000000", "reason": "x"});
    contact
        .post("take-over", unknown)
        .await
        .problem(422, "validation_failed");
    server.verify().await;
}

async fn closing_carries_an_outcome(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let metadata = json!({"outcome": "not_now", "followUpAt": "2030-01-01T09:00:00.000Z"});
    contact
        .transition_with("CONVERSATION_ABANDONED", metadata)
        .await
        .ok();
    assert_eq!(contact.status().await["outcome"], "not_now");
    let path = format!("/api/conversations/{}", contact.id);
    server.patch(&path, json!({"outcome": "lost"})).await.ok();
    assert_eq!(contact.status().await["outcome"], "lost");
    assert_eq!(
        contact.transitions().await.len(),
        1,
        "a correction is no event"
    );
    server
        .patch(&path, json!({"outcome": "nonsense"}))
        .await
        .problem(422, "validation_failed");
    let lost = server.items("/api/conversations?outcome=lost").await;
    assert_eq!(lost.len(), 1);
}

async fn expected_version_is_compared(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let ask = |version: u64| json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": "test", "expectedVersion": version});
    let problem = contact
        .post("transition", ask(7))
        .await
        .problem(409, "version_conflict");
    assert_eq!(problem["currentVersion"], 0);
    contact.post("transition", ask(0)).await.ok();
    // A stored message alone is no conflict.
    contact.outbound("Hello again").await;
    let body =
        json!({"event": "CONVERSATION_ABANDONED", "triggeredBy": "test", "expectedVersion": 1});
    contact.post("transition", body).await.ok();
}

async fn a_reply_reopens_what_was_closed(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    contact.transition("CONVERSATION_ABANDONED").await.ok();
    contact.reply("Wait, I am still interested").await;
    assert_eq!(contact.state().await, "ENGAGED");
    contact.transition("CONVERSATION_ABANDONED").await.ok();
    // Not while another of the lead is open.
    let other = server.contact("ada@customer.example").await;
    assert_ne!(other.id, contact.id);
    let answer = contact.reply("And one more question").await;
    assert_eq!(answer["conversation"]["currentState"], "CLOSED");
}
