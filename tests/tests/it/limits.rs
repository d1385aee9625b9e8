//! What is beyond a bound is refused or told, and nothing signed is lost.

use convo_tests::mailgun::{Event, Signature, form};
use convo_tests::records::text;
use convo_tests::{Api, Kind, Mail, Options, Server, on_both};
use serde_json::{Value, json};

on_both!(
    a_policy_has_bounds_and_never_stops_the_writer,
    a_mail_over_the_limit_is_refused,
    what_is_left_out_of_a_mail_is_told,
    what_cannot_be_read_is_kept_as_it_came,
    bodies_and_texts_have_edges,
    a_nested_tree_has_a_depth,
);

async fn a_policy_has_bounds_and_never_stops_the_writer(options: Options) {
    let server = options.start().await;
    for (policy, field) in [
        (
            json!({"retention": {"idempotencyHours": u32::MAX}}),
            "retention.idempotencyHours",
        ),
        (
            json!({"retention": {"textMonths": 1_201}}),
            "retention.textMonths",
        ),
        (
            json!({"retries": {"maxSeconds": u32::MAX}}),
            "retries.maxSeconds",
        ),
        (
            json!({"handover": {"offerMinutes": u32::MAX}}),
            "handover.offerMinutes",
        ),
    ] {
        let problem = server.put("/api/policy", policy).await;
        let problem = problem.problem(422, "validation_failed");
        assert_eq!(problem["violations"][0]["field"], field);
    }
    let widest = json!({
        "retention": {"idempotencyHours": 8_760, "receiptDays": 36_500, "textMonths": 1_200},
        "retries": {"attempts": 100, "baseSeconds": 86_400, "maxSeconds": 86_400},
        "archiveDays": 36_500,
    });
    server.put("/api/policy", widest).await.ok();
    // The next start forgets what is over its time at once.
    let server = server.restart().await;
    let unknown = Event::delivered("unknown@x.example", "ada@customer.example");
    server.event(&unknown).await.ok();
    let ready = server.get("/readyz").await.ok();
    let checks = ready["checks"].as_array().unwrap();
    let writer = checks.iter().find(|check| check["name"] == "writer");
    assert_eq!(writer.unwrap()["ok"], true);
    server.lead("ada@customer.example").await;
}

/// Posts raw MIME of exactly so many bytes.
async fn mail_of(server: &Server, bytes: usize) -> convo_tests::Answer {
    let head = Mail::new("ada@customer.example", "Large", "Hello").mime();
    let line = "A line of a mail that is as long as lines of mails usually are, more or less.\r\n";
    let mut mime = head
        + line
            .repeat((bytes / line.len()).saturating_sub(10))
            .as_str();
    let left = bytes - mime.len();
    mime.push_str(&"x".repeat(left));
    assert_eq!(mime.len(), bytes);
    server
        .inbound_raw(&mime, "sales@dealer.example", "ada@customer.example")
        .await
}

async fn a_mail_over_the_limit_is_refused(options: Options) {
    const MOST: usize = 25 << 20;
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    mail_of(&server, MOST).await.ok();
    let problem = mail_of(&server, MOST + 1).await.problem(413, "too_large");
    assert_eq!(problem["limit"], MOST);
    let mail = Mail::new("ada@customer.example", "Files", "Hello");
    let file = vec![0u8; MOST];
    let files: [(&str, &str, &[u8]); 1] = [("a.bin", "application/octet-stream", &file)];
    let answer = server.inbound_multipart(&mail, &files).await;
    answer.problem(413, "too_large");
    assert_eq!(contact.status().await["analytics"]["inboundCount"], 1);
    let receipts = server.items("/api/webhook-receipts").await;
    assert_eq!(receipts.len(), 1, "what was refused left nothing");
}

async fn evidence_of_newest(api: &Api, conversation: &str) -> Vec<String> {
    let path = format!("/api/conversation-state/{conversation}/messages");
    let messages = api.items(&path).await;
    let newest = messages.last().unwrap();
    let evidence = newest["evidence"].as_array().unwrap();
    evidence.iter().map(text).collect()
}

async fn what_is_left_out_of_a_mail_is_told(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let mail = |text: &str| Mail::new("ada@customer.example", "Odd", text);
    let files = |count: usize| -> Vec<(&str, &str, &[u8])> {
        vec![("a.txt", "text/plain", b"x".as_slice()); count]
    };
    for (count, told) in [(250, false), (251, true)] {
        let (mail, files) = (mail("Hello"), files(count));
        server.inbound_multipart(&mail, &files).await.ok();
        let evidence = evidence_of_newest(&server, &contact.id).await;
        let marked = evidence.iter().any(|one| one == "degraded:attachments");
        assert_eq!(marked, told, "{count} files: {evidence:?}");
    }
    const TEXT: usize = 4 << 20;
    for (length, told) in [(TEXT, false), (TEXT + 1, true)] {
        let mut fields = form(&mail("Hello"));
        let words = "word ".repeat(length / 5 + 1)[..length].to_owned();
        for (name, value) in &mut fields {
            if name == "body-plain" {
                *value = words.clone();
            }
        }
        let signed = Signature::new();
        fields.extend([
            ("timestamp".to_owned(), signed.timestamp),
            ("token".to_owned(), signed.token),
            ("signature".to_owned(), signed.signature),
        ]);
        let call = server.with_key(None);
        let call = call.call("POST", "/api/webhooks/mailgun/inbound");
        call.form(&fields).send().await.ok();
        let evidence = evidence_of_newest(&server, &contact.id).await;
        let marked = evidence.iter().any(|one| one == "degraded:text_bytes");
        assert_eq!(marked, told, "{length} bytes: {evidence:?}");
    }
    for (count, told) in [(1_900, false), (6_000, true)] {
        let mut odd = mail("Hello");
        for number in 0..count {
            odd = odd.header(&format!("X-{number}"), "y");
        }
        server.inbound(&odd).await.ok();
        let evidence = evidence_of_newest(&server, &contact.id).await;
        let marked = evidence.iter().any(|one| one == "degraded:headers");
        assert_eq!(marked, told, "{count} headers: {evidence:?}");
    }
    server.verify().await;
}

/// Lets a later version read what this one could not: the misspelt member is spelt right.
async fn spell_right(server: &Server) {
    let sql = match server.database().kind() {
        Kind::Sqlite => {
            "UPDATE webhook_receipts SET body = CAST(replace(CAST(body AS TEXT), 'event-dato', 'event-data') AS BLOB)"
        }
        Kind::Postgres => {
            "UPDATE webhook_receipts SET body = convert_to(replace(convert_from(body, 'UTF8'), 'event-dato', 'event-data'), 'UTF8')"
        }
    };
    server.database().execute(sql).await;
}

async fn what_cannot_be_read_is_kept_as_it_came(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let signed = Signature::new();
    let block = json!({"timestamp": signed.timestamp, "token": signed.token, "signature": signed.signature});
    let event = Event::delivered(&ours, &contact.email);
    let body = json!({"signature": block, "event-dato": event.0});
    let path = "/api/webhooks/mailgun/events";
    let taken = server.webhook(path, &body).await.ok();
    assert_eq!(taken["status"], "parked");
    assert_eq!(
        server.webhook(path, &body).await.ok()["status"],
        "duplicate"
    );
    server
        .inbound_raw("", "sales@dealer.example", "ada@customer.example")
        .await
        .ok();
    let dead = server.items("/api/webhook-receipts?status=dead").await;
    assert_eq!(dead.len(), 2, "{dead:#?}");
    assert!(dead.iter().all(|one| one["errorCode"] == "unreadable"));
    let replay = format!("/api/webhook-receipts/{}/replay", text(&taken["receiptId"]));
    let still = server.post(&replay, json!({})).await.ok();
    assert_eq!(
        (&still["status"], &still["attempts"]),
        (&json!("dead"), &json!(2))
    );
    assert_eq!(still["errorCode"], "unreadable");
    spell_right(&server).await;
    let done = server.post(&replay, json!({})).await.ok();
    assert_eq!(
        (&done["status"], &done["attempts"]),
        (&json!("done"), &json!(3))
    );
    assert_eq!(
        (&done["kind"], &done["leadId"]),
        (&json!("delivered"), &json!(contact.lead))
    );
    let email = &contact.status().await["integrationStatus"]["email"];
    assert_eq!(email["deliveryStatus"], "delivered");
    assert_eq!(server.post(&replay, json!({})).await.ok()["attempts"], 3);
    server.verify().await;
}

async fn bodies_and_texts_have_edges(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let metadata = |bytes: usize| {
        let around = json!({"a": ""}).to_string().len();
        json!({"a": "x".repeat(bytes - around)})
    };
    let transition = |metadata: Value| json!({"event": "CONVERSATION_COMPLETED", "triggeredBy": "me", "metadata": metadata});
    for (bytes, fits) in [(32 * 1024, true), (32 * 1024 + 1, false)] {
        let asked = transition(metadata(bytes));
        let validation = contact.post("validate-transition", asked.clone()).await;
        let status = if fits { 200 } else { 422 };
        assert_eq!(validation.status, status, "{}", validation.text());
        let moved = contact.post("transition", asked).await;
        assert_eq!(moved.status == 422, !fits, "{}", moved.text());
    }
    let message = |bytes: usize| json!({"senderId": contact.lead, "content": "x".repeat(bytes), "messageType": "email", "isFromAI": 0});
    let fits = contact.post("process-message", message(900_000)).await;
    fits.ok();
    // A body of a mebibyte is read; one byte more is not.
    let body = |bytes: usize| {
        let text = json!({"email": "ada@customer.example", "interest": "x"}).to_string();
        let room = bytes - text.len();
        text + " ".repeat(room).as_str()
    };
    for (bytes, status) in [(1 << 20, 200), ((1 << 20) + 1, 413)] {
        let call = server.call("POST", "/api/leads");
        let answer = call.body("application/json", body(bytes)).send().await;
        assert_eq!(answer.status, status, "{bytes} bytes: {}", answer.text());
    }
    for (query, status) in [
        ("limit=1", 200),
        ("limit=200", 200),
        ("limit=201", 200),
        ("limit=0", 422),
        ("limit=9223372036854775808", 422),
        ("limit=x", 422),
    ] {
        let answer = server.get(&format!("/api/leads?{query}")).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
    }
}

/// How deep lists stand in each other in a text without brackets in its words.
fn lists_in_lists(json: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for one in json.chars() {
        match one {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

async fn a_nested_tree_has_a_depth(options: Options) {
    const MOST: usize = 100;
    // Nested so deep it is more than the reader of the tests takes.
    let server = options.without_contract().start().await;
    let contact = server.contact("ada@customer.example").await;
    for depth in 0..=MOST + 1 {
        let parent = match depth {
            0 => String::new(),
            _ => format!("<d{}@customer.example>", depth - 1),
        };
        let headers =
            json!({"Message-ID": format!("<d{depth}@customer.example>"), "In-Reply-To": parent});
        let body = json!({
            "senderId": contact.lead, "content": "And then?", "messageType": "email", "isFromAI": 0, "emailHeaders": headers,
        });
        contact.post("process-message", body).await.ok();
        if depth < MOST {
            continue;
        }
        let tree = contact.get("thread-tree").await.text();
        assert!(tree.contains(&format!("\"maxDepth\":{depth},")), "{tree}");
        assert_eq!(tree.contains("\"truncated\":true"), depth > MOST, "{tree}");
        // The list of roots, those of each of a hundred generations, and that of the last one, which is empty.
        assert_eq!(lists_in_lists(&tree), MOST + 2);
        let flat = contact.get("thread-tree?flat=true").await.ok();
        assert_eq!(flat["threadTree"].as_array().unwrap().len(), depth + 1);
    }
}
