//! Suppressions as whole files: given out page by page, taken in at once.

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, post, web};
use convo_app::wire::{IMPORT_ROWS, SuppressionImport};
use convo_app::{App, AppError, Command, Envelope};
use convo_store::Cursor;
use futures_util::stream;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::format::Format;
use crate::api::export::broke_off;
use crate::api::{Api, Asked, answered};
use crate::auth::{Authorized, Write};
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
pub async fn export(app: &App, format: Format) -> Result<HttpResponse, Problem> {
    let first = Pages::new(app.clone(), format).next().await?;
    let pages = stream::try_unfold(Some(first), |state| async move {
        let Some((chunk, pages)) = state else {
            return Ok(None);
        };
        let next = match pages {
            Some(pages) => Some(pages.next().await?),
            None => None,
        };
        Ok::<_, AppError>(Some((chunk, next)))
    });
    let pages = futures_util::TryStreamExt::map_err(pages, broke_off());
    let name = format!("attachment; filename=\"{}\"", format.file_name());
    Ok(HttpResponse::Ok()
        .content_type(format.media())
        .insert_header((header::CONTENT_DISPOSITION, name))
        .streaming(pages))
}

/// Where an export is.
struct Pages {
    app: App,
    format: Format,
    after: Option<Cursor>,
    head: Option<String>,
}

impl Pages {
    fn new(app: App, format: Format) -> Self {
        Self {
            app,
            format,
            after: None,
            head: Some(format.head()),
        }
    }

    /// The next piece, and how to go on; `None` at the end.
    async fn next(mut self) -> Result<(Bytes, Option<Self>), AppError> {
        let (app, after) = (self.app.clone(), self.after);
        let rows = move || app.read(|reader| Ok(reader.suppressions(after, PAGE)?));
        let rows = request_id::block(rows).await??;
        let mut text = self.head.take().unwrap_or_default();
        text.extend(rows.iter().filter_map(|row| self.format.line(row)));
        let full = i64::try_from(rows.len()).is_ok_and(|count| count >= PAGE);
        let last = rows.last().filter(|_| full);
        self.after = last.map(|row| Cursor {
            at: row.created_at,
            id: row.id,
        });
        let more = self.after.is_some();
        Ok((text.into(), more.then_some(self)))
    }
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
    let format = Format::of_media(media).ok_or_else(|| {
        let detail = "send the list as `text/csv` or `application/x-ndjson`";
        Problem::new(Code::UnsupportedMediaType, detail)
    })?;
    let bytes = body.0.bytes.clone();
    let rows = move || Some(format.read(std::str::from_utf8(&bytes).ok()?));
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
