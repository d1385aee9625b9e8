//! Leave to send: asked for, used, prepared for many; drafts.

use convo_core::gate::Purpose;
use convo_core::vocabulary::Author;
use convo_email::MessageId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::records::TEXT;
use super::sending::{HTML_BYTES, is_line};
use super::{CONTENT_BYTES, Checks, maybe_null};
use crate::error::AppError;

/// Leads of one `prepare` at most: it is one commit, for which everybody else waits.
pub const PREPARE_LEADS: usize = 1_000;

/// Body of `POST /{id}/may-send`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MaySend {
    /// ai, agent or system.
    pub author: String,
    /// campaign, reply or follow_up.
    pub purpose: String,
    /// The message it answers, by id or Message-ID; the lead's newest when absent.
    pub answers: Option<String>,
    /// The agent who writes; default the key's, else the owner.
    pub agent_id: Option<Uuid>,
}

impl MaySend {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        check_author(&mut checks, &self.author, &["ai", "agent", "system"]);
        checks.require(self.purpose.parse::<Purpose>().is_ok(), "purpose", PURPOSES);
        checks.optional(self.answers.as_ref(), 998, "answers");
        checks.done()
    }

    /// What it is for.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for what is no purpose.
    pub fn purpose(&self) -> Result<Purpose, AppError> {
        purpose(&self.purpose)
    }
}

/// Body of `POST /{id}/sent`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SentByOthers {
    /// The lease it was sent with.
    pub lease: Uuid,
    /// The provider's id of the mail, where it gave it another one.
    pub provider_message_id: Option<String>,
    /// Its subject; that of what it answers when absent.
    pub subject: Option<String>,
    /// Its text.
    pub text: Option<String>,
    /// The same as HTML.
    pub html: Option<String>,
}

impl SentByOthers {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        check_words(
            &mut checks,
            self.subject.as_deref(),
            self.text.as_deref(),
            self.html.as_deref(),
        );
        checks.optional(self.provider_message_id.as_ref(), 998, "providerMessageId");
        checks.done()
    }

    /// The provider's id.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for what is no Message-ID.
    pub fn provider_id(&self) -> Result<Option<MessageId>, AppError> {
        let given = self.provider_message_id.as_deref().map(str::trim);
        let Some(given) = given.filter(|given| !given.is_empty()) else {
            return Ok(None);
        };
        let bare = given.trim_start_matches('<').trim_end_matches('>');
        match MessageId::parse(&format!("<{bare}>")) {
            Some(id) => Ok(Some(id)),
            None => Err(AppError::invalid(
                "providerMessageId",
                "must be a Message-ID, with an @",
            )),
        }
    }
}

/// Body of `POST /api/campaigns/{id}/prepare`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Prepare {
    /// Whom to write to; one that is named twice counts once.
    pub leads: Vec<Uuid>,
    /// Subject of conversations that are made; the campaign's name when absent.
    pub subject: Option<String>,
    /// ai (default) or system.
    pub author: Option<String>,
}

impl Prepare {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        checks.require(!self.leads.is_empty(), "leads", "must not be empty");
        checks.require(
            self.leads.len() <= PREPARE_LEADS,
            "leads",
            "must have at most 1000 entries",
        );
        if let Some(subject) = &self.subject {
            checks.at_most(subject, 998, "subject");
            checks.require(is_line(subject), "subject", "must be one line");
        }
        if let Some(author) = &self.author {
            check_author(&mut checks, author, &["ai", "system"]);
        }
        checks.done()
    }

    /// Who writes.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for nobody.
    pub fn author(&self) -> Result<Author, AppError> {
        let author = self.author.as_deref().unwrap_or(Author::Ai.as_str());
        let wrong = |_| AppError::invalid("author", "must be ai or system");
        author.parse().map_err(wrong)
    }
}

/// Body of `POST /api/drafts/{id}/approve`; what is absent stays as it was drafted.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApproveDraft {
    /// The agent who makes it the agent's own; default the key's.
    pub agent_id: Option<Uuid>,
    /// Another subject.
    pub subject: Option<String>,
    /// Another text; without another HTML beside it the mail has none.
    pub text: Option<String>,
    /// Another HTML form; null: none.
    #[serde(deserialize_with = "maybe_null")]
    pub html: Option<Option<String>>,
}

impl ApproveDraft {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        let html = self.html.as_ref().and_then(Option::as_deref);
        check_words(
            &mut checks,
            self.subject.as_deref(),
            self.text.as_deref(),
            html,
        );
        checks.done()
    }
}

/// Body of `POST /api/drafts/{id}/discard`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DiscardDraft {
    /// Why, for the audit.
    pub reason: Option<String>,
}

impl DiscardDraft {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        checks.optional(self.reason.as_ref(), TEXT, "reason");
        checks.done()
    }
}

const PURPOSES: &str = "must be campaign, reply or follow_up";

/// Reads a purpose.
pub(super) fn purpose(text: &str) -> Result<Purpose, AppError> {
    text.parse()
        .map_err(|_| AppError::invalid("purpose", PURPOSES))
}

fn check_author(checks: &mut Checks, author: &str, known: &[&str]) {
    let message = match known.len() {
        2 => "must be ai or system",
        _ => "must be ai, agent or system",
    };
    checks.require(known.contains(&author), "author", message);
}

fn check_words(checks: &mut Checks, subject: Option<&str>, text: Option<&str>, html: Option<&str>) {
    if let Some(subject) = subject {
        checks.at_most(subject, 998, "subject");
        checks.require(is_line(subject), "subject", "must be one line");
    }
    checks.require(
        text.is_none_or(|text| text.len() <= CONTENT_BYTES),
        "text",
        "must have at most 1048576 bytes",
    );
    checks.require(
        html.is_none_or(|html| html.len() <= HTML_BYTES),
        "html",
        "must have at most 4194304 bytes",
    );
}
