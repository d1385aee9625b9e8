//! Mail about a person who was erased: a second erase would not find what it says.

use uuid::Uuid;

use super::own::Own;
use super::{Arriving, Place};
use crate::batch::Batch;
use crate::error::AppError;
use crate::webhook::{Effect, Status};

impl Batch<'_, '_> {
    /// Whether a lead was erased.
    pub(super) fn is_forgotten(&mut self, lead: Uuid) -> Result<bool, AppError> {
        let entry = self.lead(lead)?;
        Ok(entry.is_some_and(|entry| entry.row.erased_at.is_some()))
    }

    /// The place of what we wrote about a person who was forgotten, by the same evidence as ever.
    pub(super) fn of_the_forgotten(
        &mut self,
        arriving: &Arriving<'_>,
        sender: Own,
    ) -> Result<Option<Place>, AppError> {
        let relay = match sender.agent {
            Some(agent) => self.relay_of(arriving.mail, agent)?,
            None => None,
        };
        let mut named = relay.map(|relay| relay.conversation);
        if named.is_none() {
            named = self.token_of(arriving.mail)?;
        }
        if named.is_none() {
            named = self.answered_by(arriving.mail)?;
        }
        let Some(id) = named else { return Ok(None) };
        let lead = self.conversation(id)?.map(|entry| entry.row.lead_id);
        Ok(match lead {
            Some(lead) if self.is_forgotten(lead)? => Some(sender.place(id, 0, "own:forgotten")),
            _ => None,
        })
    }

    /// What is told of a person who was forgotten: what a report says counts once, and nothing of it is kept.
    pub(super) fn forgotten(
        &mut self,
        arriving: &Arriving<'_>,
        place: Place,
    ) -> Result<Effect, AppError> {
        let digest = self.context.keyed(
            "forgotten",
            &[&arriving.hash, arriving.rfc_id.as_str().as_bytes()],
        );
        if let Some((id, rfc_id)) = &place.about
            && self.first_time(digest)?
        {
            let about = Some((*id, rfc_id.as_str()));
            self.reported(arriving.mail, place.conversation, about, None, arriving.at)?;
        }
        let entry = self.conversation(place.conversation)?;
        let entry = entry.ok_or(AppError::NotFound)?;
        Ok(Effect {
            status: Status::Ignored,
            code: Some("erased"),
            conversation: Some(place.conversation),
            lead: Some(entry.row.lead_id),
            campaign: entry.row.campaign_id,
            ..Effect::default()
        })
    }
}
