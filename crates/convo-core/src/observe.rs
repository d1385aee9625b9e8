//! The door for what happened: it cannot fail; it may change nothing.
//!
//! After a stored reply comes the cascade, in this order: the implied FIRST_EMAIL_SENT, LEAD_REPLIED,
//! ENGAGEMENT_INCREASED, QUALIFICATION_CRITERIA_MET, HANDOVER_REQUESTED. A step that the table or a required
//! rule refuses is skipped without trace and tried again at the next reply.
//!
//! Decisions where several readings are possible:
//! - While an agent owns a conversation, qualification and handover are not taken by the cascade: a reopened
//!   conversation keeps its owner and stays closed to automation until the owner gives it back.
//! - "Older" and "newer" are by own times. An opt-out at the same time as a reply counts as newer.
//! - An opt-out, complaint or bounce looks at the replies of its own conversation to decide whether it closes
//!   it, and at the whole lead to decide whether a reply may reopen one: so every order of arrival ends the
//!   same with several conversations too.
//! - A state that was imported contains what is not later than it: imported messages, and bounces, complaints and
//!   opt-outs, of that time are counted, flagged and suppress, but move it no more.
//! - A conversation closed as `unreachable` becomes `opted_out` when such a fact follows.
//! - When what a timer is about is due is said in [`clocks`](crate::clocks); a timer that comes too early, or for what
//!   is over, changes nothing.
//! - The flag of a fact is set in whatever state the conversation is, and stays.
//! - The reopen window belongs to the choice of the conversation
//!   ([`Policy::reopens`](crate::Policy::reopens)), not to this door.

mod cascade;
mod mail;
mod provider;

use crate::change::{Cause, Change, Decision};
use crate::draft::{Draft, Taking};
use crate::email::Judged;
use crate::lead::LeadFactKind;
use crate::machine::{Event, State};
use crate::policy::Policy;
use crate::rules::Rules;
use crate::snapshot::Snapshot;
use crate::tally::{MessageFact, Tally};
use crate::vocabulary::{HoldReason, Outcome, SuppressionReason};
use crate::{Key, Time};

/// A message was stored in the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageStored<K> {
    /// Its codes.
    pub fact: MessageFact<K>,
    /// Imported: no automatic handover.
    pub silent: bool,
    /// Its Message-ID came before with other content.
    pub duplicate_id: bool,
    /// It is not from whom it says; it is stored as nobody's word (author `other`) until a person vouches for it.
    pub forged: bool,
    /// It was stored before and is read anew: facts and history hold it as it was.
    pub again: bool,
    /// Automation must wait for a person because of it (a doubtful opt-out).
    pub hold: Option<HoldReason>,
    /// An out-of-office names this return.
    pub away_until: Option<Time>,
}

impl<K> MessageStored<K> {
    /// A message with nothing special about it.
    #[must_use]
    pub fn new(fact: MessageFact<K>) -> Self {
        Self {
            fact,
            silent: false,
            duplicate_id: false,
            forged: false,
            again: false,
            hold: None,
            away_until: None,
        }
    }
}

/// A person wants no more mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuppressingFact<K> {
    /// [`OptOut`](LeadFactKind::OptOut), [`Unsubscribed`](LeadFactKind::Unsubscribed) or
    /// [`Complaint`](LeadFactKind::Complaint); others change nothing.
    pub kind: LeadFactKind,
    /// Its own time.
    pub at: Time,
    /// The message it is about or came in.
    pub message: Option<K>,
    /// The provider event or message that brought it.
    pub cause: Cause<K>,
    /// It names this conversation; false when it reaches this one only through the lead.
    pub direct: bool,
}

/// Opens and clicks of one message were judged anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked<K> {
    /// Its counts before; all 0 at first.
    pub before: Judged,
    /// Its counts now.
    pub after: Judged,
    /// Events that were never judged human before and are now, in the order of their own times.
    pub first_human: Vec<K>,
}

/// Soft failures of one address so far: how many messages failed softly, however often each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoftBounces<K> {
    /// How many.
    pub count: u32,
    /// Own time and message of the newest.
    pub newest: Option<(Time, Option<K>)>,
}

impl<K> Default for SoftBounces<K> {
    fn default() -> Self {
        Self {
            count: 0,
            newest: None,
        }
    }
}

impl<K: Key> SoftBounces<K> {
    /// With one more: the same whatever the order they come in.
    #[must_use]
    pub fn and(&self, at: Time, message: Option<&K>) -> Self {
        Self {
            count: self.count.saturating_add(1),
            newest: self.newest.clone().max(Some((at, message.cloned()))),
        }
    }
}

/// How a delivery failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure<K> {
    /// For good.
    Hard {
        /// The address is the lead's primary one.
        primary: bool,
    },
    /// For now.
    Soft {
        /// Soft failures of that address: this one is among them, unless its message has failed softly before.
        failures: SoftBounces<K>,
    },
    /// The provider did not try: the address is on its own list for this reason.
    Suppressed(SuppressionReason),
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation<K> {
    /// A message was stored.
    MessageStored(MessageStored<K>),
    /// A message arrived.
    Delivered {
        /// Its own time.
        at: Time,
        /// The provider event.
        event: K,
    },
    /// Opens and clicks of one message were judged anew.
    Tracked(Tracked<K>),
    /// A delivery failed.
    Failed {
        /// How.
        failure: Failure<K>,
        /// Its own time.
        at: Time,
        /// The message that failed.
        message: Option<K>,
        /// The provider event or the bounce message.
        cause: Cause<K>,
    },
    /// The person wants no more mail; asked once for each of the lead's conversations that is open or named.
    Suppressing(SuppressingFact<K>),
    /// The no-reply timer fired: the lead is given up, or we are alerted that it waits.
    NoReplyDue,
    /// The archive timer fired.
    ArchiveDue,
    /// The snooze timer fired.
    SnoozeDue,
    /// The follow-up timer fired.
    FollowUpDue,
    /// Messages were moved in or out: the facts are folded again from the history.
    HistoryChanged,
    /// The lead's data changed.
    LeadChanged,
}

/// Takes in what happened.
///
/// When [`Decision::needs_history`] is not empty nothing was decided: give those histories and ask again.
#[must_use]
pub fn observe<K: Key>(
    snapshot: &Snapshot<'_, K>,
    observation: &Observation<K>,
    rules: &Rules<K>,
    policy: &Policy,
    now: Time,
) -> Decision<K> {
    let mut draft = Draft::new(snapshot, rules, policy, now);
    let known = match observation {
        Observation::MessageStored(stored) => mail::stored(&mut draft, stored),
        Observation::Delivered { at, event } => provider::delivered(&mut draft, *at, event),
        Observation::Tracked(tracked) => provider::tracked(&mut draft, tracked),
        Observation::Failed {
            failure,
            at,
            message,
            cause,
        } => provider::failed(&mut draft, failure, *at, message.as_ref(), cause),
        Observation::Suppressing(fact) => provider::suppressing(&mut draft, fact),
        Observation::NoReplyDue => no_reply(&mut draft),
        Observation::ArchiveDue => archive(&mut draft),
        Observation::SnoozeDue => wake(&mut draft),
        Observation::FollowUpDue => follow_up(&mut draft),
        Observation::HistoryChanged => refold(&mut draft),
        Observation::LeadChanged => Known::Yes,
    };
    match known {
        Known::Yes => draft.finish(),
        Known::NeedsHistory => Decision {
            needs_history: vec![snapshot.conversation.id.clone()],
            ..Decision::default()
        },
    }
}

/// Whether the snapshot held enough.
enum Known {
    Yes,
    NeedsHistory,
}

fn no_reply<K: Key>(draft: &mut Draft<'_, K>) -> Known {
    let clocks = draft.snapshot.conversation.clocks();
    if let Some(due) = clocks.give_up_at(draft.policy) {
        if due <= draft.now {
            give_up(draft, due);
        }
    } else if is_due(draft, clocks.reply_needed_at(draft.policy)) {
        alert(draft);
    }
    Known::Yes
}

/// The lead's silence is dated by when it was due, so that a reply sent while nobody was here to look counts.
fn give_up<K: Key>(draft: &mut Draft<'_, K>, due: Time) {
    if !abandon(draft, Outcome::NoResponse, Cause::Timer) {
        return;
    }
    let mut siblings = draft.snapshot.siblings.iter();
    if !siblings.any(|sibling| sibling.state.is_open()) {
        draft.lead_fact(LeadFactKind::NoReply, due);
    }
}

fn alert<K: Key>(draft: &mut Draft<'_, K>) {
    let tally = &draft.snapshot.conversation.tally;
    if let (Some(waits_since), Some(newest)) = (tally.pending.base, &tally.newest_reply) {
        let message = newest.mark.id.clone();
        draft.push(Change::ReplyAlerted {
            waits_since,
            message,
        });
    }
}

fn archive<K: Key>(draft: &mut Draft<'_, K>) -> Known {
    let due = draft.snapshot.conversation.archive_due_at(draft.policy);
    if is_due(draft, due) {
        let _ = draft.take(Taking::system(Event::ManualArchive, Cause::Timer));
    }
    Known::Yes
}

fn wake<K: Key>(draft: &mut Draft<'_, K>) -> Known {
    let due = draft
        .snapshot
        .conversation
        .clocks()
        .due(draft.policy)
        .snooze;
    if is_due(draft, due) {
        draft.push(Change::Snoozed { until: None });
        draft.push(Change::ClockRestarted { at: draft.now });
    }
    Known::Yes
}

fn follow_up<K: Key>(draft: &mut Draft<'_, K>) -> Known {
    let conversation = draft.snapshot.conversation;
    let due = conversation.clocks().due(draft.policy).follow_up;
    if let Some(at) = conversation.follow_up_at
        && is_due(draft, due)
    {
        draft.push(Change::FollowUpRaised { at });
    }
    Known::Yes
}

fn is_due<K: Key>(draft: &Draft<'_, K>, due: Option<Time>) -> bool {
    due.is_some_and(|due| due <= draft.now)
}

fn refold<K: Key>(draft: &mut Draft<'_, K>) -> Known {
    let Some(history) = draft.snapshot.history(&draft.snapshot.conversation.id) else {
        return Known::NeedsHistory;
    };
    let tally = Tally::recompute(history);
    draft.tally = std::borrow::Cow::Owned(tally.clone());
    draft.push(Change::TallyReplaced(Box::new(tally)));
    // A mail that turned out to have left the house is our first word, even if the reply came before that was known.
    let sent = history.iter().filter(|fact| fact.is_sent());
    if let Some(newest) = sent.max_by_key(|fact| (fact.at, fact.seq)) {
        cascade::first_contact(draft, &newest.id);
    }
    Known::Yes
}

/// Gives an open conversation up, unless an agent owns it or a rule of the caller's refuses; true when it did.
fn abandon<K: Key>(draft: &mut Draft<'_, K>, outcome: Outcome, cause: Cause<K>) -> bool {
    if !draft.state.is_open() || draft.is_owned() {
        return false;
    }
    let taken = draft
        .take(Taking::system(Event::ConversationAbandoned, cause))
        .is_ok();
    if taken && draft.state == State::Closed {
        draft.push(Change::OutcomeSet {
            outcome: Some(outcome),
            follow_up_at: None,
        });
    }
    taken
}
