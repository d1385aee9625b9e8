//! Readiness, metrics and documents.

use std::sync::atomic::Ordering;

use super::*;

#[actix_web::test]
async fn readiness_follows_the_database_and_the_drain() {
    let (shell, _, database) = testing::shell();
    let (status, _, body) = send(&shell, get("/readyz")).await;
    assert_eq!((status, body["status"].as_str()), (200, Some("ready")));
    database.0.store(false, Ordering::SeqCst);
    assert_eq!(send(&shell, get("/readyz")).await.0, 503);
    assert_eq!(send(&shell, get("/healthz")).await.0, 200);
    database.0.store(true, Ordering::SeqCst);
    shell.draining.begin();
    let (status, _, body) = send(&shell, get("/readyz")).await;
    assert_eq!((status, body["status"].as_str()), (503, Some("draining")));
}

#[actix_web::test]
async fn metrics_need_a_key_and_name_templates_only() {
    let (shell, ..) = testing::shell();
    refused(&shell, get("/metrics"), 401, "unauthenticated").await;
    send(&shell, keyed(get(&format!("/api/things/{ID}")))).await;
    let service = init_service(app(&shell)).await;
    let text = call_and_read_body(&service, keyed(get("/metrics")).to_request()).await;
    let text = std::str::from_utf8(&text).unwrap();
    assert!(
        text.contains(
            r#"convo_http_requests_total{method="GET",route="/api/things/{id}",status="200"}"#
        ),
        "{text}"
    );
    assert!(
        text.contains("convo_http_request_duration_seconds_bucket")
            && text.contains("convo_build_info")
    );
    assert!(!text.contains(ID));
}

#[actix_web::test]
async fn the_documents_are_served_without_a_key_and_without_the_internet() {
    let (shell, ..) = testing::shell();
    let (status, _, document) = send(&shell, get("/openapi.json")).await;
    assert_eq!((status, document["openapi"].as_str()), (200, Some("3.1.0")));
    assert!(
        document["paths"]["/api/things/{id}"]["get"]["responses"]["default"].is_object(),
        "{document}"
    );
    assert!(document["components"]["schemas"]["Problem"]["properties"]["requestId"].is_object());
    assert_eq!(document["info"]["license"]["name"], "MIT OR Apache-2.0");
    let (status, headers, _) = send(&shell, get("/docs")).await;
    assert_eq!(
        (status, headers.get("location").unwrap().to_str().ok()),
        (307, Some("/docs/"))
    );
    let service = init_service(app(&shell)).await;
    for page in ["/docs/", "/docs/swagger-initializer.js", "/docs/index.css"] {
        let text = call_and_read_body(&service, get(page).to_request()).await;
        let text = std::str::from_utf8(&text).unwrap();
        assert!(
            !text.is_empty() && !text.contains("src=\"http") && !text.contains("petstore"),
            "{page}: {text}"
        );
    }
}
