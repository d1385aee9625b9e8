//! Inbound mail of routes: parsed fields (urlencoded or multipart with files), or raw MIME.
//!
//! Source: <https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http>.

use convo_email::{
    Attachment, Degraded, Form, Header, Headers, InboundEmail, InboundParts, Limits, ParseError,
    ReadError,
};
use serde_json::Value;

use crate::events::variables;

/// Whether a form is a mail and not an event: a route always names the envelope's sender or the
/// author, or carries the raw mail.
#[must_use]
pub fn is_mail(form: &Form) -> bool {
    ["body-mime", "sender", "from", "body-plain", "body-html"]
        .iter()
        .any(|name| form.bytes(name).is_some())
}

/// Reads a mail out of a route's form.
///
/// # Errors
/// [`ParseError::Mail`] when the mail is larger than the limit.
pub fn from_form(form: Form, limits: &Limits) -> Result<InboundEmail, ParseError> {
    let recipients = envelope_recipients(&form);
    let named = form.text("user-variables");
    if let Some(raw) = form.bytes("body-mime").or_else(|| file(&form, "body-mime")) {
        let mut parts = convo_email::mime::parts(raw, limits)?;
        parts.envelope_recipients = recipients;
        parts.envelope_sender = form.text("sender");
        return Ok(with_variables(InboundEmail::assemble(parts), named));
    }
    let fields = form.fields.iter();
    let size = fields
        .map(|(name, value)| name.len() + value.len())
        .sum::<usize>()
        + file_bytes(&form);
    let actual = content_bytes(&form);
    if actual > limits.bytes {
        let limit = limits.bytes;
        return Err(ReadError::TooLarge { limit, actual }.into());
    }
    let mut degraded = Vec::new();
    let headers = headers(&form, limits, &mut degraded);
    let parts = InboundParts {
        headers,
        envelope_recipients: recipients,
        envelope_sender: form.text("sender"),
        text: form.text("body-plain"),
        html: form.text("body-html"),
        stripped_text: form.text("stripped-text"),
        size,
        attachments: attachments(form, limits, &mut degraded),
        degraded,
        ..InboundParts::default()
    };
    Ok(with_variables(InboundEmail::assemble(parts), named))
}

/// The ids we gave a mail come back in a field of the form or in the mail's own header.
fn with_variables(mut mail: InboundEmail, field: Option<String>) -> InboundEmail {
    let header = || mail.headers.get("x-mailgun-variables").map(str::to_owned);
    let text = field.filter(|text| !text.trim().is_empty()).or_else(header);
    mail.variables = variables(text.map(Value::String).as_ref());
    mail
}

fn file_bytes(form: &Form) -> usize {
    form.files.iter().map(|file| file.bytes.len()).sum()
}

/// Bytes of what the author wrote and attached; Mailgun's own readings of it repeat that.
fn content_bytes(form: &Form) -> usize {
    let texts = ["body-plain", "body-html"].map(|name| form.bytes(name).map_or(0, <[u8]>::len));
    texts.iter().sum::<usize>() + file_bytes(form)
}

fn envelope_recipients(form: &Form) -> Vec<String> {
    let named = form.text("recipient").unwrap_or_default();
    named
        .split(',')
        .map(|one| one.trim().to_owned())
        .filter(|one| !one.is_empty())
        .collect()
}

fn file<'a>(form: &'a Form, field: &str) -> Option<&'a [u8]> {
    form.files
        .iter()
        .find(|file| file.field == field)
        .map(|file| file.bytes.as_slice())
}

/// `message-headers` keeps order and repeats; when it cannot be read, the copies of header fields
/// in the form stand in.
fn headers(form: &Form, limits: &Limits, degraded: &mut Vec<Degraded>) -> Headers {
    let listed = form
        .text("message-headers")
        .and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let mut pairs: Vec<(String, String)> = match listed {
        Some(Value::Array(rows)) => rows.iter().filter_map(pair).collect(),
        _ => form
            .fields
            .iter()
            .filter(|(name, _)| name.starts_with(|first: char| first.is_ascii_uppercase()))
            .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()))
            .collect(),
    };
    if pairs.len() > limits.headers {
        let (limit, actual) = (limits.headers, pairs.len());
        degraded.push(Degraded::Headers { limit, actual });
        pairs.truncate(limit);
    }
    let mut headers = Headers::from_pairs(pairs);
    // The lower-case fields are Mailgun's own reading; they fill what the headers do not say.
    for (field, header) in [("from", "From"), ("subject", "Subject")] {
        if headers.get(header).is_none()
            && let Some(value) = form.text(field)
        {
            headers.push(Header::new(header, &value));
        }
    }
    headers
}

fn pair(row: &Value) -> Option<(String, String)> {
    let row = row.as_array()?;
    Some((
        row.first()?.as_str()?.to_owned(),
        row.get(1)?.as_str()?.to_owned(),
    ))
}

fn attachments(form: Form, limits: &Limits, degraded: &mut Vec<Degraded>) -> Vec<Attachment> {
    let ids = content_ids(&form);
    let is_attachment =
        |field: &str| field.starts_with("attachment") || field.starts_with("inline");
    let mut files = form.files;
    files.retain(|file| is_attachment(&file.field));
    if files.len() > limits.attachments {
        let (limit, actual) = (limits.attachments, files.len());
        degraded.push(Degraded::Attachments { limit, actual });
    }
    files
        .into_iter()
        .take(limits.attachments)
        .map(|file| {
            let content_id = ids
                .iter()
                .find(|(_, field)| *field == file.field)
                .map(|(id, _)| id.clone());
            let content_type = file
                .content_type
                .unwrap_or_else(|| "application/octet-stream".to_owned());
            let content_type = content_type
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_lowercase();
            let name = file.file_name.unwrap_or_default();
            let name = name
                .rsplit(['/', '\\'])
                .next()
                .unwrap_or_default()
                .to_owned();
            Attachment::new(name, content_type, content_id, file.bytes)
        })
        .collect()
}

fn content_ids(form: &Form) -> Vec<(String, String)> {
    let map = form
        .text("content-id-map")
        .and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let Some(Value::Object(map)) = map else {
        return Vec::new();
    };
    map.iter()
        .filter_map(|(id, field)| {
            let id = id.trim_matches(|c| c == '<' || c == '>').to_owned();
            Some((id, field.as_str()?.to_owned()))
        })
        .collect()
}
