//! Handovers on a virtual clock.

mod contract;
mod heard;
mod queue;
mod team;

use chrono::{DateTime, TimeDelta, Utc};
use convo_app::handover::{Act, Action};
use convo_app::{Actor, Answer, AppError, Command, Envelope};
use convo_store::rows::{LogRow, OfferRow};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Contact, World, id, read};

/// A Monday, 09:00 in UTC: the default calendar is open.
const MONDAY: &str = "2026-01-05T09:00:00Z";
/// What makes a person wanted with one reply, under the policy `fastTrack`.
const CALL_ME: &str = "Please call me on +49 30 1234567, I want to buy it this week.";

/// An agent with these members of the record beside name and address.
fn agent(world: &World, name: &str, members: Value) -> Uuid {
    let mut body = json!({"name": name, "email": format!("{name}@dealer.example")});
    let (Value::Object(all), Value::Object(more)) = (&mut body, members) else {
        panic!("an object");
    };
    all.extend(more);
    id(&world.run(Command::CreateAgent(read(body))))
}

fn patch(world: &World, agent: Uuid, members: Value) {
    world.run(Command::PatchAgent(agent, read(members)));
}

/// Every reply that asks for a person makes one wanted.
fn fast_track(world: &World) {
    world.run(Command::PutPolicy(json!({"fastTrack": true})));
}

/// A lead who asks for a person now.
fn asks_for_a_person(world: &World, email: &str) -> Contact {
    let contact = world.contact(email, None);
    world.send(&contact);
    says(world, &contact, CALL_ME);
    contact
}

fn says(world: &World, contact: &Contact, words: &str) {
    world.say(contact, json!({"senderId": contact.lead, "content": words}));
}

fn act(action: Action, agent: Option<Uuid>) -> Act {
    Act {
        action,
        key_agent: None,
        request: read(json!({"agentId": agent})),
    }
}

fn try_act(
    world: &World,
    contact: &Contact,
    action: Action,
    agent: Uuid,
) -> Result<Answer, AppError> {
    world.try_run(Command::Handover(contact.id, act(action, Some(agent))))
}

#[track_caller]
fn done(world: &World, contact: &Contact, action: Action, agent: Uuid) -> Value {
    world.run(Command::Handover(contact.id, act(action, Some(agent))))
}

/// The open offers of an agent, oldest first.
fn offers(world: &World, agent: Uuid) -> Vec<OfferRow> {
    let rows = world
        .app()
        .read(|reader| Ok(reader.open_offers(agent, None, 1_000)?));
    rows.unwrap()
}

fn facts(world: &World, contact: &Contact) -> convo_core::conversation::Conversation<Uuid> {
    serde_json::from_str(&world.row(contact).facts).unwrap()
}

/// Who is asked about a conversation now.
fn asked(world: &World, contact: &Contact) -> Option<Uuid> {
    let offer = facts(world, contact).handover.offer?;
    let rows = world
        .app()
        .read(|reader| Ok(reader.offers_by_ids(&[offer])?));
    let row = rows.unwrap().remove(0);
    assert_eq!(row.status, "open");
    Some(row.agent_id)
}

fn owner(world: &World, contact: &Contact) -> Option<Uuid> {
    world.row(contact).assigned_agent_id
}

fn status(world: &World, contact: &Contact) -> String {
    let facts = facts(world, contact);
    facts.handover_status().as_str().to_owned()
}

/// A step of a handover as the log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    conversation: Uuid,
    action: String,
    agent: Option<Uuid>,
    at: DateTime<Utc>,
}

/// Every step of every handover, in order.
fn told(world: &World) -> Vec<Told> {
    let mut told = Vec::new();
    let mut after = 0;
    loop {
        let page: Vec<LogRow> = world
            .app()
            .read(|reader| Ok(reader.log_after(after, 1_000)?))
            .unwrap();
        let Some(last) = page.last() else {
            return told;
        };
        after = last.seq;
        for row in page.iter().filter(|row| row.kind == "handover_event") {
            let data: Value = serde_json::from_str(&row.data).unwrap();
            told.push(Told {
                conversation: row.conversation_id.unwrap(),
                action: data["action"].as_str().unwrap().to_owned(),
                agent: data["agentId"].as_str().map(|id| id.parse().unwrap()),
                at: row.at,
            });
        }
    }
}

/// The actions told about one conversation.
fn actions(world: &World, contact: &Contact) -> Vec<String> {
    let all = told(world).into_iter();
    let of = all.filter(|one| one.conversation == contact.id);
    of.map(|one| one.action).collect()
}

/// Many commands of the same moment; their answers.
fn together(world: &World, commands: Vec<Command>) -> Vec<Result<Answer, AppError>> {
    let queue = world.app().queue();
    let waiting: Vec<_> = commands
        .into_iter()
        .map(|command| {
            let envelope = Envelope::new(command, Actor::Code("test"));
            queue.push_blocking(envelope).unwrap()
        })
        .collect();
    let answers = waiting.into_iter();
    answers
        .map(|answer| answer.blocking_recv().unwrap())
        .collect()
}

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}
