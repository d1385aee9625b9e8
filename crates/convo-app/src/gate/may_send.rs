//! `POST /{id}/may-send`: leave for one mail, for a while.

use std::sync::Arc;

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::facts::Where;
use super::mint::Minted;
use super::{Asked, shown};
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::records::answer;
use crate::wire::{MaySend, time};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Allowed {
    allowed: bool,
    conversation_id: Uuid,
    #[serde(flatten)]
    minted: Minted,
    timestamp: String,
}

impl Batch<'_, '_> {
    /// Asks whether a mail may be sent, and gives a lease for it. A refusal changes nothing and is decided anew when
    /// it is asked for again under the same idempotency key.
    pub(crate) fn may_send(
        &mut self,
        id: Uuid,
        request: &MaySend,
        key_agent: Option<Uuid>,
    ) -> Result<Answer, AppError> {
        request.check()?;
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let (lead, owner) = (entry.row.lead_id, entry.facts.agent);
        let campaign = entry.row.campaign_id;
        self.touched_lead = Some(lead);
        let speaker = self.who_writes(&request.author, request.agent_id, key_agent, owner)?;
        let asked = Asked {
            speaker,
            purpose: Some(request.purpose()?),
            answers: request.answers.as_deref(),
        };
        let mail = self.meant(id, &asked)?;
        let denials = self.judge(Where::There(id), &mail, None)?;
        if !denials.is_empty() {
            self.forget_answer = true;
            let reasons = shown(denials);
            let body = json!({
                "allowed": false,
                "conversationId": id,
                "reasons": reasons,
                "timestamp": time(self.now),
            });
            return answer(200, &body);
        }
        let policy = Arc::clone(&self.policy(campaign)?);
        let claim = self.claim_of(&mail)?;
        let lease = self.new_lease(id, &mail, claim, policy.policy.gate.lease_seconds)?;
        self.put_lease(lease.clone());
        answer(
            200,
            &Allowed {
                allowed: true,
                conversation_id: id,
                minted: self.minted(&lease)?,
                timestamp: time(self.now),
            },
        )
    }
}
