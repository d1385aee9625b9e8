//! What Prometheus reads, what it alerts about, and what a request leaves in the log.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use convo_tests::mailgun::{Event, Signature};
use convo_tests::{Kind, Mail, Options, Server, eventually, on_both};
use serde_json::{Value, json};

on_both!(
    every_metric_that_is_asked_for_exists,
    what_waits_is_told_with_its_age,
    no_label_names_anybody,
    every_line_of_a_request_names_it,
);

fn deployed(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join("deploy").join(file)).unwrap()
}

/// The texts of all members with this name.
fn members<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a str>) {
    if let Some(object) = value.as_object() {
        found.extend(object.get(name).and_then(Value::as_str));
        object.values().for_each(|one| members(one, name, found));
    }
    for one in value.as_array().into_iter().flatten() {
        members(one, name, found);
    }
}

/// The metrics that expressions name.
fn named(expressions: &[&str]) -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let words = expressions.iter().flat_map(|text| text.split(word));
    words
        .filter(|one| one.starts_with("convo_"))
        .map(str::to_owned)
        .collect()
}

async fn scraped(server: &Server) -> String {
    server.get("/metrics").await.text()
}

/// The value of a series as it stands in the text.
fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find(|line| {
        line.strip_prefix(series)
            .is_some_and(|rest| rest.starts_with(' '))
    })?;
    line.rsplit(' ').next()?.parse().ok()
}

async fn every_metric_that_is_asked_for_exists(options: Options) {
    let server = options.start().await;
    server.contact("ada@customer.example").await;
    let metrics = scraped(&server).await;
    let exists = |name: &str| {
        let mut lines = metrics.lines().filter(|line| !line.starts_with('#'));
        lines.any(|line| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with([' ', '{']))
        })
    };
    let alerts: Value = serde_saphyr::from_str(&deployed("prometheus/alerts.yml")).unwrap();
    let dashboard: Value = serde_json::from_str(&deployed("grafana/convo.json")).unwrap();
    let mut asked = Vec::new();
    members(&alerts, "expr", &mut asked);
    assert!(asked.len() >= 12, "{asked:?}");
    members(&dashboard, "expr", &mut asked);
    let names = named(&asked);
    assert!(names.len() > 25, "{names:?}");
    for name in &names {
        assert!(exists(name), "{name} is in no answer:\n{metrics}");
    }
    // Each alert says how bad it is and what to do.
    let mut rules = 0;
    for group in alerts["groups"].as_array().unwrap() {
        for rule in group["rules"].as_array().unwrap() {
            rules += 1;
            let complete = rule["alert"].is_string()
                && rule["labels"]["severity"].is_string()
                && rule["annotations"]["summary"].is_string()
                && rule["annotations"]["description"].is_string();
            assert!(complete, "{rule:#}");
        }
    }
    assert!(rules >= 12);
    // Every metric of ours says what it is.
    let described: BTreeSet<&str> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next())
        .collect();
    for line in metrics
        .lines()
        .filter(|line| line.starts_with("# TYPE convo_"))
    {
        let name = line.split(' ').nth(2).unwrap();
        assert!(described.contains(name), "{name} has no help");
    }
    assert!(metrics.contains("convo_build_info{version=\""));
}

async fn what_waits_is_told_with_its_age(options: Options) {
    let server = options.start().await;
    let stranger = Mail::new("nobody@elsewhere.example", "Hello", "Who are you?");
    server.inbound(&stranger).await.ok();
    let lost = Event::delivered("lost@elsewhere.example", "x@elsewhere.example");
    server.event(&lost).await.ok();
    let contact = server.contact("ada@customer.example").await;
    contact
        .outbound("Hello Ada, may I show you our cars?")
        .await;
    let earlier = match server.options().kind() {
        Kind::Sqlite => "7200000000",
        Kind::Postgres => "interval '2 hours'",
    };
    let sql = format!("UPDATE review_items SET created_at = created_at - {earlier}");
    server.database().execute(&sql).await;
    let metrics = eventually("the gauges are measured anew", async || {
        let metrics = scraped(&server).await;
        let waits = value(&metrics, "convo_review_items_open")? >= 1.0;
        let unmatched = value(
            &metrics,
            "convo_webhook_receipts_waiting{status=\"unmatched\"}",
        )? >= 1.0;
        (waits && unmatched).then_some(metrics)
    })
    .await;
    let of =
        |series: &str| value(&metrics, series).unwrap_or_else(|| panic!("{series}:\n{metrics}"));
    assert!(of("convo_review_items_oldest_age_seconds") >= 7_200.0);
    assert!(of("convo_inbound_mail_silence_seconds") < 600.0);
    assert_eq!(of("convo_webhook_receipts_waiting{status=\"dead\"}"), 0.0);
    assert_eq!(
        of("convo_webhook_receipts_oldest_age_seconds{status=\"failed\"}"),
        0.0
    );
    assert_eq!(of("convo_database_up"), 1.0);
    assert!(of("convo_event_log_head") > 0.0);
    assert!(of("convo_writer_queue_limit_commands") > of("convo_writer_queue_commands"));
    assert!(of("convo_messages_total{direction=\"outbound\",kind=\"human\"}") >= 1.0);
    assert!(of("convo_webhook_receipts_total{status=\"unmatched\"}") >= 1.0);
    assert!(of("convo_commit_duration_seconds_count") > 0.0);
    assert!(of("convo_database_connections_limit") > 0.0);
}

async fn no_label_names_anybody(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    contact
        .outbound("Hello Ada, may I show you our cars?")
        .await;
    contact.reply("I am interested.").await;
    contact.status().await;
    server.get("/api/leads?q=ada@customer.example").await.ok();
    server.get("/api/nothing/ada@customer.example").await;
    let metrics = scraped(&server).await;
    assert!(!metrics.contains('@'), "{metrics}");
    for id in [&contact.id, &contact.lead] {
        assert!(!metrics.contains(&**id));
    }
    let route = "route=\"/api/conversation-state/{id}/status\"";
    assert!(metrics.contains(route), "{metrics}");
    for line in metrics.lines().filter(|line| line.starts_with("convo_")) {
        let name = line.split(['{', ' ']).next().unwrap();
        let ends = ["_total", "_seconds", "_bucket", "_sum", "_count", "_info"];
        let counted = [
            "convo_http_requests_in_flight",
            "convo_ws_connections",
            "convo_database_up",
            "convo_database_connections",
            "convo_database_connections_limit",
            "convo_event_log_head",
            "convo_webhook_receipts_waiting",
            "convo_outbox_mails",
            "convo_handover_offers_open",
            "convo_handover_queue_conversations",
            "convo_review_items_open",
            "convo_drafts_waiting",
            "convo_writer_queue_commands",
            "convo_writer_queue_limit_commands",
        ];
        let conventional = ends.iter().any(|end| name.ends_with(end)) || counted.contains(&name);
        assert!(conventional, "{name} has no unit");
    }
}

async fn every_line_of_a_request_names_it(options: Options) {
    let text = options
        .clone()
        .with("CONVO_LOG__FORMAT", "text")
        .start()
        .await;
    let server = options.start().await;
    // Verified, but not readable: a line is written on a thread of its own, beside the line of the request.
    for (server, id) in [(&server, "json-1"), (&text, "text-1")] {
        let Signature {
            timestamp,
            token,
            signature,
        } = Signature::new();
        let block = json!({"timestamp": timestamp, "token": token, "signature": signature});
        let body = json!({"signature": block, "no": "event"});
        let call = server
            .with_key(None)
            .call("POST", "/api/webhooks/mailgun/events");
        let call = call.header("x-request-id", id).json(&body);
        assert_eq!(call.send().await.header("x-request-id"), id);
    }
    let lines = eventually("both lines are written", async || {
        let log = server.log();
        let lines: Vec<Value> = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["requestId"] == "json-1")
            .collect();
        (lines.len() >= 2).then_some(lines)
    })
    .await;
    assert!(lines.iter().any(|line| line["message"] == "request"));
    let warned = lines.iter().find(|line| line["level"] == "warn").unwrap();
    assert!(
        warned["message"]
            .as_str()
            .unwrap()
            .contains("cannot be read")
    );
    for line in &lines {
        for member in ["at", "level", "target", "message"] {
            assert!(line[member].is_string(), "{line}");
        }
    }
    assert!(
        server
            .log()
            .lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
    eventually("and as text", async || {
        let log = text.log();
        let named = log.lines().filter(|line| line.contains("requestId=text-1"));
        (named.count() >= 2).then_some(())
    })
    .await;
}
