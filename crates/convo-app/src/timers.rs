//! What is due by itself: timers as rows, written in the commit that makes them follow.
//!
//! A row says that something may be due then. Whether it is, the command that fires it decides anew in its own
//! transaction, which reads the row first: gone, another has fired it; not due yet, it was moved. So each fires
//! once, whoever asks and how often, and what was committed a moment before wins.
//!
//! | kind | set by | when it fires |
//! |---|---|---|
//! | `no_reply` | the conversation's facts | gives it up, or alerts us that the lead waits |
//! | `archive`, `snooze`, `follow_up` | the conversation's facts | puts it away, wakes it, brings it up |
//! | `offer`, `first_touch`, `next_reply`, `requeue` | the handover | the handover goes on |
//! | `leave` | an agent who goes | looks at the next page of what the agent owns |
//! | `reschedule` | another policy | looks at the next page of timers that follow from a policy |
//! | `recount` | the migration that made the table of waits | counts those of the next page of all conversations |
//! | `begin`, `begin_again` | the migration that made the table | looks at the next page of all conversations |
//!
//! Rows that follow from facts are compared with those of the facts as they were loaded, when the batch is sealed:
//! nothing is read for it, and what has not changed is not written.

mod due;
mod fire;
mod pages;
mod snooze;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use convo_core::clocks::Due;
use convo_core::conversation::Conversation;
use convo_core::policy::Policy;
use convo_store::rows::TimerRow;
use uuid::Uuid;

pub(crate) use due::PutOff;
pub use due::{FIRED, Fired, LAG, REPLIES_NEEDED};
pub(crate) use fire::CameOf;

use crate::batch::{Batch, ConversationEntry};
use crate::error::AppError;
use crate::wire::cut;

/// What becomes due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerKind {
    /// Nobody answered.
    NoReply,
    /// A closed conversation is put away.
    Archive,
    /// A snoozed conversation wakes.
    Snooze,
    /// It is time to write again.
    FollowUp,
    /// An offer was not accepted.
    Offer,
    /// An agent has not been in touch yet.
    FirstTouch,
    /// An agent has not answered a reply.
    NextReply,
    /// An absent agent's conversation goes back.
    Requeue,
    /// An agent is gone: the next page of what the agent owns.
    Leave,
    /// A policy changed: the next page of timers is computed anew.
    Reschedule,
    /// Conversations older than timers get theirs: the next page.
    Begin,
    /// Once more, for what older versions wrote beside the first time.
    BeginAgain,
    /// Waits older than their table are counted: the next page.
    Recount,
}

impl TimerKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::NoReply,
        Self::Archive,
        Self::Snooze,
        Self::FollowUp,
        Self::Offer,
        Self::FirstTouch,
        Self::NextReply,
        Self::Requeue,
        Self::Leave,
        Self::Reschedule,
        Self::Begin,
        Self::BeginAgain,
        Self::Recount,
    ];
    /// Those that follow from a conversation's facts alone.
    pub(crate) const OF_FACTS: [Self; 4] =
        [Self::NoReply, Self::Archive, Self::Snooze, Self::FollowUp];
    /// Those whose due time a policy decides.
    pub(crate) const OF_POLICY: [&'static str; 2] =
        [Self::NoReply.as_str(), Self::Archive.as_str()];
    /// Those under which not every row follows from the facts yet.
    pub(crate) const PAGES: [&'static str; 3] = [
        Self::Reschedule.as_str(),
        Self::Begin.as_str(),
        Self::BeginAgain.as_str(),
    ];

    /// The name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoReply => "no_reply",
            Self::Archive => "archive",
            Self::Snooze => "snooze",
            Self::FollowUp => "follow_up",
            Self::Offer => "offer",
            Self::FirstTouch => "first_touch",
            Self::NextReply => "next_reply",
            Self::Requeue => "requeue",
            Self::Leave => "leave",
            Self::Reschedule => "reschedule",
            Self::Begin => "begin",
            Self::BeginAgain => "begin_again",
            Self::Recount => "recount",
        }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// When it is due by the facts; none for a kind that does not follow from them.
    pub(crate) fn due(self, due: &Due) -> Option<DateTime<Utc>> {
        let at = match self {
            Self::NoReply => due.no_reply,
            Self::Archive => due.archive,
            Self::Snooze => due.snooze,
            Self::FollowUp => due.follow_up,
            Self::Offer
            | Self::FirstTouch
            | Self::NextReply
            | Self::Requeue
            | Self::Leave
            | Self::Reschedule
            | Self::Begin
            | Self::BeginAgain
            | Self::Recount => None,
        };
        at.map(cut)
    }
}

/// Which timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerKey {
    /// The conversation; of a page, the campaign or agent it is about, or the nil id.
    pub conversation: Uuid,
    /// What becomes due.
    pub kind: TimerKind,
    /// Which of several of the kind, or the nil id; of a page, what it goes on after.
    pub subject: Uuid,
}

impl TimerKey {
    /// The timer of a conversation that has one of the kind, or the one about a subject.
    pub(crate) fn new(kind: TimerKind, conversation: Uuid, subject: Option<Uuid>) -> Self {
        Self {
            conversation,
            kind,
            subject: subject.unwrap_or(Uuid::nil()),
        }
    }

    /// The key of a row; none of a kind that a newer version knows.
    pub(crate) fn of(row: &TimerRow) -> Option<Self> {
        Some(Self {
            conversation: row.conversation_id,
            kind: TimerKind::of(&row.kind)?,
            subject: row.subject_id,
        })
    }

    pub(crate) fn stored(self) -> convo_store::TimerKey {
        convo_store::TimerKey {
            kind: self.kind.as_str(),
            subject_id: self.subject,
            conversation_id: self.conversation,
        }
    }

    pub(crate) fn row(self, due_at: DateTime<Utc>) -> TimerRow {
        TimerRow {
            conversation_id: self.conversation,
            kind: self.kind.as_str().to_owned(),
            subject_id: self.subject,
            due_at,
        }
    }
}

/// Whether a timer of a conversation may run by its facts. A deadline of an owner runs only while the owner owes
/// something: whether one that has passed was told of, the timers do not know.
pub(crate) fn stands(key: &TimerKey, facts: &Conversation<Uuid>) -> bool {
    let handover = &facts.handover;
    match key.kind {
        TimerKind::Offer if key.subject.is_nil() => handover.wanted_at.is_some(),
        TimerKind::Offer => handover.offer == Some(key.subject),
        TimerKind::FirstTouch => facts.is_owned() && handover.touched_at.is_none(),
        TimerKind::NextReply => facts.is_owned() && handover.reply_due_at.is_some(),
        TimerKind::Requeue => facts.is_owned(),
        _ => true,
    }
}

impl Batch<'_, '_> {
    /// Lets a timer run, or moves the one that runs.
    pub(crate) fn set_timer(
        &mut self,
        kind: TimerKind,
        conversation: Uuid,
        subject: Option<Uuid>,
        due_at: DateTime<Utc>,
    ) {
        let key = TimerKey::new(kind, conversation, subject);
        self.timers.insert(key, Some(cut(due_at)));
        self.wrote();
    }

    /// Stops a timer, whether it runs or not.
    pub(crate) fn clear_timer(
        &mut self,
        kind: TimerKind,
        conversation: Uuid,
        subject: Option<Uuid>,
    ) {
        let key = TimerKey::new(kind, conversation, subject);
        self.timers.insert(key, None);
        self.wrote();
    }

    /// When a timer is due as this batch leaves it; none when it does not run.
    pub(crate) fn timer(&mut self, key: TimerKey) -> Result<Option<DateTime<Utc>>, AppError> {
        if let Some(here) = self.timers.get(&key) {
            return Ok(*here);
        }
        self.load_timers(&BTreeSet::from([key.conversation]))?;
        Ok(self.timers_stored.get(&key).copied())
    }

    /// Reads all timers of conversations.
    pub(crate) fn load_timers(&mut self, conversations: &BTreeSet<Uuid>) -> Result<(), AppError> {
        let missing: Vec<Uuid> = conversations
            .iter()
            .filter(|id| !self.timed.contains(*id))
            .copied()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        for row in self.reader.timers_by_conversations(&missing)? {
            if let Some(key) = TimerKey::of(&row) {
                self.timers_stored.insert(key, row.due_at);
            }
        }
        self.timed.extend(missing);
        Ok(())
    }

    /// Writes what the timers of a conversation have become since it was loaded; one that is to be checked is
    /// compared with its rows.
    pub(crate) fn seal_timers(
        &mut self,
        entry: &ConversationEntry,
        policy: &Policy,
    ) -> Result<(), AppError> {
        let clocks = entry.facts.clocks();
        if clocks == entry.clocks && !entry.check_timers {
            return Ok(());
        }
        let (before, after) = (entry.clocks.due(policy), clocks.due(policy));
        for kind in TimerKind::OF_FACTS {
            let key = TimerKey::new(kind, entry.row.id, None);
            let was = match entry.check_timers {
                true => self.timer(key)?,
                false => kind.due(&before),
            };
            let is = kind.due(&after);
            if was != is {
                self.timers.insert(key, is);
            }
        }
        Ok(())
    }
}
