//! A conversation as benches need it.

use convo_core::conversation::Conversation;
use convo_core::lead::{Completeness, Lead};
use convo_core::observe::{MessageStored, Observation};
use convo_core::signals::{Signal, SignalClass};
use convo_core::{MessageFact, Policy, Rules, Snapshot, Time, observe};

/// A conversation with all that a decision about it takes.
pub struct World {
    pub conversation: Conversation<u128>,
    pub lead: Lead<u128>,
    pub rules: Rules<u128>,
    pub policy: Policy,
    pub now: Time,
}

/// A conversation of so many exchanges, each answered within the hour.
pub fn world(exchanges: u64) -> World {
    let mut now: Time = "2026-01-05T09:00:00Z".parse().unwrap_or_default();
    let mut world = World {
        conversation: Conversation::new(1, 2, None, now),
        lead: Lead::new(2, Completeness::EMAIL),
        rules: Rules::standard(),
        policy: Policy {
            auto_handover: false,
            ..Policy::default()
        },
        now,
    };
    for n in 0..exchanges {
        for fact in [
            MessageFact::sent(u128::from(10 + 2 * n), now, 2 * n + 1),
            reply(11 + 2 * n, now, 2 * n + 2),
        ] {
            let observation = Observation::MessageStored(MessageStored::new(fact));
            let snapshot = Snapshot::new(&world.conversation, &world.lead);
            let decision = observe(&snapshot, &observation, &world.rules, &world.policy, now);
            for change in &decision.changes {
                world.conversation.apply(change);
                world.lead.apply(change);
            }
        }
        now += chrono::TimeDelta::minutes(90);
        world.now = now;
    }
    world
}

/// A reply with signals, half an hour after `now`.
pub fn reply(id: u64, now: Time, seq: u64) -> MessageFact<u128> {
    let at = now + chrono::TimeDelta::minutes(30);
    let signals = vec![
        Signal::new("test_drive", SignalClass::Purchase),
        Signal::new("interest", SignalClass::Interest),
    ];
    MessageFact {
        signals,
        text_len: 60,
        ..MessageFact::reply(u128::from(id), at, seq)
    }
}
