//! From a candidate to the place a mail goes: open there, closed by the reopen window.

use chrono::{DateTime, Utc};
use convo_core::machine::State;
use convo_core::vocabulary::Author;
use convo_threading::automated::Class;
use convo_threading::subject::base_subject;
use uuid::Uuid;

use super::{Arriving, Place, Route};
use crate::batch::Batch;
use crate::error::AppError;

impl Batch<'_, '_> {
    /// The lead's most recently active conversation, of the hinted campaign where there is one.
    pub(crate) fn most_recent(
        &mut self,
        lead: Uuid,
        campaign: Option<Uuid>,
        open: bool,
    ) -> Result<Option<Uuid>, AppError> {
        let mut best: Option<(bool, DateTime<Utc>, Uuid)> = None;
        for id in self.conversations_of(lead)? {
            let Some(entry) = self.conversation(id)? else {
                continue;
            };
            if open && !entry.facts.state.is_open() {
                continue;
            }
            let hinted = campaign.is_some() && entry.row.campaign_id == campaign;
            let rank = (hinted, entry.row.last_activity_at, id);
            if best.is_none_or(|top| rank > top) {
                best = Some(rank);
            }
        }
        Ok(best.map(|(_, _, id)| id))
    }

    /// Another open conversation of the same lead and campaign.
    pub(crate) fn other_open(&mut self, of: Uuid) -> Result<Option<Uuid>, AppError> {
        let Some(entry) = self.conversation(of)? else {
            return Ok(None);
        };
        let (lead, campaign) = (entry.row.lead_id, entry.row.campaign_id);
        for id in self.conversations_of(lead)? {
            if id == of {
                continue;
            }
            let Some(other) = self.conversation(id)? else {
                continue;
            };
            if other.row.campaign_id == campaign && other.facts.state.is_open() {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Turns a candidate into the place the mail goes to: open there, closed by the window.
    pub(super) fn settle(
        &mut self,
        arriving: &Arriving<'_>,
        place: Place,
        lead: Option<Uuid>,
    ) -> Result<Route, AppError> {
        let id = place.conversation;
        let policy = {
            let campaign = self
                .conversation(id)?
                .and_then(|entry| entry.row.campaign_id);
            self.policy(campaign)?
        };
        let Some(entry) = self.conversation(id)? else {
            return Ok(Route::Review("conversation_gone"));
        };
        let (state, closed_at) = (entry.facts.state, entry.row.closed_at);
        let (of, campaign, outcome) = (
            entry.row.lead_id,
            entry.row.campaign_id,
            entry.facts.outcome,
        );
        let speaks = place.author == Author::Lead && arriving.mail.class() == Class::Human;
        if state.is_open() || !speaks || lead != Some(of) {
            return Ok(Route::There(place));
        }
        let silenced = match self.lead(of)? {
            Some(lead) => lead
                .facts
                .opted_out_at()
                .is_some_and(|said| said > arriving.at),
            None => false,
        };
        if silenced {
            return Ok(Route::There(place));
        }
        let other = self.other_open(id)?;
        let inside =
            closed_at.is_none_or(|closed| policy.policy.reopens(outcome, closed, arriving.at));
        if state == State::Closed && inside && other.is_none() {
            return Ok(Route::There(place));
        }
        Ok(match other {
            Some(conversation) => Route::There(Place {
                conversation,
                ..place
            }),
            None => Route::New {
                lead: of,
                campaign,
                previous: Some(id),
                place,
            },
        })
    }

    /// A header-less "Re:" goes to the one open conversation of its lead with that subject.
    pub(super) fn by_subject(
        &mut self,
        arriving: &Arriving<'_>,
        lead: Uuid,
    ) -> Result<Option<Uuid>, AppError> {
        if !arriving.mail.chain.ids.is_empty() {
            return Ok(None);
        }
        let base = base_subject(&arriving.mail.subject);
        if !base.prefixed || base.base.is_empty() {
            return Ok(None);
        }
        let window = chrono::Duration::days(30);
        let mut fitting = Vec::new();
        for id in self.conversations_of(lead)? {
            let Some(entry) = self.conversation(id)? else {
                continue;
            };
            let recent = arriving
                .at
                .signed_duration_since(entry.row.last_activity_at)
                <= window;
            if entry.facts.state.is_open()
                && recent
                && base_subject(&entry.row.subject).base == base.base
            {
                fitting.push(id);
            }
        }
        Ok(if fitting.len() == 1 {
            fitting.pop()
        } else {
            None
        })
    }
}
