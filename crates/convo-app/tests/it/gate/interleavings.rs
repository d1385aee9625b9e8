//! Replies, opt-outs, handovers, holds, snoozes, suppressions, what undoes them, and sends in every order, with two
//! campaigns a lead: what is authorised is what a small model allows, and nothing after the commit of a fact that
//! stops it, though the fact is undone by then.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use convo_app::{AppError, Command, wire};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use uuid::Uuid;

use super::town::{Town, answered, event, id, may_send, says, send, sent};

/// Steps of one interleaving.
const STEPS: usize = 8;
/// Leads that are played at once.
const LEADS: usize = 500;

/// Something that happens to a lead; numbers name one of its two conversations.
#[derive(Debug, Clone, Copy)]
enum Step {
    Reply(usize),
    /// The lead asks for a person.
    CallMe(usize),
    OptOut(usize),
    OneClick(usize),
    TakeOver(usize),
    AgentWrites(usize),
    Close(usize),
    /// The lead says what may be an opt-out.
    Doubt(usize),
    /// A person decides that it was none.
    Release(usize),
    Snooze(usize),
    Wake(usize),
    Suppress,
    Lift,
    /// Asks for a lease for this purpose.
    Ask(usize, &'static str),
    /// Sends without a lease.
    Send(usize, &'static str),
    /// Uses one of the leases so far, through us or through another provider.
    Use(prop::sample::Index, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..2_usize;
    let purpose = prop::sample::select(vec!["campaign", "reply", "follow_up"]);
    prop_oneof![
        5 => which.clone().prop_map(Step::Reply),
        1 => which.clone().prop_map(Step::CallMe),
        1 => which.clone().prop_map(Step::OptOut),
        1 => which.clone().prop_map(Step::OneClick),
        1 => which.clone().prop_map(Step::TakeOver),
        1 => which.clone().prop_map(Step::AgentWrites),
        1 => which.clone().prop_map(Step::Close),
        1 => which.clone().prop_map(Step::Doubt),
        2 => which.clone().prop_map(Step::Release),
        1 => which.clone().prop_map(Step::Snooze),
        1 => which.clone().prop_map(Step::Wake),
        1 => Just(Step::Suppress),
        2 => Just(Step::Lift),
        6 => (which.clone(), purpose.clone()).prop_map(|(at, purpose)| Step::Ask(at, purpose)),
        4 => (which, purpose).prop_map(|(at, purpose)| Step::Send(at, purpose)),
        6 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(at, ours)| Step::Use(at, ours)),
    ]
}

/// A conversation as far as the gate cares.
#[derive(Debug, Clone, Default)]
struct Talk {
    closed: bool,
    owned: bool,
    /// The newest human message is the lead's.
    theirs: bool,
    /// The newest reply.
    newest: Option<Uuid>,
    /// Questions to a person that hold it.
    asked: Vec<Uuid>,
    snoozed: bool,
    /// It is offered to an agent, or one has it.
    with_people: bool,
}

impl Talk {
    fn waits_for_us(&self) -> bool {
        !self.closed && self.theirs
    }

    fn stops_automation(&self) -> bool {
        let with_people = self.owned || self.with_people;
        !self.closed && (with_people || self.snoozed || !self.asked.is_empty())
    }

    fn close(&mut self) {
        (self.closed, self.snoozed, self.with_people) = (true, false, false);
    }

    fn replied(&mut self, message: Uuid) {
        (self.theirs, self.newest) = (true, Some(message));
        (self.closed, self.snoozed) = (false, false);
    }
}

#[derive(Debug, Clone)]
struct Lease {
    id: Uuid,
    at: usize,
    purpose: &'static str,
    answers: Option<Uuid>,
    used: bool,
    /// A fact has forbidden it.
    void: bool,
    /// The lead has written since.
    overtaken: bool,
}

/// A lead as far as the gate cares.
#[derive(Debug, Clone, Default)]
struct Model {
    talks: [Talk; 2],
    opted_out: bool,
    suppressed: bool,
    leases: Vec<Lease>,
    /// Replies that were answered, or that somebody has leave to answer.
    claimed: BTreeSet<Uuid>,
}

impl Model {
    /// Whether automation may send this now, with a lease of its own or without.
    fn allows(&self, at: usize, purpose: &str, own: Option<&Lease>) -> bool {
        let talk = &self.talks[at];
        let stopped = self.opted_out
            || self.suppressed
            || talk.closed
            || own.is_some_and(|own| own.void)
            || self.talks.iter().any(Talk::stops_automation);
        let other =
            |lease: &&Lease| !lease.used && !lease.void && own.is_none_or(|own| own.id != lease.id);
        let fits = if purpose == "reply" {
            let answers = own.map_or(talk.newest, |own| own.answers);
            let free = own.is_some() || answers.is_some_and(|id| !self.claimed.contains(&id));
            talk.waits_for_us() && answers.is_some() && answers == talk.newest && free
        } else {
            !self.talks.iter().any(Talk::waits_for_us)
                && !self.leases.iter().any(|one| other(&one))
                && own.is_none_or(|own| !own.overtaken)
        };
        !stopped && fits
    }

    fn opt_out(&mut self) {
        self.opted_out = true;
        self.stop();
        for talk in self.talks.iter_mut().filter(|talk| !talk.owned) {
            talk.close();
        }
    }

    /// A fact forbids what there is leave for.
    fn stop(&mut self) {
        for lease in &mut self.leases {
            lease.void |= !lease.used;
        }
    }

    /// The lead wrote; whether people are wanted for it is not the gate's to say.
    fn replied(&mut self, to: usize, message: Uuid, with_people: bool) {
        self.talks[to].replied(message);
        if with_people {
            self.talks[to].with_people = true;
            self.stop();
        }
        for lease in &mut self.leases {
            lease.overtaken = true;
        }
    }

    fn written(&mut self, at: usize) {
        self.talks[at].theirs = false;
    }
}

/// A lead being played.
struct Player {
    lead: Uuid,
    email: String,
    talks: [Uuid; 2],
    model: Model,
    script: Vec<Step>,
    pending: Vec<Asked>,
}

/// What was asked for, and with which of the leases known then.
struct Asked {
    step: Step,
    lease: Option<usize>,
    review: Option<Uuid>,
    pending: super::town::Pending,
}

impl Player {
    /// Asks for a step; what it names must be known by now.
    fn ask(&self, town: &Town, step: Step, at: DateTime<Utc>) -> Asked {
        let mut lease = None;
        let command = match step {
            Step::Reply(to) => says(
                self.talks[to],
                self.lead,
                "Thank you, I will think it over.",
                at,
            ),
            Step::CallMe(to) => says(
                self.talks[to],
                self.lead,
                "Please call me on +49 30 1234567, I want to buy it this week.",
                at,
            ),
            Step::OptOut(to) => says(self.talks[to], self.lead, "Unsubscribe", at),
            Step::OneClick(to) => Command::OneClick(self.talks[to]),
            Step::TakeOver(to) => Command::TakeOver(
                self.talks[to],
                wire::TakeOver {
                    agent_id: town.agent,
                    reason: "mine".to_owned(),
                },
            ),
            Step::AgentWrites(to) => says(self.talks[to], town.agent, "I will call you.", at),
            Step::Close(to) => event(self.talks[to], "CONVERSATION_ABANDONED", json!({})),
            Step::Doubt(to) => says(
                self.talks[to],
                self.lead,
                "Stop sending me e-mails, call me instead.",
                at,
            ),
            Step::Release(to) => match self.model.talks[to].asked.first() {
                Some(review) => {
                    let resolve = json!({"action": "release_hold"});
                    Command::ResolveReview(*review, serde_json::from_value(resolve).unwrap())
                }
                None => may_send(self.talks[0], "campaign", None),
            },
            Step::Snooze(to) => {
                let until = Some(town.clock.now() + TimeDelta::days(1));
                Command::Snooze(self.talks[to], wire::Snooze { until })
            }
            Step::Wake(to) => Command::Snooze(self.talks[to], wire::Snooze { until: None }),
            Step::Suppress => {
                let manual = json!({"address": self.email});
                Command::CreateSuppression(serde_json::from_value(manual).unwrap())
            }
            Step::Lift => Command::LiftSuppression {
                address: self.email.clone(),
                evidence: Some("rang us".to_owned()),
            },
            Step::Ask(to, purpose) => may_send(self.talks[to], purpose, None),
            Step::Send(to, purpose) => send(self.talks[to], None, Some(purpose)),
            Step::Use(which, ours) => {
                let known = self.model.leases.len();
                if known == 0 {
                    may_send(self.talks[0], "campaign", None)
                } else {
                    let chosen = which.index(known);
                    lease = Some(chosen);
                    let chosen = &self.model.leases[chosen];
                    match ours {
                        true => send(self.talks[chosen.at], Some(chosen.id), None),
                        false => sent(self.talks[chosen.at], chosen.id),
                    }
                }
            }
        };
        let review = match step {
            Step::Release(to) => self.model.talks[to].asked.first().copied(),
            _ => None,
        };
        Asked {
            step,
            lease,
            review,
            pending: town.push(command),
        }
    }

    /// Compares what came of a step with the model, and moves the model on.
    fn hear(&mut self, town: &Town, asked: Asked) {
        let outcome = answered(asked.pending);
        let said = format!("{:?}\n{:?}\n{outcome:?}", self.script, self.model);
        let model = &mut self.model;
        match (asked.step, asked.lease) {
            (Step::Reply(to) | Step::CallMe(to), _) => {
                let message = id(&outcome.expect(&said)["message"]["id"]);
                model.replied(to, message, with_people(town, self.talks[to]));
            }
            (Step::Doubt(to), _) => {
                let message = id(&outcome.expect(&said)["message"]["id"]);
                model.replied(to, message, with_people(town, self.talks[to]));
                model.stop();
                let open = questions(town, self.lead, self.talks[to]);
                let talk = &mut model.talks[to];
                let fresh = open.into_iter().filter(|id| !talk.asked.contains(id));
                let fresh: Vec<Uuid> = fresh.collect();
                talk.asked.extend(fresh);
            }
            (Step::Release(to), _) => match asked.review {
                Some(review) => {
                    if outcome.is_ok() {
                        model.talks[to].asked.retain(|id| *id != review);
                    }
                }
                None => leased(model, 0, "campaign", outcome.expect(&said), &said),
            },
            (Step::Snooze(to), _) => {
                assert_eq!(outcome.is_ok(), !model.talks[to].closed, "{said}");
                if outcome.is_ok() {
                    model.talks[to].snoozed = true;
                    model.stop();
                }
            }
            (Step::Wake(to), _) => {
                outcome.expect(&said);
                model.talks[to].snoozed = false;
            }
            (Step::Suppress, _) => {
                outcome.expect(&said);
                model.suppressed = true;
                model.stop();
            }
            (Step::Lift, _) => {
                let stood = model.suppressed || model.opted_out;
                assert_eq!(outcome.is_ok(), stood, "{said}");
                (model.suppressed, model.opted_out) = (false, false);
            }
            (Step::OptOut(_) | Step::OneClick(_), _) => {
                outcome.expect(&said);
                model.opt_out();
            }
            (Step::TakeOver(to), _) => {
                let talk = &mut model.talks[to];
                assert_eq!(outcome.is_ok(), !talk.closed, "{said}");
                if outcome.is_ok() {
                    talk.owned = true;
                    model.stop();
                }
            }
            (Step::AgentWrites(to), _) => {
                outcome.expect(&said);
                model.written(to);
            }
            (Step::Close(to), _) => {
                let talk = &mut model.talks[to];
                assert_eq!(outcome.is_ok(), !talk.closed, "{said}");
                if outcome.is_ok() {
                    talk.close();
                    model.stop();
                }
            }
            (Step::Ask(to, purpose), _) => leased(model, to, purpose, outcome.expect(&said), &said),
            (Step::Use(..), None) => leased(model, 0, "campaign", outcome.expect(&said), &said),
            (Step::Send(to, purpose), _) => {
                let allowed = model.allows(to, purpose, None);
                assert_eq!(allowed, authorised(&outcome, &said), "{said}");
                if allowed {
                    model
                        .claimed
                        .extend(model.talks[to].newest.filter(|_| purpose == "reply"));
                    model.written(to);
                }
            }
            (Step::Use(_, ours), Some(which)) => {
                let lease = model.leases[which].clone();
                // A foreign sender may tell of the same mail again.
                let again = lease.used && !ours;
                let allowed =
                    again || (!lease.used && model.allows(lease.at, lease.purpose, Some(&lease)));
                assert_eq!(allowed, authorised(&outcome, &said), "{said}");
                if again {
                    assert_eq!(outcome.expect(&said)["duplicate"], true);
                } else if allowed {
                    model.leases[which].used = true;
                    model.written(lease.at);
                }
            }
        }
    }
}

fn leased(model: &mut Model, at: usize, purpose: &'static str, answer: Value, said: &str) {
    let allowed = model.allows(at, purpose, None);
    assert_eq!(answer["allowed"], allowed, "{said}");
    if !allowed {
        assert_ne!(answer["reasons"], json!([]), "{said}");
        return;
    }
    let answers = model.talks[at].newest.filter(|_| purpose == "reply");
    model.claimed.extend(answers);
    model.leases.push(Lease {
        id: id(&answer["lease"]["id"]),
        at,
        purpose,
        answers,
        used: false,
        void: false,
        overtaken: false,
    });
}

/// Whether a conversation is offered to agents, or one has it.
fn with_people(town: &Town, talk: Uuid) -> bool {
    let rows = town
        .app()
        .read(|reader| Ok(reader.conversations_by_ids(&[talk])?));
    let state = rows.unwrap().remove(0).state;
    matches!(state.as_str(), "READY_FOR_HANDOVER" | "HANDED_OVER")
}

/// Open questions to a person about a conversation.
fn questions(town: &Town, lead: Uuid, talk: Uuid) -> Vec<Uuid> {
    let rows = town
        .app()
        .read(|reader| Ok(reader.reviews_by_leads(&[lead])?))
        .unwrap();
    rows.iter()
        .filter(|row| row.status == "open" && row.conversation_id == Some(talk))
        .map(|row| row.id)
        .collect()
}

fn authorised(outcome: &Result<Value, AppError>, said: &str) -> bool {
    match outcome {
        Ok(_) => true,
        Err(AppError::LeaseVoid { reasons }) => {
            assert!(!reasons.is_empty(), "{said}");
            false
        }
        Err(_) => panic!("{said}"),
    }
}

/// Plays scripts of many leads at once, two steps of each in one batch.
fn play(town: &Town, scripts: Vec<Vec<Step>>) {
    let leads = town.leads(scripts.len());
    let talks = town.conversations(&leads);
    let mut players: Vec<Player> = leads
        .into_iter()
        .zip(talks)
        .zip(scripts)
        .map(|((lead, talks), script)| Player {
            lead,
            email: town.email(lead),
            talks,
            model: Model::default(),
            script,
            pending: Vec::new(),
        })
        .collect();
    for first in (0..STEPS).step_by(2) {
        town.clock.wait(TimeDelta::seconds(10));
        let second = TimeDelta::seconds(1);
        let times = [town.clock.now() - second, town.clock.now() + second];
        for player in &mut players {
            let steps = [player.script[first], player.script[first + 1]];
            let asked: Vec<Asked> = steps
                .into_iter()
                .zip(times)
                .map(|(step, at)| player.ask(town, step, at))
                .collect();
            player.pending.extend(asked);
        }
        for player in &mut players {
            for asked in std::mem::take(&mut player.pending) {
                player.hear(town, asked);
            }
        }
    }
}

/// Plays ten thousand interleavings, half of them in each of two tests that run side by side; fewer on PostgreSQL.
fn interleave(half: u8) {
    Town::on_both(|town, whole| {
        // How often a lead may be written to is not what is asked here.
        let gate = json!({"maxMails": 1000, "minGapHours": 0});
        town.made(Command::PutPolicy(json!({"gate": gate, "fastTrack": true})));
        let config = Config {
            cases: if whole { 10 } else { 1 },
            max_shrink_iters: 0,
            failure_persistence: None,
            ..Config::default()
        };
        // The same scripts every time.
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[half; 32]);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let scripts = vec(vec(step(), STEPS), LEADS);
        let played = runner.run(&scripts, |scripts| {
            play(&town, scripts);
            Ok(())
        });
        played.unwrap();
    });
}

#[test]
fn nothing_is_authorised_after_what_stops_it() {
    interleave(1);
}

#[test]
fn nothing_is_authorised_after_what_stops_it_in_other_orders() {
    interleave(2);
}
