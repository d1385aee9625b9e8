//! Files that are read while they are sent: their size costs no memory.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use convo_app::{App, AppError};
use convo_store::Reader;
use futures_util::{TryStreamExt as _, stream};

use crate::export::Form;
use crate::http::request_id;
use crate::problem::Problem;

/// A piece of a file, and how to go on; nothing at the end.
pub(crate) type Piece<S> = (Vec<u8>, Option<S>);

/// A file as an answer: `head`, then what `read` gives from `begin` on. `name` is without its end.
///
/// # Errors
/// The database's, before anything was sent; later the connection breaks off.
pub(crate) async fn sent<S, R>(
    app: &App,
    (name, form, head): (&str, Form, Vec<u8>),
    begin: S,
    read: R,
) -> Result<HttpResponse, Problem>
where
    S: Send + 'static,
    R: Fn(&mut Reader<'_>, S) -> Result<Piece<S>, AppError> + Clone + Send + 'static,
{
    // The first piece is read before the answer begins, so that a database that is away is still told as a problem.
    let (mut first, rest) = next(app.clone(), begin, read.clone()).await?;
    first.splice(0..0, head);
    let app = app.clone();
    let pieces = stream::try_unfold(Some((first, rest)), move |state| {
        let (app, read) = (app.clone(), read.clone());
        async move {
            let Some((piece, rest)) = state else {
                return Ok(None);
            };
            let then = match rest {
                Some(rest) => Some(next(app, rest, read).await?),
                None => None,
            };
            Ok::<_, AppError>(Some((Bytes::from(piece), then)))
        }
    });
    Ok(answer(name, form).streaming(pieces.map_err(broke_off())))
}

/// The beginning of an answer that a browser saves.
pub(crate) fn answer(name: &str, form: Form) -> actix_web::HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    let file = format!("attachment; filename=\"{}\"", form.file_name(name));
    answer
        .content_type(form.media())
        .insert_header((header::CONTENT_DISPOSITION, file))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    answer
}

async fn next<S, R>(app: App, from: S, read: R) -> Result<Piece<S>, AppError>
where
    S: Send + 'static,
    R: Fn(&mut Reader<'_>, S) -> Result<Piece<S>, AppError> + Send + 'static,
{
    request_id::block(move || app.read(|reader| read(reader, from))).await?
}

/// What is told of a file that cannot be ended, when its request is answered long since: a line under its id, and to the
/// client nothing but the end of the connection.
fn broke_off() -> impl FnMut(AppError) -> actix_web::Error {
    let id = request_id::current();
    move |error| {
        let line = || log::error!("an export broke off: {error}");
        request_id::of_request(id.clone(), line);
        actix_web::error::ErrorServiceUnavailable("the export broke off")
    }
}
