//! Keys and scopes.

use convo_tests::records::{STATE, id};
use convo_tests::{Api, BOOTSTRAP_KEY, Kind, Options, eventually, on_both};
use serde_json::json;

on_both!(every_route_needs_its_scope, a_revoked_key_is_dead_at_once);

const UNKNOWN: &str = "018f0000-0000-7000-8000-000000000000";

/// Method, path (`*` stands for the conversation routes), scope.
const ROUTES: [(&str, &str, &str); 51] = [
    ("GET", "*/{id}/status", "read"),
    ("POST", "*/{id}/transition", "write"),
    ("POST", "*/{id}/validate-transition", "write"),
    ("POST", "*/{id}/process-message", "write"),
    ("GET", "*/{id}/thread-tree", "read"),
    ("GET", "*/{id}/context", "read"),
    ("GET", "*/{id}/lead-journey", "read"),
    ("GET", "*/lead/{id}/journey", "read"),
    ("POST", "*/{id}/integration-event", "write"),
    ("GET", "*/{id}/messages", "read"),
    ("GET", "*/{id}/transitions", "read"),
    ("GET", "*/{id}/metrics", "read"),
    ("GET", "*/validation-rules", "read"),
    ("POST", "*/{id}/take-over", "agent+write"),
    ("POST", "*/{id}/snooze", "write"),
    ("GET", "*/dashboard/overview", "read"),
    ("GET", "/api/messages/{id}/raw", "read"),
    ("GET", "/api/messages/{id}/attachments/1", "read"),
    ("POST", "/api/leads", "write"),
    ("GET", "/api/leads", "read"),
    ("GET", "/api/leads/{id}", "read"),
    ("PATCH", "/api/leads/{id}", "write"),
    ("DELETE", "/api/leads/{id}", "admin"),
    ("GET", "/api/leads/{id}/export", "read"),
    ("POST", "/api/conversations", "write"),
    ("GET", "/api/conversations", "read"),
    ("GET", "/api/conversations/{id}", "read"),
    ("PATCH", "/api/conversations/{id}", "write"),
    ("POST", "/api/agents", "admin"),
    ("GET", "/api/agents", "read"),
    ("PATCH", "/api/agents/{id}", "admin"),
    ("POST", "/api/campaigns", "write"),
    ("GET", "/api/campaigns", "read"),
    ("PATCH", "/api/campaigns/{id}", "write"),
    ("GET", "/api/policy", "read"),
    ("PUT", "/api/policy", "admin"),
    ("GET", "/api/suppressions", "read"),
    ("POST", "/api/suppressions", "write"),
    ("DELETE", "/api/suppressions", "admin"),
    ("GET", "/api/events", "read"),
    ("POST", "/api/ws-tickets", "write"),
    ("GET", "/api/webhook-receipts", "read"),
    ("POST", "/api/webhook-receipts/{id}/replay", "admin"),
    ("GET", "/api/review", "read"),
    ("POST", "/api/review/{id}/resolve", "write"),
    ("POST", "/api/keys", "admin"),
    ("GET", "/api/keys", "admin"),
    ("DELETE", "/api/keys/{id}", "admin"),
    ("GET", "/metrics", "read"),
    ("GET", "/healthz", ""),
    ("GET", "/readyz", ""),
];

/// What a key with this scope may do besides.
fn includes(held: &str, needed: &str) -> bool {
    match held {
        _ if needed.is_empty() => true,
        "admin" => true,
        "write" => matches!(needed, "read" | "write"),
        "agent+write" => matches!(needed, "read" | "write" | "agent+write"),
        held => held == needed,
    }
}

async fn every_route_needs_its_scope(options: Options) {
    let server = options.start().await;
    let mut callers: Vec<(&str, Api)> = vec![("", server.with_key(None))];
    for held in ["read", "write", "agent", "agent+write", "admin"] {
        let scopes: Vec<&str> = held.split('+').collect();
        callers.push((held, server.with_key(Some(&server.key(&scopes).await))));
    }
    for (method, path, needed) in ROUTES {
        let path = path.replace('*', STATE).replace("{id}", UNKNOWN);
        for (held, api) in &callers {
            let call = api.call(method, &path);
            let call = if method == "GET" {
                call
            } else {
                call.json(&json!({}))
            };
            let answer = call.send().await;
            let said = format!("{held} {method} {path}: {}", answer.text());
            if includes(held, needed) {
                assert!(
                    !matches!(answer.status, 401 | 403 | 405 | 500),
                    "{} {said}",
                    answer.status
                );
            } else if held.is_empty() {
                answer.problem(401, "unauthenticated");
            } else {
                assert_eq!(answer.status, 403, "{said}");
                answer.problem(403, "forbidden");
            }
        }
    }
    for path in ["/openapi.json", "/docs", "/docs/"] {
        let answer = server.with_key(None).get(path).await;
        assert!(answer.status < 400, "{path}: {}", answer.status);
    }
}

async fn a_revoked_key_is_dead_at_once(options: Options) {
    let server = options.start().await;
    let made = server
        .post(
            "/api/keys",
            json!({"name": "short-lived", "scopes": ["read"]}),
        )
        .await
        .expect(201);
    let secret = ["key", "secret", "apiKey", "token"]
        .iter()
        .find_map(|name| made[*name].as_str())
        .unwrap();
    let api = server.with_key(Some(secret));
    api.get("/api/leads").await.ok();
    let listed = server.get("/api/keys").await;
    assert!(!listed.text().contains(secret), "shown once");
    let dump = server.database().dump().await;
    assert!(
        dump.iter()
            .flat_map(|(_, rows)| rows)
            .all(|row| !row.contains(secret)),
        "stored hashed"
    );
    assert!(matches!(
        server
            .delete(&format!("/api/keys/{}", id(&made)))
            .await
            .status,
        200 | 204
    ));
    eventually("the key is refused", async || {
        (api.get("/api/leads").await.status == 401).then_some(())
    })
    .await;
}

/// Without keys: on loopback one is made and shown, elsewhere the server does not start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_key_is_made_on_loopback_only() {
    let bare = Options::on(Kind::Sqlite).with("CONVO_AUTH__BOOTSTRAP_KEY", "");
    let server = bare.clone().start().await;
    server
        .get("/api/leads")
        .await
        .problem(401, "unauthenticated");
    let mut found = false;
    for word in server.stdout().split_whitespace() {
        let api = server.with_key(Some(word));
        if word.is_ascii() && word.len() >= 20 && api.get("/api/keys").await.status == 200 {
            found = true;
            break;
        }
    }
    assert!(found, "an admin key stands on stdout");
    let again = server.restart().await;
    assert_eq!(
        again.stdout().trim().lines().count(),
        1,
        "{}",
        again.stdout()
    );

    let open = bare.with("CONVO_SERVER__BIND", "0.0.0.0:0");
    let database = convo_tests::Database::create(Kind::Sqlite).await;
    let folder = convo_tests::guardian::folder();
    let refused = open.command(&database, &folder, &["serve"]).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let short = open.with("CONVO_AUTH__BOOTSTRAP_KEY", &BOOTSTRAP_KEY[..10]);
    let refused = short.command(&database, &folder, &["serve"]).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
}
