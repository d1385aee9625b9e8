//! Erasure of a person, and retention.

use chrono::{DateTime, Duration, Months};
use convo_store::{Forgotten, Sweep};

use crate::batch::{Batch, Touched};
use crate::command::{Answer, Command};
use crate::error::AppError;
use crate::records::no_content;
use crate::wire::address_key;
use uuid::Uuid;

/// Rows one retention sweep takes: short enough that nobody waits behind it.
const SWEEP: i64 = 500;
/// Days that it is kept how mail fared: the longest time a breaker looks at.
const REPUTATION_DAYS: i64 = 31;

impl Batch<'_, '_> {
    /// `DELETE /api/leads/{id}`: forgets the person, keeps states, times, counters and codes.
    pub(crate) fn erase_lead(&mut self, id: Uuid, receipts: &[Uuid]) -> Result<Answer, AppError> {
        let entry = self.lead(id)?.ok_or(AppError::NotFound)?;
        if entry.row.erased_at.is_some() {
            return Err(AppError::NotFound);
        }
        let mut addresses = vec![entry.row.email.clone()];
        addresses.extend(self.aliases_of_lead(id)?);
        let keys: Vec<String> = addresses
            .iter()
            .map(|address| address_key(address))
            .collect();
        self.hash_suppressions(id, &keys)?;
        for conversation in self.conversations_of(id)? {
            self.stop_asking(conversation)?;
            if let Some(entry) = self.conversation(conversation)? {
                entry.row.subject.clear();
                entry.row.external_id = None;
                entry.facts.forget_plans();
                entry.touch(Touched::Record);
            }
        }
        for key in &keys {
            self.addresses.insert(key.clone(), None);
        }
        let now = self.now;
        let entry = self.lead(id)?.ok_or(AppError::NotFound)?;
        let row = &mut entry.row;
        row.email.clear();
        row.email_key.clear();
        for field in [
            &mut row.first_name,
            &mut row.first_key,
            &mut row.last_name,
            &mut row.last_key,
            &mut row.phone,
            &mut row.interest,
            &mut row.source,
            &mut row.language,
            &mut row.time_zone,
            &mut row.consent,
            &mut row.external_id,
        ] {
            *field = None;
        }
        row.attributes = "{}".to_owned();
        row.erased_at = Some(now);
        row.updated_at = now;
        entry.touch(Touched::Record);
        let address_digests = keys
            .iter()
            .map(|key| self.context.address_digest(key))
            .collect();
        self.commit.sweeps.push(Sweep::EraseLead {
            lead_id: id,
            address_keys: keys,
            address_digests,
            receipts: receipts.to_vec(),
        });
        self.record_changed("lead_erased", None, Some(id), None);
        Ok(no_content())
    }

    /// Refuses commands that would store words about a person who was forgotten: no second erase
    /// would find them. What providers report goes on, in codes.
    ///
    /// # Errors
    /// `Conflict`.
    pub(crate) fn not_of_the_forgotten(&mut self, command: &Command) -> Result<(), AppError> {
        let (conversation, lead) = match command {
            Command::PatchConversation(id, _)
            | Command::Transition(id, _)
            | Command::TakeOver(id, _)
            | Command::Handover(id, _)
            | Command::ProcessMessage(id, _)
            | Command::Send(id, _)
            | Command::IntegrationEvent(id, _)
            | Command::SentByOthers(id, ..)
            | Command::Snooze(id, _) => (Some(*id), None),
            Command::ResolveReview(_, resolve) => (resolve.conversation_id, resolve.lead_id),
            _ => return Ok(()),
        };
        let of = match conversation {
            Some(id) => self.conversation(id)?.map(|entry| entry.row.lead_id),
            None => None,
        };
        for lead in of.into_iter().chain(lead) {
            let entry = self.lead(lead)?;
            if entry.is_some_and(|entry| entry.row.erased_at.is_some()) {
                return Err(AppError::conflict("the lead was erased"));
            }
        }
        Ok(())
    }

    /// An opt-out outlives the person's data as a keyed hash: a later import is still stopped by it.
    fn hash_suppressions(&mut self, lead: Uuid, keys: &[String]) -> Result<(), AppError> {
        let mut rows = self.reader.suppressions_by_leads(&[lead])?;
        rows.extend(self.reader.suppressions_by_addresses(keys)?);
        for row in &self.suppressed_here {
            rows.retain(|other| other.id != row.id);
            let theirs = |key| keys.contains(key);
            if row.lead_id == Some(lead) || row.address_key.as_ref().is_some_and(theirs) {
                rows.push(row.clone());
            }
        }
        rows.sort_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
        for mut row in rows {
            if let Some(key) = row.address_key.take() {
                row.keyed_hash = Some(self.context.address_digest(&key));
            }
            row.address = None;
            row.evidence = None;
            row.external_id = None;
            self.keep_suppression(row);
        }
        Ok(())
    }

    /// Forgets what the policy's times no longer allow to keep; 200 while there is more to do.
    pub(crate) fn retain(&mut self) -> Result<Answer, AppError> {
        let retention = self.policy(None)?.policy.retention;
        let now = self.clock;
        // A time beyond the calendar's beginning keeps everything, and stops nothing.
        let before = |age: Option<Duration>| {
            age.and_then(|age| now.checked_sub_signed(age))
                .unwrap_or(DateTime::UNIX_EPOCH)
        };
        let months = Months::new(retention.text_months);
        let sweeps = [
            Sweep::Receipts {
                before: before(Duration::try_days(i64::from(retention.receipt_days))),
                limit: SWEEP,
            },
            Sweep::Outbox {
                before: before(Duration::try_days(i64::from(retention.receipt_days))),
                limit: SWEEP,
            },
            Sweep::Answers {
                before: before(Duration::try_hours(i64::from(retention.idempotency_hours))),
                limit: SWEEP,
            },
            Sweep::Tokens {
                before: now,
                limit: SWEEP,
            },
            Sweep::Dedupe {
                before: now,
                limit: SWEEP,
            },
            Sweep::Answered {
                before: self.forgotten_answers()?,
                limit: SWEEP,
            },
            Sweep::Drafts {
                before: before(Duration::try_days(i64::from(retention.draft_days))),
                now,
                limit: SWEEP,
            },
            // A day after their end nobody asks what became of them.
            Sweep::Leases {
                before: before(Duration::try_days(1)),
                limit: SWEEP,
            },
            Sweep::Reputation(Forgotten::Before(before(Duration::try_days(
                REPUTATION_DAYS,
            )))),
            Sweep::Texts {
                before: now
                    .checked_sub_months(months)
                    .unwrap_or(DateTime::UNIX_EPOCH),
                limit: SWEEP,
            },
        ];
        for sweep in sweeps {
            if self.reader.sweep_pending(&sweep)? {
                self.commit.sweeps.push(sweep);
                self.wrote();
            }
        }
        let chained = self.chain_older()?;
        let more = chained || !self.commit.sweeps.is_empty();
        Ok(Answer {
            status: if more { 200 } else { 204 },
            ..no_content()
        })
    }
}
