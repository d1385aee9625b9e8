//! Timers of many conversations computed anew, a page at a time: each page is the firing of a timer that names the
//! last conversation of the page before, so that a stop in between loses nothing.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use convo_core::policy::Policy;
use uuid::Uuid;

use super::{CameOf, TimerKey, TimerKind};
use crate::batch::{Batch, Touched};
use crate::error::AppError;

/// Conversations of a page: short enough that nobody waits behind it.
const PAGE: i64 = 200;
/// How long after the first look at all conversations the second comes: by then no older version writes beside us.
const AGAIN_AFTER: TimeDelta = TimeDelta::days(1);

impl Batch<'_, '_> {
    /// Has timers computed anew where a policy of another time is in force now.
    pub(crate) fn reschedule_after(
        &mut self,
        campaign: Option<Uuid>,
        before: &Policy,
    ) -> Result<(), AppError> {
        let after = self.policy(campaign)?;
        if times(before) != times(&after.policy) {
            let about = campaign.unwrap_or(Uuid::nil());
            self.set_timer(TimerKind::Reschedule, about, None, self.clock);
        }
        Ok(())
    }

    /// The next page of timers that follow from a policy, compared with what the one in force says.
    pub(super) fn reschedule_page(&mut self, key: TimerKey) -> Result<CameOf, AppError> {
        let campaign = Some(key.conversation).filter(|id| !id.is_nil());
        let ids = self.reader.timed_conversations_after(
            key.subject,
            &TimerKind::OF_POLICY,
            campaign,
            PAGE,
        )?;
        self.check_timers(&ids)?;
        self.turn_page(key, &ids);
        Ok(CameOf::Done("page"))
    }

    /// The next page of all conversations: those without timers get theirs. What was due before they were looked
    /// at starts anew, so that a new version gives up and puts away nothing in the moment it starts.
    pub(super) fn begin_page(&mut self, key: TimerKey) -> Result<CameOf, AppError> {
        let ids = self.reader.conversation_ids_after(key.subject, PAGE)?;
        self.check_timers(&ids)?;
        let now = self.now;
        for &id in &ids {
            self.want_waiting(id)?;
            let known = TimerKind::OF_FACTS
                .into_iter()
                .map(|kind| TimerKey::new(kind, id, None));
            if known
                .into_iter()
                .any(|one| self.timers_stored.contains_key(&one))
            {
                continue;
            }
            let Some(entry) = self.conversation(id)? else {
                continue;
            };
            let (clocks, campaign) = (entry.facts.clocks(), entry.row.campaign_id);
            let due = clocks.due(&self.policy(campaign)?.policy);
            let mut each = TimerKind::OF_FACTS
                .into_iter()
                .filter_map(|kind| kind.due(&due));
            if each.any(|due| due <= now)
                && let Some(entry) = self.conversation(id)?
            {
                entry.begins = true;
                entry.touch(Touched::Facts);
            }
        }
        if !self.turn_page(key, &ids) && key.kind == TimerKind::Begin {
            self.set_timer(TimerKind::BeginAgain, Uuid::nil(), None, now + AGAIN_AFTER);
        }
        Ok(CameOf::Done("page"))
    }

    /// Puts a conversation that waited for an agent before there were offers into the queue; one that came with an
    /// import waits until its lead is alive.
    fn want_waiting(&mut self, conversation: Uuid) -> Result<(), AppError> {
        let waits = self.conversation(conversation)?.is_some_and(|entry| {
            let facts = &entry.facts;
            let queued = facts.handover.wanted_at.is_some();
            facts.wants_agent() && !queued && facts.imported_at.is_none()
        });
        if waits {
            self.want_agent(conversation);
        }
        Ok(())
    }

    /// The next page of all conversations, whose waits are counted.
    pub(super) fn recount_page(&mut self, key: TimerKey) -> Result<CameOf, AppError> {
        let ids = self.reader.conversation_ids_after(key.subject, PAGE)?;
        self.load_conversations(&ids.iter().copied().collect())?;
        self.analytics.recount.extend(&ids);
        self.turn_page(key, &ids);
        Ok(CameOf::Done("page"))
    }

    /// Has the rows of conversations compared with what their facts say.
    fn check_timers(&mut self, ids: &[Uuid]) -> Result<(), AppError> {
        let ids: BTreeSet<Uuid> = ids.iter().copied().collect();
        self.load_conversations(&ids)?;
        self.load_timers(&ids)?;
        for id in ids {
            if let Some(entry) = self.conversation(id)? {
                entry.check_timers = true;
            }
        }
        Ok(())
    }

    /// Goes on after the last of a full page, at once; true when there may be more.
    fn turn_page(&mut self, key: TimerKey, ids: &[Uuid]) -> bool {
        self.clear_timer(key.kind, key.conversation, Some(key.subject));
        let full = i64::try_from(ids.len()) == Ok(PAGE);
        if let Some(&last) = ids.last().filter(|_| full) {
            self.set_timer(key.kind, key.conversation, Some(last), self.clock);
        }
        full
    }
}

/// What of a policy decides when a timer is due.
fn times(policy: &Policy) -> impl PartialEq + '_ {
    (
        policy.no_reply_days,
        policy.archive_days,
        policy.handover.next_reply_minutes,
        &policy.calendar,
    )
}
