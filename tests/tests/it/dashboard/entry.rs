//! Logging in and out, and what guards a session.

use convo_tests::records::id;
use convo_tests::{BOOTSTRAP_KEY, Options, Pages, eventually, on_both};
use serde_json::json;

use super::PAGES;

on_both!(
    nobody_gets_in_without_a_key,
    a_session_is_its_key,
    a_form_of_another_session_does_nothing,
    files_have_tags,
);

async fn nobody_gets_in_without_a_key(options: Options) {
    let server = options.start().await;
    let pages = Pages::of(&server);
    for path in PAGES.into_iter().filter(|path| *path != "/") {
        let answer = pages.get(path).await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(
            answer.header("location").starts_with("/login?to=%2F"),
            "{path}: {}",
            answer.header("location")
        );
    }
    assert_eq!(pages.get("/").await.header("location"), "/login");
    let bearer = [("authorization", format!("Bearer {BOOTSTRAP_KEY}"))];
    let bearer: Vec<(&str, &str)> = bearer
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(
        pages.send("GET", "/", &bearer, None).await.status,
        303,
        "a bearer key opens no page"
    );

    let wrong = pages.log_in("convo_nobodys-key").await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text().contains("role=\"alert\"") && pages.cookie("convo_session").is_none());
    let untold = pages.post("/login", &[("key", BOOTSTRAP_KEY)], &[]).await;
    assert_eq!(
        (untold.status, pages.cookie("convo_session")),
        (403, None),
        "without the form's token"
    );
    let blind = server.key(&["agent"]).await;
    assert_eq!(
        pages.log_in(&blind).await.status,
        403,
        "a key that may not read"
    );

    let answer = pages
        .press(
            "/login?to=/leads",
            "/login",
            &[("key", BOOTSTRAP_KEY), ("to", "/leads")],
        )
        .await;
    assert_eq!((answer.status, answer.header("location")), (303, "/leads"));
    let set: Vec<&str> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let session = set
        .iter()
        .find(|set| set.starts_with("convo_session="))
        .unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(session.contains(part), "{part}: {session}");
    }
    assert!(
        !session.contains("Secure") && !session.contains(BOOTSTRAP_KEY),
        "{session}"
    );
    assert_eq!(
        pages.get("/login").await.status,
        303,
        "who is inside is not asked again"
    );
    for path in PAGES {
        assert_eq!(pages.get(path).await.status, 200, "{path}");
    }
    let elsewhere = pages.press("/leads", "/logout", &[]).await;
    assert_eq!(
        (elsewhere.status, elsewhere.header("location")),
        (303, "/login")
    );
    assert_eq!(pages.get("/leads").await.status, 303);
    let away = pages
        .press(
            "/login",
            "/login",
            &[("key", BOOTSTRAP_KEY), ("to", "//evil.example")],
        )
        .await;
    assert_eq!(away.header("location"), "/", "a log-in leads nowhere else");
}

async fn a_session_is_its_key(options: Options) {
    let server = options
        .with("CONVO_SERVER__PUBLIC_URL", "https://convo.dealer.example")
        .start()
        .await;
    let made = server
        .post(
            "/api/keys",
            json!({"name": "<b>desk</b>", "scopes": ["read"]}),
        )
        .await
        .expect(201);
    let pages = Pages::of(&server);
    let answer = pages.log_in(made["key"].as_str().unwrap()).await;
    assert!(
        answer.header("set-cookie").contains("Secure"),
        "behind TLS: {:?}",
        answer.headers
    );
    let html = pages.html("/").await;
    assert!(html.contains("&lt;b&gt;desk&lt;/b&gt;") && !html.contains("<b>desk"));

    let cookie = format!("convo_session={}", pages.cookie("convo_session").unwrap());
    let api = Pages::of(&server);
    let refused = api
        .send("GET", "/api/leads", &[("cookie", &cookie)], None)
        .await;
    assert_eq!(refused.status, 401, "the cookie opens nothing below /api");
    let mut forged = cookie.clone();
    forged.pop();
    forged.push(if cookie.ends_with('A') { 'B' } else { 'A' });
    // The last of 22 characters may carry no bit of the signature: one in the middle does.
    let forged = forged.replacen(
        &forged[20..22],
        if &forged[20..22] == "xx" { "yy" } else { "xx" },
        1,
    );
    assert_eq!(
        api.send("GET", "/leads", &[("cookie", &forged)], None)
            .await
            .status,
        303
    );

    let ticket = pages.post("/live/ticket", &[], &[]).await;
    assert_eq!(ticket.status, 403, "without its token");
    let csrf = html
        .split("name=\"csrf\" content=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let ticket = pages
        .post("/live/ticket", &[], &[("x-csrf-token", csrf)])
        .await;
    assert_eq!(ticket.status, 201, "{}", ticket.text());
    assert!(ticket.json()["ticket"].is_string());

    server
        .delete(&format!("/api/keys/{}", id(&made)))
        .await
        .expect(204);
    eventually("the session ends with its key", async || {
        (pages.get("/").await.status == 303).then_some(())
    })
    .await;
    let ticket = pages
        .post("/live/ticket", &[], &[("x-csrf-token", csrf)])
        .await;
    assert_eq!(ticket.status, 401);
}

async fn a_form_of_another_session_does_nothing(options: Options) {
    let server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let (own, other) = (
        Pages::inside(&server, BOOTSTRAP_KEY).await,
        Pages::inside(&server, BOOTSTRAP_KEY).await,
    );
    let (page, path) = (
        format!("/conversations/{}", contact.id),
        format!("/conversations/{}/transition", contact.id),
    );
    let token = convo_tests::pages::field(&own.html(&page).await, "csrf").unwrap();
    let theirs = convo_tests::pages::field(&other.html(&page).await, "csrf").unwrap();
    assert_ne!(token, theirs);
    let event = ("event", "CONVERSATION_ABANDONED");
    for fields in [
        vec![event],
        vec![event, ("csrf", theirs.as_str())],
        vec![event, ("csrf", "")],
    ] {
        assert_eq!(
            own.post(&path, &fields, &[]).await.status,
            403,
            "{fields:?}"
        );
    }
    let cross = [("sec-fetch-site", "cross-site")];
    let whole = [event, ("csrf", token.as_str())];
    assert_eq!(own.post(&path, &whole, &cross).await.status, 403);
    assert_eq!(
        Pages::of(&server).post(&path, &whole, &[]).await.status,
        303,
        "nobody is asked to log in"
    );
    assert_eq!(contact.state().await, "NEW");
    // A link from elsewhere brings no cookie along: the page asks for itself once more.
    let cross = Pages::of(&server).send("GET", &page, &cross, None).await;
    assert_eq!(cross.status, 200);
    let refresh = format!("content=\"0; url={page}\"");
    assert!(cross.text().contains(&refresh), "{}", cross.text());
    assert_eq!(
        own.post(&path, &whole, &[("sec-fetch-site", "same-origin")])
            .await
            .status,
        303
    );
    assert_eq!(contact.state().await, "CLOSED");
}

async fn files_have_tags(options: Options) {
    let server = options.start().await;
    let pages = Pages::of(&server);
    for (name, media) in [
        ("style.css", "text/css"),
        ("live.js", "text/javascript"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let path = format!("/assets/{name}");
        let first = pages.get(&path).await;
        assert_eq!(first.status, 200, "{path}");
        assert!(
            first.header("content-type").starts_with(media)
                && first.header("x-content-type-options") == "nosniff"
        );
        let tag = first.header("etag").to_owned();
        let known = pages
            .send("GET", &path, &[("if-none-match", &tag)], None)
            .await;
        assert_eq!((known.status, known.body.len()), (304, 0), "{path}");
        assert_eq!(
            pages
                .send("GET", &path, &[("if-none-match", "\"old\"")], None)
                .await
                .status,
            200
        );
    }
    assert_eq!(pages.get("/assets/secret").await.status, 404);
}
