//! What an answer waits for, whose leave it is, and who has to approve it.

use chrono::TimeDelta;
use convo_app::outbox::Outcome;
use convo_app::{Command, SendMode, Sent, wire};
use serde_json::{Value, json};
use uuid::Uuid;

use super::town::{Town, id, may_send, reasons, says, send, sent};

const SENDER: Uuid = Uuid::from_u128(1);

/// A lead with a conversation of the first campaign.
fn contact(town: &Town) -> (Uuid, Uuid) {
    let lead = town.leads(1)[0];
    (lead, town.conversations(&[lead])[0][0])
}

/// The lead writes now.
fn reply(town: &Town, (lead, talk): (Uuid, Uuid), text: &str) -> Uuid {
    town.clock.wait(TimeDelta::seconds(1));
    let said = town.made(says(talk, lead, text, town.clock.now()));
    id(&said["message"]["id"])
}

/// An agent sends a mail through us now.
fn agent_sends(town: &Town, talk: Uuid) -> Uuid {
    town.clock.wait(TimeDelta::seconds(1));
    let request = wire::Send {
        author: "agent".to_owned(),
        agent_id: Some(town.agent),
        text: "Gladly.".to_owned(),
        ..wire::Send::default()
    };
    let sent = Sent {
        request,
        files: Vec::new(),
        key_agent: None,
    };
    id(&town.made(Command::Send(talk, Box::new(sent)))["id"])
}

fn later() -> Outcome {
    Outcome::Later {
        code: "http_503".to_owned(),
        retry_after: None,
    }
}

fn taken() -> Outcome {
    Outcome::Taken { provider_id: None }
}

fn codes(said: &Value) -> Vec<String> {
    let reasons = said["reasons"].as_array().into_iter().flatten();
    let codes = reasons.map(|reason| reason["code"].as_str().unwrap().to_owned());
    codes.collect()
}

/// What is void has this code.
#[track_caller]
fn void(town: &Town, message: Uuid, code: &str) {
    let row = town.outgoing(message);
    assert_eq!(
        (row.status.as_str(), row.code.as_deref()),
        ("void", Some(code))
    );
}

#[test]
fn an_answer_that_was_overtaken_does_not_leave_the_outbox() {
    Town::on_both(|town, _| {
        // Dead, then answered by an agent, then tried again.
        let of = contact(&town);
        reply(&town, of, "How much is it?");
        let ours = id(&town.made(send(of.1, None, None))["id"]);
        let mail = town.take(SENDER).remove(0);
        let refused = Outcome::Refused {
            code: "http_400".to_owned(),
        };
        town.came(SENDER, mail, refused);
        let theirs = agent_sends(&town, of.1);
        town.made(Command::RetryOutbox(mail));
        let left: Vec<Uuid> = town.take(SENDER);
        assert_eq!(left, [town.outgoing(theirs).id], "the agent's alone");
        town.came(SENDER, left[0], taken());
        void(&town, ours, "answered");

        // Put off by the provider, and the lead writes again.
        let of = contact(&town);
        reply(&town, of, "How much is it?");
        let ours = id(&town.made(send(of.1, None, None))["id"]);
        let mail = town.take(SENDER).remove(0);
        town.came(SENDER, mail, later());
        reply(&town, of, "Never mind, is it still there?");
        town.clock.wait(TimeDelta::hours(1));
        assert_eq!(town.take(SENDER), [] as [Uuid; 0]);
        void(&town, ours, "superseded");
        // The newest mail is answered in its place.
        let again = id(&town.made(send(of.1, None, None))["id"]);
        let mail = town.take(SENDER).remove(0);
        town.came(SENDER, mail, later());
        town.clock.wait(TimeDelta::hours(1));
        // What nobody asked for is no answer.
        let unasked = id(&town.made(send(of.1, None, Some("follow_up")))["id"]);
        let next = town.outgoing(unasked).id;
        assert_eq!(town.take(SENDER), [mail, next]);
        town.came(SENDER, mail, taken());
        town.came(SENDER, next, taken());
        assert_eq!(town.outgoing(again).status, "sent");
    });
}

#[test]
fn the_disclosure_goes_until_a_mail_has_left() {
    const LINE: &str = "Written by a machine.";
    Town::on_both(|mut town, _| {
        let patch = wire::CampaignPatch {
            disclosure: Some(Some(LINE.to_owned())),
            ..wire::CampaignPatch::default()
        };
        town.made(Command::PatchCampaign(town.campaigns[0], patch));
        let discloses = |town: &Town, said: &Value| town.text(id(&said["id"])).contains(LINE);

        // Void before it left: the next one is the first.
        let of = contact(&town);
        let first = town.made(send(of.1, None, None));
        reply(&town, of, "Who are you?");
        assert_eq!(town.take(SENDER), [] as [Uuid; 0]);
        void(&town, id(&first["id"]), "reply_waiting");
        let second = town.made(send(of.1, None, None));
        assert!(discloses(&town, &first) && discloses(&town, &second));
        // Nobody knows yet whether the second leaves.
        let asked = town.made(may_send(of.1, "follow_up", None));
        assert_eq!(asked["disclosure"], LINE);
        let mail = town.take(SENDER).remove(0);
        town.came(SENDER, mail, taken());
        reply(&town, of, "I see.");
        assert!(!discloses(&town, &town.made(send(of.1, None, None))));

        // A note is nothing the lead has seen.
        let of = contact(&town);
        let note =
            json!({"senderId": "ai", "isFromAI": 1, "messageType": "note", "content": "Warm."});
        let note = Box::new(serde_json::from_value(note).unwrap());
        town.made(Command::ProcessMessage(of.1, note));
        assert!(discloses(&town, &town.made(send(of.1, None, None))));

        // Nor is what was sent in the shadow.
        town.restart(SendMode::Shadow);
        let of = contact(&town);
        town.made(send(of.1, None, None));
        town.restart(SendMode::Live);
        assert!(discloses(&town, &town.made(send(of.1, None, None))));
    });
}

#[test]
fn imported_and_old_mail_is_answered_by_people() {
    Town::on_both(|town, _| {
        let (lead, talk) = contact(&town);
        let said = says(talk, lead, "How much is it?", town.clock.now());
        let said = town.silently(said);
        assert_eq!(codes(&town.made(may_send(talk, "reply", None))), ["stale"]);
        let message = id(&said["message"]["id"]);
        let bare = town.run(send(talk, None, Some("reply")));
        assert_eq!(reasons(&bare.unwrap_err()), ["stale"], "{message}");
        agent_sends(&town, talk);

        let (lead, talk) = contact(&town);
        let old = town.clock.now() - TimeDelta::days(8);
        town.made(says(talk, lead, "How much is it?", old));
        assert_eq!(codes(&town.made(may_send(talk, "reply", None))), ["stale"]);
        town.policy(json!({"answerWithinHours": 200}));
        assert_eq!(town.made(may_send(talk, "reply", None))["allowed"], true);
    });
}

#[test]
fn what_needs_approval_is_a_draft_whoever_sends() {
    Town::on_both(|town, _| {
        let early = contact(&town);
        let lease = id(&town.made(may_send(early.1, "campaign", None))["lease"]["id"]);
        town.policy(json!({"approval": true}));
        let late = town.run(sent(early.1, lease)).unwrap_err();
        assert_eq!(reasons(&late), ["approval"]);
        let of = contact(&town);
        assert_eq!(
            codes(&town.made(may_send(of.1, "campaign", None))),
            ["approval"]
        );
        let prepare = wire::Prepare {
            leads: vec![of.0],
            subject: None,
            author: None,
        };
        let prepared = town.made(Command::Prepare(town.campaigns[0], prepare));
        assert_eq!(codes(&prepared["items"][0]), ["approval"]);
        // An agent writes as always, and approves what automation drafts.
        reply(&town, of, "How much is it?");
        assert_eq!(
            codes(&town.made(may_send(of.1, "reply", None))),
            ["approval"]
        );
        let kept = town.made(send(of.1, None, None));
        let draft = id(&kept["draft"]["id"]);
        let approve = Command::ApproveDraft(draft, Box::default(), None);
        let sent = town.made(approve);
        assert_eq!(town.outgoing(id(&sent["id"])).status, "queued");
        agent_sends(&town, of.1);
    });
}

#[test]
fn a_draft_that_was_overtaken_is_not_approved() {
    Town::on_both(|town, _| {
        town.policy(json!({"approval": true}));
        let of = contact(&town);
        reply(&town, of, "How much is it?");
        let first = id(&town.made(send(of.1, None, None))["draft"]["id"]);
        reply(&town, of, "And when can I have it?");
        let second = id(&town.made(send(of.1, None, None))["draft"]["id"]);
        let approve = |draft| Command::ApproveDraft(draft, Box::default(), Some(town.agent));
        let refused = town.run(approve(first)).unwrap_err();
        assert_eq!(reasons(&refused), ["superseded"]);
        town.clock.wait(TimeDelta::seconds(1));
        town.made(approve(second));
        let refused = town.run(approve(first)).unwrap_err();
        assert!(reasons(&refused).contains(&"superseded"));
        // Somebody else answered meanwhile.
        let of = contact(&town);
        reply(&town, of, "How much is it?");
        let draft = id(&town.made(send(of.1, None, None))["draft"]["id"]);
        agent_sends(&town, of.1);
        let refused = town.run(approve(draft)).unwrap_err();
        assert_eq!(reasons(&refused), ["answered"]);
    });
}

#[test]
fn a_pause_ends_what_there_is_leave_for() {
    Town::on_both(|town, _| {
        let pause = |paused| {
            let patch = wire::CampaignPatch {
                paused: Some(paused),
                ..wire::CampaignPatch::default()
            };
            Command::PatchCampaign(town.campaigns[0], patch)
        };
        let of = contact(&town);
        let lease = |town: &Town| id(&town.made(may_send(of.1, "campaign", None))["lease"]["id"]);
        let first = lease(&town);
        town.made(pause(true));
        town.made(pause(false));
        let refused = town.run(sent(of.1, first)).unwrap_err();
        assert_eq!(reasons(&refused), ["void"]);
        // Another may be asked for, and what is undone in the same batch is a fact all the same.
        let second = lease(&town);
        let pending = [pause(true), pause(false), sent(of.1, second)].map(|one| town.push(one));
        let [_, _, told] = pending.map(super::town::answered);
        assert_eq!(reasons(&told.unwrap_err()), ["void"]);
        // A campaign of its own goes on.
        let third = lease(&town);
        let other = wire::CampaignPatch {
            paused: Some(true),
            ..wire::CampaignPatch::default()
        };
        town.made(Command::PatchCampaign(town.campaigns[1], other));
        town.made(sent(of.1, third));
    });
}

#[test]
fn leave_is_its_agents_own() {
    Town::on_both(|town, _| {
        let new = wire::NewAgent {
            name: "Grace".to_owned(),
            email: "grace@dealer.example".to_owned(),
            ..wire::NewAgent::default()
        };
        let (ada, grace) = (town.agent, id(&town.made(Command::CreateAgent(new))["id"]));
        let of = contact(&town);
        reply(&town, of, "How much is it?");
        let ask = |named: Option<Uuid>, key: Option<Uuid>| {
            let request = wire::MaySend {
                author: "agent".to_owned(),
                purpose: "reply".to_owned(),
                answers: None,
                agent_id: named,
            };
            Command::MaySend(of.1, request, key)
        };
        let write = |lease: Option<Uuid>, named: Option<Uuid>, key: Option<Uuid>| {
            let request = wire::Send {
                author: "agent".to_owned(),
                text: "Gladly.".to_owned(),
                lease,
                agent_id: named,
                ..wire::Send::default()
            };
            let sent = Sent {
                request,
                files: Vec::new(),
                key_agent: key,
            };
            Command::Send(of.1, Box::new(sent))
        };
        let refused = |command: Command| {
            let error = town.run(command).unwrap_err();
            assert!(
                matches!(error, convo_app::AppError::Invalid(_)),
                "{error:?}"
            );
        };
        for (own, other) in [(ada, grace), (grace, ada)] {
            refused(ask(Some(other), Some(own)));
            refused(write(None, Some(other), Some(own)));
        }
        let lease = id(&town.made(ask(None, Some(ada)))["lease"]["id"]);
        refused(write(Some(lease), None, Some(grace)));
        let told = wire::SentByOthers {
            lease,
            provider_message_id: None,
            subject: None,
            text: None,
            html: None,
        };
        refused(Command::SentByOthers(of.1, Box::new(told), Some(grace)));
        town.made(send(of.1, None, None));
        // A service's key names whom it likes, or leaves it to the lease.
        town.made(write(Some(lease), None, None));
        let lease = id(&town.made(ask(Some(grace), None))["lease"]["id"]);
        town.made(write(Some(lease), Some(grace), None));

        town.policy(json!({"approval": true}));
        town.clock.wait(TimeDelta::seconds(1));
        reply(&town, of, "And when?");
        let draft = id(&town.made(send(of.1, None, None))["draft"]["id"]);
        let approve = |named: Uuid, key: Uuid| {
            let request = wire::ApproveDraft {
                agent_id: Some(named),
                ..wire::ApproveDraft::default()
            };
            Command::ApproveDraft(draft, Box::new(request), Some(key))
        };
        refused(approve(ada, grace));
        town.made(approve(ada, ada));
    });
}
