//! Pages, redirects and refusals as answers.

use std::fmt;

use actix_web::cookie::Cookie;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use convo_app::AppError;
use convo_dashboard::{Live, Markup, Page, Waits, policy, problem, show};
use convo_store::{Head, NOTICED};
use serde::de::DeserializeOwned;

use super::session::Session;
use crate::api::Api;
use crate::http::input;
use crate::problem::Problem;

/// A page of somebody who is logged in.
pub struct Shown<'a> {
    /// Its name.
    pub name: &'static str,
    /// Its title.
    pub title: &'a str,
    /// What keeps it as it is now.
    pub live: Option<Live>,
    /// What it is made of.
    pub body: Markup,
}

impl Shown<'_> {
    /// The page. One that says why what was asked for is refused is answered with 200 too: it is what was wanted to be
    /// seen, and a browser would log an error that is none.
    ///
    /// # Errors
    /// The database's, when what waits for people, or the pause, cannot be read.
    pub async fn to(&self, session: &Session, api: &Api) -> Result<HttpResponse, Refused> {
        let asked = api.ask(|reader, _| Ok((reader.attention()?, reader.is_paused()?)));
        let (waits, paused) = asked.await?;
        let viewer = session.viewer();
        let page = Page {
            name: self.name,
            title: self.title,
            viewer: Some(&viewer),
            live: self.live.as_ref(),
            waits: Waits {
                handover: waits.handover,
                reviews: waits.reviews,
                drafts: waits.drafts,
                mails: waits.mails,
                receipts: waits.receipts,
                most: NOTICED,
            },
            paused,
            body: self.body.clone(),
        };
        Ok(html(StatusCode::OK, page.render()))
    }
}

/// HTML of ours under the policy of pages.
#[must_use]
pub fn html(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy::PAGE))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body)
}

/// Somewhere else, to be asked for with GET.
#[must_use]
pub fn see_other(to: &str, cookies: &[Cookie<'_>]) -> HttpResponse {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((header::LOCATION, to));
    for cookie in cookies {
        answer.cookie(cookie.clone());
    }
    answer.finish()
}

/// What keeps a page as it is now, from the head that was read before it was made.
#[must_use]
pub fn live(request: &HttpRequest, head: &Head, subscriptions: &[&str]) -> Live {
    let query = query(request);
    Live {
        address: show::with(request.path(), &query, asked(&query, "cursor")),
        epoch: head.epoch.to_string(),
        seq: head.seq,
        subscriptions: subscriptions.join(" "),
        poll: 0,
    }
}

/// The query of a page, as pairs; what was just done is no part of it.
#[must_use]
pub fn query(request: &HttpRequest) -> Vec<(String, String)> {
    let pairs = form_urlencoded::parse(request.query_string().as_bytes());
    pairs
        .into_owned()
        .filter(|(name, _)| name != "done")
        .collect()
}

/// What was just done, where this page follows from it.
#[must_use]
pub fn query_done(request: &HttpRequest) -> Option<String> {
    let mut pairs = form_urlencoded::parse(request.query_string().as_bytes());
    pairs
        .find(|(name, _)| name == "done")
        .map(|(_, value)| value.into_owned())
}

/// The query as the API would read it; what a form leaves blank is not asked for.
///
/// # Errors
/// `validation_failed`.
pub fn filter<T: DeserializeOwned>(query: &[(String, String)]) -> Result<T, Problem> {
    let mut said = form_urlencoded::Serializer::new(String::new());
    said.extend_pairs(query.iter().filter(|(_, value)| !value.is_empty()));
    input::read(&said.finish())
}

/// A value of the query; none when it is absent or blank.
#[must_use]
pub fn asked<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    Some(show::asked(query, name)).filter(|value| !value.is_empty())
}

/// Why there is no page.
#[derive(Debug)]
pub enum Refused {
    /// Nobody is logged in: where to do so, and come back to.
    Outside(String),
    /// Another site led here, and its requests carry no cookie: the same once more, from us.
    Again(String),
    /// What the API would answer, as a page.
    Problem(Box<Problem>),
    /// What the API would answer, as the script reads it.
    Data(Box<Problem>),
}

impl Refused {
    /// Of a request of nobody who is logged in.
    #[must_use]
    pub fn outside(request: &HttpRequest) -> Self {
        if request.path() == "/live/ticket" {
            return Self::Data(Box::new(Problem::unauthenticated()));
        }
        let to = request.uri().path_and_query().map_or("/", |to| to.as_str());
        let from = request.headers().get("sec-fetch-site");
        let get = *request.method() == Method::GET;
        if get && from.is_some_and(|from| from == "cross-site") {
            return Self::Again(to.to_owned());
        }
        let to = if get { to } else { "/" };
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("to", to)
            .finish();
        Self::Outside(if to == "/" {
            "/login".to_owned()
        } else {
            format!("/login?{query}")
        })
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<AppError> for Refused {
    fn from(error: AppError) -> Self {
        Problem::from(error).into()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside(_) | Self::Again(_) => f.write_str("nobody is logged in"),
            Self::Problem(problem) | Self::Data(problem) => problem.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Outside(_) => StatusCode::SEE_OTHER,
            Self::Again(_) => StatusCode::OK,
            Self::Problem(problem) | Self::Data(problem) => problem.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Outside(to) => see_other(to, &[]),
            Self::Again(to) => html(StatusCode::OK, again(to)),
            Self::Data(problem) => problem.error_response(),
            Self::Problem(problem) => {
                let document = problem.document();
                let page = Page {
                    name: "problem",
                    title: document["title"].as_str().unwrap_or_default(),
                    viewer: None,
                    live: None,
                    waits: Waits::default(),
                    paused: false,
                    body: problem::page(&document),
                };
                let mut answer = html(problem.status_code(), page.render());
                let bare = problem.error_response();
                for name in [header::RETRY_AFTER, header::ALLOW] {
                    if let Some(value) = bare.headers().get(&name) {
                        answer.headers_mut().insert(name, value.clone());
                    }
                }
                answer
            }
        }
    }
}

/// A page that asks for the same address once more: now it is we who ask, and the cookie comes along.
fn again(to: &str) -> String {
    let mut address = String::new();
    convo_app::views::escape(to, &mut address);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Convo</title>\
         <meta http-equiv=\"refresh\" content=\"0; url={address}\"></head><body><p><a href=\"{address}\">Convo</a></p></body></html>\n"
    )
}
