//! Sending: a mail to a conversation's lead.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use convo_core::gate::Purpose;
use convo_email::Attachment;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::members::maybe_objects;
use super::{CONTENT_BYTES, Checks, purpose};
use crate::error::AppError;

/// Most files of a mail.
const FILES: usize = 50;
/// Most bytes of all files of a mail.
pub const FILES_BYTES: usize = 25 * 1024 * 1024;
/// Longest HTML of a mail, in bytes.
pub(super) const HTML_BYTES: usize = 4 * CONTENT_BYTES;

/// Body of `POST /{id}/send`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Send {
    /// ai, agent or system.
    pub author: String,
    /// The text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// Its subject; that of the message it answers when absent.
    pub subject: Option<String>,
    /// The agent who writes; default the key's, else the owner.
    pub agent_id: Option<Uuid>,
    /// The lease that `may-send` gave.
    pub lease: Option<Uuid>,
    /// campaign, reply or follow_up; when absent: reply while the lead's mail waits, else campaign for the first
    /// mail and follow_up for later ones.
    pub purpose: Option<String>,
    /// The message it answers, by id or Message-ID; the lead's newest when absent.
    pub answers: Option<String>,
    /// Kept for an agent to look at, instead of sent.
    pub draft: Option<bool>,
    /// Files.
    #[serde(default, deserialize_with = "maybe_objects")]
    pub attachments: Option<Vec<SendFile>>,
}

/// Body of `POST /api/outbox/retry`.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct RetryMails {
    /// The code of the dead mails that are tried again.
    pub code: String,
}

impl RetryMails {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// `Invalid`.
    pub(crate) fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::default();
        checks.text(&self.code, 100, "code");
        checks.done()
    }
}

/// A file of a mail.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SendFile {
    /// Its name.
    pub name: String,
    /// Its media type; default `application/octet-stream`.
    pub content_type: Option<String>,
    /// Its bytes in base64.
    pub content: String,
}

impl Send {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation.
    pub fn check(&self) -> Result<(), AppError> {
        let mut checks = Checks::new();
        checks.require(
            matches!(self.author.as_str(), "ai" | "agent" | "system"),
            "author",
            "must be ai, agent or system",
        );
        checks.require(!self.text.trim().is_empty(), "text", "must not be empty");
        checks.require(
            self.text.len() <= CONTENT_BYTES,
            "text",
            "must have at most 1048576 bytes",
        );
        checks.require(
            self.html
                .as_ref()
                .is_none_or(|html| html.len() <= HTML_BYTES),
            "html",
            "must have at most 4194304 bytes",
        );
        if let Some(subject) = &self.subject {
            checks.at_most(subject, 998, "subject");
            checks.require(is_line(subject), "subject", "must be one line");
        }
        let files = self.attachments.as_deref().unwrap_or_default();
        checks.require(files.len() <= FILES, "attachments", "must be at most 50");
        for (n, file) in files.iter().enumerate() {
            let field = |name: &str| format!("attachments.{n}.{name}");
            checks.text(&file.name, 255, &field("name"));
            checks.require(is_line(&file.name), &field("name"), "must be one line");
            let media = file.content_type.as_deref().unwrap_or(DEFAULT_TYPE);
            let is_media = media
                .split_once('/')
                .is_some_and(|(of, kind)| is_token(of) && is_token(kind));
            checks.require(
                is_media && media.len() <= 127,
                &field("contentType"),
                "must be a media type without parameters",
            );
        }
        checks.done()
    }

    /// What it is for, where that is said.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for what is no purpose.
    pub fn purpose(&self) -> Result<Option<Purpose>, AppError> {
        self.purpose.as_deref().map(purpose).transpose()
    }

    /// Takes the files out, decoded.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for what is no base64, and above 25 MB.
    pub fn take_files(&mut self) -> Result<Vec<Attachment>, AppError> {
        let mut files = Vec::new();
        let mut bytes = 0;
        for (n, file) in self.attachments.take().into_iter().flatten().enumerate() {
            let field = || format!("attachments.{n}.content");
            let content = STANDARD
                .decode(file.content.trim())
                .map_err(|_| AppError::invalid(field(), "must be base64"))?;
            bytes += content.len();
            let media = file.content_type.as_deref().unwrap_or(DEFAULT_TYPE);
            files.push(Attachment::new(
                file.name.trim(),
                media.to_ascii_lowercase(),
                None,
                content,
            ));
        }
        if bytes > FILES_BYTES {
            return Err(AppError::invalid(
                "attachments",
                "must have at most 26214400 bytes",
            ));
        }
        Ok(files)
    }
}

const DEFAULT_TYPE: &str = "application/octet-stream";

pub(super) fn is_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Source: RFC 2045 §5.1.
fn is_token(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !"()<>@,;:\\\"/[]?=".contains(c);
    !text.is_empty() && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What is wrong with a mail, by field.
    fn wrong(mut mail: Send) -> Vec<String> {
        let checked = mail.check();
        let error = match checked.and_then(|()| mail.take_files()) {
            Ok(_) => return Vec::new(),
            Err(error) => error,
        };
        let AppError::Invalid(violations) = error else {
            return vec![error.to_string()];
        };
        violations.into_iter().map(|one| one.field).collect()
    }

    fn mail(text: usize, html: usize, files: &[usize]) -> Send {
        let file = |bytes: &usize| SendFile {
            name: "a.bin".to_owned(),
            content_type: None,
            content: STANDARD.encode(vec![0; *bytes]),
        };
        Send {
            author: "ai".to_owned(),
            text: "x".repeat(text),
            html: Some("x".repeat(html)),
            attachments: Some(files.iter().map(file).collect()),
            ..Send::default()
        }
    }

    #[test]
    fn a_mail_of_ours_has_edges() {
        const MEBI: usize = 1 << 20;
        for (case, field) in [
            (mail(MEBI, 4 * MEBI, &[]), None),
            (mail(MEBI + 1, 0, &[]), Some("text")),
            (mail(1, 4 * MEBI + 1, &[]), Some("html")),
            (mail(1, 0, &[1; 50]), None),
            (mail(1, 0, &[1; 51]), Some("attachments")),
            (mail(1, 0, &[12 * MEBI, 13 * MEBI]), None),
            (mail(1, 0, &[12 * MEBI, 13 * MEBI + 1]), Some("attachments")),
        ] {
            let sizes = (case.text.len(), case.html.as_ref().unwrap().len());
            let fields: Vec<&str> = field.into_iter().collect();
            assert_eq!(wrong(case), fields, "{sizes:?}");
        }
    }
}
