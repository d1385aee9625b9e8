//! One conversation played through the two doors, with integer ids.

use std::collections::BTreeMap;

use super::{Act, Command};
use crate::Time;
use crate::change::{Cause, Decision};
use crate::conversation::Conversation;
use crate::decide::{Refusal, Request, Trigger, decide};
use crate::email::{Judged, TrackingEvent, TrackingKind, Verdict, judge};
use crate::lead::{Completeness, Lead, LeadFactKind};
use crate::observe::{
    Failure, MessageStored, Observation, SoftBounces, SuppressingFact, Tracked, observe,
};
use crate::policy::Policy;
use crate::rules::Rules;
use crate::signals::Signal;
use crate::snapshot::{AgentFact, History, Snapshot};
use crate::tally::MessageFact;
use crate::vocabulary::{Author, Direction, Kind, Outcome};

/// The agent of every play.
const AGENT: AgentFact<u64> = AgentFact {
    id: 900,
    active: true,
};

/// Deliveries, opens and clicks of one message.
#[derive(Debug, Clone, Default)]
struct Mailed {
    delivered_at: Option<Time>,
    /// Event id, kind, own time, judged human once.
    events: Vec<(u64, TrackingKind, Time, bool)>,
    judged: Judged,
}

/// One lead with one conversation, and everything that happened to them.
#[derive(Debug)]
pub struct Play {
    /// The conversation as it stands.
    pub conversation: Conversation<u64>,
    /// The lead as it stands.
    pub lead: Lead<u64>,
    /// Codes of every stored message, in order of storing.
    pub facts: Vec<MessageFact<u64>>,
    /// The present.
    pub now: Time,
    /// The policy in force.
    pub policy: Policy,
    /// The rules in force.
    pub rules: Rules<u64>,
    /// Every decision made, refusals left out.
    pub decisions: Vec<Decision<u64>>,
    mailed: BTreeMap<u64, Mailed>,
    soft_bounces: SoftBounces<u64>,
    /// Mails that are not from whom they say, the newest last.
    forged: Vec<u64>,
    next_id: u64,
}

impl Default for Play {
    fn default() -> Self {
        Self::new()
    }
}

impl Play {
    /// A NEW conversation with a lead that has an e-mail address, on a Monday morning.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Policy::default(), Rules::standard())
    }

    /// The same under another policy and other rules.
    #[must_use]
    pub fn with(policy: Policy, rules: Rules<u64>) -> Self {
        // 2026-01-05T09:00:00Z.
        let now = Time::from_timestamp(1_767_603_600, 0).unwrap_or_default();
        Self {
            conversation: Conversation::new(1, 2, None, now),
            lead: Lead::new(2, Completeness::EMAIL),
            facts: Vec::new(),
            now,
            policy,
            rules,
            decisions: Vec::new(),
            mailed: BTreeMap::new(),
            soft_bounces: SoftBounces::default(),
            forged: Vec::new(),
            next_id: 10,
        }
    }

    /// Runs commands one after the other; refusals change nothing.
    pub fn run(&mut self, commands: &[Command]) {
        for command in commands {
            self.now += chrono::TimeDelta::minutes(i64::from(command.after_minutes));
            let at = self.now - chrono::TimeDelta::minutes(i64::from(command.late_minutes));
            self.act(at, &command.act);
        }
    }

    /// Lets minutes pass.
    pub fn wait(&mut self, minutes: i64) {
        self.now += chrono::TimeDelta::minutes(minutes);
    }

    /// We write now; the message's id.
    pub fn send(&mut self) -> u64 {
        let id = self.id();
        self.store(MessageFact::sent(id, self.now, 0));
        id
    }

    /// The lead writes now; the message's id.
    pub fn reply(&mut self, signals: &[Signal]) -> u64 {
        let id = self.id();
        let fact = MessageFact {
            signals: signals.to_vec(),
            text_len: 40,
            ..MessageFact::reply(id, self.now, 0)
        };
        self.store(fact);
        id
    }

    /// Stores a message with the next order of storing.
    pub fn store(&mut self, fact: MessageFact<u64>) -> Decision<u64> {
        self.store_as(MessageStored::new(fact))
    }

    /// A mail that says it is the lead's and is not; its id.
    pub fn forge(&mut self, at: Time) -> u64 {
        let id = self.id();
        self.forge_as(id, at);
        id
    }

    /// The same under an id of one's choice.
    pub fn forge_as(&mut self, id: u64, at: Time) -> Decision<u64> {
        let fact = MessageFact::new(id, at, 0, Direction::Inbound, Author::Other);
        self.forged.push(id);
        self.store_as(MessageStored {
            forged: true,
            ..MessageStored::new(fact)
        })
    }

    /// A person says that the newest forged mail is the lead's after all, with these signals.
    pub fn vouch(&mut self, signals: &[Signal]) {
        let Some(id) = self.forged.pop() else { return };
        let Some(doubted) = self.facts.iter().find(|fact| fact.id == id) else {
            return;
        };
        let fact = MessageFact {
            author: Author::Lead,
            signals: signals.to_vec(),
            ..doubted.clone()
        };
        self.observe(&Observation::MessageStored(MessageStored {
            again: true,
            ..MessageStored::new(fact.clone())
        }));
        self.facts.retain(|other| other.id != id);
        self.facts.push(fact);
    }

    fn store_as(&mut self, stored: MessageStored<u64>) -> Decision<u64> {
        let seq = u64::try_from(self.facts.len()).unwrap_or(u64::MAX) + 1;
        let fact = MessageFact { seq, ..stored.fact };
        let stored = MessageStored {
            fact: fact.clone(),
            ..stored
        };
        let decision = self.observe(&Observation::MessageStored(stored));
        self.facts.push(fact);
        decision
    }

    /// A delivery of `message`, with its opens and clicks judged anew.
    pub fn deliver(&mut self, message: u64, at: Time) {
        let event = self.id();
        self.observe(&Observation::Delivered { at, event });
        let mailed = self.mailed.entry(message).or_default();
        mailed.delivered_at = Some(mailed.delivered_at.map_or(at, |first| first.min(at)));
        self.rejudge(message);
    }

    /// An open or click of `message` in a browser.
    pub fn track(&mut self, message: u64, kind: TrackingKind, at: Time) {
        let event = self.id();
        self.mailed
            .entry(message)
            .or_default()
            .events
            .push((event, kind, at, false));
        self.rejudge(message);
    }

    /// A failed delivery of `message`.
    pub fn fail(&mut self, message: u64, failure: Failure<u64>, at: Time) {
        let cause = Cause::ProviderEvent(self.id());
        self.observe(&Observation::Failed {
            failure,
            at,
            message: Some(message),
            cause,
        });
    }

    /// A delivery of `message` to the lead's one address that failed for now.
    pub fn fail_softly(&mut self, message: u64, at: Time) {
        let failures = self.soft_bounces.and(at, Some(&message));
        self.soft_bounces = failures.clone();
        self.fail(message, Failure::Soft { failures }, at);
    }

    /// The person wants no more mail.
    pub fn suppress(&mut self, kind: LeadFactKind, at: Time) {
        let cause = Cause::ProviderEvent(self.id());
        self.observe(&Observation::Suppressing(SuppressingFact {
            kind,
            at,
            message: None,
            cause,
            direct: true,
        }));
    }

    /// Observes, with the history where it is needed, and folds the changes in.
    pub fn observe(&mut self, observation: &Observation<u64>) -> Decision<u64> {
        let histories = [History {
            conversation: &self.conversation.id,
            facts: &self.facts,
        }];
        let others: Vec<Judged> = self.mailed.values().map(|mailed| mailed.judged).collect();
        let bare = Snapshot {
            agent: Some(&AGENT),
            ..Snapshot::new(&self.conversation, &self.lead)
        };
        let mut decision = observe(&bare, observation, &self.rules, &self.policy, self.now);
        if !decision.needs_history.is_empty() {
            let full = Snapshot {
                histories: &histories,
                judged_others: Some(&others),
                ..bare
            };
            decision = observe(&full, observation, &self.rules, &self.policy, self.now);
        }
        self.fold(&decision);
        decision
    }

    /// Asks, and folds the changes in.
    ///
    /// # Errors
    /// What [`decide`] refuses.
    pub fn ask(&mut self, request: &Request<u64>) -> Result<Decision<u64>, Refusal<u64>> {
        let histories = [History {
            conversation: &self.conversation.id,
            facts: &self.facts,
        }];
        let snapshot = Snapshot {
            agent: Some(&AGENT),
            histories: &histories,
            ..Snapshot::new(&self.conversation, &self.lead)
        };
        let decision = decide(&snapshot, request, &self.rules, &self.policy, self.now)?;
        self.fold(&decision);
        Ok(decision)
    }

    fn fold(&mut self, decision: &Decision<u64>) {
        for change in &decision.changes {
            self.conversation.apply(change);
            self.lead.apply(change);
        }
        self.decisions.push(decision.clone());
    }

    fn rejudge(&mut self, message: u64) {
        let tracking = self.policy.tracking.clone();
        let Some(mailed) = self.mailed.get_mut(&message) else {
            return;
        };
        let events: Vec<TrackingEvent<'_>> = mailed
            .events
            .iter()
            .map(|&(_, kind, at, _)| TrackingEvent {
                kind,
                at,
                bot: false,
                user_agent: None,
            })
            .collect();
        let verdicts = judge(mailed.delivered_at, &events, &tracking);
        let (before, after) = (mailed.judged, Judged::count(&events, &verdicts));
        let mut first_human = Vec::new();
        for (event, verdict) in mailed.events.iter_mut().zip(&verdicts) {
            if *verdict == Verdict::Human && !event.3 {
                event.3 = true;
                first_human.push(event.0);
            }
        }
        // The others are asked for without this message's old share.
        mailed.judged = Judged::default();
        self.observe(&Observation::Tracked(Tracked {
            before,
            after,
            first_human,
        }));
        if let Some(mailed) = self.mailed.get_mut(&message) {
            mailed.judged = after;
        }
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn newest_sent(&self) -> Option<u64> {
        self.facts
            .iter()
            .rev()
            .find(|fact| fact.is_sent())
            .map(|fact| fact.id)
    }

    fn act(&mut self, at: Time, act: &Act) {
        let id = self.id();
        match act {
            Act::Send => drop(self.store(MessageFact::sent(id, at, 0))),
            Act::Note => {
                let note = MessageFact::new(id, at, 0, Direction::Outbound, Author::Agent);
                self.store(MessageFact { note: true, ..note });
            }
            Act::Reply { signals, sentiment } => {
                let reply = MessageFact::reply(id, at, 0);
                let (signals, sentiment) = (signals.clone(), *sentiment);
                self.store(MessageFact {
                    signals,
                    sentiment,
                    text_len: 40,
                    ..reply
                });
            }
            Act::OtherWrites => drop(self.store(MessageFact::new(
                id,
                at,
                0,
                Direction::Inbound,
                Author::Other,
            ))),
            Act::Forged => drop(self.forge(at)),
            Act::Vouched => self.vouch(&[]),
            Act::Acknowledged => {
                let fact = MessageFact::new(id, at, 0, Direction::Outbound, Author::System);
                self.store(fact.of_kind(Kind::AutoReply));
            }
            Act::Automated(kind) => drop(self.store(MessageFact::reply(id, at, 0).of_kind(*kind))),
            Act::Delivered | Act::Opened | Act::Clicked | Act::HardBounce | Act::SoftBounce => {
                if let Some(message) = self.newest_sent() {
                    self.mail_event(message, at, act);
                }
            }
            Act::Complaint => self.suppress(LeadFactKind::Complaint, at),
            Act::Unsubscribe => self.suppress(LeadFactKind::Unsubscribed, at),
            Act::Trigger(event, with_agent) => {
                let agent = with_agent.then_some(AGENT.id);
                let _ = self.ask(&Request::Trigger(Trigger {
                    agent,
                    ..Trigger::new(*event)
                }));
            }
            Act::TakeOver => drop(self.ask(&Request::TakeOver {
                agent: AGENT.id,
                expected_version: None,
            })),
            Act::Release => drop(self.ask(&Request::Release)),
            Act::SetOutcome(outcome) => drop(self.ask(&outcome_of(*outcome))),
            Act::NoReplyDue => drop(self.observe(&Observation::NoReplyDue)),
            Act::ArchiveDue => drop(self.observe(&Observation::ArchiveDue)),
            Act::Snooze(minutes) => {
                let until = self.now + chrono::TimeDelta::minutes(i64::from(*minutes));
                let until = Some(until).filter(|_| *minutes > 0);
                let _ = self.ask(&Request::Snooze { until });
            }
            Act::SnoozeDue => drop(self.observe(&Observation::SnoozeDue)),
            Act::FollowUpDue => drop(self.observe(&Observation::FollowUpDue)),
        }
    }

    fn mail_event(&mut self, message: u64, at: Time, act: &Act) {
        match act {
            Act::Delivered => self.deliver(message, at),
            Act::Opened => self.track(message, TrackingKind::Opened, at),
            Act::Clicked => self.track(message, TrackingKind::Clicked, at),
            Act::HardBounce => self.fail(message, Failure::Hard { primary: true }, at),
            _ => self.fail_softly(message, at),
        }
    }
}

fn outcome_of(outcome: Outcome) -> Request<u64> {
    Request::SetOutcome {
        outcome,
        follow_up_at: None,
    }
}
