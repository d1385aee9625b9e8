//! `/api/analytics`: figures over many conversations, and the rows that stand behind each.

use actix_web::{HttpResponse, get, web};
use convo_app::AppError;
use convo_app::views::{self, Behind};
use convo_app::wire::{AnalyticsQuery, Report};
use convo_store::Reader;
use convo_store::rows::{CohortRow, EmailEventRow, OfferRow, WaitRow};
use convo_store::{FigureList, SentOne};
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::lists::Paging;
use super::{Api, answers};
use crate::auth::{Authorized, Read};
use crate::clock;
use crate::http::input::QueryString;
use crate::openapi::analytics::{
    ConversionReport, DeliveryReport, OwnershipReport, ReplySpeedReport,
};
use crate::openapi::lists;
use crate::openapi::vocabulary::{
    AgentsBy, IdOrNone, LeadsBy, MailFigure, MailsBy, OfferStatus, Stage, WaitStatus,
};
use crate::problem::Problem;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(reply_speed)
        .service(waits)
        .service(ownership)
        .service(offers)
        .service(conversion)
        .service(cohorts)
        .service(delivery)
        .service(mails);
}

type Asked<T> = fn(
    &mut Reader<'_>,
    &AnalyticsQuery,
    chrono::DateTime<chrono::Utc>,
) -> Result<Report<T>, AppError>;

impl Api {
    async fn report<T: Serialize + Send + 'static>(
        &self,
        query: AnalyticsQuery,
        asked: Asked<T>,
    ) -> Result<HttpResponse, Problem> {
        let told = self
            .ask(move |reader, now| asked(reader, &query, now))
            .await?;
        Ok(answers::json(&told))
    }
}

/// Parameters of a figure, for the document.
macro_rules! documented {
    ($($(#[$doc:meta])+ $name:ident { $($field:tt)* })+) => {$(
        $(#[$doc])+
        #[derive(utoipa::IntoParams)]
        #[into_params(parameter_in = Query, rename_all = "camelCase")]
        #[expect(dead_code, reason = "what is asked is read as an `AnalyticsQuery`")]
        struct $name {
            /// From then on; 30 days before the end when absent.
            #[param(nullable = false)]
            from: Option<chrono::DateTime<chrono::Utc>>,
            /// Up to, and without, then; now when absent. At most 371 days.
            #[param(nullable = false)]
            to: Option<chrono::DateTime<chrono::Utc>>,
            /// Of this campaign; `none`: of none.
            #[param(value_type = IdOrNone, inline, required = false)]
            campaign_id: Option<String>,
            $($field)*
        }
    )+};
}

documented! {
    /// Of waits and offers.
    OfAgents {
        /// Of this agent; `none`: of none.
        #[param(value_type = IdOrNone, inline, required = false)]
        agent_id: Option<String>,
        /// What it is told apart by: campaign, agent, day or week.
        #[param(value_type = AgentsBy, inline, required = false)]
        group_by: Option<String>,
    }
    /// Of leads.
    OfLeads {
        /// Of this agent; `none`: of none.
        #[param(value_type = IdOrNone, inline, required = false)]
        agent_id: Option<String>,
        /// Of leads from there; nothing: from nowhere known.
        #[param(nullable = false)]
        source: Option<String>,
        /// What it is told apart by: campaign, agent, source or week.
        #[param(value_type = LeadsBy, inline, required = false)]
        group_by: Option<String>,
    }
    /// Of mails.
    OfMails {
        /// What it is told apart by: campaign, day or week.
        #[param(value_type = MailsBy, inline, required = false)]
        group_by: Option<String>,
    }
    /// Which waits.
    Waits {
        /// Of this agent; `none`: of none.
        #[param(value_type = IdOrNone, inline, required = false)]
        agent_id: Option<String>,
        /// That came to this.
        #[param(value_type = WaitStatus, required = false)]
        status: Option<String>,
    }
    /// Which offers.
    Offers {
        /// Of this agent.
        #[param(value_type = IdOrNone, inline, required = false)]
        agent_id: Option<String>,
        /// That came to this.
        #[param(value_type = OfferStatus, required = false)]
        status: Option<String>,
    }
    /// Which leads.
    Leads {
        /// Of this agent; `none`: of none.
        #[param(value_type = IdOrNone, inline, required = false)]
        agent_id: Option<String>,
        /// From there; nothing: from nowhere known.
        #[param(nullable = false)]
        source: Option<String>,
        /// That reached this stage.
        #[param(value_type = Stage, required = false)]
        stage: Option<String>,
    }
    /// Which mails and events.
    Mails {
        /// Counted as this; default `sent`.
        #[param(value_type = MailFigure, required = false)]
        figure: Option<String>,
    }
}

/// How fast we answer: from the lead's first unanswered mail to our answer.
#[utoipa::path(
    tag = "analytics",
    params(OfAgents),
    responses((status = 200, body = ReplySpeedReport))
)]
#[get("/analytics/reply-speed")]
pub async fn reply_speed(
    _caller: Authorized<Read>,
    query: QueryString<AnalyticsQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    api.report(query.0, views::reply_speed).await
}

/// The waits behind `reply-speed`, newest first, one item for each.
#[utoipa::path(
    operation_id = "reply_speed_conversations",
    tag = "analytics",
    params(Waits, Paging),
    responses((status = 200, body = lists::WaitList))
)]
#[get("/analytics/reply-speed/conversations")]
pub async fn waits(
    _caller: Authorized<Read>,
    query: QueryString<AnalyticsQuery>,
    paging: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let list = Behind::ReplySpeed.list(&query.0, clock::now())?;
    api.page(
        &paging.0,
        move |reader, after, limit| {
            Ok(reader.waits(&FigureList {
                after,
                limit,
                ..list
            })?)
        },
        |row: &WaitRow| (row.began_at, row.conversation_id),
        |_, rows| rows.iter().map(views::wait_item).collect(),
    )
    .await
}

/// How fast agents take what they are offered, and are in touch with the lead: from the offer on.
#[utoipa::path(
    tag = "analytics",
    params(OfAgents),
    responses((status = 200, body = OwnershipReport))
)]
#[get("/analytics/ownership")]
pub async fn ownership(
    _caller: Authorized<Read>,
    query: QueryString<AnalyticsQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    api.report(query.0, views::ownership).await
}

/// The offers behind `ownership`, newest first, one item for each.
#[utoipa::path(
    operation_id = "ownership_conversations",
    tag = "analytics",
    params(Offers, Paging),
    responses((status = 200, body = lists::OwnershipList))
)]
#[get("/analytics/ownership/conversations")]
pub async fn offers(
    _caller: Authorized<Read>,
    query: QueryString<AnalyticsQuery>,
    paging: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let list = Behind::Ownership.list(&query.0, clock::now())?;
    api.page(
        &paging.0,
        move |reader, after, limit| {
            Ok(reader.offers(&FigureList {
                after,
                limit,
                ..list
            })?)
        },
        |row: &OfferRow| (row.offered_at, row.id),
        |_, rows| rows.iter().map(views::offer_item).collect(),
    )
    .await
}

/// How far leads came whom we first wrote to in the span, by whole ISO weeks.
#[utoipa::path(
    tag = "analytics",
    params(OfLeads),
    responses((status = 200, body = ConversionReport))
)]
#[get("/analytics/conversion")]
pub async fn conversion(
    _caller: Authorized<Read>,
    query: QueryString<AnalyticsQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    api.report(query.0, views::conversion).await
}

/// The leads behind `conversion`, one item for each, those first written to last at the beginning.
#[utoipa::path(
    operation_id = "conversion_conversations",
    tag = "analytics",
    params(Leads, Paging),
    responses((status = 200, body = lists::CohortList))
)]
#[get("/analytics/conversion/conversations")]
pub async fn cohorts(
    _caller: Authorized<Read>,
    query: QueryString<AnalyticsQuery>,
    paging: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let list = Behind::Conversion.list(&query.0, clock::now())?;
    api.page(
        &paging.0,
        move |reader, after, limit| {
            Ok(reader.cohorts(&FigureList {
                after,
                limit,
                ..list
            })?)
        },
        |row: &CohortRow| (row.first_sent_at, row.lead_id),
        |_, rows| rows.iter().map(views::cohort_item).collect(),
    )
    .await
}

/// What became of mail in the span, by whole days, UTC.
#[utoipa::path(
    tag = "analytics",
    params(OfMails),
    responses((status = 200, body = DeliveryReport))
)]
#[get("/analytics/delivery")]
pub async fn delivery(
    _caller: Authorized<Read>,
    query: QueryString<AnalyticsQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    api.report(query.0, views::delivery).await
}

/// The mails or events behind one figure of `delivery`, newest first, one item for each. A page may have fewer
/// items than asked for.
#[utoipa::path(
    operation_id = "delivery_conversations",
    tag = "analytics",
    params(Mails, Paging),
    responses((status = 200, body = lists::DeliveryList))
)]
#[get("/analytics/delivery/conversations")]
pub async fn mails(
    _caller: Authorized<Read>,
    query: QueryString<AnalyticsQuery>,
    paging: QueryString<Paging>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let list = Behind::Delivery.list(&query.0, clock::now())?;
    if list.code.as_deref() == Some("sent") {
        return api
            .page(
                &paging.0,
                move |reader, after, limit| {
                    Ok(reader.sent_ones(&FigureList {
                        after,
                        limit,
                        ..list
                    })?)
                },
                |row: &SentOne| (row.at, row.id),
                |_, rows| views::sent_items(rows),
            )
            .await;
    }
    api.page(
        &paging.0,
        move |reader, after, limit| {
            Ok(reader.counted_events(&FigureList {
                after,
                limit,
                ..list
            })?)
        },
        |row: &EmailEventRow| (row.occurred_at, row.id),
        |_, rows| rows.iter().map(views::event_item).collect(),
    )
    .await
}
