//! When something is due in a conversation by itself.
//!
//! | timer | runs | until |
//! |---|---|---|
//! | no reply, the lead's turn | ACTIVE, ENGAGED, QUALIFIED; no owner, no hold | `no_reply_days` after our newest message |
//! | no reply, our turn | open, no owner | `next_reply_minutes` of business time after the oldest reply that nobody answered |
//! | archive | CLOSED | `archive_days` after the closing |
//! | snooze | open | its own time |
//! | follow-up | in every state, once | its own time |
//!
//! Decisions where several readings are possible:
//! - What stops the no-reply clock of the lead's turn (a hold, a snooze, an owner, another turn) makes it start anew
//!   when it ends, so that nothing is given up in the moment it comes back. An absence only moves it: it is due at
//!   the lead's return at the earliest.
//! - Several replies in a row are one wait: the clock of our turn runs from the first of them and raises one alert.
//!   Mail of somebody else in the conversation is told at once when it comes, so no clock runs for it; once its hold
//!   is released, that of the lead's turn goes on.
//! - A snooze ends at its time, with a reply of the lead, or with the conversation; while it lasts, nothing is due.
//! - A calendar without any opening alerts by the clock on the wall: late is better than never.
//! - In ACTIVE the turn is known to be the lead's even where an import brought no message.

use chrono::TimeDelta;

use crate::conversation::Conversation;
use crate::machine::State;
use crate::policy::Policy;
use crate::vocabulary::Awaiting;
use crate::{Key, Time};

/// What the timers of a conversation follow from: equal values are due at equal times under one policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clocks {
    turn: Turn,
    closed_at: Option<Time>,
    snoozed_until: Option<Time>,
    follow_up_at: Option<Time>,
}

/// Whom the no-reply clock waits for, from when, and before which time it is not due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Turn {
    #[default]
    Nobodys,
    Leads {
        since: Time,
        not_before: Option<Time>,
    },
    Ours {
        since: Time,
        not_before: Option<Time>,
    },
}

/// When each timer of a conversation is due; none for one that does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Due {
    /// The lead is given up, or we are told that it waits.
    pub no_reply: Option<Time>,
    /// It is put away.
    pub archive: Option<Time>,
    /// It wakes.
    pub snooze: Option<Time>,
    /// Its follow-up is brought up.
    pub follow_up: Option<Time>,
}

impl Clocks {
    /// When each timer is due under a policy.
    #[must_use]
    pub fn due(&self, policy: &Policy) -> Due {
        let days = |from: Time, days| from.checked_add_signed(TimeDelta::days(i64::from(days)));
        Due {
            no_reply: self.give_up_at(policy).or(self.reply_needed_at(policy)),
            archive: self
                .closed_at
                .and_then(|closed| days(closed, policy.archive_days)),
            snooze: self.snoozed_until,
            follow_up: self.follow_up_at,
        }
    }

    /// When the lead is given up; none unless it is the lead's turn.
    #[must_use]
    pub fn give_up_at(&self, policy: &Policy) -> Option<Time> {
        let Turn::Leads { since, not_before } = self.turn else {
            return None;
        };
        let span = TimeDelta::days(i64::from(policy.no_reply_days));
        let due = since.checked_add_signed(span)?;
        Some(not_before.map_or(due, |until| due.max(until)))
    }

    /// When we are told that the lead waits; none unless it does.
    #[must_use]
    pub fn reply_needed_at(&self, policy: &Policy) -> Option<Time> {
        let Turn::Ours { since, not_before } = self.turn else {
            return None;
        };
        let minutes = policy.handover.next_reply_minutes;
        let in_hours = policy.calendar.add_business_minutes(since, minutes);
        let on_the_wall = || since.checked_add_signed(TimeDelta::minutes(i64::from(minutes)));
        let due = in_hours.or_else(on_the_wall)?;
        Some(not_before.map_or(due, |until| due.max(until)))
    }
}

impl<K: Key> Conversation<K> {
    /// What its timers follow from.
    #[must_use]
    pub fn clocks(&self) -> Clocks {
        let raised = self.followed_up == self.follow_up_at;
        Clocks {
            turn: self.turn(),
            closed_at: self
                .closed_at
                .filter(|_| self.state == State::Closed)
                .map(|closed| self.clock_from.map_or(closed, |from| closed.max(from))),
            snoozed_until: self.snoozed_until.filter(|_| self.state.is_open()),
            follow_up_at: self
                .follow_up_at
                .filter(|_| !raised)
                .map(|at| self.away_until.map_or(at, |until| at.max(until))),
        }
    }

    fn turn(&self) -> Turn {
        if !self.state.is_open() || self.agent.is_some() {
            return Turn::Nobodys;
        }
        match self.tally.awaiting() {
            Awaiting::Us if self.tally.pending.base.is_some() => self.ours(),
            // What somebody else wrote last is no answer of the lead's.
            Awaiting::Us | Awaiting::Lead => self.leads(self.tally.last_sent_at()),
            Awaiting::Nobody if self.state == State::Active => self.leads(None),
            Awaiting::Nobody => Turn::Nobodys,
        }
    }

    fn ours(&self) -> Turn {
        let waits = self.tally.pending.base;
        let alerted = self.alerted_for;
        match waits.filter(|waits| alerted.is_none_or(|alerted| alerted < *waits)) {
            Some(since) => Turn::Ours {
                since,
                not_before: self.snoozed_until,
            },
            None => Turn::Nobodys,
        }
    }

    fn leads(&self, sent: Option<Time>) -> Turn {
        let runs = matches!(
            self.state,
            State::Active | State::Engaged | State::Qualified
        ) && self.holds.is_empty();
        let since = sent.max(self.clock_from);
        match since.filter(|_| runs) {
            Some(since) => Turn::Leads {
                since: self.snoozed_until.map_or(since, |until| since.max(until)),
                not_before: self.away_until,
            },
            None => Turn::Nobodys,
        }
    }

    /// When the no-reply timer gives the lead up; none while it must not.
    ///
    /// It runs in ACTIVE, ENGAGED and QUALIFIED, without an owner and without a hold, while no reply of the lead
    /// waits for us.
    #[must_use]
    pub fn no_reply_due_at(&self, policy: &Policy) -> Option<Time> {
        self.clocks().give_up_at(policy)
    }

    /// When we are alerted that a reply of the lead waits for an answer; none while nobody has to be.
    #[must_use]
    pub fn reply_needed_at(&self, policy: &Policy) -> Option<Time> {
        self.clocks().reply_needed_at(policy)
    }

    /// When the archive timer is due; none unless CLOSED.
    #[must_use]
    pub fn archive_due_at(&self, policy: &Policy) -> Option<Time> {
        self.clocks().due(policy).archive
    }

    /// Lets its clocks count from `now` at the earliest, and lets nobody be told of what was due by then: for what
    /// an import brings, and for a conversation whose timers were never looked at.
    pub fn begin_clocks(&mut self, policy: &Policy, now: Time) {
        let clocks = self.clocks();
        let past = |due: Option<Time>| due.is_some_and(|due| due <= now);
        if past(clocks.reply_needed_at(policy)) {
            self.alerted_for = self.tally.pending.base;
        }
        if past(clocks.follow_up_at) {
            self.followed_up = self.follow_up_at;
        }
        self.clock_from = self.clock_from.max(Some(now));
    }

    /// Lets nobody be told of anything again that was planned for the person, who is forgotten; what gives up and
    /// puts away goes on.
    pub fn forget_plans(&mut self) {
        self.snoozed_until = None;
        self.followed_up = self.follow_up_at;
        self.alerted_for = self.alerted_for.max(self.tally.pending.base);
    }
}
