//! Two automatic responders on one event log, killed at random: each mail is answered at most once, and none after
//! its lead was offered to people.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::TimeDelta;
use convo_app::{Command, wire};
use serde_json::{Value, json};
use uuid::Uuid;

use super::town::{Town, answered, id, may_send, reasons, says, send};

/// Replies of the leads together.
const REPLIES: usize = 1_000;
/// What makes a person wanted, once we have written.
const CALL_ME: &str = "Please call me on +49 30 1234567, I want to buy it this week.";
/// Leads, each with two conversations.
const LEADS: usize = 100;

/// A mail that a worker has heard of.
#[derive(Debug, Clone)]
struct Heard {
    conversation: Uuid,
    message: Uuid,
}

/// A responder: what it holds in memory dies with it.
#[derive(Default)]
struct Worker {
    /// Its own name: no other's requests are taken for its own.
    name: u8,
    /// The last number of the log it is done with, kept on disk.
    done: i64,
    waiting: VecDeque<(i64, Heard)>,
    /// The lease it has for the first of these.
    lease: Option<Uuid>,
}

impl Worker {
    fn die(&mut self) {
        self.waiting.clear();
        self.lease = None;
    }

    /// One step: hears, asks, or sends.
    fn step(&mut self, town: &Town) {
        let Some((seq, heard)) = self.waiting.front().cloned() else {
            self.listen(town);
            return;
        };
        match self.lease.take() {
            None => {
                let ask = may_send(heard.conversation, "reply", Some(heard.message));
                let answer = town
                    .run_once(ask, key(2 * self.name, heard.message))
                    .unwrap();
                match answer["allowed"] == true {
                    true => self.lease = Some(id(&answer["lease"]["id"])),
                    false => self.finish(seq),
                }
            }
            Some(lease) => {
                let outcome = town.run_once(
                    send(heard.conversation, Some(lease), None),
                    key(2 * self.name + 1, heard.message),
                );
                if let Err(refused) = outcome {
                    assert!(!reasons(&refused).is_empty());
                }
                self.finish(seq);
            }
        }
    }

    fn finish(&mut self, seq: i64) {
        self.waiting.pop_front();
        self.done = seq;
    }

    fn listen(&mut self, town: &Town) {
        let from = self.waiting.back().map_or(self.done, |(seq, _)| *seq);
        let rows = town
            .app()
            .read(|reader| Ok(reader.log_after(from, 50)?))
            .unwrap();
        for row in rows {
            let data: Value = serde_json::from_str(&row.data).unwrap();
            let reply = row.kind == "message_thread_updated"
                && data["action"] == "added"
                && data["author"] == "lead"
                && data["kind"] == "human";
            if reply {
                let heard = Heard {
                    conversation: row.conversation_id.unwrap(),
                    message: id(&data["messageId"]),
                };
                self.waiting.push_back((row.seq, heard));
            } else if self.waiting.is_empty() {
                self.done = row.seq;
            }
        }
    }
}

/// What stands for a worker's request in every life of it.
fn key(of: u8, message: Uuid) -> [u8; 32] {
    let mut key = [of; 32];
    key[..16].copy_from_slice(message.as_bytes());
    key
}

/// The same chances every time.
///
/// Source: SplitMix64, by Sebastiano Vigna.
struct Chance(u64);

impl Chance {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }
}

#[test]
fn each_mail_is_answered_once_and_none_after_an_offer() {
    Town::on_both(|town, whole| {
        let replies = if whole { REPLIES } else { REPLIES / 5 };
        let leads = town.leads(LEADS);
        let talks = town.conversations(&leads);
        let mut chance = Chance(7);
        let mut roll = |sides: usize| chance.roll(sides);
        // A lead who asks for a person is offered at once.
        town.made(Command::PutPolicy(json!({"fastTrack": true})));
        let mut workers = [1, 2].map(|name| Worker {
            name,
            ..Worker::default()
        });
        let mut offered: BTreeMap<Uuid, i64> = BTreeMap::new();
        let mut written = 0;
        let mut asked_for = 0;
        let mut kills = 0;
        let mut idle = 0;
        while idle < 40 {
            match roll(20) {
                0..=2 if written < replies => {
                    town.clock.wait(TimeDelta::seconds(1));
                    let who = roll(LEADS);
                    let reply = says(
                        talks[who][roll(2)],
                        leads[who],
                        "When can I come by?",
                        town.clock.now(),
                    );
                    answered(town.push(reply)).unwrap();
                    written += 1;
                }
                5 if written < replies && roll(8) == 0 => {
                    town.clock.wait(TimeDelta::seconds(1));
                    let (who, which) = (roll(LEADS), roll(2));
                    let reply = says(talks[who][which], leads[who], CALL_ME, town.clock.now());
                    answered(town.push(reply)).unwrap();
                    written += 1;
                    if state(&town, talks[who][which]) == "READY_FOR_HANDOVER" {
                        asked_for += 1;
                        let head = town.app().read(|reader| Ok(reader.head()?)).unwrap();
                        offered.entry(leads[who]).or_insert(head.seq);
                    }
                }
                6 if written < replies && roll(4) == 0 => {
                    // One of the lead's conversations goes to people.
                    let (who, which) = (roll(LEADS), roll(2));
                    let take = wire::TakeOver {
                        agent_id: town.agent,
                        reason: "mine".to_owned(),
                    };
                    town.made(Command::TakeOver(talks[who][which], take));
                    let head = town.app().read(|reader| Ok(reader.head()?)).unwrap();
                    offered.entry(leads[who]).or_insert(head.seq);
                }
                7 => {
                    workers[roll(2)].die();
                    kills += 1;
                }
                _ => {
                    let worker = &mut workers[roll(2)];
                    worker.step(&town);
                    let still = written >= replies && worker.waiting.is_empty();
                    idle = if still { idle + 1 } else { 0 };
                }
            }
        }
        assert!(kills > replies / 10, "{kills}");
        assert!(asked_for > 0);
        let answers = check(&town, &leads, &talks, &offered);
        println!(
            "{written} replies, {kills} kills, {answers} answers, {} leads offered",
            offered.len()
        );
        assert!(
            answers * 3 > written,
            "{answers} answers to {written} replies"
        );
    });
}

fn state(town: &Town, talk: Uuid) -> String {
    let rows = town
        .app()
        .read(|reader| Ok(reader.conversations_by_ids(&[talk])?));
    rows.unwrap().remove(0).state
}

/// Counts the answers, after looking at each.
fn check(town: &Town, leads: &[Uuid], talks: &[[Uuid; 2]], offered: &BTreeMap<Uuid, i64>) -> usize {
    let mut answers = 0;
    let mut answered = BTreeSet::new();
    let mut stored_at: BTreeMap<Uuid, i64> = BTreeMap::new();
    let mut after = 0;
    loop {
        let rows = town
            .app()
            .read(|reader| Ok(reader.log_after(after, 500)?))
            .unwrap();
        let Some(last) = rows.last() else { break };
        after = last.seq;
        for row in rows
            .iter()
            .filter(|row| row.kind == "message_thread_updated")
        {
            let data: Value = serde_json::from_str(&row.data).unwrap();
            if data["action"] == "added" && data["author"] == "ai" {
                stored_at.insert(id(&data["messageId"]), row.seq);
            }
        }
    }
    for (lead, talks) in leads.iter().zip(talks) {
        for talk in talks {
            let rows = town
                .app()
                .read(|reader| Ok(reader.messages_after(*talk, 0, 1_000)?))
                .unwrap();
            for row in rows.iter().filter(|row| row.author == "ai") {
                answers += 1;
                let answers_to = row.in_reply_to.clone().unwrap();
                assert!(
                    answered.insert((*lead, answers_to)),
                    "a mail was answered twice"
                );
                if let Some(offered) = offered.get(lead) {
                    assert!(stored_at[&row.id] <= *offered, "an answer after the offer");
                }
            }
        }
    }
    answers
}
