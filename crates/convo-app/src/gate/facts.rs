//! The facts of a mail, judged by the core.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use convo_core::conversation::Conversation;
use convo_core::gate::{
    self, CampaignFacts, DenialCode, GateFacts, Mail, Purpose, Reputation, ReputationScope,
};
use convo_core::policy::Policy;
use convo_core::vocabulary::Author;
use convo_store::MessageHead;
use convo_store::rows::MessageRow;
use serde_json::Value;
use uuid::Uuid;

use super::fared::{AN_HOUR, of_campaign};
use super::lease::is_unasked;
use crate::batch::Batch;
use crate::error::AppError;
use crate::message::IMPORTED;
use crate::wire::address_key;

/// Messages after the one to be answered that are looked at for its answer.
const AFTER: i64 = 100;

/// Which conversation a mail belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Where {
    /// This one.
    There(Uuid),
    /// One that would be made for it.
    New {
        /// Of whom.
        lead: Uuid,
        /// Of which campaign.
        campaign: Uuid,
    },
}

/// What is known of a lead's record.
struct Person {
    reachable: bool,
    zone: Option<Tz>,
    consent: Option<String>,
}

impl Batch<'_, '_> {
    /// Every reason why a mail may not be sent now, on present facts; nothing: it may. `own` is the lease that it
    /// is asked for with, of a stored mail the mail itself: it does not stand in its own way.
    pub(super) fn judge(
        &mut self,
        place: Where,
        mail: &Mail<Uuid>,
        own: Option<Uuid>,
    ) -> Result<Vec<gate::Denial>, AppError> {
        self.judge_to(place, mail, own, &[])
    }

    /// The same of a mail that goes to these addresses, in the form addresses are compared in; none of them: to the
    /// lead's primary one.
    fn judge_to(
        &mut self,
        place: Where,
        mail: &Mail<Uuid>,
        own: Option<Uuid>,
        to: &[String],
    ) -> Result<Vec<gate::Denial>, AppError> {
        let (here, lead, campaign) = match place {
            Where::There(id) => {
                let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
                (Some(id), entry.row.lead_id, entry.row.campaign_id)
            }
            Where::New { lead, campaign } => (None, lead, Some(campaign)),
        };
        let policy = Arc::clone(&self.policy(campaign)?);
        let policy = &policy.policy;
        self.know(&[lead], self.looked_at(policy))?;
        let siblings: Vec<Uuid> = self
            .conversations_of(lead)?
            .into_iter()
            .filter(|id| Some(*id) != here)
            .collect();
        let person = self.person(lead)?;
        let suppressions = self.standing_against(lead, to)?;
        let in_review = self.waits_for_a_person(lead)?;
        let earlier = self.earlier(lead, here);
        let leased_until = self.leased_until(lead, own);
        let answered = match &mail.answers {
            Some(answered) if mail.is_automation() && !mail.stored => {
                self.is_answered(lead, answered.id, own)?
            }
            Some(answered) if mail.is_automation() => self.is_overtaken(answered.id, own)?,
            _ => false,
        };
        let imported = match &mail.answers {
            Some(answered) if mail.is_automation() && !mail.stored => {
                let row = self.message_row(answered.id)?;
                row.is_some_and(|row| is_imported(&row))
            }
            _ => false,
        };
        let of_campaign = match campaign {
            Some(id) => Some(self.campaign_facts(id, own)?),
            None => None,
        };
        let reputation = self.reputations(campaign, policy)?;
        let paused = mail.is_automation() && self.is_paused()?;
        let budget = match here {
            Some(id) if mail.is_automation() && mail.purpose == Purpose::Reply && !mail.stored => {
                self.loop_budget(id)?
            }
            _ => None,
        };
        let made;
        let of = |id: &Uuid| self.conversations.get(id).and_then(Option::as_ref);
        let conversation = match here {
            Some(id) => &of(&id).ok_or(AppError::NotFound)?.facts,
            None => {
                made = Conversation::new(Uuid::nil(), lead, campaign, self.now);
                &made
            }
        };
        let siblings: Vec<&Conversation<Uuid>> = siblings
            .iter()
            .filter_map(|id| of(id).map(|entry| &entry.facts))
            .collect();
        let facts = GateFacts {
            siblings: &siblings,
            reachable: person.reachable,
            in_review,
            suppressions: &suppressions,
            earlier: &earlier,
            leased_until,
            answered,
            imported,
            zone: person.zone,
            consent: person.consent.as_deref(),
            campaign: of_campaign.as_ref(),
            reputation: &reputation,
            budget,
            paused,
            ..GateFacts::new(mail.clone(), conversation)
        };
        Ok(gate::may_send(&facts, policy, self.clock))
    }

    /// Whether the newest mail of the lead in a conversation may be acknowledged to an address: judged as an automatic
    /// answer, but without a lease, since the real answer still has to come.
    pub(crate) fn may_acknowledge(
        &mut self,
        conversation: Uuid,
        to: &str,
    ) -> Result<bool, AppError> {
        let mail = Mail {
            author: Author::System,
            purpose: Purpose::Reply,
            agent: None,
            answers: self.newest_to_answer(conversation)?,
            lead_wrote: true,
            stored: false,
        };
        let place = Where::There(conversation);
        let mut denials = self.judge_to(place, &mail, None, &[address_key(to)])?;
        // Its words are the policy's own.
        denials.retain(|denial| denial.code != DenialCode::Approval);
        Ok(denials.is_empty())
    }

    /// From when on mails count under a policy.
    pub(super) fn looked_at(&self, policy: &Policy) -> DateTime<Utc> {
        let limits = &policy.gate;
        let window = TimeDelta::days(i64::from(limits.window_days));
        self.clock - window.max(TimeDelta::hours(i64::from(limits.min_gap_hours)))
    }

    fn person(&mut self, lead: Uuid) -> Result<Person, AppError> {
        let entry = self.lead(lead)?.ok_or(AppError::NotFound)?;
        let row = &entry.row;
        let consent: Option<Value> = row
            .consent
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        let basis = consent
            .as_ref()
            .and_then(|consent| consent["basis"].as_str());
        Ok(Person {
            reachable: row.erased_at.is_none() && !row.email.is_empty(),
            zone: row.time_zone.as_deref().and_then(|zone| zone.parse().ok()),
            consent: basis.map(str::to_owned),
        })
    }

    fn campaign_facts(&mut self, id: Uuid, own: Option<Uuid>) -> Result<CampaignFacts, AppError> {
        let Some(row) = self.campaign(id)? else {
            return Ok(CampaignFacts::default());
        };
        let required = row.consent_required.as_deref();
        let mut facts = CampaignFacts {
            paused: row.paused,
            consent_required: required
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default(),
            daily_limit: row.daily_limit.and_then(|limit| u32::try_from(limit).ok()),
            today: 0,
            frees_at: None,
        };
        if facts.daily_limit.is_some() {
            let day = self.sums(&of_campaign(id), 24)?;
            let under_way = self.under_way(id, own)?;
            let today = day.sent.saturating_add(under_way as u64);
            facts.today = u32::try_from(today).unwrap_or(u32::MAX);
            facts.frees_at = day
                .first
                .map(|first| first + TimeDelta::hours(24) + AN_HOUR);
        }
        Ok(facts)
    }

    /// Of the campaign under its own policy, and of the sending domain under the default one: a campaign does not
    /// decide what the others may suffer.
    fn reputations(
        &mut self,
        campaign: Option<Uuid>,
        policy: &Policy,
    ) -> Result<Vec<Reputation>, AppError> {
        let mut all = Vec::with_capacity(2);
        if let Some(id) = campaign {
            let breaker = policy.gate.breaker;
            all.push(self.reputation(ReputationScope::Campaign, &of_campaign(id), breaker)?);
        }
        let breaker = self.policy(None)?.policy.gate.breaker;
        let domain = self.of_domain();
        all.push(self.reputation(ReputationScope::Domain, &domain, breaker)?);
        Ok(all)
    }

    /// Whether a message of a lead has an answer of anybody, or automation has or had leave for one; in each of the
    /// lead's conversations that holds the same message.
    fn is_answered(
        &mut self,
        lead: Uuid,
        message: Uuid,
        own: Option<Uuid>,
    ) -> Result<bool, AppError> {
        let Some(row) = self.message_row(message)? else {
            return Ok(false);
        };
        if self.is_claimed(lead, &row.rfc_id, own)? {
            return Ok(true);
        }
        let same: Vec<MessageHead> = self
            .heads(&row.rfc_id)?
            .iter()
            .filter(|head| head.lead_id == lead && head.rfc_id == row.rfc_id)
            .cloned()
            .collect();
        for head in same {
            let mut after =
                self.reader
                    .messages_after(head.conversation_id, head.sequence_number, AFTER)?;
            let changed = &self.commit.messages_changed;
            after.retain(|row| !changed.iter().any(|other| other.id == row.id));
            let here = self.commit.messages.iter().chain(changed);
            after.extend(
                here.filter(|row| row.conversation_id == head.conversation_id)
                    .cloned(),
            );
            if after.iter().any(|row| answers(row, &head.rfc_id)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether somebody else's words came after a message that a stored mail answers.
    pub(super) fn is_overtaken(
        &mut self,
        answered: Uuid,
        own: Option<Uuid>,
    ) -> Result<bool, AppError> {
        let Some(answered) = self.message_row(answered)? else {
            return Ok(false);
        };
        let (of, since) = (answered.conversation_id, answered.sequence_number);
        let mut after = self.reader.messages_after(of, since, AFTER)?;
        let changed = &self.commit.messages_changed;
        after.retain(|row| !changed.iter().any(|other| other.id == row.id));
        let here = self.commit.messages.iter().chain(changed);
        after.extend(here.filter(|row| row.conversation_id == of).cloned());
        after.retain(|row| Some(row.id) != own && row.at > answered.at && is_said(row));
        for row in after {
            let by_hand = row.author == Author::Agent.as_str();
            // A campaign's next mail, or a follow-up, answers nothing.
            if by_hand
                || !self
                    .lease_of_message(row.id)?
                    .is_some_and(|one| is_unasked(&one))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Why a stored mail that is about to leave may not any more; nothing: it may.
    ///
    /// # Errors
    /// The database's; `NotFound` for a message that is not stored.
    pub(crate) fn gate_again(&mut self, message: Uuid) -> Result<Vec<gate::Denial>, AppError> {
        let row = self.message_row(message)?.ok_or(AppError::NotFound)?;
        let wrong = |_| AppError::Fault("a stored message has no author".to_owned());
        let lease = self.lease_of_message(message)?;
        let purpose = match &lease {
            Some(lease) => lease.purpose.parse().unwrap_or(Purpose::FollowUp),
            // What was stored without leave answers somebody: an agent, an acknowledgement.
            None => Purpose::Reply,
        };
        let answers = match lease.as_ref().and_then(|lease| lease.answers_id) {
            Some(id) => self.mark_of(id)?,
            None if purpose == Purpose::Reply => self
                .newest_to_answer(row.conversation_id)?
                .map(|newest| (newest, true)),
            None => None,
        };
        let (answers, lead_wrote) = answers.unzip();
        let mail = Mail {
            author: row.author.parse().map_err(wrong)?,
            purpose,
            agent: row.author_id,
            answers,
            lead_wrote: lead_wrote.unwrap_or_default(),
            stored: true,
        };
        // It goes to whom it was written to, whatever the lead's address is by now.
        let to = self.written_to(message)?;
        self.judge_to(Where::There(row.conversation_id), &mail, Some(row.id), &to)
    }
}

fn is_said(row: &MessageRow) -> bool {
    super::mint::is_said(&row.direction, &row.kind, row.note, &row.codes)
}

/// A person's or automation's answer to a message, by what its own head says.
fn answers(row: &MessageRow, rfc_id: &str) -> bool {
    let names = |id: Option<&String>| id.is_some_and(|id| id == rfc_id);
    is_said(row) && (names(row.in_reply_to.as_ref()) || names(row.parent_rfc.as_ref()))
}

/// A message that came silently.
fn is_imported(row: &MessageRow) -> bool {
    let evidence: Vec<String> = serde_json::from_str(&row.evidence).unwrap_or_default();
    evidence.iter().any(|code| code == IMPORTED)
}
