//! Calls that together get every answer of figures over many conversations.

use convo_tests::Server;
use convo_tests::records::{STATE, id, text};
use serde_json::{Value, json};

use crate::handover::CALL_ME;

/// A lead from somewhere, of a campaign, whose mail an agent has answered and who has written again.
async fn answered(server: &Server) {
    let campaign = json!({"name": "Counted", "policy": {"fastTrack": true}});
    let campaign = id(&server.post("/api/campaigns", campaign).await.expect(201));
    let lead = json!({"email": "counted@customer.example", "source": "fair"});
    let lead = id(&server.post("/api/leads", lead).await.expect(201));
    let body = json!({"leadId": lead, "campaignId": campaign, "subject": "x"});
    let made = id(&server.post("/api/conversations", body).await.expect(201));
    let agent = server.agent("counted@dealer.example").await;
    let post = async |rest: &str, body: Value| {
        server
            .post(&format!("{STATE}/{made}/{rest}"), body)
            .await
            .ok();
    };
    let said = |by: &str, ai: u8| json!({"senderId": by, "isFromAI": ai, "content": "Thank you.", "messageType": "email"});
    post("process-message", said("campaign", 1)).await;
    post("process-message", said(&lead, 0)).await;
    post("take-over", json!({"agentId": agent, "reason": "x"})).await;
    post("process-message", said(&agent, 0)).await;
    post("process-message", said(&lead, 0)).await;
    let event = json!({"type": "email_delivered", "source": "x"});
    post("integration-event", event).await;

    // Another one asks for a person, and an agent is asked.
    let lead = server.lead("counted2@customer.example").await;
    let body = json!({"leadId": lead, "campaignId": campaign, "subject": "x"});
    let made = id(&server.post("/api/conversations", body).await.expect(201));
    let path = format!("{STATE}/{made}/process-message");
    server.post(&path, said("campaign", 1)).await.ok();
    let call = json!({"senderId": lead, "isFromAI": 0, "content": CALL_ME, "messageType": "email"});
    server.post(&path, call).await.ok();
}

/// Makes all of them, over that and what the other calls have left.
pub async fn all(server: &Server) {
    answered(server).await;
    let figures = [
        ("reply-speed", &["campaign", "agent", "day", "week"][..]),
        ("ownership", &["campaign", "agent", "day", "week"]),
        ("conversion", &["campaign", "agent", "source", "week"]),
        ("delivery", &["campaign", "day", "week"]),
    ];
    for (figure, groups) in figures {
        let path = format!("/api/analytics/{figure}");
        server.get(&path).await.ok();
        for by in groups {
            let report = server.get(&format!("{path}?groupBy={by}")).await.ok();
            assert_eq!(report["groupBy"], *by);
        }
        // Without any data, and what cannot be asked.
        let past = "to=2001-01-01T00:00:00Z";
        server.get(&format!("{path}?{past}")).await.ok();
        server
            .get(&format!("{path}/conversations?{past}"))
            .await
            .ok();
        server.get(&format!("{path}?campaignId=none")).await.ok();
        server.get(&format!("{path}/conversations")).await.ok();
        for wrong in [
            "from=2001-01-01T00:00:00Z",
            "campaignId=x",
            "groupBy=colour",
            "to=now",
        ] {
            server.get(&format!("{path}?{wrong}")).await.expect(422);
        }
        let items = server
            .get(&format!("{path}/conversations?limit=1"))
            .await
            .ok();
        if !items["nextCursor"].is_null() {
            let next = text(&items["nextCursor"]);
            server
                .get(&format!("{path}/conversations?limit=1&cursor={next}"))
                .await
                .ok();
        }
    }
    // What a figure does not know, its list does not know either.
    for unknown in [&format!("agentId={}", uuid::Uuid::nil()), "source=fair"] {
        for list in ["", "/conversations"] {
            let path = format!("/api/analytics/delivery{list}?{unknown}");
            server.get(&path).await.expect(422);
        }
    }
    for (figure, filter) in [
        ("reply-speed", "status=answered"),
        ("reply-speed", "status=waiting"),
        ("ownership", "status=accepted"),
        ("conversion", "stage=COLD_LEAD"),
        ("conversion", "source="),
        ("delivery", "figure=sent"),
        ("delivery", "figure=delivered"),
        ("delivery", "figure=machine_opened"),
    ] {
        let path = format!("/api/analytics/{figure}/conversations");
        server.get(&format!("{path}?{filter}")).await.ok();
        server
            .get(&format!("{path}?status=x&figure=x&stage=x"))
            .await
            .expect(422);
    }
}
