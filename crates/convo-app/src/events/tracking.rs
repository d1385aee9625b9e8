//! Opens and clicks: kept with what is judged of them, and judged anew whenever one arrives.

use std::sync::Arc;

use chrono::{DateTime, Duration};
use convo_core::email::{TrackingEvent, TrackingKind, Verdict, judge};
use convo_core::observe::{Observation, Tracked};
use convo_core::policy::Tracking;
use convo_store::rows::EmailEventRow;
use uuid::Uuid;

use super::Happening;
use crate::analytics::{counted_at_once, looked_at_as};
use crate::batch::Batch;
use crate::door::{UNTRACKED, is_judged, judged};
use crate::effects::Came;
use crate::error::AppError;

impl Batch<'_, '_> {
    pub(super) fn keep_event(
        &mut self,
        id: Uuid,
        conversation: Uuid,
        what: &Happening<'_>,
    ) -> Result<(), AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let (campaign, tracks) = (entry.row.campaign_id, entry.facts.integration.tracking);
        let is_tracking = what.kind.name().parse::<TrackingKind>().is_ok();
        let policy = Arc::clone(&self.policy(campaign)?);
        // Only what follows from the user agent is kept, never itself.
        let machine = what.bot || is_machine(what.user_agent, &policy.policy.tracking);
        let row = EmailEventRow {
            id,
            conversation_id: conversation,
            message_id: what.message,
            rfc_id: what.rfc_id.map(str::to_owned),
            kind: what.kind.name().to_owned(),
            occurred_at: what.at,
            received_at: self.clock,
            bot: machine,
            agent_class: what
                .user_agent
                .map(|_| if machine { "machine" } else { "browser" }.to_owned()),
            judged: if is_tracking && !tracks {
                UNTRACKED
            } else {
                "none"
            }
            .to_owned(),
            recorded: false,
            campaign_id: campaign,
            figure: counted_at_once(what.kind).map(str::to_owned),
        };
        self.tally_event(None, &row);
        self.put_event(row);
        Ok(())
    }

    fn put_event(&mut self, row: EmailEventRow) {
        self.commit.email_events.retain(|other| other.id != row.id);
        self.commit.email_events.push(row);
        self.wrote();
    }

    /// Provider events of a conversation, those of this batch included.
    pub(crate) fn email_events_of(
        &mut self,
        conversation: Uuid,
    ) -> Result<Vec<EmailEventRow>, AppError> {
        let rows = self.reader.email_events_by_conversations(&[conversation])?;
        Ok(self.with_fresh(rows, |row| row.conversation_id == conversation))
    }

    fn with_fresh(
        &self,
        rows: Vec<EmailEventRow>,
        of: impl Fn(&EmailEventRow) -> bool,
    ) -> Vec<EmailEventRow> {
        let fresh = &self.commit.email_events;
        let mut rows: Vec<EmailEventRow> = rows
            .into_iter()
            .filter(|row| !fresh.iter().any(|other| other.id == row.id))
            .collect();
        rows.extend(fresh.iter().filter(|row| of(row)).cloned());
        rows
    }

    /// What was told of a mail of ours under a provider's name for it is told of the mail.
    pub(crate) fn rename_events(
        &mut self,
        name: &str,
        conversation: Uuid,
        message: Uuid,
        own: &str,
    ) -> Result<(), AppError> {
        let stored = self
            .reader
            .email_events_by_rfc_ids(&[name.to_owned()])?
            .into_iter()
            .filter(|row| row.conversation_id == conversation)
            .collect();
        let rows = self.with_fresh(stored, |row| {
            row.conversation_id == conversation && row.rfc_id.as_deref() == Some(name)
        });
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            self.put_event(EmailEventRow {
                rfc_id: Some(own.to_owned()),
                message_id: row.message_id.or(Some(message)),
                ..row
            });
        }
        self.judge_again(conversation, Some(own)).map(|_| ())
    }

    /// Judges all opens and clicks of a mail anew: one more may make machines of its neighbours.
    ///
    /// A mail is known by its Message-ID, which its events have before and after it is stored; those without
    /// one are taken for one mail.
    pub(super) fn judge_again(
        &mut self,
        conversation: Uuid,
        rfc_id: Option<&str>,
    ) -> Result<Came, AppError> {
        let rows = match rfc_id {
            Some(id) => {
                let mut rows = self.reader.email_events_by_rfc_ids(&[id.to_owned()])?;
                rows.retain(|row| row.conversation_id == conversation);
                self.with_fresh(rows, |row| {
                    row.conversation_id == conversation && row.rfc_id.as_deref() == Some(id)
                })
            }
            None => {
                let mut rows = self.email_events_of(conversation)?;
                rows.retain(|row| row.rfc_id.is_none());
                rows
            }
        };
        let delivered = rows
            .iter()
            .filter(|row| row.kind == "delivered")
            .map(|row| row.occurred_at)
            .min();
        let mut tracked: Vec<EmailEventRow> = rows
            .into_iter()
            .filter(|row| row.kind.parse::<TrackingKind>().is_ok() && row.judged != UNTRACKED)
            .collect();
        if tracked.is_empty() {
            return Ok(Came::default());
        }
        tracked.sort_by_key(|row| (row.occurred_at, row.id));
        let counted: Vec<&EmailEventRow> = tracked.iter().filter(|row| is_judged(row)).collect();
        let before = judged(&counted);
        let campaign = self
            .conversation(conversation)?
            .and_then(|entry| entry.row.campaign_id);
        let policy = Arc::clone(&self.policy(campaign)?);
        let events: Vec<TrackingEvent<'_>> = tracked
            .iter()
            .filter_map(|row| {
                let kind = row.kind.parse().ok()?;
                Some(TrackingEvent {
                    kind,
                    at: row.occurred_at,
                    bot: row.bot,
                    user_agent: None,
                })
            })
            .collect();
        let verdicts = judge(delivered, &events, &policy.policy.tracking);
        let mut first_human = Vec::new();
        let mut changed = Vec::new();
        for (row, verdict) in tracked.iter_mut().zip(&verdicts) {
            let first = *verdict == Verdict::Human && !row.recorded;
            if first {
                first_human.push(row.id);
                row.recorded = true;
            }
            if first || row.judged != verdict.as_str() {
                let was = row.figure.take();
                row.judged = verdict.as_str().to_owned();
                row.figure = looked_at_as(&row.kind, &row.judged).map(str::to_owned);
                changed.push((was, row.clone()));
            }
        }
        let after = judged(&tracked.iter().collect::<Vec<_>>());
        let observation = Observation::Tracked(Tracked {
            before,
            after,
            first_human,
        });
        let came = self.observe(conversation, &observation, rfc_id)?;
        for (was, row) in changed {
            self.tally_event(was.as_deref(), &row);
            self.put_event(row);
        }
        Ok(came)
    }
}

/// Whether a user agent alone makes a machine of an open: judged as if all else spoke for a person.
fn is_machine(user_agent: Option<&str>, tracking: &Tracking) -> bool {
    let Some(user_agent) = user_agent else {
        return false;
    };
    let at = DateTime::UNIX_EPOCH + Duration::days(1);
    let event = TrackingEvent {
        kind: TrackingKind::Opened,
        at,
        bot: false,
        user_agent: Some(user_agent),
    };
    judge(Some(DateTime::UNIX_EPOCH), &[event], tracking).first() == Some(&Verdict::Machine)
}
