//! What messages are read with: the organisation's lexicon, or a campaign's own.

use convo_tests::records::{Contact, id};
use convo_tests::{Options, Server, on_both};
use serde_json::{Value, json};

on_both!(
    a_campaign_is_read_with_its_own_lexicon,
    a_policy_names_or_carries_a_lexicon,
    a_pack_of_the_settings_is_the_first_policy,
    what_is_no_lexicon_is_refused,
);

fn boats() -> Value {
    json!({
        "pack": {"name": "boats.en"},
        "entry": [{
            "id": "mooring", "kind": "signal", "signal": "mooring", "class": "purchase",
            "topics": ["harbour"], "intent": "pricing", "phrases": ["mooring"],
        }],
    })
}

/// What is read in the same words, in a campaign or in none.
async fn topics(server: &Server, campaign: Option<&Value>) -> Value {
    let email = format!("{}@gmail.com", uuid::Uuid::new_v4().simple());
    let lead = server.lead(&email).await;
    let body = json!({"leadId": lead, "campaignId": campaign, "subject": "Hello"});
    let made = server.post("/api/conversations", body).await.expect(201);
    let contact = Contact {
        api: server.api(),
        lead,
        email,
        id: id(&made),
    };
    contact
        .reply("Is there a mooring where I can have a test drive?")
        .await;
    let context = contact.get("context").await.ok();
    let read = context["context"]["keyTopics"].clone();
    // Whatever the industry: who wants no more mail gets none.
    contact
        .reply("Bitte schicken Sie mir keine E-Mails mehr.")
        .await;
    assert_eq!(contact.state().await, "CLOSED");
    read
}

async fn a_campaign_is_read_with_its_own_lexicon(options: Options) {
    let server = options.start().await;
    let made = async |name: &str, lexicon: Value| {
        let body = json!({"name": name, "lexicon": lexicon});
        server.post("/api/campaigns", body).await.expect(201)
    };
    let (cars, ships) = (json!(["test_drive"]), json!(["harbour"]));
    let boats_only = made("Boats", boats()).await;
    assert_eq!(boats_only["lexicon"], boats());
    assert_eq!(topics(&server, Some(&boats_only["id"])).await, ships);
    let listed = made("List", json!([boats()])).await;
    assert_eq!(topics(&server, Some(&listed["id"])).await, ships);
    let named = made("Cars", json!("automotive")).await;
    assert_eq!(topics(&server, Some(&named["id"])).await, cars);
    assert_eq!(topics(&server, None).await, cars);
    let path = format!("/api/campaigns/{}", id(&boats_only));
    server.patch(&path, json!({"lexicon": null})).await.ok();
    assert_eq!(topics(&server, Some(&boats_only["id"])).await, cars);
    server.verify().await;
}

async fn a_policy_names_or_carries_a_lexicon(options: Options) {
    let server = options.start().await;
    let (cars, ships) = (json!(["test_drive"]), json!(["harbour"]));
    let plain = server.campaign("Plain").await;
    let body = json!({"name": "Own", "policy": {"lexicon": "automotive"}});
    let own = server.post("/api/campaigns", body).await.expect(201);
    for (policy, expected) in [
        (json!({"lexicon": boats()}), &ships),
        (json!({"lexicon": "automotive"}), &cars),
        (json!({}), &cars),
    ] {
        server.put("/api/policy", policy).await.ok();
        assert_eq!(topics(&server, None).await, *expected);
        assert_eq!(topics(&server, Some(&json!(plain))).await, *expected);
        assert_eq!(topics(&server, Some(&own["id"])).await, cars);
    }
}

async fn a_pack_of_the_settings_is_the_first_policy(options: Options) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("boats.toml");
    let pack = "[pack]\nname = \"boats.en\"\n[[entry]]\nid = \"mooring\"\nkind = \"topic\"\ntopics = [\"harbour\"]\nphrases = [\"mooring\"]\n";
    std::fs::write(&file, pack).unwrap();
    let named = options.with("CONVO_POLICY__LEXICON", &file.display().to_string());
    let server = named.start().await;
    assert_eq!(topics(&server, None).await, json!(["harbour"]));
}

async fn what_is_no_lexicon_is_refused(options: Options) {
    let server = options.start().await;
    let campaign = server.campaign("Autumn").await;
    let before = server.get("/api/policy").await.ok();
    let broken = json!({"pack": {"name": "boats.en"}, "entry": [{"id": "x", "kind": "signal", "phrases": ["x"]}]});
    for lexicon in [
        json!({"garbage": [1, 2, 3]}),
        json!("nonexistent"),
        json!(7),
        json!([]),
        json!({"pack": {"name": "boats.en"}, "entry": "x"}),
        broken,
    ] {
        let given = json!({"name": "Winter", "lexicon": lexicon});
        let answers = [
            server.post("/api/campaigns", given.clone()).await,
            server
                .patch(&format!("/api/campaigns/{campaign}"), given.clone())
                .await,
            server.put("/api/policy", given.clone()).await,
            server
                .post("/api/campaigns", json!({"name": "Winter", "policy": given}))
                .await,
        ];
        for answer in answers {
            let problem = answer.problem(422, "validation_failed");
            let field = problem["violations"][0]["field"].to_string();
            assert!(field.contains("lexicon"), "{problem}");
        }
    }
    assert_eq!(server.items("/api/campaigns").await.len(), 1);
    assert_eq!(server.get("/api/policy").await.ok(), before);
}
