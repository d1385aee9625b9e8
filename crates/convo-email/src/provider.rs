//! The port of webhooks: a request is verified first, and only what was verified can be parsed.

use chrono::{DateTime, Utc};

use crate::inbound::InboundEmail;
use crate::observation::EmailObservation;

/// A provider that tells us by webhook what happened.
///
/// [`parse`](Self::parse) takes [`Self::Verified`], whose only constructor is
/// [`verify`](Self::verify): an adapter keeps the fields of that type private, so that no
/// unverified byte can reach an effect.
pub trait WebhookProvider {
    /// A request whose signature was checked.
    type Verified: VerifiedWebhook;

    /// The provider's name: lower case, stable, stored with every receipt.
    fn name(&self) -> &'static str;

    /// Checks the shape, the signature and the age of a request, in this order.
    ///
    /// # Errors
    /// A [`Rejection`] says which of them failed.
    fn verify(
        &self,
        request: WebhookRequest,
        now: DateTime<Utc>,
    ) -> Result<Self::Verified, Rejection>;

    /// Reads what a verified request says; a batch gives several values, in its order.
    ///
    /// # Errors
    /// [`ParseError`] when the request as a whole says nothing readable.
    fn parse(&self, verified: Self::Verified) -> Result<Vec<Received>, ParseError>;

    /// Reads again what was verified when it `came`, could not be read then, and was kept as it was.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    fn reread(&self, body: WebhookBody, came: DateTime<Utc>) -> Result<Vec<Received>, ParseError>;
}

/// What every verified request can tell before it is parsed.
pub trait VerifiedWebhook {
    /// The value a provider uses once per delivery, such as Mailgun's token; its retries repeat it.
    fn token(&self) -> Option<&str>;

    /// When the provider signed the request, where the signature says so.
    fn signed_at(&self) -> Option<DateTime<Utc>>;

    /// SHA-256 over the parsed fields, equal for a retry with other bytes (another multipart
    /// boundary, another order of keys) and different for anything else.
    fn fingerprint(&self) -> [u8; 32];
}

/// What a webhook said.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "one of a kind at a time, and moved once"
)]
pub enum Received {
    /// Something happened to a mail of ours.
    Event(EmailObservation),
    /// A mail came in.
    Mail(Box<InboundEmail>),
    /// One element of a batch that could not be read; the others stand.
    Unreadable(ParseError),
}

/// An HTTP request to a webhook route, without the transport.
#[derive(Clone, Default)]
pub struct WebhookRequest {
    /// Header fields in order; names as sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: WebhookBody,
}

impl WebhookRequest {
    /// The first header field of a name, compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// The body of a webhook request, by its content type.
#[derive(Clone)]
pub enum WebhookBody {
    /// Any body that is not a form, such as JSON: the bytes as sent.
    Raw(Vec<u8>),
    /// `application/x-www-form-urlencoded` or `multipart/form-data`, decoded.
    Form(Form),
}

impl Default for WebhookBody {
    fn default() -> Self {
        Self::Raw(Vec::new())
    }
}

/// A decoded form: fields and files in the order sent, names may repeat.
#[derive(Clone, Default)]
pub struct Form {
    /// Name and value of each field that is no file; bytes, since a raw mail may be one of them.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The files.
    pub files: Vec<FormFile>,
}

impl Form {
    /// The first field of exactly this name, as bytes.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.fields
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_slice())
    }

    /// The first field of exactly this name, as text; bytes that are no UTF-8 become U+FFFD.
    pub fn text(&self, name: &str) -> Option<String> {
        self.bytes(name)
            .map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// The last field of exactly this name, as text.
    pub fn last_text(&self, name: &str) -> Option<String> {
        let last = self.fields.iter().rev().find(|(key, _)| key == name);
        last.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }
}

/// One file of a multipart form.
#[derive(Clone)]
pub struct FormFile {
    /// Name of the form field, such as `attachment-1`.
    pub field: String,
    /// The file's name, where given.
    pub file_name: Option<String>,
    /// The file's type, where given.
    pub content_type: Option<String>,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Why a request was not accepted as the provider's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No key is configured for this provider.
    #[error("no signing key is configured")]
    NotConfigured,
    /// The body is no object or form of this provider; repeating it would not help.
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    /// There is no signature, or not all of it.
    #[error("the request is not signed")]
    Unsigned,
    /// The signature fits none of the keys.
    #[error("the signature is wrong")]
    BadSignature,
    /// The signature is older than allowed.
    #[error("the signature is {seconds} seconds old")]
    TooOld {
        /// Its age in seconds.
        seconds: i64,
    },
    /// The signature's time lies too far ahead of our clock.
    #[error("the signature is {seconds} seconds ahead")]
    FromTheFuture {
        /// How far ahead, in seconds.
        seconds: i64,
    },
}

/// Why a verified request could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A field that must be there is not.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A field has another shape than the provider documents.
    #[error("{0} has an unexpected shape")]
    Shape(&'static str),
    /// The mail inside was not readable.
    #[error(transparent)]
    Mail(#[from] crate::limits::ReadError),
}
