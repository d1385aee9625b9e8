//! What a page posts: who posts it, proof that it was a page of that session, and the fields.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use convo_app::{Answer, Command, Envelope, IdempotencyKey};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::answer::Refused;
use super::session::{self, Session};
use crate::api::{self, Api};
use crate::auth::Scope;
use crate::http::payload;
use crate::problem::{Code, Problem, Violation};

/// The header that carries the token where there is no form.
const TOKEN_HEADER: &str = "x-csrf-token";

/// Fields of a form, in their order.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// A field's text; none when it is absent or blank.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.trim().is_empty())
    }

    /// An id; none when it is absent.
    ///
    /// # Errors
    /// `validation_failed` for what is no id.
    pub fn id(&self, name: &str) -> Result<Option<Uuid>, Problem> {
        let text = self.text(name).map(str::trim);
        let parsed = text.map(|text| {
            text.parse()
                .map_err(|_| Problem::invalid_field(name, "is no id"))
        });
        parsed.transpose()
    }

    /// A whole number; none when it is absent.
    ///
    /// # Errors
    /// `validation_failed` for what is none.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let text = self.text(name).map(str::trim);
        let parsed = text.map(|text| {
            text.parse()
                .map_err(|_| Problem::invalid_field(name, "is no whole number"))
        });
        parsed.transpose()
    }

    /// What tells this form from another one: all fields but those that only guard it.
    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for (name, value) in self
            .0
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "csrf" | "once"))
        {
            for piece in [name, value] {
                digest.update((piece.len() as u64).to_be_bytes());
                digest.update(piece);
            }
        }
        digest.finalize().into()
    }
}

/// A form posted by a page of the session it was made for.
#[derive(Debug)]
pub struct Posted {
    /// Who posts it.
    pub session: Session,
    /// Its fields.
    pub fields: Fields,
}

impl Posted {
    /// A command in the name of the session's key. The same page posted twice does it once.
    #[must_use]
    pub fn envelope(&self, request: &HttpRequest, command: Command) -> Envelope {
        let caller = &self.session.caller;
        let once = self.fields.text("once").filter(|once| once.len() <= 64);
        let idempotency = once.map(|once| IdempotencyKey {
            scope: api::scope(caller, request.method(), request.path(), once),
            body: self.fields.digest(),
        });
        Envelope {
            idempotency,
            ..Envelope::new(command, api::actor(caller))
        }
    }

    /// Runs a command of a key with these scopes.
    ///
    /// # Errors
    /// What it refuses with.
    pub async fn run(
        &self,
        api: &Api,
        request: &HttpRequest,
        scopes: &[Scope],
        command: Command,
    ) -> Result<(), Problem> {
        let answer = self.answered(api, request, scopes, command);
        answer.await.map(drop)
    }

    /// The same; what it was answered.
    ///
    /// # Errors
    /// Those of [`Posted::run`].
    pub async fn answered(
        &self,
        api: &Api,
        request: &HttpRequest,
        scopes: &[Scope],
        command: Command,
    ) -> Result<Answer, Problem> {
        self.session.needs(scopes)?;
        let answer = api.app.run(self.envelope(request, command)).await?;
        if answer.status == 404 {
            Err(Problem::not_found())
        } else {
            Ok(answer)
        }
    }
}

impl FromRequest for Posted {
    type Error = Refused;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refused>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let session = Session::extract(&request).await?;
            let fields = read(&request, &mut payload).await?;
            guard(&request, session::COOKIE, &fields)?;
            Ok(Self { session, fields })
        })
    }
}

/// Refuses a form without the token that belongs to the cookie, and one that another site had posted.
///
/// # Errors
/// 403.
pub fn guard(request: &HttpRequest, cookie: &str, fields: &Fields) -> Result<(), Problem> {
    let api = request
        .app_data::<web::Data<Api>>()
        .ok_or_else(Problem::internal)?;
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let token = fields
        .text("csrf")
        .or_else(|| header(TOKEN_HEADER))
        .unwrap_or_default();
    let cookie = request.cookie(cookie);
    let belongs =
        cookie.is_some_and(|cookie| session::belongs(api.app.context(), cookie.value(), token));
    let elsewhere = matches!(header("sec-fetch-site"), Some("cross-site" | "same-site"));
    if belongs && !elsewhere {
        return Ok(());
    }
    let message = "the form is not of this session: load the page again and repeat it";
    Err(Problem::new(Code::Forbidden, message))
}

/// The fields of a body of `application/x-www-form-urlencoded`; none of an empty one.
///
/// # Errors
/// 413, 415, 422 for U+0000.
pub async fn read(request: &HttpRequest, payload: &mut Payload) -> Result<Fields, Problem> {
    let limits = payload::of_request(request)?;
    let whole = payload::read(request.headers(), payload, limits.json_bytes, &limits).await?;
    if whole.bytes.is_empty() {
        return Ok(Fields::default());
    }
    let media = request.headers().get(header::CONTENT_TYPE);
    let media = media
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Problem::new(
            Code::UnsupportedMediaType,
            "a page posts application/x-www-form-urlencoded",
        ));
    }
    let fields: Vec<(String, String)> = form_urlencoded::parse(&whole.bytes)
        // What a text area sends has the line ends of mail.
        .map(|(name, value)| (name.into_owned(), value.replace("\r\n", "\n")))
        .collect();
    let with_nul = fields
        .iter()
        .filter(|(name, value)| name.contains('\0') || value.contains('\0'));
    let wrong: Vec<Violation> = with_nul
        .map(|(name, _)| Violation::new(name.replace('\0', ""), "must not hold U+0000"))
        .collect();
    if wrong.is_empty() {
        Ok(Fields(fields))
    } else {
        Err(Problem::invalid(wrong))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn fields(of: &[(&str, &str)]) -> Fields {
        Fields(
            of.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn fields_are_read_and_told_apart() {
        let form = fields(&[("days", " 7 "), ("agentId", ""), ("id", "x"), ("csrf", "a")]);
        assert_eq!(form.number("days").unwrap(), Some(7));
        assert_eq!(form.id("agentId").unwrap(), None);
        assert!(form.id("id").is_err() && form.number("id").is_err());
        assert_eq!(form.text("none"), None);
        let same = fields(&[
            ("days", " 7 "),
            ("agentId", ""),
            ("id", "x"),
            ("csrf", "b"),
            ("once", "1"),
        ]);
        assert_eq!(form.digest(), same.digest());
        assert_ne!(form.digest(), fields(&[("days", "7")]).digest());
    }
}
