//! Links in mails: authenticated by their signature; a GET shows, a POST acts.

mod words;

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use convo_app::{Actor, AppError, Command, Envelope, unsubscribe};
use convo_store::Reader;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::Api;
use crate::auth::Gate;
use crate::http::input::PathParts;
use crate::problem::Problem;
use words::Words;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(unsubscribe_page).service(unsubscribe_now);
}

/// Asks whether no more mail is wanted; never acts, whoever looks at it.
#[utoipa::path(
    tag = "links",
    security(()),
    params(("signed" = String, Path, description = "What the link in a mail ends with")),
    responses((status = 200, content((String = "text/html"))))
)]
#[get("/u/{signed}")]
pub async fn unsubscribe_page(
    request: HttpRequest,
    path: PathParts,
    gate: web::Data<Gate>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let conversation = opened(&request, &path, &gate, &api)?;
    let words = words(&request, &api, conversation).await?;
    Ok(words.question().answer())
}

/// Takes the person off: no campaign, automatic writer or system mail from now on. Again it changes nothing.
#[utoipa::path(
    operation_id = "unsubscribe",
    tag = "links",
    security(()),
    params(("signed" = String, Path, description = "What the link in a mail ends with")),
    responses((status = 200, content((String = "text/html"))))
)]
#[post("/u/{signed}")]
pub async fn unsubscribe_now(
    request: HttpRequest,
    path: PathParts,
    gate: web::Data<Gate>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let conversation = opened(&request, &path, &gate, &api)?;
    let words = words(&request, &api, conversation).await?;
    let asked = Envelope::new(Command::OneClick(conversation), Actor::Code("one_click"));
    match api.app.run(asked).await {
        // A conversation that is not here any more writes to nobody.
        Ok(_) | Err(AppError::NotFound) => Ok(words.done().answer()),
        Err(error) => Err(error.into()),
    }
}

/// The conversation of a link; one that we did not sign spends the budget of failed checks.
fn opened(
    request: &HttpRequest,
    path: &PathParts,
    gate: &Gate,
    api: &Api,
) -> Result<Uuid, Problem> {
    let signed = path.text("signed")?;
    unsubscribe::open(api.app.context(), signed).ok_or_else(|| {
        let peer = request.peer_addr().map(|peer| peer.ip());
        let client = gate.client(peer, request.headers());
        gate.refuse(client, "link", Problem::not_found())
    })
}

/// In the lead's language, else in the first that the browser asks for and we have.
async fn words(request: &HttpRequest, api: &Api, conversation: Uuid) -> Result<Words, Problem> {
    let of_lead = api
        .ask(move |reader, _| language(reader, conversation))
        .await?;
    let asked = accepted(request.headers());
    let mut wanted = of_lead.iter().map(String::as_str).chain(asked);
    Ok(wanted.find_map(Words::of).unwrap_or_default())
}

fn language(reader: &mut Reader<'_>, conversation: Uuid) -> Result<Option<String>, AppError> {
    let of = reader.leads_of_conversations(&[conversation])?;
    let Some(lead) = of.get(&conversation) else {
        return Ok(None);
    };
    let lead = reader.leads_by_ids(&[*lead])?.pop();
    Ok(lead.and_then(|lead| lead.language))
}

fn accepted(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let header = headers.get(header::ACCEPT_LANGUAGE);
    let header = header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    header
        .split(',')
        .take(20)
        .map(|one| one.split(';').next().unwrap_or_default().trim())
}
