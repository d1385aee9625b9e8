//! From a candidate to the place a mail goes: open there, closed by the reopen window.

use chrono::{DateTime, Utc};
use convo_core::machine::State;
use convo_core::vocabulary::Author;
use convo_email::InboundEmail;
use convo_threading::automated::Class;
use convo_threading::subject::base_subject;
use uuid::Uuid;

use super::{Arriving, Place, Route};
use crate::batch::{Batch, last_activity_at};
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
            let rank = (hinted, last_activity_at(&entry.facts), id);
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
        let (state, closed_at) = (entry.facts.state, entry.facts.closed_at);
        let (of, campaign, outcome) = (
            entry.row.lead_id,
            entry.row.campaign_id,
            entry.facts.outcome,
        );
        // What the forgotten write again is nobody's conversation: a second erase would not find it.
        if self.is_forgotten(of)? {
            return Ok(Route::Review("unknown_sender"));
        }
        if state.is_open() {
            return Ok(Route::There(place));
        }
        // Whatever names a conversation that is over belongs to the one that goes on.
        if let Some(conversation) = self.other_open(id)? {
            return Ok(Route::There(Place {
                conversation,
                ..place
            }));
        }
        let speaks = place.author == Author::Lead && arriving.mail.class() == Class::Human;
        if !speaks || lead != Some(of) {
            return Ok(Route::There(place));
        }
        // The same comparison as for reopening: a reply at the very time of the opt-out is no newer.
        let silenced = self.lead(of)?.is_some_and(|lead| {
            lead.facts
                .opted_out_at()
                .is_some_and(|said| said >= arriving.at)
        });
        if silenced || self.opts_out(arriving, campaign)? {
            return Ok(Route::There(place));
        }
        let inside =
            closed_at.is_none_or(|closed| policy.policy.reopens(outcome, closed, arriving.at));
        if state == State::Closed && inside {
            return Ok(Route::There(place));
        }
        Ok(Route::New {
            lead: of,
            campaign,
            previous: Some(id),
            place,
        })
    }

    /// A campaign that exists, named by `campaign-<id>@` among the recipients or by user variables.
    pub(super) fn campaign_hint(&mut self, mail: &InboundEmail) -> Result<Option<Uuid>, AppError> {
        let named = mail.recipients.iter().filter_map(|to| {
            let local = to.split('@').next()?;
            let (prefix, id) = local.split_at_checked("campaign-".len())?;
            prefix.eq_ignore_ascii_case("campaign-").then_some(id)
        });
        let ids: Vec<Uuid> = named
            .chain(mail.variables.campaign_id.as_deref())
            .filter_map(|id| id.parse().ok())
            .collect();
        for id in ids {
            if self.campaign(id)?.is_some() {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// The lead's open conversation of the campaign that the mail names.
    pub(super) fn by_campaign(
        &mut self,
        lead: Uuid,
        hint: Option<Uuid>,
    ) -> Result<Option<Route>, AppError> {
        if hint.is_none() {
            return Ok(None);
        }
        Ok(self.open_of(lead, hint)?.map(|id| {
            let mut place = Place::new(id, 4, "sender", Author::Lead);
            place.evidence.push("campaign".to_owned());
            Route::There(place)
        }))
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
        let mut fitting = Vec::new();
        for id in self.conversations_of(lead)? {
            let Some(entry) = self.conversation(id)? else {
                continue;
            };
            let fits =
                entry.facts.state.is_open() && base_subject(&entry.row.subject).base == base.base;
            let (last, campaign) = (last_activity_at(&entry.facts), entry.row.campaign_id);
            if !fits {
                continue;
            }
            let days = self.policy(campaign)?.policy.subject_window_days;
            let silence = arriving.at.signed_duration_since(last).abs();
            if silence <= chrono::Duration::days(i64::from(days)) {
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
