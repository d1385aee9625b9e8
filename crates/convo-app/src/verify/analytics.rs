//! What figures are read from, counted again: waits from messages and audit, counts from mails, events and leads.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use convo_core::conversation::Conversation;
use convo_core::waits::minutes_between;
use convo_store::rows::{
    ConversationRow, EmailEventRow, LeadRow, OfferRow, TransitionRow, WaitRow,
};
use convo_store::{CountKey, Reader};
use uuid::Uuid;

use super::Report;
use crate::analytics::{
    Cohort, cohort, counted_as, day_of, event_row, reopenings, timed_waits, wait_rows,
};
use crate::batch::policy_of;
use crate::door::Spoken;
use crate::error::AppError;
use crate::timers::TimerKind;

/// What was counted so far.
pub(super) struct Analytics {
    counts: BTreeMap<CountKey, i64>,
    cohorts: HashMap<Uuid, Vec<Cohort>>,
    waits: HashMap<Uuid, Vec<WaitRow>>,
    events: HashMap<Uuid, Vec<EmailEventRow>>,
    /// Not all waits of before their table are counted yet.
    unfinished: bool,
}

impl Analytics {
    pub fn new(reader: &mut Reader<'_>) -> Result<Self, AppError> {
        let recount = reader.timers_first(&[TimerKind::Recount.as_str()], 1)?;
        Ok(Self {
            counts: BTreeMap::new(),
            cohorts: HashMap::new(),
            waits: HashMap::new(),
            events: HashMap::new(),
            unfinished: !recount.is_empty(),
        })
    }

    /// Reads what stands of a page of conversations.
    pub fn read(&mut self, reader: &mut Reader<'_>, ids: &[Uuid]) -> Result<(), AppError> {
        (self.waits, self.events) = (HashMap::new(), HashMap::new());
        for row in reader.waits_by_conversations(ids)? {
            self.waits.entry(row.conversation_id).or_default().push(row);
        }
        for row in reader.email_events_by_conversations(ids)? {
            self.events
                .entry(row.conversation_id)
                .or_default()
                .push(row);
        }
        Ok(())
    }

    fn count(&mut self, figure: &str, row: &ConversationRow, at: convo_core::Time) {
        let key = CountKey {
            figure: figure.to_owned(),
            day: day_of(at),
            campaign_id: row.campaign_id.unwrap_or_default(),
            agent_id: Uuid::nil(),
            source: String::new(),
        };
        *self.counts.entry(key).or_default() += 1;
    }

    /// Compares the waits of a conversation of the page with its messages, and counts its mails and events.
    pub fn check(
        &mut self,
        reader: &mut Reader<'_>,
        report: &mut Report,
        row: &ConversationRow,
        facts: &Conversation<Uuid>,
        audit: &[TransitionRow],
        spoken: &[Spoken],
    ) -> Result<(), AppError> {
        for one in spoken.iter().filter(|one| one.fact.is_sent()) {
            self.count("sent", row, one.fact.at);
        }
        if let Some(first) = &facts.tally.first_sent {
            self.cohorts.entry(row.lead_id).or_default().push(Cohort {
                first: first.clone(),
                conversation: row.id,
                campaign: row.campaign_id,
                agent: facts.agent,
            });
        }
        for event in self.events.remove(&row.id).unwrap_or_default() {
            report.events += 1;
            if event_row(&event, row.campaign_id) != event {
                report.found(
                    "events_counted",
                    Some(event.id),
                    "is counted as something it is not",
                );
            }
            if let Some(figure) = &event.figure {
                self.count(figure, row, event.occurred_at);
            }
        }
        let stored = self.waits.remove(&row.id).unwrap_or_default();
        if self.unfinished {
            return Ok(());
        }
        let reopened = reopenings(audit.iter(), spoken);
        if facts.reopened_at != reopened.last().copied() {
            report.found("waits", Some(row.id), "was reopened at another time");
        }
        waits(
            reader,
            report,
            row,
            stored,
            wait_rows(facts, spoken, &reopened),
        )
    }

    /// Compares the cohorts of a page of leads.
    pub fn leads(
        &mut self,
        reader: &mut Reader<'_>,
        report: &mut Report,
        rows: &[LeadRow],
    ) -> Result<(), AppError> {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let stored = reader.cohorts_by_leads(&ids)?.into_iter();
        let mut stored: HashMap<_, _> = stored.map(|row| (row.lead_id, row)).collect();
        for row in rows {
            let of = self.cohorts.remove(&row.id).unwrap_or_default();
            let expected = cohort(
                row.id,
                row.source.as_deref(),
                row.highest_stage,
                of.into_iter(),
            );
            if stored.remove(&row.id) != expected {
                report.found("cohorts", Some(row.id), "is in another cohort");
            }
            if let Some(expected) = &expected {
                *self.counts.entry(counted_as(expected)).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Compares the counts with what was counted again.
    pub fn finish(self, reader: &mut Reader<'_>, report: &mut Report) -> Result<(), AppError> {
        let kept = reader.all_analytics_counts()?;
        let keys: BTreeSet<&CountKey> = kept.keys().chain(self.counts.keys()).collect();
        for key in keys {
            let value = |counts: &BTreeMap<CountKey, i64>| counts.get(key).copied().unwrap_or(0);
            let (kept, again) = (value(&kept), value(&self.counts));
            if kept != again {
                let day = key.day.format("%Y-%m-%d");
                let detail = format!("{} of {day} is {kept}, counted again {again}", key.figure);
                report.found("analytics_counts", Some(key.campaign_id), detail);
            }
        }
        Ok(())
    }
}

fn waits(
    reader: &mut Reader<'_>,
    report: &mut Report,
    row: &ConversationRow,
    mut stored: Vec<WaitRow>,
    expected: Vec<WaitRow>,
) -> Result<(), AppError> {
    let policy = policy_of(reader, row.campaign_id)?;
    stored.sort_by_key(|row| row.began_at);
    let expected = timed_waits(&policy, &stored, expected);
    let same = stored == expected;
    if !same {
        let detail = format!(
            "{} waits are stored, its messages tell {} or others",
            stored.len(),
            expected.len()
        );
        report.found("waits", Some(row.id), detail);
    }
    Ok(())
}

/// What an offer says of its own minutes.
pub(super) fn offer(report: &mut Report, row: &OfferRow) {
    let accepted = row.closed_at.filter(|_| row.status == "accepted");
    let leg = |minutes: Option<i32>, from, to| {
        minutes.is_none_or(|minutes| i64::from(minutes) == i64::from(minutes_between(from, to)))
    };
    let right = match (accepted, row.touched_at) {
        (None, touched) => touched.is_none() && row.accept_minutes.is_none(),
        (Some(accepted), touched) => {
            leg(row.accept_minutes, row.offered_at, accepted)
                && touched.map_or(row.touch_minutes.is_none(), |touched| {
                    leg(row.touch_minutes, accepted, touched)
                })
        }
    };
    if !right {
        report.found(
            "offers",
            Some(row.id),
            "its minutes are not those between its times",
        );
    }
}
