//! Timers that follow from a conversation's facts.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use convo_core::conversation::Conversation;
use convo_store::Reader;
use convo_store::rows::ConversationRow;
use uuid::Uuid;

use super::Found;
use crate::batch::policy_of;
use crate::error::AppError;
use crate::timers::{TimerKey, TimerKind, stands};

/// The timers of a page of conversations.
pub(super) struct Timers {
    stored: HashMap<Uuid, HashMap<TimerKey, DateTime<Utc>>>,
    /// Pages of conversations are being gone through: due times may be those of before.
    moving: bool,
}

impl Timers {
    /// Reads them.
    pub fn read(reader: &mut Reader<'_>, ids: &[Uuid]) -> Result<Self, AppError> {
        let moving = !reader.timers_of_kinds(&TimerKind::PAGES, 1)?.is_empty();
        let mut stored: HashMap<Uuid, HashMap<TimerKey, DateTime<Utc>>> = HashMap::new();
        for row in reader.timers_by_conversations(ids)? {
            if let Some(key) = TimerKey::of(&row) {
                let of = stored.entry(row.conversation_id).or_default();
                of.insert(key, row.due_at);
            }
        }
        Ok(Self { stored, moving })
    }

    /// Compares those of one conversation with its facts.
    pub fn look(
        &mut self,
        reader: &mut Reader<'_>,
        found: &mut Found,
        row: &ConversationRow,
        facts: &Conversation<Uuid>,
    ) -> Result<(), AppError> {
        let stored = self.stored.remove(&row.id).unwrap_or_default();
        let set = |found: &mut Found, key: TimerKey, due: Option<DateTime<Utc>>| {
            if stored.get(&key) == due.as_ref() {
                return;
            }
            let what = key.kind.as_str();
            found.report.change("timers", Some(row.id), what);
            match due {
                Some(due) => found.commit.timers.push(key.row(due)),
                None => found.commit.timers_removed.push(key.stored()),
            }
        };
        if !self.moving {
            let policy = policy_of(reader, row.campaign_id)?;
            let due = facts.clocks().due(&policy.policy);
            for kind in TimerKind::OF_FACTS {
                set(found, TimerKey::new(kind, row.id, None), kind.due(&due));
            }
        }
        if let Some(offer) = facts.handover.offer {
            let key = TimerKey::new(TimerKind::Offer, row.id, Some(offer));
            if !stored.contains_key(&key)
                && let Some(of) = reader.offers_by_ids(&[offer])?.pop()
            {
                set(found, key, Some(of.due_at));
            }
        }
        for key in stored.keys().filter(|key| !stands(key, facts)) {
            set(found, *key, None);
        }
        Ok(())
    }
}
