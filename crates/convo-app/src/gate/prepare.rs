//! `POST /api/campaigns/{id}/prepare`: leave for a campaign's next mail to each of many leads.

use std::collections::HashSet;
use std::sync::Arc;

use convo_core::gate::{Mail, Purpose};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::facts::Where;
use super::mint::Minted;
use super::{Denial, shown};
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::{AppError, Violation};
use crate::records::answer;
use crate::wire::{Prepare, time};

/// Unknown ids that a refusal names at most.
const NAMED: usize = 50;

/// One lead of the answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Prepared {
    lead_id: Uuid,
    conversation_id: Option<Uuid>,
    allowed: bool,
    reasons: Vec<Denial>,
    lease: Option<Value>,
    message_id: Option<String>,
    reply_to: Option<String>,
    subject: Option<String>,
    headers: Map<String, Value>,
    variables: Map<String, Value>,
    disclosure: Option<String>,
}

impl Batch<'_, '_> {
    /// Judges each lead, makes the conversations of those that may be written to, and leases them a mail each.
    pub(crate) fn prepare(&mut self, id: Uuid, request: &Prepare) -> Result<Answer, AppError> {
        request.check()?;
        let campaign = self.campaign(id)?.ok_or(AppError::NotFound)?;
        let mut seen = HashSet::new();
        let mut leads = request.leads.clone();
        leads.retain(|lead| seen.insert(*lead));
        self.all_known(&leads)?;
        let policy = Arc::clone(&self.policy(Some(id))?);
        self.load_of_leads(&leads.iter().copied().collect())?;
        self.know(&leads, self.looked_at(&policy.policy))?;
        let mail = Mail {
            author: request.author()?,
            purpose: Purpose::Campaign,
            agent: None,
            answers: None,
            lead_wrote: false,
            stored: false,
        };
        let subject = request.subject.as_deref().unwrap_or(&campaign.name);
        let seconds = policy.policy.gate.batch_lease_seconds;
        let mut items = Vec::with_capacity(leads.len());
        for lead in leads {
            items.push(self.prepared(id, lead, &mail, subject, seconds)?);
        }
        let allowed = items.iter().filter(|item| item.allowed).count();
        answer(
            200,
            &json!({
                "campaignId": id,
                "allowed": allowed,
                "items": items,
                "timestamp": time(self.now),
            }),
        )
    }

    fn all_known(&mut self, leads: &[Uuid]) -> Result<(), AppError> {
        self.load_leads(&leads.iter().copied().collect())?;
        let mut unknown = Vec::new();
        for (at, lead) in leads.iter().enumerate() {
            if self.lead(*lead)?.is_none() && unknown.len() < NAMED {
                unknown.push(Violation::new(format!("leads.{at}"), "names no lead"));
            }
        }
        if unknown.is_empty() {
            Ok(())
        } else {
            Err(AppError::Invalid(unknown))
        }
    }

    fn prepared(
        &mut self,
        campaign: Uuid,
        lead: Uuid,
        mail: &Mail<Uuid>,
        subject: &str,
        seconds: u32,
    ) -> Result<Prepared, AppError> {
        let open = self.open_of(lead, Some(campaign))?;
        let place = open.map_or(Where::New { lead, campaign }, Where::There);
        let denials = self.judge(place, mail, None)?;
        if !denials.is_empty() {
            return Ok(Prepared {
                lead_id: lead,
                conversation_id: open,
                allowed: false,
                reasons: shown(denials),
                lease: None,
                message_id: None,
                reply_to: None,
                subject: None,
                headers: Map::new(),
                variables: Map::new(),
                disclosure: None,
            });
        }
        let conversation = match open {
            Some(open) => open,
            None => self.add_conversation(lead, Some(campaign), subject, None)?,
        };
        let lease = self.new_lease(conversation, mail, None, seconds)?;
        self.put_lease(lease.clone());
        let Minted {
            lease,
            message_id,
            reply_to,
            headers,
            variables,
            disclosure,
            ..
        } = self.minted(&lease)?;
        Ok(Prepared {
            lead_id: lead,
            conversation_id: Some(conversation),
            allowed: true,
            reasons: Vec::new(),
            lease: Some(lease),
            message_id: Some(message_id),
            reply_to,
            // The sender's own: the answer for many leads is kept a day, and holds nobody's words.
            subject: Some(subject.to_owned()),
            headers,
            variables,
            disclosure,
        })
    }
}
