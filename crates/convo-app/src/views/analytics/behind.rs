//! What stands behind a figure: the rows it is made of, one item for each that it counts.

use chrono::{DateTime, Utc};
use convo_core::vocabulary::Stage;
use convo_store::rows::{CohortRow, EmailEventRow, OfferRow, WaitRow};
use convo_store::{FigureList, SentOne};
use serde_json::Value;

use super::counts::MAIL;
use super::{by_day, by_instant, by_week, iso_week};
use crate::door::is_unsent;
use crate::error::AppError;
use crate::wire::{AnalyticsQuery, CohortView, DeliveryView, OwnershipView, WaitView};

/// Which figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// How fast we answer: waits.
    ReplySpeed,
    /// How fast agents take what they are offered: offers.
    Ownership,
    /// How far leads came: leads.
    Conversion,
    /// What became of mail: mails and events.
    Delivery,
}

impl Behind {
    /// The list of the rows that the figure of the same query is made of.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn list(self, query: &AnalyticsQuery, now: DateTime<Utc>) -> Result<FigureList, AppError> {
        let code = |given: &Option<String>, field: &str, known: &[&str]| match given {
            Some(code) if !known.contains(&code.as_str()) => {
                let message = format!("must be one of {}", known.join(", "));
                Err(AppError::invalid(field, message))
            }
            code => Ok(code.clone()),
        };
        Ok(match self {
            Self::ReplySpeed => FigureList {
                code: code(&query.status, "status", &["answered", "waiting", "dropped"])?,
                ..by_instant(query, now)?
            },
            Self::Ownership => FigureList {
                code: code(
                    &query.status,
                    "status",
                    &["open", "accepted", "declined", "expired", "withdrawn"],
                )?,
                ..by_instant(query, now)?
            },
            Self::Conversion => FigureList {
                stage: match &query.stage {
                    None => None,
                    Some(stage) => Some(stage_of(stage)?),
                },
                ..by_week(query, now)?
            },
            Self::Delivery => {
                let figure = code(&query.figure, "figure", &MAIL)?;
                FigureList {
                    code: Some(figure.unwrap_or_else(|| "sent".to_owned())),
                    ..by_day(query, now)?
                }
            }
        })
    }
}

fn stage_of(text: &str) -> Result<i16, AppError> {
    let stage = Stage::ALL.iter().find(|stage| stage.as_str() == text);
    let stage = stage.ok_or_else(|| AppError::invalid("stage", "is not a stage"))?;
    Ok(i16::from(stage.order()))
}

fn value(item: impl serde::Serialize) -> Result<Value, AppError> {
    serde_json::to_value(item).map_err(|error| AppError::Fault(error.to_string()))
}

/// A wait as an item.
///
/// # Errors
/// A fault.
pub fn wait_item(row: &WaitRow) -> Result<Value, AppError> {
    value(WaitView {
        conversation_id: row.conversation_id,
        lead_id: row.lead_id,
        campaign_id: row.campaign_id,
        agent_id: row.agent_id,
        status: row.status.clone(),
        began_at: row.began_at,
        ended_at: row.ended_at,
        wall_minutes: row.wall_minutes,
        business_minutes: row.business_minutes,
    })
}

/// An offer as an item.
///
/// # Errors
/// A fault.
pub fn offer_item(row: &OfferRow) -> Result<Value, AppError> {
    value(OwnershipView {
        offer_id: row.id,
        conversation_id: row.conversation_id,
        lead_id: row.lead_id,
        campaign_id: row.campaign_id,
        agent_id: row.agent_id,
        status: row.status.clone(),
        offered_at: row.offered_at,
        accepted_at: row.closed_at.filter(|_| row.status == "accepted"),
        touched_at: row.touched_at,
        accept_minutes: row.accept_minutes,
        accept_business_minutes: row.accept_business_minutes,
        touch_minutes: row.touch_minutes,
        touch_business_minutes: row.touch_business_minutes,
    })
}

/// A lead in its cohort as an item.
///
/// # Errors
/// A fault.
pub fn cohort_item(row: &CohortRow) -> Result<Value, AppError> {
    let stage = u8::try_from(row.stage).ok().and_then(Stage::from_order);
    value(CohortView {
        lead_id: row.lead_id,
        conversation_id: row.conversation_id,
        campaign_id: row.campaign_id,
        agent_id: row.agent_id,
        source: row.source.clone(),
        first_sent_at: row.first_sent_at,
        week: iso_week(row.first_sent_at),
        highest_stage: stage.map(|stage| stage.as_str()),
    })
}

/// An event as an item.
///
/// # Errors
/// A fault.
pub fn event_item(row: &EmailEventRow) -> Result<Value, AppError> {
    value(DeliveryView {
        id: row.id,
        conversation_id: row.conversation_id,
        campaign_id: row.campaign_id,
        message_id: row.message_id,
        figure: row.figure.clone().unwrap_or_default(),
        at: row.occurred_at,
    })
}

/// Mails of ours as items, without those that did not leave the house.
///
/// # Errors
/// A fault.
pub fn sent_items(rows: &[SentOne]) -> Result<Vec<Value>, AppError> {
    let sent = rows.iter().filter(|row| !is_unsent(&row.codes));
    sent.map(|row| {
        value(DeliveryView {
            id: row.id,
            conversation_id: row.conversation_id,
            campaign_id: row.campaign_id,
            message_id: Some(row.id),
            figure: "sent".to_owned(),
            at: row.at,
        })
    })
    .collect()
}
