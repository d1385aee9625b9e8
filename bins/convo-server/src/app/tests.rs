//! The whole shell around a handful of routes: order of refusals, headers, documents.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod operations;

use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_and_read_body, init_service, try_call_service};
use serde_json::Value;

use super::*;
use crate::auth::Scope;
use crate::testing::{self, BOOTSTRAP, JSON_BYTES};

const ID: &str = "0190a0a0-0000-7000-8000-000000000000";
const GOOD: &str = r#"{"event":"KNOWN","triggeredBy":"me"}"#;

/// Sends one request to a fresh app: status, headers and body.
async fn send(shell: &Shell, request: TestRequest) -> (u16, HeaderMap, Value) {
    let service = init_service(app(shell)).await;
    let response = match try_call_service(
        &service,
        request
            .peer_addr("203.0.113.5:1".parse().unwrap())
            .to_request(),
    )
    .await
    {
        Ok(response) => response.into_parts().1,
        Err(error) => error.error_response(),
    };
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = actix_web::body::to_bytes(response.into_body())
        .await
        .unwrap_or_default();
    (
        status,
        headers,
        serde_json::from_slice(&body).unwrap_or(Value::Null),
    )
}

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

fn post(path: &str, body: &str) -> TestRequest {
    TestRequest::post()
        .uri(path)
        .insert_header(("content-type", "application/json"))
        .set_payload(body.to_owned())
}

fn keyed(request: TestRequest) -> TestRequest {
    request.insert_header(("authorization", format!("Bearer {BOOTSTRAP}")))
}

/// The request is refused with this status and code, as a whole problem document.
async fn refused(
    shell: &Shell,
    request: TestRequest,
    status: u16,
    code: &str,
) -> (HeaderMap, Value) {
    let (found, headers, body) = send(shell, request).await;
    assert_eq!(
        (found, body["code"].as_str()),
        (status, Some(code)),
        "{body}"
    );
    assert_eq!(
        headers.get("content-type").unwrap(),
        "application/problem+json"
    );
    assert_eq!(body["status"], status);
    assert_eq!(
        body["requestId"].as_str(),
        headers.get("x-request-id").unwrap().to_str().ok()
    );
    (headers, body)
}

#[actix_web::test]
async fn the_first_reason_in_the_order_of_the_contract_wins() {
    let (shell, keys, _) = testing::shell();
    let reader = keys.add(&[Scope::Read]);
    let big = " ".repeat(JSON_BYTES + 1);
    let bad_id = "/api/things/7/events";
    let (headers, _) = refused(&shell, post(bad_id, &big), 401, "unauthenticated").await;
    assert_eq!(headers.get("www-authenticate").unwrap(), "Bearer");
    refused(
        &shell,
        post(bad_id, &big).insert_header(("authorization", format!("Bearer {}", reader.expose()))),
        403,
        "forbidden",
    )
    .await;
    refused(
        &shell,
        keyed(post(bad_id, &big)).insert_header(("content-type", "text/plain")),
        413,
        "too_large",
    )
    .await;
    refused(
        &shell,
        keyed(post(bad_id, "{")).insert_header(("content-type", "text/plain")),
        415,
        "unsupported_media_type",
    )
    .await;
    refused(&shell, keyed(post(bad_id, "{")), 400, "malformed_json").await;
    refused(
        &shell,
        keyed(post(bad_id, r#"{"event":"X"}"#)),
        422,
        "validation_failed",
    )
    .await;
    refused(
        &shell,
        keyed(post(bad_id, GOOD)).insert_header(("idempotency-key", "\"")),
        422,
        "validation_failed",
    )
    .await;
    refused(
        &shell,
        keyed(post(bad_id, r#"{"event":"X","triggeredBy":"me"}"#)),
        400,
        "unknown_event",
    )
    .await;
    refused(&shell, keyed(post(bad_id, GOOD)), 404, "not_found").await;
    assert_eq!(
        send(
            &shell,
            keyed(post(&format!("/api/things/{ID}/events"), GOOD))
        )
        .await
        .0,
        200
    );
}

#[actix_web::test]
async fn a_body_may_have_exactly_its_limit() {
    let (shell, ..) = testing::shell();
    let path = format!("/api/things/{ID}/events");
    let padded = |bytes: usize| format!("{GOOD}{}", " ".repeat(bytes - GOOD.len()));
    assert_eq!(
        send(&shell, keyed(post(&path, &padded(JSON_BYTES))))
            .await
            .0,
        200
    );
    let (_, body) = refused(
        &shell,
        keyed(post(&path, &padded(JSON_BYTES + 1))),
        413,
        "too_large",
    )
    .await;
    assert_eq!(body["limit"], JSON_BYTES);
    let undeclared = TestRequest::post()
        .uri(&path)
        .insert_header(("content-type", "application/json"));
    let mut request = keyed(undeclared)
        .set_payload(padded(JSON_BYTES + 1))
        .to_request();
    request.headers_mut().remove("content-length");
    let service = init_service(app(&shell)).await;
    let body = call_and_read_body(&service, request).await;
    assert!(std::str::from_utf8(&body).unwrap().contains("too_large"));
}

#[actix_web::test]
async fn unknown_paths_and_methods() {
    let (shell, ..) = testing::shell();
    refused(&shell, get("/api/nothing"), 401, "unauthenticated").await;
    refused(&shell, keyed(get("/api/nothing")), 404, "not_found").await;
    refused(&shell, get("/nothing"), 404, "not_found").await;
    refused(
        &shell,
        TestRequest::delete().uri("/api/erase"),
        401,
        "unauthenticated",
    )
    .await;
    let (headers, _) = refused(
        &shell,
        keyed(TestRequest::delete().uri("/api/erase")),
        405,
        "method_not_allowed",
    )
    .await;
    assert_eq!(headers.get("allow").unwrap(), "POST");
    let (headers, _) = refused(
        &shell,
        TestRequest::post().uri("/healthz"),
        405,
        "method_not_allowed",
    )
    .await;
    assert_eq!(headers.get("allow").unwrap(), "GET, HEAD");
    refused(
        &shell,
        get("/api/webhooks/wrong"),
        405,
        "method_not_allowed",
    )
    .await;
    refused(&shell, get("/api/webhooks/nobody"), 404, "not_found").await;
    refused(&shell, keyed(get("/api/things/7")), 404, "not_found").await;
    refused(
        &shell,
        keyed(get(&format!("/api/things/{ID}?limit=x"))),
        422,
        "validation_failed",
    )
    .await;
}

#[actix_web::test]
async fn a_handler_gets_only_callers_with_its_permission() {
    let (shell, keys, _) = testing::shell();
    let (show, take_over, erase) = (
        format!("/api/things/{ID}"),
        format!("/api/things/{ID}/take-over"),
        "/api/erase".to_owned(),
    );
    let allowed = |scopes: &[Scope]| {
        let key = keys.add(scopes).expose().to_owned();
        let (shell, show, take_over, erase) = (&shell, &show, &take_over, &erase);
        async move {
            let with = |request: TestRequest| {
                request.insert_header(("authorization", format!("Bearer {key}")))
            };
            let change = post(&format!("{show}/events"), GOOD);
            [
                send(shell, with(get(show))).await.0,
                send(shell, with(change)).await.0,
                send(shell, with(TestRequest::post().uri(take_over)))
                    .await
                    .0,
                send(shell, with(TestRequest::post().uri(erase))).await.0,
            ]
        }
    };
    assert_eq!(allowed(&[]).await, [403, 403, 403, 403]);
    assert_eq!(allowed(&[Scope::Read]).await, [200, 403, 403, 403]);
    assert_eq!(allowed(&[Scope::Write]).await, [200, 200, 403, 403]);
    assert_eq!(allowed(&[Scope::Agent]).await, [403, 403, 403, 403]);
    let both = [Scope::Write, Scope::Agent];
    assert_eq!(allowed(&both).await, [200, 200, 204, 403]);
    assert_eq!(allowed(&[Scope::Admin]).await, [200, 200, 204, 204]);
}

#[actix_web::test]
async fn the_request_id_goes_in_and_out() {
    let (shell, ..) = testing::shell();
    let (_, headers, _) = send(
        &shell,
        get("/healthz").insert_header(("x-request-id", "mine-1")),
    )
    .await;
    assert_eq!(headers.get("x-request-id").unwrap(), "mine-1");
    let (_, headers, _) = send(
        &shell,
        get("/healthz").insert_header(("x-request-id", "me@example.org")),
    )
    .await;
    assert_eq!(headers.get("x-request-id").unwrap().len(), 36);
    assert_eq!(headers.get("x-content-type-options").unwrap(), "nosniff");
    assert_eq!(headers.get("cache-control").unwrap(), "no-store");
}

#[actix_web::test]
async fn a_panic_and_a_foreign_error_tell_nothing() {
    let (shell, ..) = testing::shell();
    let (headers, body) = refused(&shell, keyed(get("/api/panic")), 500, "internal").await;
    assert!(!body.to_string().contains("lead@example.org"), "{body}");
    assert!(headers.contains_key("content-security-policy"));
    let (_, _, body) = send(&shell, keyed(get("/api/plain"))).await;
    assert_eq!(
        (body["status"].as_u64(), body["code"].as_str()),
        (Some(502), Some("internal"))
    );
    assert!(!body.to_string().contains("SELECT"), "{body}");
}

#[actix_web::test]
async fn failed_checks_are_limited_and_valid_keys_never() {
    let (shell, ..) = testing::shell();
    let service = init_service(app(&shell)).await;
    let from = |address: &str, request: TestRequest| {
        request
            .peer_addr(format!("{address}:1").parse().unwrap())
            .to_request()
    };
    let mut statuses = Vec::new();
    for _ in 0..testing::FAILED_CHECKS {
        let request = from(
            "198.51.100.7",
            TestRequest::post().uri("/api/webhooks/wrong"),
        );
        statuses.push(
            try_call_service(&service, request)
                .await
                .unwrap()
                .status()
                .as_u16(),
        );
    }
    assert!(statuses.iter().all(|&status| status == 401), "{statuses:?}");
    let limited = try_call_service(&service, from("198.51.100.7", get("/api/things/1")))
        .await
        .unwrap();
    assert_eq!(limited.status().as_u16(), 429);
    assert!(limited.headers().get("retry-after").is_some());
    let valid = from("198.51.100.7", keyed(get(&format!("/api/things/{ID}"))));
    assert_eq!(
        try_call_service(&service, valid)
            .await
            .unwrap()
            .status()
            .as_u16(),
        200
    );
    assert_eq!(
        try_call_service(&service, from("198.51.100.8", get("/api/x")))
            .await
            .unwrap()
            .status()
            .as_u16(),
        401
    );
    let proxied = from(
        "127.0.0.1",
        get("/api/x").insert_header(("x-forwarded-for", "198.51.100.7")),
    );
    assert_eq!(
        try_call_service(&service, proxied)
            .await
            .unwrap()
            .status()
            .as_u16(),
        429
    );
}
