//! Suppressions as whole files: given out page by page, taken in at once.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, post, web};
use convo_app::wire::{IMPORT_ROWS, SuppressionImport};
use convo_app::{App, Command, Envelope};
use convo_store::Cursor;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::format;
use crate::api::lists::last;
use crate::api::sent::sent;
use crate::api::{Api, Asked, answered};
use crate::auth::{Authorized, Write};
use crate::export::Form;
use crate::http::idempotency::IdempotencyKey;
use crate::http::input::QueryString;
use crate::http::payload::RawBody;
use crate::http::request_id;
use crate::openapi::requests;
use crate::openapi::sending::SuppressionsImported;
use crate::problem::{Code, Problem};

/// Rows read at once.
const PAGE: i64 = 500;

/// The whole ledger as a file. It is read while it is sent, so that its size costs no memory.
///
/// # Errors
/// The database's, before anything was sent; later the connection breaks off.
pub async fn export(app: &App, form: Form) -> Result<HttpResponse, Problem> {
    let file = ("suppressions", form, form.head(&format::COLUMNS));
    sent(app, file, None, move |reader, after: Option<Cursor>| {
        let rows = reader.suppressions(after, PAGE)?;
        let full = last(&rows, PAGE).map(|row| {
            Some(Cursor {
                at: row.created_at,
                id: row.id,
            })
        });
        Ok((format::lines(form, &rows), full))
    })
    .await
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct Trial {
    /// Only say what would come of it.
    #[serde(default)]
    dry_run: bool,
}

/// Takes a list in, in one commit; it adds, and never lifts or shortens. At most 5,000 lines.
#[utoipa::path(
    operation_id = "import_suppressions",
    tag = "records",
    params(Trial, IdempotencyKey),
    request_body(content((String = "text/csv"), (requests::ImportedSuppression = "application/x-ndjson"))),
    responses((status = 200, body = SuppressionsImported))
)]
#[post("/suppressions/import")]
pub async fn import(
    caller: Authorized<Write>,
    request: HttpRequest,
    query: QueryString<Trial>,
    key: IdempotencyKey,
    body: RawBody,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let media = request.headers().get(header::CONTENT_TYPE);
    let media = media
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let form = Form::of_media(media).ok_or_else(|| {
        let detail = "send the list as `text/csv` or `application/x-ndjson`";
        Problem::new(Code::UnsupportedMediaType, detail)
    })?;
    let bytes = body.0.bytes.clone();
    let rows = move || Some(format::read(form, std::str::from_utf8(&bytes).ok()?));
    let rows = request_id::block(rows).await?;
    let rows = rows.ok_or_else(|| Problem::invalid_field("", "the list must be UTF-8"))?;
    if rows.len() > IMPORT_ROWS {
        let detail = format!("a list may have {IMPORT_ROWS} lines");
        return Err(Problem::new(Code::TooLarge, detail).with("limit", IMPORT_ROWS));
    }
    let dry_run = query.0.dry_run;
    let mut digest = Sha256::new();
    digest.update([u8::from(dry_run)]);
    digest.update(&body.0.bytes);
    let asked = Asked::new(&request, &caller).with(&key, digest.finalize().into());
    let import = Command::ImportSuppressions(SuppressionImport { rows, dry_run });
    // What others already knew is no news to those who are told of ours.
    let envelope = Envelope {
        silent: true,
        ..asked.envelope(import)?
    };
    answered(&api.app.run(envelope).await?)
}
