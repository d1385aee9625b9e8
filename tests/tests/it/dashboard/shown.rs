//! What pages hold: their policy, their links, and what people wrote as text.

use std::collections::BTreeSet;

use convo_tests::mailgun::Event;
use convo_tests::pages::links;
use convo_tests::{Answer, BOOTSTRAP_KEY, Mail, Options, Pages, Server, on_both};
use serde_json::json;

use super::{PAGES, html_mail};
use crate::handover::{asks_for_a_person, fast};

on_both!(
    an_empty_database_has_a_checklist,
    every_page_is_strict_and_leads_somewhere,
    what_people_wrote_is_text,
    lists_are_filtered_and_go_on,
);

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Fails unless a page keeps what its policy says without being told to.
#[track_caller]
fn strict(answer: &Answer) {
    let (html, path) = (answer.text(), &answer.request);
    assert_eq!(answer.status, 200, "{path}\n{html}");
    assert_eq!(answer.header("content-security-policy"), POLICY, "{path}");
    assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    for forbidden in [
        "<style",
        " style=",
        " onclick=",
        " onload=",
        "javascript:",
        "http://",
        "https://",
    ] {
        assert!(!html.contains(forbidden), "{path} holds {forbidden}");
    }
    let scripts = html.matches("<script").count();
    assert_eq!(
        (
            scripts,
            html.matches("<script type=\"module\" src=\"/assets/live.js\"></script>")
                .count()
        ),
        (1, 1),
        "{path}"
    );
}

/// Every page that can be reached from here, each seen once.
async fn walk(pages: &Pages, from: &[&str]) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<String> = from.iter().map(|path| (*path).to_owned()).collect();
    while let Some(path) = open.pop() {
        if path.starts_with("/docs") || seen.len() > 150 || !seen.insert(path.clone()) {
            continue;
        }
        let answer = pages.get(&path).await;
        assert_eq!(answer.status, 200, "{path}\n{}", answer.text());
        let is_page = answer.header("content-type").starts_with("text/html");
        if is_page && !path.starts_with("/messages/") {
            strict(&answer);
            open.extend(links(&answer.text()));
        }
    }
    seen
}

/// Whether the checklist says that an item is done.
fn is_done(html: &str, item: &str) -> bool {
    let of = |done: bool| html.contains(&format!("data-item=\"{item}\" data-done=\"{done}\""));
    assert_ne!(of(true), of(false), "{item}: {html}");
    of(true)
}

async fn an_empty_database_has_a_checklist(options: Options) {
    let server = options.start().await;
    let pages = Pages::inside(&server, BOOTSTRAP_KEY).await;
    let html = pages.html("/").await;
    let done = [
        "public_address",
        "provider_key",
        "first_event",
        "first_mail",
        "leads",
        "agents",
    ]
    .map(|item| is_done(&html, item));
    assert_eq!(done, [false, true, false, false, false, false]);
    assert!(html.contains("data-poll=") && html.contains("data-state=\"NEW\" data-count=\"0\""));
    walk(&pages, &PAGES).await;

    server.lead("ada@customer.example").await;
    server.agent("grace@dealer.example").await;
    server
        .event(&Event::delivered(
            "unknown@dealer.example",
            "ada@customer.example",
        ))
        .await
        .ok();
    server
        .inbound(&Mail::new(
            "who@else.example",
            "Hello",
            "Is it still there?",
        ))
        .await
        .ok();
    let html = pages.html("/setup").await;
    for item in [
        "provider_key",
        "first_event",
        "first_mail",
        "leads",
        "agents",
    ] {
        assert!(is_done(&html, item), "{item}");
    }
    server.contact("ada@customer.example").await;
    let html = pages.html("/").await;
    assert!(
        !html.contains("id=\"checklist\"") && html.contains("data-state=\"NEW\" data-count=\"1\"")
    );
}

/// A server on which something of everything has happened.
async fn lived_in(options: Options) -> Server {
    let server = fast(options).await;
    server.agent("grace@dealer.example").await;
    let campaign = server.campaign("Spring").await;
    let ready = asks_for_a_person(&server, "ada@customer.example").await;
    let body = json!({"leadId": server.lead("bob@customer.example").await, "campaignId": campaign, "subject": "Spring"});
    server.post("/api/conversations", body).await.expect(201);
    let contact = server.contact("eve@customer.example").await;
    let ours = contact.outbound("Hello").await;
    server
        .event(&Event::delivered(&ours, &contact.email))
        .await
        .ok();
    html_mail(
        &server,
        &contact,
        &ours,
        "Re: Hello",
        "<p>Tell me <b>more</b></p>",
    )
    .await;
    let mail = Mail::new(&contact.email, "Photo", "See the photo").answering(&ours);
    server
        .inbound_multipart(&mail, &[("car.png", "image/png", b"png")])
        .await
        .ok();
    server
        .inbound(
            &Mail::new("who@else.example", "Is it", "Is it still there?")
                .answering("lost@dealer.example"),
        )
        .await
        .ok();
    server
        .post(
            "/api/suppressions",
            json!({"address": "no@customer.example"}),
        )
        .await
        .expect(201);
    assert_eq!(ready.state().await, "READY_FOR_HANDOVER");
    server
}

async fn every_page_is_strict_and_leads_somewhere(options: Options) {
    let server = lived_in(options).await;
    let pages = Pages::inside(&server, BOOTSTRAP_KEY).await;
    let seen = walk(&pages, &PAGES).await;
    for kind in [
        "/conversations/",
        "/leads/",
        "/messages/",
        "/conversations?state=ENGAGED",
    ] {
        assert!(
            seen.iter().any(|path| path.starts_with(kind)),
            "{kind} among {seen:#?}"
        );
    }
    assert!(
        seen.iter().any(|path| path.ends_with("/attachments/1"))
            && seen.iter().any(|path| path.ends_with("/html")),
        "{seen:#?}"
    );
    for path in [
        "/conversations/x",
        "/leads/0190a0a0-0000-7000-8000-000000000000",
        "/conversations/0190a0a0-0000-7000-8000-000000000000",
        "/messages/0190a0a0-0000-7000-8000-000000000000/html",
    ] {
        let answer = pages.get(path).await;
        assert_eq!(
            (answer.status, answer.header("content-security-policy")),
            (404, POLICY),
            "{path}"
        );
    }
    for path in [
        "/conversations?state=NOWHERE",
        "/leads?stage=x",
        "/conversations?cursor=x",
        "/conversations?agentId=x",
    ] {
        assert_eq!(pages.get(path).await.status, 422, "{path}");
    }
}

async fn what_people_wrote_is_text(options: Options) {
    let server = fast(options).await;
    const EVIL: &str = "<script>alert(1)</script>\"><img src=x onerror=alert(1)>";
    let lead = json!({"email": "eve@customer.example", "firstName": EVIL, "lastName": "</title><svg onload=alert(1)>", "interest": EVIL,
        "source": EVIL, "attributes": {EVIL: EVIL}});
    let lead = convo_tests::records::id(&server.post("/api/leads", lead).await.expect(201));
    let body = json!({"leadId": lead, "subject": EVIL});
    let id = convo_tests::records::id(&server.post("/api/conversations", body).await.expect(201));
    server
        .post(
            "/api/agents",
            json!({"name": EVIL, "email": "a@dealer.example", "active": true}),
        )
        .await
        .expect(201);
    server
        .post("/api/campaigns", json!({"name": EVIL}))
        .await
        .expect(201);
    let contact = convo_tests::records::Contact {
        api: server.api(),
        lead: lead.clone(),
        email: "eve@customer.example".to_owned(),
        id: id.clone(),
    };
    let ours = contact.outbound(EVIL).await;
    let metadata = json!({"outcome": "other", "note": EVIL});
    contact
        .post(
            "transition",
            json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": EVIL, "metadata": metadata}),
        )
        .await
        .ok();
    let html = "<p>Hello</p><script>alert(document.cookie)</script><img src=\"https://evil.example/x.png\">";
    html_mail(&server, &contact, &ours, EVIL, html).await;
    let mail = Mail::new(&contact.email, EVIL, EVIL).answering(&ours);
    server
        .inbound_multipart(
            &mail,
            &[("\"><script>alert(1)</script>.png", "image/png", b"png")],
        )
        .await
        .ok();
    server
        .inbound(&Mail::new("who@else.example", EVIL, EVIL))
        .await
        .ok();
    server
        .post(
            "/api/suppressions",
            json!({"address": "no@customer.example", "evidence": EVIL}),
        )
        .await
        .expect(201);

    let pages = Pages::inside(&server, BOOTSTRAP_KEY).await;
    let (one, person) = (format!("/conversations/{id}"), format!("/leads/{lead}"));
    let search = format!("/conversations?q={}", "%3Cscript%3Ealert(1)%3C/script%3E");
    for path in PAGES.into_iter().chain([one.as_str(), &person, &search]) {
        let html = pages.html(path).await;
        for word in [
            "<script>",
            "<img",
            "<svg onload",
            "</title><svg",
            "document.cookie",
        ] {
            assert!(!html.contains(word), "{path} holds {word}");
        }
    }
    let html = pages.html(&one).await;
    assert!(
        html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
        "it is shown, as text"
    );
    let framed = links(&html)
        .into_iter()
        .find(|link| link.ends_with("/html"))
        .expect("a frame");
    assert!(html.contains("sandbox=\"\""));
    let framed = pages.get(&framed).await;
    assert_eq!(framed.status, 200);
    assert!(
        framed.text().contains("<script>alert(document.cookie)"),
        "as it came"
    );
    let policy = framed.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'")
            && policy.ends_with("; sandbox")
            && !policy.contains("script"),
        "{policy}"
    );
    assert_eq!(framed.header("x-frame-options"), "SAMEORIGIN");
    let file = links(&html)
        .into_iter()
        .find(|link| link.ends_with("/attachments/1"))
        .expect("a file");
    let file = pages.get(&file).await;
    assert!(
        file.header("content-disposition").starts_with("attachment")
            && file.header("content-type") == "application/octet-stream"
    );
}

async fn lists_are_filtered_and_go_on(options: Options) {
    let server = options.start().await;
    for n in 0..55 {
        server
            .contact(&format!("lead-{n:02}@customer.example"))
            .await;
    }
    let pages = Pages::inside(&server, BOOTSTRAP_KEY).await;
    let rows = |html: &str| html.matches("<tr data-conversation=").count();
    let first = pages
        .html("/conversations?sort=created&state=NEW&q=lead&agentId=")
        .await;
    assert_eq!(rows(&first), 50);
    let next = links(&first)
        .into_iter()
        .find(|link| link.contains("cursor="))
        .expect("a next page");
    assert!(
        next.contains("state=NEW") && next.contains("sort=created") && next.contains("q=lead"),
        "{next}"
    );
    let second = pages.html(&next).await;
    assert_eq!(rows(&second), 5);
    assert!(
        !links(&second).iter().any(|link| link.contains("cursor=")),
        "the last page"
    );
    assert_eq!(rows(&pages.html("/conversations?q=LEAD-07").await), 1);
    let none = pages.html("/conversations?state=ENGAGED").await;
    assert!(rows(&none) == 0 && none.contains("No conversation is like that"));
    let leads = pages.html("/leads?q=lead-0").await;
    assert_eq!(leads.matches("<tr data-lead=").count(), 10);
}
