//! Timers that follow from facts are those stored.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use convo_core::conversation::Conversation;
use convo_store::Reader;
use convo_store::rows::ConversationRow;
use uuid::Uuid;

use super::Report;
use crate::batch::{PolicyInForce, policy_of};
use crate::error::AppError;
use crate::timers::{TimerKey, TimerKind, stands};

/// More pages than ever wait at a time.
const PAGES: i64 = 1_000;

/// What timers are compared with, page after page.
pub(super) struct Timers {
    /// Another policy is being applied: due times may be those of the one before.
    rescheduling: bool,
    /// Conversations from before the table are being looked at: they may have no timers yet.
    beginning: bool,
    policies: HashMap<Option<Uuid>, Arc<PolicyInForce>>,
    stored: HashMap<TimerKey, DateTime<Utc>>,
    timed: BTreeSet<Uuid>,
}

impl Timers {
    /// Looks at what is under way.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn new(reader: &mut Reader<'_>) -> Result<Self, AppError> {
        let pages = reader.timers_of_kinds(&TimerKind::PAGES, PAGES)?;
        let reschedule = TimerKind::Reschedule.as_str();
        Ok(Self {
            rescheduling: pages.iter().any(|row| row.kind == reschedule),
            beginning: pages.iter().any(|row| row.kind != reschedule),
            policies: HashMap::new(),
            stored: HashMap::new(),
            timed: BTreeSet::new(),
        })
    }

    /// Reads the timers of a page of conversations.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn read(
        &mut self,
        reader: &mut Reader<'_>,
        report: &mut Report,
        ids: &[Uuid],
    ) -> Result<(), AppError> {
        self.stored.clear();
        self.timed.clear();
        for row in reader.timers_by_conversations(ids)? {
            report.timers += 1;
            self.timed.insert(row.conversation_id);
            if let Some(key) = TimerKey::of(&row) {
                self.stored.insert(key, row.due_at);
            }
        }
        Ok(())
    }

    /// Compares those of one conversation with what its facts say under the policy in force.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn check(
        &mut self,
        reader: &mut Reader<'_>,
        report: &mut Report,
        row: &ConversationRow,
        facts: &Conversation<Uuid>,
    ) -> Result<(), AppError> {
        if self.beginning && !self.timed.contains(&row.id) {
            return Ok(());
        }
        let policy = match self.policies.get(&row.campaign_id) {
            Some(policy) => Arc::clone(policy),
            None => policy_of(reader, row.campaign_id)?,
        };
        self.policies.insert(row.campaign_id, Arc::clone(&policy));
        self.of_handover(report, facts);
        let due = facts.clocks().due(&policy.policy);
        for kind in TimerKind::OF_FACTS {
            let stored = self.stored.get(&TimerKey::new(kind, row.id, None));
            let expected = kind.due(&due);
            let equal = match self.rescheduling {
                true => stored.is_some() == expected.is_some(),
                false => stored == expected.as_ref(),
            };
            if !equal {
                report.found(
                    "timers",
                    Some(row.id),
                    format!(
                        "{} is due {stored:?}, by the facts {expected:?}",
                        kind.as_str()
                    ),
                );
            }
        }
        Ok(())
    }

    /// An open offer has its timer, and every timer of a handover waits for something.
    fn of_handover(&self, report: &mut Report, facts: &Conversation<Uuid>) {
        if let Some(offer) = facts.handover.offer {
            let timer = TimerKey::new(TimerKind::Offer, facts.id, Some(offer));
            if !self.stored.contains_key(&timer) {
                report.found("timers", Some(facts.id), "an open offer has no timer");
            }
        }
        let of_it = self
            .stored
            .keys()
            .filter(|key| key.conversation == facts.id);
        for key in of_it {
            if !stands(key, facts) {
                let detail = format!("{} waits for nothing", key.kind.as_str());
                report.found("timers", Some(facts.id), detail);
            }
        }
    }
}
