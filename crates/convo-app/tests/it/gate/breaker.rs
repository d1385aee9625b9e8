//! Bad lists, shares of the day, and batches of leads.

use chrono::TimeDelta;
use convo_app::{Command, wire};
use serde_json::{Value, json};
use uuid::Uuid;

use super::town::{Town, answered, id, may_send, reasons, sent};

fn prepare(town: &Town, campaign: Uuid, leads: &[Uuid]) -> Value {
    let request = wire::Prepare {
        leads: leads.to_vec(),
        subject: Some("Your new car".to_owned()),
        author: None,
    };
    town.made(Command::Prepare(campaign, request))
}

fn codes(item: &Value) -> Vec<&str> {
    let reasons = item["reasons"].as_array().unwrap();
    reasons
        .iter()
        .map(|reason| reason["code"].as_str().unwrap())
        .collect()
}

fn bounced(conversation: Uuid, message: &Value) -> Command {
    let event = wire::IntegrationEvent {
        kind: "email_bounced".to_owned(),
        source: "provider".to_owned(),
        metadata: Some(json!({"messageId": message})),
        lead_id: None,
        occurred_at: None,
        idempotency_key: None,
    };
    Command::IntegrationEvent(conversation, event)
}

#[test]
fn a_list_with_dead_addresses_is_stopped_early() {
    Town::on_both(|town, _| {
        let [campaign, other] = town.campaigns;
        let leads = town.leads(1_000);
        let (mut mails, mut stopped) = (0, false);
        // The sender prepares a hundred at a time, and bounces come back after each mail.
        'sending: for batch in leads.chunks(100) {
            let prepared = prepare(&town, campaign, batch);
            for item in prepared["items"].as_array().unwrap() {
                if item["allowed"] == false {
                    assert_eq!(codes(item), ["reputation"]);
                    stopped = true;
                    break 'sending;
                }
                let conversation = id(&item["conversationId"]);
                match town.run(sent(conversation, id(&item["lease"]["id"]))) {
                    Ok(_) => mails += 1,
                    Err(refused) => {
                        assert_eq!(reasons(&refused), ["reputation"]);
                        stopped = true;
                        break 'sending;
                    }
                }
                // Eight in a hundred are dead.
                if mails % 25 == 3 || mails % 25 == 14 {
                    town.made(bounced(conversation, &item["messageId"]));
                }
            }
        }
        assert!(stopped && (100..600).contains(&mails), "{mails}");
        // Another campaign goes on: the sending domain has not sent enough to be judged.
        let fresh = town.leads(1);
        assert_eq!(prepare(&town, other, &fresh)["allowed"], 1);
        // Who has just written is answered.
        let talk = id(&prepare(&town, other, &town.leads(1))["items"][0]["conversationId"]);
        assert_eq!(
            town.made(may_send(talk, "reply", None))["reasons"][0]["code"],
            "not_awaiting"
        );
        town.clock.wait(TimeDelta::hours(25));
        assert_eq!(
            prepare(&town, campaign, &town.leads(1))["allowed"],
            1,
            "the window has passed"
        );
    });
}

#[test]
fn an_admin_closes_the_breaker() {
    Town::on_both(|town, _| {
        let campaign = town.campaigns[0];
        town.policy(json!({"breaker": {"minSent": 2}}));
        let prepared = prepare(&town, campaign, &town.leads(2));
        for item in prepared["items"].as_array().unwrap() {
            let talk = id(&item["conversationId"]);
            town.made(sent(talk, id(&item["lease"]["id"])));
            town.made(bounced(talk, &item["messageId"]));
        }
        let leads = town.leads(1);
        assert_eq!(
            codes(&prepare(&town, campaign, &leads)["items"][0]),
            ["reputation"]
        );
        town.made(Command::ForgetReputation(Some(campaign)));
        assert_eq!(prepare(&town, campaign, &leads)["allowed"], 1);
    });
}

#[test]
fn a_campaign_sends_its_share_of_the_day() {
    Town::on_both(|town, _| {
        let campaign = town.campaigns[0];
        let patch = wire::CampaignPatch {
            daily_limit: Some(Some(3)),
            ..wire::CampaignPatch::default()
        };
        town.made(Command::PatchCampaign(campaign, patch));
        // Leases count as well as mails: five at once are three.
        let prepared = prepare(&town, campaign, &town.leads(5));
        assert_eq!(prepared["allowed"], 3);
        assert_eq!(codes(&prepared["items"][3]), ["daily_limit"]);
        assert_eq!(prepared["items"][3]["conversationId"], Value::Null);
        for item in &prepared["items"].as_array().unwrap()[..3] {
            town.made(sent(id(&item["conversationId"]), id(&item["lease"]["id"])));
        }
        assert_eq!(prepare(&town, campaign, &town.leads(1))["allowed"], 0);
        town.clock.wait(TimeDelta::hours(25));
        assert_eq!(prepare(&town, campaign, &town.leads(5))["allowed"], 3);
    });
}

#[test]
fn a_thousand_leads_are_prepared_in_one_commit() {
    Town::on_both(|town, _| {
        let campaign = town.campaigns[0];
        let leads = town.leads(1_000);
        let before = town.app().read(|reader| Ok(reader.head()?)).unwrap().seq;
        let prepared = prepare(&town, campaign, &leads);
        assert_eq!(prepared["allowed"], 1_000);
        let named: Vec<Uuid> = prepared["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| id(&item["leadId"]))
            .collect();
        assert_eq!(named, leads);
        let after = town.app().read(|reader| Ok(reader.head()?)).unwrap().seq;
        assert_eq!(
            after - before,
            1_000,
            "a row for each conversation, and nothing else"
        );
        // Asked again, nobody is written to twice.
        let again = prepare(&town, campaign, &leads[..10]);
        assert_eq!(again["allowed"], 0);
        assert_eq!(codes(&again["items"][0]), ["leased"]);
        let two: Vec<_> = (0..2)
            .map(|_| {
                town.push(sent(
                    id(&prepared["items"][0]["conversationId"]),
                    id(&prepared["items"][0]["lease"]["id"]),
                ))
            })
            .collect();
        let two: Vec<Value> = two.into_iter().map(|one| answered(one).unwrap()).collect();
        assert_eq!(
            (&two[0]["duplicate"], &two[1]["duplicate"]),
            (&json!(false), &json!(true))
        );
        assert_eq!(two[0]["id"], two[1]["id"]);
    });
}
