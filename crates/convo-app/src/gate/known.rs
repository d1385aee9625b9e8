//! What the database says of leads, read in bulk once in a batch, and what the batch has done to it since.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use convo_core::gate::{Earlier, Standing};
use convo_core::vocabulary::{Author, Kind, SuppressionScope};
use convo_store::SentMail;
use convo_store::rows::{LeaseRow, MessageRow, ReviewRow, SuppressionRow};
use uuid::Uuid;

use crate::batch::Batch;
use crate::door::is_unsent;
use crate::error::AppError;
use crate::views;

/// What the database says of a lead.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// Keys of its addresses.
    keys: BTreeSet<String>,
    suppressions: Vec<SuppressionRow>,
    reviews: Vec<ReviewRow>,
    /// From when on its mails are read.
    since: DateTime<Utc>,
    sent: Vec<Mailed>,
    leases: Vec<LeaseRow>,
}

impl Known {
    /// Forgets leases that are void now.
    pub(super) fn forget_leases(&mut self, ended: impl Fn(&LeaseRow) -> bool) {
        self.leases.retain(|row| !ended(row));
    }
}

/// An automation mail with its conversation.
#[derive(Debug, Clone, Copy)]
struct Mailed {
    id: Uuid,
    conversation: Uuid,
    at: DateTime<Utc>,
}

impl Batch<'_, '_> {
    /// Reads what the gate looks at of leads, those read already left out; mails from a time on.
    pub(super) fn know(&mut self, leads: &[Uuid], since: DateTime<Utc>) -> Result<(), AppError> {
        let known = &self.gate.known;
        let fresh = |lead: &&Uuid| known.get(*lead).is_none_or(|known| known.since > since);
        let missing: Vec<Uuid> = leads.iter().filter(fresh).copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut found: HashMap<Uuid, Known> = HashMap::new();
        for lead in &missing {
            let mut known = Known {
                since,
                ..Known::default()
            };
            if let Some(entry) = self.lead(*lead)? {
                known.keys.insert(entry.row.email_key.clone());
            }
            found.insert(*lead, known);
        }
        for row in self.reader.lead_addresses_by_leads(&missing)? {
            // One that this batch has taken away is the lead's no longer.
            let of = self.addresses.get(&row.address_key);
            let stands = of.is_none_or(|lead| *lead == Some(row.lead_id));
            if let (Some(known), true) = (found.get_mut(&row.lead_id), stands) {
                known.keys.insert(row.address_key);
            }
        }
        for row in &self.commit.lead_addresses {
            if let Some(known) = found.get_mut(&row.lead_id) {
                known.keys.insert(row.address_key.clone());
            }
        }
        self.read_suppressions(&missing, &mut found)?;
        self.read_reviews(&missing, &mut found)?;
        for mail in self.reader.sent_to_leads(&missing, since)? {
            if let (Some(known), true) = (found.get_mut(&mail.lead_id), is_automation(&mail)) {
                known.sent.push(Mailed {
                    id: mail.id,
                    conversation: mail.conversation_id,
                    at: mail.at,
                });
            }
        }
        for row in self.reader.open_leases_by_leads(&missing, self.clock)? {
            let of_agent = row.author == Author::Agent.as_str();
            let leases = &self.gate.leases;
            let ended = leases.is_ended(row.lead_id, row.campaign_id, of_agent);
            if let (Some(known), false) = (found.get_mut(&row.lead_id), ended) {
                known.leases.push(row);
            }
        }
        self.gate.known.extend(found);
        Ok(())
    }

    fn read_suppressions(
        &mut self,
        leads: &[Uuid],
        found: &mut HashMap<Uuid, Known>,
    ) -> Result<(), AppError> {
        let mut whose: HashMap<String, Uuid> = HashMap::new();
        let mut digests: HashMap<Vec<u8>, Uuid> = HashMap::new();
        for (lead, known) in found.iter() {
            for key in &known.keys {
                whose.insert(key.clone(), *lead);
                digests.insert(self.context.address_digest(key), *lead);
            }
        }
        let keys: Vec<String> = whose.keys().cloned().collect();
        let mut rows = views::suppressions_of(self.reader, self.context, &keys)?;
        rows.extend(self.reader.suppressions_by_leads(leads)?);
        for row in rows {
            let by_key = row.address_key.as_ref().and_then(|key| whose.get(key));
            let by_hash = row.keyed_hash.as_ref().and_then(|hash| digests.get(hash));
            let of = [by_key.copied(), by_hash.copied(), row.lead_id];
            let of: HashSet<Uuid> = of.into_iter().flatten().collect();
            for lead in of {
                if let Some(known) = found.get_mut(&lead) {
                    known.suppressions.push(row.clone());
                }
            }
        }
        Ok(())
    }

    fn read_reviews(
        &mut self,
        leads: &[Uuid],
        found: &mut HashMap<Uuid, Known>,
    ) -> Result<(), AppError> {
        let mut whose: HashMap<String, Uuid> = HashMap::new();
        for (lead, known) in found.iter() {
            whose.extend(known.keys.iter().map(|key| (key.clone(), *lead)));
        }
        let keys: Vec<String> = whose.keys().cloned().collect();
        let mut rows = self.reader.reviews_by_leads(leads)?;
        rows.extend(self.reader.reviews_from(&keys)?);
        for row in rows {
            let sender = row
                .from_key
                .as_ref()
                .and_then(|key| whose.get(key).copied());
            let of: HashSet<Uuid> = [sender, row.lead_id].into_iter().flatten().collect();
            for lead in of {
                if let Some(known) = found.get_mut(&lead) {
                    known.reviews.push(row.clone());
                }
            }
        }
        Ok(())
    }

    fn known_of(&self, lead: Uuid) -> Known {
        self.gate.known.get(&lead).cloned().unwrap_or_default()
    }

    /// Whether a lead wants no more mail of automation.
    pub(super) fn is_silenced(&mut self, lead: Uuid) -> Result<bool, AppError> {
        let standing = self.standing_against(lead, &[])?;
        Ok(standing
            .iter()
            .any(|one| one.scope == SuppressionScope::Automation))
    }

    /// Suppressions in force that concern mail to a lead at these addresses (in none: at the primary one), those of
    /// this batch included.
    pub(super) fn standing_against(
        &mut self,
        lead: Uuid,
        to: &[String],
    ) -> Result<Vec<Standing>, AppError> {
        let known = self.known_of(lead);
        let primary = self.lead(lead)?.map(|entry| entry.row.email_key.clone());
        let primary = primary.unwrap_or_default();
        let digest = |key: &str| Some(self.context.address_digest(key));
        let digests: HashSet<Option<Vec<u8>>> = known.keys.iter().map(|key| digest(key)).collect();
        let mut rows = known.suppressions;
        for row in &self.suppressed_here {
            rows.retain(|other| other.id != row.id);
            let key = row.address_key.as_ref();
            let theirs = key.is_some_and(|key| known.keys.contains(key) || *key == primary)
                || (row.keyed_hash.is_some() && digests.contains(&row.keyed_hash))
                || row.lead_id == Some(lead);
            if theirs {
                rows.push(row.clone());
            }
        }
        let primary = [primary];
        let to = if to.is_empty() { &primary } else { to };
        for key in to.iter().filter(|key| !known.keys.contains(*key)) {
            // It was the lead's when the mail was written.
            rows.extend(self.active_suppressions(key)?);
        }
        rows.sort_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
        let hashes: HashSet<Vec<u8>> = to
            .iter()
            .map(|key| self.context.address_digest(key))
            .collect();
        rows.retain(|row| {
            // What the person said holds for every address; what is wrong with an address for itself alone.
            let written_to = row.address_key.as_ref().is_some_and(|key| to.contains(key))
                || row
                    .keyed_hash
                    .as_ref()
                    .is_some_and(|hash| hashes.contains(hash));
            views::in_force(row, self.clock)
                && (written_to || row.scope == SuppressionScope::Automation.as_str())
        });
        Ok(rows.iter().map(standing).collect())
    }

    /// Whether mail of a lead waits for a person: in one of its open conversations, or nowhere yet.
    pub(super) fn waits_for_a_person(&mut self, lead: Uuid) -> Result<bool, AppError> {
        let known = self.known_of(lead);
        let mut rows = known.reviews;
        for row in &self.commit.reviews {
            let sender = row.from_key.as_ref();
            let theirs =
                row.lead_id == Some(lead) || sender.is_some_and(|key| known.keys.contains(key));
            rows.retain(|other| other.id != row.id);
            if theirs {
                rows.push(row.clone());
            }
        }
        rows.retain(|row| row.status == "open" && !self.resolved.contains(&row.id));
        for row in rows {
            match row.conversation_id {
                Some(id) => {
                    let open = self.conversation(id)?;
                    if open.is_some_and(|entry| {
                        entry.row.lead_id == lead && entry.facts.state.is_open()
                    }) {
                        return Ok(true);
                    }
                }
                // A machine's mail that found no conversation is nobody's word.
                None if row.reason.starts_with("automated") => {}
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Automation mails of a lead, those of this batch included.
    pub(super) fn earlier(&self, lead: Uuid, conversation: Option<Uuid>) -> Vec<Earlier> {
        let known = self.known_of(lead);
        let changed: HashMap<Uuid, &MessageRow> = self
            .commit
            .messages_changed
            .iter()
            .map(|row| (row.id, row))
            .collect();
        let stored = known
            .sent
            .into_iter()
            .filter(|mail| changed.get(&mail.id).is_none_or(|row| counts(row)));
        let here = self
            .commit
            .messages
            .iter()
            .filter(|row| row.lead_id == lead && counts(row));
        let here = here.map(|row| (row.conversation_id, row.at));
        stored
            .map(|mail| (mail.conversation, mail.at))
            .chain(here)
            .map(|(of, at)| Earlier {
                at,
                here: Some(of) == conversation,
            })
            .collect()
    }

    /// Until when another mail of automation to a lead may be under way.
    pub(super) fn leased_until(&self, lead: Uuid, own: Option<Uuid>) -> Option<DateTime<Utc>> {
        let known = self.known_of(lead);
        let mut rows: HashMap<Uuid, LeaseRow> =
            known.leases.into_iter().map(|row| (row.id, row)).collect();
        let here = self.gate.leases.put().filter(|row| row.lead_id == lead);
        rows.extend(here.map(|row| (row.id, row.clone())));
        rows.into_values()
            .filter(|row| Some(row.id) != own && row.author != Author::Agent.as_str())
            .filter_map(|row| row.open_until)
            .max()
    }
}

fn standing(row: &SuppressionRow) -> Standing {
    Standing {
        reason: row.reason.parse().ok(),
        scope: row.scope.parse().unwrap_or(SuppressionScope::All),
        at: row.at,
        until: row.expires_at,
    }
}

fn is_automation(mail: &SentMail) -> bool {
    automatic(&mail.author)
        && mail.kind == Kind::Human.as_str()
        && !mail.note
        && !is_unsent(&mail.codes)
}

fn counts(row: &MessageRow) -> bool {
    row.direction == "outbound"
        && automatic(&row.author)
        && row.kind == Kind::Human.as_str()
        && !row.note
        && !is_unsent(&row.codes)
}

fn automatic(author: &str) -> bool {
    author == Author::Ai.as_str() || author == Author::System.as_str()
}
