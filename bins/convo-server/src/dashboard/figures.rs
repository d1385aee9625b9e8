//! Figures over a span of days.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::Duration;
use convo_app::wire::{AnalyticsQuery, GroupBy};
use convo_app::{AppError, views};
use convo_dashboard::figures::{self, Figures, SPANS};
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
    let query = answer::query(&request);
    let days = asked(&query, "days").and_then(|text| text.parse().ok());
    let days = days.filter(|days| SPANS.contains(days)).unwrap_or(USUAL);
    let reports = api.ask(move |reader, now| {
        let by = |group_by| AnalyticsQuery {
            from: Some(now - Duration::days(i64::from(days))),
            group_by: Some(group_by),
            ..AnalyticsQuery::default()
        };
        let speed = value(&views::reply_speed(reader, &by(GroupBy::Day), now)?)?;
        let ownership = value(&views::ownership(reader, &by(GroupBy::Agent), now)?)?;
        let conversion = value(&views::conversion(reader, &by(GroupBy::Campaign), now)?)?;
        let delivery = value(&views::delivery(reader, &by(GroupBy::Day), now)?)?;
        Ok([speed, ownership, conversion, delivery])
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
    Ok(Shown {
        name: "figures",
        title: "Figures",
        live: None,
        body,
    }
    .to(&session))
}

fn value<T: Serialize>(report: &T) -> Result<Value, AppError> {
    serde_json::to_value(report).map_err(|error| AppError::Fault(error.to_string()))
}
