//! Mailgun's HTTP: one POST a mail. What is posted and what an answer means is in [`convo_mailgun::sending`].

use std::sync::Arc;
use std::time::Duration;

use convo_email::{Mailer, OutgoingEmail, Receipt, SendError};
use convo_mailgun::sending::{self, Part};
use reqwest::multipart;

use crate::clock;
use crate::settings::{Secret, Settings};

/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 64 << 10;

/// The sender of the settings.
pub struct MailgunMailer {
    client: reqwest::Client,
    url: String,
    key: Secret,
}

/// Why there is no sender.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The settings do not name one.
    #[error("mailgun.api_key and mailgun.domain are needed to send")]
    NotConfigured,
    /// There are no certificates to know the provider by.
    #[error("TLS cannot be set up: are the certificates of the system (ca-certificates) there?")]
    Tls,
}

impl MailgunMailer {
    /// The sender of the settings; nothing is sent yet.
    ///
    /// # Errors
    /// [`MailerError`].
    pub fn new(settings: &Settings) -> Result<Self, MailerError> {
        let mailgun = &settings.mailgun;
        let (Some(key), Some(domain)) = (&mailgun.api_key, &mailgun.domain) else {
            return Err(MailerError::NotConfigured);
        };
        let builder = reqwest::Client::builder()
            .timeout(settings.send.timeout)
            .connect_timeout(Duration::from_secs(10).min(settings.send.timeout))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("convo/", env!("CARGO_PKG_VERSION")));
        let builder = if mailgun.base_url.starts_with("https://") {
            // Somebody else in this process may have chosen one already: ours is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
            builder
        } else {
            builder.tls_backend_preconfigured(no_tls()?)
        };
        Ok(Self {
            client: builder.build().map_err(|_| MailerError::Tls)?,
            url: sending::messages_url(&mailgun.base_url, domain),
            key: key.clone(),
        })
    }
}

/// TLS that trusts nobody, for an API that is spoken to in the clear: no certificates are looked for.
fn no_tls() -> Result<rustls::ClientConfig, MailerError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| MailerError::Tls)?;
    Ok(config
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}

impl Mailer for MailgunMailer {
    fn name(&self) -> &'static str {
        sending::NAME
    }

    async fn send(&self, mail: &OutgoingEmail) -> Result<Receipt, SendError> {
        let form = multipart_form(sending::form(mail)?)?;
        let posting = self
            .client
            .post(&self.url)
            .basic_auth("api", Some(self.key.expose()))
            .multipart(form)
            .send();
        let mut response = posting.await.map_err(|error| failed(&error))?;
        let status = response.status().as_u16();
        let header = response.headers().get(reqwest::header::RETRY_AFTER);
        let retry_after = header
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let mut body = Vec::new();
        // The status alone says what became of the mail; the rest is worth reading, not worth failing for.
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_BYTES {
                break;
            }
        }
        sending::answer(status, retry_after.as_deref(), &body, clock::now())
    }
}

/// Without a connection nothing was handed over; after that nobody knows.
fn failed(error: &reqwest::Error) -> SendError {
    if error.is_connect() {
        SendError::Later {
            status: None,
            retry_after: None,
        }
    } else if error.is_builder() {
        SendError::Unsendable("the request cannot be made")
    } else {
        SendError::Unknown
    }
}

fn multipart_form(parts: Vec<Part>) -> Result<multipart::Form, SendError> {
    // Names are ours and plain; `h:Message-Id` must not be escaped.
    let mut form = multipart::Form::new().percent_encode_noop();
    for part in parts {
        form = match part {
            Part::Field { name, value } => form.text(name, value),
            Part::File {
                file_name,
                content_type,
                bytes,
            } => {
                let file = multipart::Part::bytes(bytes.to_vec()).file_name(file_name);
                let file = file
                    .mime_str(&content_type)
                    .map_err(|_| SendError::Unsendable("a file has no media type"))?;
                form.part("attachment", file)
            }
        };
    }
    Ok(form)
}
