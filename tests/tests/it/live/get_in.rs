//! Who gets in, and what makes one go.

use std::time::{Duration, Instant};

use convo_tests::records::id;
use convo_tests::{BOOTSTRAP_KEY, Heard, Kind, Options, eventually, on_both};
use serde_json::json;

use super::{ask, subscribe};

on_both!(
    made_up_tokens_are_refused,
    a_ticket_is_used_once,
    a_revoked_key_closes_its_sockets,
    a_stopping_server_says_goodbye,
);

async fn made_up_tokens_are_refused(options: Options) {
    let server = options.start().await;
    let drawn = format!("convo_{}", "A".repeat(43));
    for token in ["", "made-up", &drawn, &"x".repeat(5_000)] {
        let mut live = server.live().await;
        live.send(json!({"type": "authenticate", "token": token}))
            .await;
        assert_eq!(live.frame().await["type"], "auth_error", "{token}");
        assert_eq!(live.end().await, Some(4401), "{token}");
    }
    let bearer = format!("Bearer {drawn}");
    let refused = server.live_with("", &[("authorization", &bearer)]).await;
    assert_eq!(refused.err(), Some(401));
    let bearer = format!("Bearer {BOOTSTRAP_KEY}");
    let mut live = server
        .live_with("", &[("authorization", &bearer)])
        .await
        .unwrap();
    let greeted = live.frame().await;
    assert_eq!(greeted["type"], "authenticated");
    assert_eq!(greeted["scopes"], json!(["admin"]));

    // Before that nothing is told, and a key without `read` reads nothing.
    let mut live = server.live().await;
    let error = ask(&mut live, subscribe(&["conversation_states"])).await;
    assert_eq!(error["code"], "unauthenticated");
    live.authenticate(&server.key(&["agent"]).await).await;
    let error = ask(&mut live, subscribe(&["conversation_states"])).await;
    assert_eq!(error["code"], "forbidden");

    for (origin, status) in [
        ("https://elsewhere.example", Some(403)),
        ("null", Some(403)),
        (server.base(), None),
    ] {
        let refused = server.live_with("", &[("origin", origin)]).await;
        assert_eq!(refused.err(), status, "{origin}");
    }
}

async fn a_ticket_is_used_once(options: Options) {
    let server = options.start().await;
    let key = server.key(&["write"]).await;
    let made = server
        .with_key(Some(&key))
        .post("/api/ws-tickets", json!({}))
        .await
        .expect(201);
    let query = format!("?ticket={}", made["ticket"].as_str().unwrap());
    let mut live = server.live_with(&query, &[]).await.unwrap();
    let admitted = live.frame().await;
    assert_eq!(admitted["type"], "authenticated");
    assert_eq!(admitted["scopes"], json!(["write"]));
    live.subscribe(&["conversation_states"]).await;

    let server = server.restart().await;
    let mut forged = query.clone().into_bytes();
    let middle = forged.len() / 2;
    forged[middle] = if forged[middle] == b'A' { b'B' } else { b'A' };
    for query in [
        query,
        String::from_utf8(forged).unwrap(),
        "?ticket=x".to_owned(),
    ] {
        let mut live = server.live_with(&query, &[]).await.unwrap();
        assert_eq!(live.frame().await["type"], "auth_error", "{query}");
        assert_eq!(live.end().await, Some(4401), "{query}");
    }
}

async fn a_revoked_key_closes_its_sockets(options: Options) {
    let server = options.start().await;
    let body = json!({"name": "short-lived", "scopes": ["read"]});
    let made = server.post("/api/keys", body).await.expect(201);
    let key = made["key"].as_str().unwrap();
    let mut mine = server.live().await;
    mine.authenticate(key).await;
    let mut other = server.subscribed(&["conversation_states"]).await;
    // As another node or the command line does it: the process that holds the socket is not told.
    server.command(&["keys", "revoke", &id(&made)]).await.ok();
    let revoked = Instant::now();
    assert_eq!(mine.end().await, Some(4401));
    assert!(
        revoked.elapsed() < Duration::from_secs(5),
        "{:?}",
        revoked.elapsed()
    );
    other.events().await;
}

async fn a_stopping_server_says_goodbye(options: Options) {
    let mut server = options.start().await;
    let mut one = server.subscribed(&["conversation_states"]).await;
    let mut unknown = server.live().await;
    // Open, and never read again.
    let _deaf = server.subscribed(&["conversation_states"]).await;
    server.terminate();
    let told = Instant::now();
    assert_eq!(one.end().await, Some(1001));
    assert_eq!(unknown.end().await, Some(1001));
    assert!(
        told.elapsed() < Duration::from_secs(1),
        "{:?}",
        told.elapsed()
    );
    assert_eq!(server.end().await.code(), Some(0));
    assert!(
        told.elapsed() < Duration::from_secs(5),
        "{:?}",
        told.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_room_for_so_many_sockets() {
    let options = Options::on(Kind::Sqlite).with("CONVO_LIVE__MAX_CONNECTIONS", "2");
    let server = options.start().await;
    let first = server.listener().await;
    let _second = server.listener().await;
    assert_eq!(server.live_with("", &[]).await.err(), Some(503));
    first.cut();
    let mut third = eventually("there is room again", async || {
        server.live_with("", &[]).await.ok()
    })
    .await;
    third.authenticate(BOOTSTRAP_KEY).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_is_closed() {
    let server = Options::on(Kind::Sqlite).start().await;
    let mut live = server.live().await;
    let Heard::Frame(error) = live.heard().await else {
        panic!("told why first");
    };
    assert_eq!(error["type"], "auth_error");
    assert_eq!(live.end().await, Some(4401));
}
