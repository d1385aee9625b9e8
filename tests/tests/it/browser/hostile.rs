//! Whatever people write stays text: nothing of it runs, loads, or becomes a part of a page.

use std::sync::Arc;

use convo_tests::mailgun::{Event, Signature, form};
use convo_tests::records::{id, text};
use convo_tests::{Browser, Kind, Mail, Options, Server, no_browser, together};
use serde_json::{Value, json};

use super::log_in;
use super::payloads::{self, Payload};

/// How many go into one lead and its conversation.
const TOGETHER: usize = 10;

/// Hears what payloads say who run.
const EAR: &str = "addEventListener('message', heard => {
    if (String(heard.data).startsWith('ran')) console.error('a payload runs: ' + heard.data);
});";

/// What is on a page that is not ours: elements, attributes, addresses.
const STRANGERS: &str = "
const strangers = [];
const strange = (element, why) => strangers.push(why + ': ' + element.outerHTML.slice(0, 300));
const OURS = 'html head meta title link script body a header nav form input span button main h1 h2 h3 p div section dl dt dd ul ol li' +
    ' table caption thead tbody tr th td time strong code pre bdi label select option textarea details summary article' +
    ' iframe svg g rect path text title defs marker figure figcaption meter em small';
for (const element of document.querySelectorAll('*')) {
    if (!OURS.split(' ').includes(element.localName)) strange(element, 'element');
    for (const { name, value } of element.attributes) {
        if (/^on|^srcdoc$|^style$|^data-injected$|^autofocus$|^background$|^ping$/i.test(name)) strange(element, name);
        if (!/^(href|src|action|formaction|xlink:href|data|poster|srcset)$/.test(name)) continue;
        const url = new URL(value, location.href);
        const ours = url.origin === location.origin && !url.username;
        if (!ours && !['mailto:', 'tel:'].includes(url.protocol)) strange(element, name);
    }
    if (element.localName === 'script' && !element.getAttribute('src')?.startsWith('/assets/')) strange(element, 'script');
    if (element.localName === 'meta' && (element.httpEquiv || element.closest('body'))) strange(element, 'meta');
    if (element.localName === 'iframe' && element.getAttribute('sandbox') !== '') strange(element, 'sandbox');
}
return strangers;";

/// Which of these texts the page does not have, white space and marks that would turn the page around aside.
const LACKS: &str = "
const plain = text => page.squeezed(text.replace(/[\\u202a-\\u202e\\u2066-\\u2069\\u200e\\u200f\\ufffd\\u0000-\\u0008\\u000b\\u000e-\\u001f]/g, ''))
    .replace(/ /g, '');
const has = plain(document.body.textContent);
return arguments[0].filter(text => !has.includes(plain(text)));";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_write_stays_text() {
    if no_browser() {
        return;
    }
    let server = Arc::new(Options::on(Kind::Sqlite).start().await);
    let groups: Vec<Vec<Payload>> = payloads::all()
        .chunks(TOGETHER)
        .map(<[Payload]>::to_vec)
        .collect();
    let made = together(groups.clone().into_iter().map(|group| {
        let server = Arc::clone(&server);
        async move { make(&server, &group).await }
    }))
    .await;

    let browser = Browser::start(server.base()).await;
    let ear = json!({"source": EAR});
    browser
        .devtools("Page.addScriptToEvaluateOnNewDocument", ear)
        .await;
    // The frame of a mail is told what it may not do, and says so.
    browser.tolerate("/html");
    log_in(&browser).await;
    for (group, (lead, conversation)) in groups.iter().zip(&made) {
        visit(&browser, &format!("/conversations/{conversation}")).await;
        let texts: Vec<String> = group.iter().map(|one| one.text.clone()).collect();
        lacks_none(&browser, &texts).await;
        open_originals(&browser, group.len()).await;
        visit(&browser, &format!("/leads/{lead}")).await;
        let texts: Vec<String> = group.iter().map(Payload::clean).collect();
        lacks_none(&browser, &texts).await;
    }
    for path in ["/", "/handover", "/suppressions", "/receipts", "/setup"] {
        visit(&browser, path).await;
    }
    for list in ["/conversations", "/leads", "/review"] {
        visit_all(&browser, list).await;
    }
    browser.close().await;
}

/// A lead, its conversation, ten mails and whatever else takes text from outside; their ids.
async fn make(server: &Server, group: &[Payload]) -> (String, String) {
    let of = |at: usize| group[at % group.len()].clean();
    let number = group[0].number;
    let email = format!("lead-{number}@customer.example");
    let campaign = json!({"name": of(0)});
    let campaign = id(&server.post("/api/campaigns", campaign).await.expect(201));
    let agent =
        json!({"name": of(1), "email": format!("agent-{number}@dealer.example"), "active": true});
    server.post("/api/agents", agent).await.expect(201);
    let lead = json!({
        "email": email, "firstName": of(0), "lastName": of(1), "interest": of(2), "source": of(3),
        "attributes": {"note": of(4), of(5): of(6)}, "consent": {"basis": of(7), "evidence": of(8)},
        "externalId": of(9),
    });
    let lead = id(&server.post("/api/leads", lead).await.expect(201));
    let conversation = json!({"leadId": lead, "campaignId": campaign, "subject": of(0)});
    let conversation = id(&server
        .post("/api/conversations", conversation)
        .await
        .expect(201));
    for payload in group {
        receive(server, &email, payload, "done").await;
    }
    let moved = json!({"event": "FIRST_EMAIL_SENT", "triggeredBy": of(1), "metadata": {"note": of(2), of(3): [of(4)]}});
    let path = format!("/api/conversation-state/{conversation}/transition");
    server.post(&path, moved).await;
    let held = json!({"address": format!("held-{number}@customer.example"), "reason": "manual", "source": of(5), "evidence": of(6)});
    server.post("/api/suppressions", held).await.expect(201);
    // Somebody nobody knows waits on the review list, and an event names a mail nobody sent.
    receive(
        server,
        &format!("stranger-{number}@elsewhere.example"),
        &group[group.len() - 1],
        "parked",
    )
    .await;
    let event =
        Event::opened(&format!("none-{number}@dealer.example"), &email).with("url", json!(of(7)));
    server.event(&event).await;
    (lead, conversation)
}

/// A mail that has the text in its subject, its name, both bodies and its attachment.
async fn receive(server: &Server, from: &str, payload: &Payload, status: &str) {
    let line = payload.line();
    let quoted = line.replace('\\', "\\\\").replace('"', "\\\"");
    let mail = Mail::new(&format!("\"{quoted}\" <{from}>"), &line, &payload.text);
    let mut fields = form(&mail);
    fields.retain(|(name, _)| name != "sender");
    fields.push(("sender".to_owned(), from.to_owned()));
    fields.push(("body-html".to_owned(), format!("<p>{}</p>", payload.text)));
    fields.extend(Signature::new().fields());
    let answer = server
        .inbound_fields(
            fields,
            &[(&payload.file(), "text/html", payload.text.as_bytes())],
        )
        .await;
    assert_eq!(answer.status, 200, "{payload:?}: {}", answer.text());
    assert_eq!(text(&answer.json()["status"]), status, "{payload:?}");
}

async fn visit(browser: &Browser, path: &str) {
    browser.open(path).await;
    let strangers = browser.run(STRANGERS, Vec::new()).await;
    assert_eq!(strangers, json!([]), "{path}: {strangers:#}");
}

/// A list to its end.
async fn visit_all(browser: &Browser, list: &str) {
    let mut path = list.to_owned();
    for _ in 0..20 {
        visit(browser, &path).await;
        let next = "return document.getElementById('next')?.getAttribute('href') || null;";
        match browser.run(next, Vec::new()).await {
            Value::String(next) => path = next,
            _ => return,
        }
    }
    panic!("{list} does not end");
}

async fn lacks_none(browser: &Browser, texts: &[String]) {
    let lacks = browser.run(LACKS, vec![json!(texts)]).await;
    let path = browser.path().await;
    assert_eq!(lacks, json!([]), "{path} does not show {lacks:#}");
}

/// Opens every mail as it was formatted, and waits until the frames are loaded.
async fn open_originals(browser: &Browser, count: usize) {
    let open = "
        window.loaded = 0;
        for (const details of document.querySelectorAll('details.original')) {
            const frame = details.querySelector('iframe');
            frame.loading = 'eager';
            frame.addEventListener('load', () => window.loaded++);
            details.open = true;
        }";
    browser.run(open, Vec::new()).await;
    let all = format!("window.loaded >= {count}");
    browser
        .until("the frames of the mails are loaded", &all)
        .await;
}
