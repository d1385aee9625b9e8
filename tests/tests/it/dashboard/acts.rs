//! What is done on pages: the same as through the API, for keys that may.

use convo_tests::pages::field;
use convo_tests::records::id;
use convo_tests::{BOOTSTRAP_KEY, Mail, Options, Pages, on_both};
use serde_json::json;

use super::agents_key;
use crate::handover::{CALL_ME, asked, asks_for_a_person, fast, handover};

on_both!(
    buttons_follow_the_keys_scopes,
    an_event_is_fired_and_a_refusal_explained,
    an_agent_takes_a_lead_calls_and_ends_it,
    a_review_item_is_decided_with_one_click,
    an_address_is_suppressed_and_the_suppression_lifted,
);

async fn buttons_follow_the_keys_scopes(options: Options) {
    let server = fast(options).await;
    server.agent("grace@dealer.example").await;
    let contact = asks_for_a_person(&server, "ada@customer.example").await;
    server
        .inbound(&Mail::new(
            "who@else.example",
            "Hello",
            "Is it still there?",
        ))
        .await
        .ok();
    server
        .post(
            "/api/suppressions",
            json!({"address": "no@customer.example"}),
        )
        .await
        .expect(201);
    let page = format!("/conversations/{}", contact.id);
    let fire = "data-fire=\"CONVERSATION_ABANDONED\"";
    for (scopes, writes, acts) in [
        (&["read"][..], false, false),
        (&["write"], true, false),
        (&["write", "agent"], true, true),
        (&["admin"], true, true),
    ] {
        let pages = Pages::inside(&server, &server.key(scopes).await).await;
        let html = pages.html(&page).await;
        assert_eq!(
            (html.contains(fire), html.contains("data-act=\"accept\"")),
            (writes, acts),
            "{scopes:?}"
        );
        assert_eq!(
            pages
                .html("/review")
                .await
                .contains("data-resolve=\"discard\""),
            writes,
            "{scopes:?}"
        );
        let held = pages.html("/suppressions").await;
        let (adds, lifts) = (
            held.contains("data-act=\"suppress\""),
            held.contains("data-act=\"lift\""),
        );
        assert_eq!((adds, lifts), (writes, scopes == ["admin"]), "{scopes:?}");
        if !writes {
            let fields = [("event", "CONVERSATION_ABANDONED")];
            let path = format!("{page}/transition");
            assert_eq!(pages.press(&page, &path, &fields).await.status, 403);
            let path = format!("{page}/accept");
            assert_eq!(pages.press(&page, &path, &[]).await.status, 403);
        }
    }
    assert_eq!(contact.state().await, "READY_FOR_HANDOVER");
}

async fn an_event_is_fired_and_a_refusal_explained(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let pages = Pages::inside(&server, BOOTSTRAP_KEY).await;
    let (page, path) = (
        format!("/conversations/{}", contact.id),
        format!("/conversations/{}/transition", contact.id),
    );
    let html = pages.html(&page).await;
    assert!(
        html.contains("data-state=\"NEW\" data-version=\"0\""),
        "{html}"
    );
    assert!(html.contains("<g class=\"box lit\" data-state=\"NEW\""));
    assert_eq!(html.matches("<li data-event=").count(), 9);

    let fields = [("event", "FIRST_EMAIL_SENT"), ("expectedVersion", "0")];
    let fired = pages.press(&page, &path, &fields).await;
    assert_eq!(
        (fired.status, fired.header("location")),
        (303, format!("{page}?done=transition").as_str())
    );
    assert_eq!(contact.state().await, "ACTIVE");
    let html = pages.html(fired.header("location")).await;
    assert!(
        html.contains("id=\"done\"") && html.contains("<g class=\"box lit\" data-state=\"ACTIVE\"")
    );
    assert!(
        html.contains("li data-version=\"1\""),
        "the step is in the history"
    );

    let stale = pages
        .press(
            &page,
            &path,
            &[
                ("event", "CONVERSATION_ABANDONED"),
                ("expectedVersion", "0"),
            ],
        )
        .await;
    assert_eq!(stale.status, 200, "the page again");
    assert!(
        stale.text().contains("id=\"alert\"")
            && stale.text().contains("data-code=\"version_conflict\"")
    );
    let wrong = pages
        .press(&page, &path, &[("event", "MANUAL_ARCHIVE")])
        .await;
    assert!(wrong.text().contains("data-code=\"invalid_transition\""));
    contact.reply("hm").await;
    let unmet = pages
        .press(&page, &path, &[("event", "QUALIFICATION_CRITERIA_MET")])
        .await
        .text();
    let why = "data-rule=\"qualification_criteria\"";
    assert!(
        unmet.contains("data-code=\"rules_not_met\"") && unmet.contains(why),
        "{unmet}"
    );
    // The same is said before anybody presses anything.
    let html = pages.html(&page).await;
    let row = html
        .split("data-event=\"QUALIFICATION_CRITERIA_MET\"")
        .nth(1)
        .unwrap();
    let row = row.split("<li data-event=").next().unwrap();
    assert!(
        row.starts_with(" data-allowed=\"false\"") && row.contains(why),
        "{row}"
    );
    assert_eq!(contact.state().await, "ENGAGED");
    let last = contact.transitions().await.pop().unwrap();
    assert!(last["actor"].is_string());
    assert_eq!(
        pages
            .press(&page, &format!("{page}/nothing"), &[])
            .await
            .status,
        404
    );
}

async fn an_agent_takes_a_lead_calls_and_ends_it(options: Options) {
    let server = fast(options).await;
    let grace = server.agent("grace@dealer.example").await;
    let contact = asks_for_a_person(&server, "ada@customer.example").await;
    assert_eq!(asked(&contact).await, grace.as_str());
    let pages = Pages::inside(&server, &agents_key(&server, &grace).await).await;
    for path in ["/", "/handover"] {
        let html = pages.html(path).await;
        assert!(
            html.contains("Grace Agent") && html.contains("answer due"),
            "{path}: {html}"
        );
    }
    let page = format!("/conversations/{}", contact.id);
    let act = |name: &str| format!("{page}/{name}");
    let html = pages.html(&page).await;
    assert!(
        html.contains("data-act=\"accept\"")
            && html.contains("data-act=\"decline\"")
            && !html.contains("id=\"reply\"")
    );
    assert_eq!(pages.press(&page, &act("accept"), &[]).await.status, 303);
    assert_eq!(contact.state().await, "HANDED_OVER");
    let html = pages.html(&page).await;
    assert!(
        html.contains("id=\"reply\"")
            && html.contains("data-act=\"called\"")
            && !html.contains("data-act=\"accept\"")
    );

    // The same tap twice is one call.
    let (csrf, once) = (field(&html, "csrf").unwrap(), field(&html, "once").unwrap());
    let tap = [("csrf", csrf.as_str()), ("once", once.as_str())];
    for _ in 0..2 {
        assert_eq!(pages.post(&act("called"), &tap, &[]).await.status, 303);
    }
    assert!(handover(&contact).await["touchedAt"].is_string());
    let touched = server.log_after(0).await;
    let touched = touched
        .iter()
        .filter(|row| row["data"]["action"] == "touched")
        .count();
    assert_eq!(touched, 1);

    // Nothing is sent from this server: the answer stays in the form.
    let refused = pages
        .press(
            &page,
            &act("send"),
            &[("text", "Hello <Ada>,\r\nwhen may I call?")],
        )
        .await;
    assert_eq!(refused.status, 200);
    let html = refused.text();
    assert!(
        html.contains("data-code=\"sending_off\"")
            && html.contains("Hello &lt;Ada&gt;,\nwhen may I call?</textarea>"),
        "{html}"
    );

    let other = server.agent("bob@dealer.example").await;
    let others = Pages::inside(&server, &agents_key(&server, &other).await).await;
    let html = others.html(&page).await;
    assert!(
        !html.contains("id=\"reply\"")
            && !html.contains("data-act=\"called\"")
            && html.contains("data-act=\"take-over\"")
    );
    let version = contact.status().await["version"].to_string();
    let fields = [
        ("event", "CONVERSATION_COMPLETED"),
        ("outcome", "won"),
        ("expectedVersion", &version),
    ];
    assert_eq!(
        pages.press(&page, &act("transition"), &fields).await.status,
        303
    );
    let status = contact.status().await;
    assert_eq!(
        (&status["currentState"], &status["outcome"]),
        (&json!("CLOSED"), &json!("won"))
    );
    contact.reply(CALL_ME).await;
    server.verify().await;
}

async fn a_review_item_is_decided_with_one_click(options: Options) {
    let server = options.start().await;
    let ada = server
        .post(
            "/api/leads",
            json!({"email": "ada@customer.example", "firstName": "Ada", "lastName": "Lovelace"}),
        )
        .await
        .expect(201);
    let body = json!({"leadId": id(&ada), "subject": "Your new car"});
    let talk = id(&server.post("/api/conversations", body).await.expect(201));
    let from = "Ada Lovelace <countess@home.example>";
    for subject in ["first", "second"] {
        server
            .inbound(&Mail::new(from, subject, "Is it still there?"))
            .await
            .ok();
    }
    let pages = Pages::inside(&server, &server.key(&["write"]).await).await;
    let html = pages.html("/review").await;
    assert_eq!(html.matches("<article").count(), 2);
    assert!(
        html.contains("a lead of the same name") && html.contains(&talk),
        "{html}"
    );

    let items = server.items("/api/review").await;
    let item = |n: usize| format!("/review/{}", id(&items[n]));
    let lacking = pages
        .press("/review", &item(0), &[("action", "attach")])
        .await
        .text();
    assert!(
        lacking.contains("data-code=\"validation_failed\"") && lacking.contains("conversationId")
    );
    let fields = [("action", "alias"), ("leadId", ada["id"].as_str().unwrap())];
    let decided = pages.press("/review", &item(0), &fields).await;
    assert_eq!(
        (decided.status, decided.header("location")),
        (303, "/review?done=resolved")
    );
    let html = pages.html("/review?done=resolved").await;
    assert!(
        html.contains("Nothing waits for a decision") && html.contains("id=\"done\""),
        "the other mail came with it"
    );
    let stored = server
        .items(&format!("/api/conversation-state/{talk}/messages"))
        .await;
    assert_eq!(stored.len(), 2);
    let again = pages.press("/review", &item(0), &fields).await.text();
    assert!(again.contains("data-code=\"conflict\""), "{again}");
}

async fn an_address_is_suppressed_and_the_suppression_lifted(options: Options) {
    let server = options.start().await;
    let pages = Pages::inside(&server, BOOTSTRAP_KEY).await;
    let wrong = pages
        .press("/suppressions", "/suppressions", &[("address", "nobody")])
        .await;
    assert!(wrong.text().contains("data-code=\"validation_failed\""));
    let fields = [
        ("address", "ada@customer.example"),
        ("evidence", "by phone"),
    ];
    assert_eq!(
        pages
            .press("/suppressions", "/suppressions", &fields)
            .await
            .status,
        303
    );
    let held = server
        .get("/api/suppressions?address=ada@customer.example")
        .await
        .ok();
    assert_eq!(
        (&held["items"][0]["evidence"], &held["items"][0]["source"]),
        (&json!("by phone"), &json!("dashboard"))
    );
    server
        .post(
            "/api/suppressions",
            json!({"address": "bob@customer.example", "reason": "opt_out"}),
        )
        .await
        .expect(201);
    let html = pages
        .html("/suppressions?address=ada%40customer.example")
        .await;
    assert_eq!(html.matches("<tr data-suppression=").count(), 1);

    let bob = [("address", "bob@customer.example")];
    let refused = pages
        .press("/suppressions", "/suppressions/lift", &bob)
        .await
        .text();
    assert!(
        refused.contains("data-code=\"validation_failed\"") && refused.contains("evidence"),
        "{refused}"
    );
    for fields in [
        vec![("address", "ada@customer.example")],
        vec![bob[0], ("evidence", "mail of today")],
    ] {
        assert_eq!(
            pages
                .press("/suppressions", "/suppressions/lift", &fields)
                .await
                .status,
            303
        );
    }
    let html = pages.html("/suppressions").await;
    assert_eq!(html.matches("data-holds=\"false\"").count(), 2, "{html}");
}
