//! A message was stored.

use std::borrow::Cow;

use chrono::TimeDelta;

use super::{Known, MessageStored, SuppressingFact, cascade, provider};
use crate::change::{Cause, Change};
use crate::draft::Draft;
use crate::lead::LeadFactKind;
use crate::tally::{Absorbed, Tally};
use crate::vocabulary::{Author, FlagCode, HoldReason, Kind};
use crate::{Key, Time};

/// Days; what names a later return is a misreading, and must not stop the clocks for years.
const LONGEST_ABSENCE: i64 = 500;

pub(super) fn stored<'a, K: Key>(draft: &mut Draft<'a, K>, stored: &'a MessageStored<K>) -> Known {
    let fact = &stored.fact;
    // Before the message; what it adds is what ENGAGEMENT_INCREASED is about.
    let before = fact.is_reply().then(|| draft.engagement());
    if let Known::NeedsHistory = absorb(draft, stored) {
        return Known::NeedsHistory;
    }
    marks(draft, stored);
    if fact.author == Author::Lead && fact.kind == Kind::OptOut {
        let opt_out = SuppressingFact {
            kind: LeadFactKind::OptOut,
            at: fact.at,
            message: Some(fact.id.clone()),
            cause: Cause::Message(fact.id.clone()),
            direct: true,
        };
        return provider::suppressing(draft, &opt_out);
    }
    // An imported state is taken as it is: what led to it is counted and shown, and moves nothing again.
    if stored.silent && draft.snapshot.conversation.is_history(fact.at) {
        return Known::Yes;
    }
    if let Some(before) = before {
        cascade::after_reply(draft, fact, before, stored.silent);
    } else if fact.is_sent() {
        cascade::first_contact(draft, &fact.id);
    }
    Known::Yes
}

/// Takes the message into the facts, folding them again when it is older than the newest, or was in them.
fn absorb<'a, K: Key>(draft: &mut Draft<'a, K>, stored: &'a MessageStored<K>) -> Known {
    let fact = &stored.fact;
    draft.message = Some(fact);
    if !stored.again {
        let mut tally = draft.tally.clone().into_owned();
        if tally.absorb(fact) == Absorbed::Done {
            draft.tally = Cow::Owned(tally);
            draft.push(Change::MessageAbsorbed(Box::new(fact.clone())));
            return Known::Yes;
        }
    }
    let Some(history) = draft.snapshot.history(&draft.snapshot.conversation.id) else {
        return Known::NeedsHistory;
    };
    let others = history.iter().filter(|other| other.id != fact.id);
    let tally = Tally::recompute(others.chain([fact]));
    draft.tally = Cow::Owned(tally.clone());
    draft.push(Change::TallyReplaced(Box::new(tally)));
    Known::Yes
}

/// Flags, holds and absences that the message brings, and the snooze it ends.
fn marks<K: Key>(draft: &mut Draft<'_, K>, stored: &MessageStored<K>) {
    let fact = &stored.fact;
    if stored.duplicate_id {
        flag(draft, FlagCode::DuplicateMessageId, fact.at, Some(&fact.id));
    }
    if stored.forged {
        flag(draft, FlagCode::ForgedSuspect, fact.at, Some(&fact.id));
    }
    let stranger = fact.author == Author::Other && fact.kind == Kind::Human;
    let of_stranger = if stored.forged {
        HoldReason::Unverified
    } else {
        HoldReason::OtherAuthor
    };
    let holds = [stored.hold, stranger.then_some(of_stranger)];
    for reason in holds.into_iter().flatten() {
        draft.push(Change::HoldSet {
            reason,
            at: fact.at,
            message: Some(fact.id.clone()),
        });
    }
    if fact.is_reply() && draft.snapshot.conversation.snoozed_until.is_some() {
        draft.push(Change::Snoozed { until: None });
    }
    absence(draft, stored);
}

/// The lead is away as its newest word says: an out-of-office until its date, a reply not at all.
fn absence<K: Key>(draft: &mut Draft<'_, K>, stored: &MessageStored<K>) {
    let fact = &stored.fact;
    let known = draft.snapshot.conversation;
    if fact.author != Author::Lead || known.away_said.is_some_and(|said| said > fact.at) {
        return;
    }
    let said = fact.at;
    if fact.is_reply() {
        if known.away_until.is_some() {
            draft.push(Change::AwayUntil { until: None, said });
        }
        return;
    }
    let longest = said.checked_add_signed(TimeDelta::days(LONGEST_ABSENCE));
    let possible = |until: &Time| longest.is_none_or(|longest| *until <= longest);
    let back = draft
        .tally
        .last_reply_at()
        .is_some_and(|reply| reply > said);
    if let Some(until) = stored.away_until.filter(possible).filter(|_| !back) {
        let until = Some(until);
        draft.push(Change::AwayUntil { until, said });
    }
}

/// Sets a flag, unless a newer fact has set it.
pub(super) fn flag<K: Key>(
    draft: &mut Draft<'_, K>,
    code: FlagCode,
    at: Time,
    message: Option<&K>,
) {
    let known = draft.snapshot.conversation.flags.get(&code);
    if known.is_none_or(|known| (known.at, known.message.as_ref()) < (at, message)) {
        draft.push(Change::FlagSet {
            code,
            at,
            message: message.cloned(),
        });
    }
}
