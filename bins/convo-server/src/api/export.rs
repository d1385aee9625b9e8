//! Whole tables as files, read while they are sent: their size costs no memory.

use actix_web::{HttpResponse, get, web};
use convo_app::export::{Cursor, Export, Wanted};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::Api;
use super::sent::sent;
use crate::auth::{Authorized, Read};
use crate::export::{self, Form};
use crate::http::input::{PathParts, QueryString};
use crate::openapi::vocabulary::{ExportName, ListFormat, State, TimeOrDay};
use crate::problem::Problem;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(give_out);
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct Filter {
    /// The form of the file; default `csv`.
    #[param(value_type = ListFormat, inline, required = false)]
    format: Option<String>,
    /// From this time on: RFC 3339, or a day.
    #[param(value_type = TimeOrDay, inline, required = false)]
    from: Option<String>,
    /// Before this time.
    #[param(value_type = TimeOrDay, inline, required = false)]
    to: Option<String>,
    /// Of this campaign.
    #[param(nullable = false)]
    campaign_id: Option<Uuid>,
    /// Of conversations in this state; not for leads.
    #[param(value_type = State, required = false)]
    state: Option<String>,
}

/// A whole table as a file, in the order in which its rows were made. It is read while it is sent; what is stored meanwhile
/// may be in it or not.
#[utoipa::path(
    operation_id = "export",
    tag = "export",
    params(("what" = inline(ExportName), Path, description = "What is given out"), Filter),
    responses((status = 200, content((String = "text/csv"), (String = "application/x-ndjson"))))
)]
#[get("/export/{what}")]
pub async fn give_out(
    _caller: Authorized<Read>,
    path: PathParts,
    query: QueryString<Filter>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let what = Export::named(path.text("what")?).ok_or_else(Problem::not_found)?;
    let Filter {
        format,
        from,
        to,
        campaign_id,
        state,
    } = query.0;
    let form = Form::named(format.as_deref().unwrap_or("csv"));
    let form = form.ok_or_else(|| Problem::invalid_field("format", "must be csv or jsonl"))?;
    let time = |name: &str, text: Option<String>| match text {
        None => Ok(None),
        Some(text) => match export::time(&text) {
            Some(at) => Ok(Some(at)),
            None => Err(Problem::invalid_field(name, "must be a time or a day")),
        },
    };
    let wanted = Wanted {
        from: time("from", from)?,
        to: time("to", to)?,
        campaign: campaign_id,
        state,
    };
    let cursor = Cursor::begin(what, &wanted)?;
    let head = form.head(what.columns());
    let file = (what.as_str(), form, head);
    sent(&api.app, file, cursor, move |reader, cursor: Cursor| {
        let (rows, next) = cursor.next(reader)?;
        Ok((form.lines(what.columns(), rows), next))
    })
    .await
}
