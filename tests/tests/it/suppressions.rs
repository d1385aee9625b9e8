//! The ledger: by recipient, by count, until a time, in and out as files.

use chrono::{TimeDelta, Utc};
use convo_tests::mailgun::Event;
use convo_tests::records::text;
use convo_tests::{Kind, Mail, Options, Server, on_both};
use serde_json::{Value, json};

on_both!(
    one_bounce_of_three_recipients_suppresses_one,
    soft_bounces_count_for_their_address,
    a_mail_that_is_tried_again_and_again_counts_once,
    a_later_mail_lifts_a_bounce_wherever_it_came_from,
    what_reaches_further_or_holds_longer_stands,
    a_suppression_can_end_by_itself,
    the_ledger_goes_out_and_comes_in_as_a_file,
);

async fn suppressed(server: &Server) -> Vec<(String, String)> {
    let all = server.items("/api/suppressions").await;
    let mut found: Vec<(String, String)> = all
        .iter()
        .filter(|one| one["liftedAt"].is_null())
        .map(|one| (text(&one["address"]), text(&one["reason"])))
        .collect();
    found.sort();
    found
}

fn pair(address: &str, reason: &str) -> (String, String) {
    (address.to_owned(), reason.to_owned())
}

async fn one_bounce_of_three_recipients_suppresses_one(options: Options) {
    let server = options.start().await;
    let three = [
        "ada@customer.example",
        "bob@customer.example",
        "eve@customer.example",
    ];
    let ada = server.contact(three[0]).await;
    let bob = server.contact(three[1]).await;
    let ours = ada.outbound("Hello to all of you").await;
    for address in three {
        let event = match address {
            "bob@customer.example" => Event::bounced(&ours, address),
            _ => Event::delivered(&ours, address),
        };
        server.event(&event).await.ok();
    }
    assert_eq!(suppressed(&server).await, [pair(three[1], "hard_bounce")]);
    let shut = |status: Value| status["integrationStatus"]["email"]["suppressed"].clone();
    assert_eq!(shut(ada.status().await), false);
    assert_eq!(shut(bob.status().await), true);
    assert_eq!(ada.state().await, "ACTIVE");
    let rows = server.items("/api/suppressions").await;
    assert_eq!(
        rows[0]["leadId"], bob.lead,
        "it is the suppression of its owner"
    );

    // One report by mail that names all three: it counts for whom the mail went to.
    let report = report(&ours, &three, three[0]);
    server
        .inbound_raw(&report, "sales@dealer.example", "")
        .await
        .ok();
    let expected = [pair(three[0], "hard_bounce"), pair(three[1], "hard_bounce")];
    assert_eq!(suppressed(&server).await, expected);
    server.verify().await;
}

/// A delivery report about a mail to all of these, of which one failed.
fn report(about: &str, all: &[&str], failed: &str) -> String {
    let mut each = String::new();
    for one in all {
        let (action, status) = match *one == failed {
            true => ("failed", "5.1.1"),
            false => ("delivered", "2.0.0"),
        };
        each.push_str(&format!(
            "\r\nFinal-Recipient: rfc822; {one}\r\nAction: {action}\r\nStatus: {status}\r\n"
        ));
    }
    format!(
        "From: MAILER-DAEMON@mx.customer.example\r\nTo: sales@dealer.example\r\nSubject: Undelivered\r\n\
         Message-ID: <report@mx.customer.example>\r\nDate: {}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.customer.example\r\n{each}\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{about}>\r\nSubject: Hello\r\n\r\nHello\r\n--b--\r\n",
        Utc::now().to_rfc2822()
    )
}

async fn soft_bounces_count_for_their_address(options: Options) {
    let server = options.start().await;
    let policy = json!({"softBounceLimit": 3});
    server.put("/api/policy", policy).await.ok();
    let body = json!({"email": "ada@customer.example", "aliases": ["a.lovelace@work.example"]});
    server.post("/api/leads", body).await.expect(201);
    let ada = server.contact("ada@customer.example").await;
    let fails = async |address: &str| {
        let ours = ada.outbound("Hello").await;
        server.event(&Event::deferred(&ours, address)).await.ok();
    };
    for address in ["ada@customer.example", "a.lovelace@work.example"] {
        for _ in 0..2 {
            fails(address).await;
        }
    }
    assert_eq!(suppressed(&server).await, [], "two of each are not three");
    fails("a.lovelace@work.example").await;
    let expected = [pair("a.lovelace@work.example", "soft_bounce")];
    assert_eq!(suppressed(&server).await, expected);
    // Lifted by hand, the address begins anew.
    let lift = "/api/suppressions?address=a.lovelace@work.example";
    server.delete(lift).await.expect(204);
    fails("a.lovelace@work.example").await;
    assert_eq!(suppressed(&server).await, []);
    let ours = ada.outbound("Hello").await;
    server
        .delete(&format!("/api/leads/{}", ada.lead))
        .await
        .expect(204);
    server
        .event(&Event::deferred(&ours, "ada@customer.example"))
        .await
        .ok();
    let kept = server
        .database()
        .count("SELECT COUNT(*) FROM soft_bounces")
        .await;
    assert_eq!(kept, 0, "nothing is kept of who was forgotten");
    server.verify().await;
}

async fn a_mail_that_is_tried_again_and_again_counts_once(options: Options) {
    let server = options.start().await;
    let policy = json!({"softBounceLimit": 2});
    server.put("/api/policy", policy).await.ok();
    let ada = server.contact("ada@customer.example").await;
    let ago = |minutes| Utc::now() - TimeDelta::minutes(minutes);
    let fails = async |ours: &str, minutes| {
        let event = Event::deferred(ours, &ada.email).at(ago(minutes));
        server.event(&event).await.ok();
    };
    let first = ada.outbound("Hello").await;
    for minutes in [90, 89, 88, 87, 86] {
        fails(&first, minutes).await;
    }
    assert_eq!(suppressed(&server).await, []);
    // It is delivered: what failed before is over, in whatever order it is told.
    let delivered = Event::delivered(&first, &ada.email).at(ago(80));
    server.event(&delivered).await.ok();
    let (second, third) = (ada.outbound("Hello").await, ada.outbound("Hello").await);
    fails(&second, 70).await;
    fails(&third, 85).await;
    assert_eq!(suppressed(&server).await, []);
    fails(&third, 65).await;
    assert_eq!(suppressed(&server).await, [pair(&ada.email, "soft_bounce")]);
    // Whoever writes from it reads it, and the count begins anew.
    let mail = Mail::new(&ada.email, "Re: Your new car", "Here I am").dated(ago(60));
    server.inbound(&mail).await.ok();
    assert_eq!(suppressed(&server).await, []);
    let fourth = ada.outbound("Hello").await;
    fails(&fourth, 50).await;
    assert_eq!(suppressed(&server).await, []);
    server.verify().await;
}

async fn a_later_mail_lifts_a_bounce_wherever_it_came_from(options: Options) {
    let server = options.start().await;
    let policy = json!({"createLead": true});
    server.put("/api/policy", policy).await.ok();
    let ada = server.contact("ada@customer.example").await;
    let ours = ada.outbound("Hello to all of you").await;
    let ago = |minutes| Utc::now() - TimeDelta::minutes(minutes);
    let writes = async |from: &str| {
        let mail = Mail::new(from, "Hello", "Do you sell vans?").dated(ago(30));
        server.inbound(&mail).await.ok();
    };
    let bounces = async |address: &str| {
        let event = Event::bounced(&ours, address).at(ago(60));
        server.event(&event).await.ok();
    };
    let imports = async |address: &str| {
        let line =
            json!({"address": address, "reason": "hard_bounce", "at": "2020-01-05T09:00:00Z"});
        let path = "/api/suppressions/import";
        let call = server.call("POST", path);
        let call = call.body("application/x-ndjson", format!("{line}\n"));
        assert_eq!(call.send().await.ok()["added"], 1);
    };
    let post = async |address: &str| {
        let body = json!({"address": address, "reason": "hard_bounce"});
        server.post("/api/suppressions", body).await.expect(201);
    };
    for known in [true, false] {
        let name = |who: &str| format!("{who}-{known}@customer.example");
        if known {
            for who in ["bob", "carl", "dora", "eve", "finn"] {
                server.contact(&name(who)).await;
            }
        }
        let (bob, carl, dora, eve, finn) = (
            name("bob"),
            name("carl"),
            name("dora"),
            name("eve"),
            name("finn"),
        );
        bounces(&bob).await;
        writes(&bob).await;
        writes(&carl).await;
        bounces(&carl).await;
        imports(&dora).await;
        writes(&dora).await;
        writes(&eve).await;
        imports(&eve).await;
        assert_eq!(suppressed(&server).await, [], "known: {known}");
        // An older mail lifts nothing.
        post(&finn).await;
        writes(&finn).await;
        assert_eq!(suppressed(&server).await, [pair(&finn, "hard_bounce")]);
        let now = Mail::new(&finn, "Hello", "Are you there?");
        server.inbound(&now).await.ok();
        assert_eq!(suppressed(&server).await, []);
    }
    server.verify().await;
}

async fn what_reaches_further_or_holds_longer_stands(options: Options) {
    let server = options.start().await;
    let until = (Utc::now() + TimeDelta::days(7)).to_rfc3339();
    let import = async |row: Value| {
        let path = "/api/suppressions/import";
        let call = server.call("POST", path);
        let call = call.body("application/x-ndjson", format!("{row}\n"));
        assert_eq!(call.send().await.ok()["existing"], 1);
    };
    let stands = async |address: &str| {
        let all = server
            .items(&format!("/api/suppressions?address={address}"))
            .await;
        assert_eq!(all.len(), 1);
        (text(&all[0]["scope"]), all[0]["expiresAt"].is_null())
    };
    let weak = |address: &str| json!({"address": address, "reason": "opt_out", "scope": "automation", "expiresAt": until});
    let strong = |address: &str| json!({"address": address, "reason": "opt_out", "scope": "all"});
    let addresses = [
        "posted@customer.example",
        "imported@customer.example",
        "said@customer.example",
    ];
    for address in addresses {
        let posted = server.post("/api/suppressions", weak(address)).await;
        posted.expect(201);
        assert_eq!(stands(address).await, ("automation".to_owned(), false));
    }
    let again = server.post("/api/suppressions", strong(addresses[0])).await;
    again.expect(200);
    import(strong(addresses[1])).await;
    for address in &addresses[..2] {
        assert_eq!(stands(address).await, ("all".to_owned(), true));
        import(weak(address)).await;
        assert_eq!(stands(address).await, ("all".to_owned(), true));
    }
    // What the person says has no end, and takes nothing away.
    let contact = server.contact(addresses[2]).await;
    contact.reply("Unsubscribe").await;
    assert_eq!(stands(addresses[2]).await, ("automation".to_owned(), true));
    server.verify().await;
}

async fn a_suppression_can_end_by_itself(options: Options) {
    let server = options.start().await;
    let ada = server.contact("ada@customer.example").await;
    let until = |days| (Utc::now() + TimeDelta::days(days)).to_rfc3339();
    let body = |days| json!({"address": ada.email, "expiresAt": until(days)});
    let over = server.post("/api/suppressions", body(-1)).await;
    over.problem(422, "validation_failed");
    let made = server.post("/api/suppressions", body(10)).await.expect(201);
    // Told again with a nearer end it holds as long as it did.
    let again = server.post("/api/suppressions", body(5)).await.expect(200);
    assert_eq!(again["expiresAt"], made["expiresAt"]);
    let longer = server.post("/api/suppressions", body(20)).await.expect(200);
    assert!(longer["expiresAt"].as_str() > made["expiresAt"].as_str());
    let shut = async || ada.status().await["integrationStatus"]["email"]["suppressed"].clone();
    assert_eq!(shut().await, true);
    let past = match server.database().kind() {
        Kind::Sqlite => (Utc::now() - TimeDelta::seconds(1))
            .timestamp_micros()
            .to_string(),
        Kind::Postgres => "now() - interval '1 second'".to_owned(),
    };
    let sql = format!("UPDATE suppressions SET expires_at = {past}");
    server.database().execute(&sql).await;
    assert_eq!(shut().await, false);
    let new = server
        .post("/api/suppressions", json!({"address": ada.email}))
        .await;
    assert_eq!(new.expect(201)["expiresAt"], Value::Null);
    server.verify().await;
}

async fn the_ledger_goes_out_and_comes_in_as_a_file(options: Options) {
    let server = options.clone().start().await;
    let list: String = (0..1_200)
        .map(|n| json!({"address": format!("p{n}@customer.example"), "reason": "opt_out", "at": "2020-01-05T09:00:00Z"}))
        .map(|row| format!("{row}\n"))
        .collect();
    let import = async |server: &Server, query: &str, media: &str, body: String| {
        let path = format!("/api/suppressions/import{query}");
        server.call("POST", &path).body(media, body).send().await
    };
    let lines = "application/x-ndjson";
    let trial = import(&server, "?dryRun=true", lines, list.clone())
        .await
        .ok();
    assert_eq!(
        (&trial["added"], &trial["dryRun"]),
        (&json!(1_200), &json!(true))
    );
    assert_eq!(suppressed(&server).await, []);
    let done = import(&server, "", lines, list.clone()).await.ok();
    assert_eq!(done["added"], 1_200);
    let again = import(&server, "", lines, list).await.ok();
    assert_eq!(
        (&again["added"], &again["existing"]),
        (&json!(0), &json!(1_200))
    );

    // A line that was lifted elsewhere lifts nothing here.
    let table = "Address,Reason,liftedAt\r\np1@customer.example,opt_out,2024-01-01T00:00:00Z\r\nnobody,,\r\n\
                 new@customer.example,gone,\r\np2@customer.example,manual,\r\n";
    let mixed = import(&server, "", "text/csv", table.to_owned()).await.ok();
    let counts = ["added", "existing", "ignored", "rejected"].map(|name| mixed[name].clone());
    assert_eq!(counts, [1, 0, 1, 2].map(Value::from), "{mixed}");
    assert_eq!(mixed["errors"][0]["line"], 3);
    assert_eq!(mixed["errors"][1]["violations"][0]["field"], "reason");
    assert_eq!(suppressed(&server).await.len(), 1_201);
    let refused = import(&server, "", "text/plain", String::new()).await;
    refused.problem(415, "unsupported_media_type");
    let many = "address\n".to_owned() + "a@x.example\n".repeat(5_001).as_str();
    import(&server, "", "text/csv", many)
        .await
        .problem(413, "too_large");

    let whole = async |server: &Server, format: &str| {
        let path = format!("/api/suppressions?format={format}");
        let file = server.get(&path).await;
        file.ok();
        assert!(file.header("content-disposition").starts_with("attachment"));
        file.text()
    };
    for (format, media) in [("csv", "text/csv"), ("jsonl", lines)] {
        let file = whole(&server, format).await;
        let empty = options.clone().start().await;
        let taken = import(&empty, "", media, file.clone()).await.ok();
        assert_eq!(taken["added"], 1_201, "{taken}");
        assert_eq!(suppressed(&empty).await, suppressed(&server).await);
        assert_eq!(
            whole(&empty, format).await.lines().count(),
            file.lines().count()
        );
        let row = &empty
            .items("/api/suppressions?address=p7@customer.example")
            .await[0];
        assert_eq!(
            (&row["at"], &row["scope"]),
            (&json!("2020-01-05T09:00:00.000Z"), &json!("automation"))
        );
    }
    let wrong = server.get("/api/suppressions?format=xml").await;
    wrong.problem(422, "validation_failed");
    let stopped = Mail::new("p3@customer.example", "Hello", "Do you sell vans?");
    server.inbound(&stopped).await.ok();
    server.verify().await;
}
