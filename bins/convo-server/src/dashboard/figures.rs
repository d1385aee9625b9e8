//! Figures over a span of days.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Duration, Utc};
use convo_app::wire::{AnalyticsQuery, GroupBy};
use convo_app::{AppError, views};
use convo_dashboard::figures::{self, Figures, SPANS};
use convo_store::Reader;
use serde::Serialize;
use serde_json::Value;

use super::answer::{self, Refused, Shown, asked};
use super::session::Session;
use crate::api::Api;

/// The span when none is asked for, in days.
const USUAL: u32 = 30;

/// `GET /figures`: the reports of `GET /api/analytics/…` over the last days.
pub async fn show(
    session: Session,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let days = span(&answer::query(&request));
    let reports = api.ask(move |reader, now| {
        let mut of = |report: Shows| report.read(reader, days, now);
        Ok([
            of(Shows::ReplySpeed)?,
            of(Shows::Ownership)?,
            of(Shows::Conversion)?,
            of(Shows::Delivery)?,
        ])
    });
    let [speed, ownership, conversion, delivery] = reports.await?;
    let body = figures::page(&Figures {
        days,
        speed: &speed,
        ownership: &ownership,
        conversion: &conversion,
        delivery: &delivery,
    });
    // A figure moves with every mail: it is looked at again when it is asked for again.
    Shown {
        name: "figures",
        title: "Figures",
        live: None,
        body,
    }
    .to(&session, &api)
    .await
}

/// The span that is asked for, in days.
pub(super) fn span(query: &[(String, String)]) -> u32 {
    let days = asked(query, "days").and_then(|text| text.parse().ok());
    days.filter(|days| SPANS.contains(days)).unwrap_or(USUAL)
}

/// A report of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    /// How fast we answer, by day.
    ReplySpeed,
    /// How fast agents take over, by agent.
    Ownership,
    /// How far leads come, by campaign.
    Conversion,
    /// What becomes of mail, by day.
    Delivery,
}

impl Shows {
    /// The report by the name that its route in the API has.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "reply-speed" => Some(Self::ReplySpeed),
            "ownership" => Some(Self::Ownership),
            "conversion" => Some(Self::Conversion),
            "delivery" => Some(Self::Delivery),
            _ => None,
        }
    }

    /// What it says of the last days.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn read(
        self,
        reader: &mut Reader<'_>,
        days: u32,
        now: DateTime<Utc>,
    ) -> Result<Value, AppError> {
        let by = |group_by| AnalyticsQuery {
            from: Some(now - Duration::days(i64::from(days))),
            group_by: Some(group_by),
            ..AnalyticsQuery::default()
        };
        match self {
            Self::ReplySpeed => value(&views::reply_speed(reader, &by(GroupBy::Day), now)?),
            Self::Ownership => value(&views::ownership(reader, &by(GroupBy::Agent), now)?),
            Self::Conversion => value(&views::conversion(reader, &by(GroupBy::Campaign), now)?),
            Self::Delivery => value(&views::delivery(reader, &by(GroupBy::Day), now)?),
        }
    }
}

fn value<T: Serialize>(report: &T) -> Result<Value, AppError> {
    serde_json::to_value(report).map_err(|error| AppError::Fault(error.to_string()))
}
