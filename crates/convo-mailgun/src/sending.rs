//! Sending: the form of a mail, and what an answer means. The HTTP itself is the shell's.
//!
//! Source: <https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages>.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use convo_email::{Address, MessageId, OutgoingEmail, Receipt, SendError, TrackingWish};
use serde_json::Value;

/// The provider's name, as with its webhooks.
pub const NAME: &str = "mailgun";

/// Most bytes of all `o:`, `h:`, `v:` and `t:` fields of one mail together.
const FIELDS_LIMIT: usize = 16 * 1024;

/// Where an account's domains live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Region {
    /// The United States.
    #[default]
    Us,
    /// The European Union.
    Eu,
}

impl Region {
    /// The address of the API.
    #[must_use]
    pub fn base_url(self) -> &'static str {
        match self {
            Self::Us => "https://api.mailgun.net",
            Self::Eu => "https://api.eu.mailgun.net",
        }
    }
}

/// Where the mails of a domain are posted to.
#[must_use]
pub fn messages_url(base_url: &str, domain: &str) -> String {
    format!("{}/v3/{domain}/messages", base_url.trim_end_matches('/'))
}

/// One part of the multipart form.
#[derive(Clone, PartialEq, Eq)]
pub enum Part {
    /// A field.
    Field {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// A file.
    File {
        /// The file's name; never empty.
        file_name: String,
        /// Its media type.
        content_type: String,
        /// Its bytes.
        bytes: Arc<[u8]>,
    },
}

impl std::fmt::Debug for Part {
    /// Names of fields only: values are mail.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Field { name, .. } => f.write_str(name),
            Self::File { bytes, .. } => write!(f, "attachment of {} bytes", bytes.len()),
        }
    }
}

/// The form of a mail.
///
/// # Errors
/// [`SendError::Unsendable`] when a header would hold a line break or U+0000, when nobody is
/// written to, or when the fields with a prefix have more than 16 KB.
pub fn form(mail: &OutgoingEmail) -> Result<Vec<Part>, SendError> {
    if mail.to.is_empty() {
        return Err(SendError::Unsendable("it has no recipient"));
    }
    let mut form = Form(Vec::with_capacity(16));
    form.add("from", mailbox(&mail.from))?;
    for to in &mail.to {
        form.add("to", mailbox(to))?;
    }
    form.add("subject", mail.subject.clone())?;
    headers(mail, &mut form)?;
    options(mail.tracking, &mut form);
    variables(mail, &mut form)?;
    let prefixed = form.0.iter().map(prefixed_bytes).sum::<usize>();
    if prefixed > FIELDS_LIMIT {
        return Err(SendError::Unsendable("its headers are above 16 KB"));
    }
    // Bodies may hold any line; only U+0000 is nothing a mail can carry.
    form.body("text", &mail.text);
    if let Some(html) = &mail.html {
        form.body("html", html);
    }
    for file in &mail.attachments {
        let name = match file.name.trim() {
            "" => "attachment",
            name => name,
        };
        if !is_line(name) || !is_line(&file.content_type) {
            return Err(SendError::Unsendable("a file's name has a line break"));
        }
        form.0.push(Part::File {
            file_name: name.to_owned(),
            content_type: file.content_type.clone(),
            bytes: Arc::clone(&file.bytes),
        });
    }
    Ok(form.0)
}

fn headers(mail: &OutgoingEmail, form: &mut Form) -> Result<(), SendError> {
    form.add("h:Message-Id", mail.message_id.to_header())?;
    if let Some(id) = &mail.in_reply_to {
        form.add("h:In-Reply-To", id.to_header())?;
    }
    if !mail.references.is_empty() {
        let ids: Vec<String> = mail.references.iter().map(MessageId::to_header).collect();
        form.add("h:References", ids.join(" "))?;
    }
    if let Some(address) = &mail.reply_to {
        form.add("h:Reply-To", mailbox(address))?;
    }
    if let Some(automatic) = mail.automatic {
        form.add("h:Auto-Submitted", automatic.as_str().to_owned())?;
    }
    if let Some(link) = &mail.unsubscribe {
        if link.contains(['<', '>']) {
            return Err(SendError::Unsendable("a link has a bracket"));
        }
        form.add("h:List-Unsubscribe", format!("<{link}>"))?;
        let one_click = "List-Unsubscribe=One-Click".to_owned();
        form.add("h:List-Unsubscribe-Post", one_click)?;
    }
    Ok(())
}

fn options(tracking: TrackingWish, form: &mut Form) {
    let word = |wish: bool| if wish { "yes" } else { "no" }.to_owned();
    if tracking == TrackingWish::OFF {
        form.push("o:tracking", "no".to_owned());
    }
    if let Some(wish) = tracking.opens {
        form.push("o:tracking-opens", word(wish));
    }
    if let Some(wish) = tracking.clicks {
        form.push("o:tracking-clicks", word(wish));
    }
}

fn variables(mail: &OutgoingEmail, form: &mut Form) -> Result<(), SendError> {
    let ids = &mail.variables;
    for (name, value) in [
        ("v:conversation_id", &ids.conversation_id),
        ("v:lead_id", &ids.lead_id),
        ("v:campaign_id", &ids.campaign_id),
    ] {
        if let Some(value) = value {
            form.add(name, value.clone())?;
        }
    }
    Ok(())
}

struct Form(Vec<Part>);

impl Form {
    /// Adds what becomes a line of the head.
    fn add(&mut self, name: &'static str, value: String) -> Result<(), SendError> {
        if !is_line(&value) {
            return Err(SendError::Unsendable("a header has a line break"));
        }
        self.push(name, value);
        Ok(())
    }

    fn body(&mut self, name: &'static str, value: &str) {
        self.push(name, value.replace('\0', "\u{FFFD}"));
    }

    fn push(&mut self, name: &'static str, value: String) {
        self.0.push(Part::Field { name, value });
    }
}

fn is_line(text: &str) -> bool {
    !text.contains(['\r', '\n', '\0'])
}

fn prefixed_bytes(part: &Part) -> usize {
    match part {
        Part::Field { name, value } if name.as_bytes().get(1) == Some(&b':') => {
            name.len() + value.len()
        }
        _ => 0,
    }
}

/// A mailbox as a header writes it; a name is quoted whole.
///
/// Source: RFC 5322 §3.4, §3.2.4.
fn mailbox(address: &Address) -> String {
    match address.name.as_deref().map(str::trim) {
        None | Some("") => address.email.clone(),
        Some(name) => {
            let name = name.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{name}\" <{}>", address.email)
        }
    }
}

/// What Mailgun's answer means: its status, its `Retry-After` (seconds or a date), its body.
///
/// # Errors
/// [`SendError::Later`] for 408, 429 and every 5xx, [`SendError::Closed`] for 401, 402 and 403, which are about our key
/// and account, [`SendError::Refused`] for the rest that is not 2xx.
pub fn answer(
    status: u16,
    retry_after: Option<&str>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Receipt, SendError> {
    match status {
        200..=299 => {
            let said: Value = serde_json::from_slice(body).unwrap_or_default();
            Ok(Receipt {
                provider: NAME.to_owned(),
                provider_id: said["id"].as_str().and_then(MessageId::parse),
            })
        }
        408 | 429 | 500..=599 => Err(SendError::Later {
            status: Some(status),
            retry_after: retry_after.and_then(|text| seconds(text, now)),
        }),
        401..=403 => Err(SendError::Closed { status }),
        _ => Err(SendError::Refused { status }),
    }
}

/// Source: RFC 9110 §10.2.3.
fn seconds(retry_after: &str, now: DateTime<Utc>) -> Option<u64> {
    let text = retry_after.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?;
    let wait = until.to_utc().signed_duration_since(now);
    Some(u64::try_from(wait.num_seconds()).unwrap_or(0))
}

#[cfg(test)]
mod tests;
