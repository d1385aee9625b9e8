//! The application out of the settings: database, writer, keys, readiness, and what runs beside requests.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::web;
use chrono::{DateTime, Utc};
use convo_app::{Actor, App, AppError, Command, Envelope, Options, Sending, Shell, views};
use convo_core::lexicon::Lexicon;
use convo_core::policy::Policy;
use convo_mailgun::{Mailgun, SigningKeys};
use convo_store::rows::ApiKeyRow;
use convo_store::{Birth, Store, StoreError, StoreOptions};
use serde_json::Value;
use uuid::Uuid;

use crate::auth::{KeyHash, KeyLookup, KeyRecord, LookupFailed, Scope, Scopes};
use crate::gauges::Gauges;
use crate::http::health::{Check, Readiness};
use crate::redis::Redis;
use crate::settings::{Secret, Settings};
use crate::{clock, ids};

/// How often failed receipts that are due are looked for.
const RETRY_EVERY: Duration = Duration::from_secs(2);
/// How often it is looked whether anything is past its retention.
const RETAIN_EVERY: Duration = Duration::from_secs(3600);

/// Why the application cannot be put together; the text names no address and no secret.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// The database cannot be opened or migrated.
    #[error("database: {0}")]
    Database(#[from] StoreError),
    /// The lexicon pack cannot be used.
    #[error("policy.lexicon: {0}")]
    Lexicon(String),
    /// The application refused to start.
    #[error("{0}")]
    App(#[from] AppError),
    /// The address of Redis is none.
    #[error("redis.url: {0}")]
    Redis(String),
    /// Nothing can be sent.
    #[error("sending: {0}")]
    Mailer(#[from] crate::mailer::MailerError),
    /// The operating system has no randomness.
    #[error("no randomness: {0}")]
    Random(#[from] getrandom::Error),
}

/// The application with the thread that writes for it.
pub struct Wired {
    /// The application.
    pub app: App,
    /// Ends when every clone of the application is dropped.
    pub writer: JoinHandle<()>,
}

/// Opens the database as it is.
///
/// # Errors
/// [`WiringError::Database`].
pub fn opened(settings: &Settings) -> Result<Store, WiringError> {
    let options = StoreOptions {
        allow_plaintext: settings.database.allow_plaintext,
        ..StoreOptions::default()
    };
    Ok(Store::open(settings.database.url.expose(), options)?)
}

/// Opens the database and brings it to the newest schema.
///
/// # Errors
/// [`WiringError::Database`].
pub fn migrated(settings: &Settings) -> Result<Store, WiringError> {
    let store = opened(settings)?;
    for doubt in store.doubts()? {
        log::warn!("database: {doubt}");
    }
    store.migrate(&Birth {
        reply_key: ids::random_bytes::<32>()?.to_vec(),
        hash_key: ids::random_bytes::<32>()?.to_vec(),
        epoch: ids::new_id(),
        at: clock::now(),
    })?;
    Ok(store)
}

/// Puts the application together.
///
/// # Errors
/// [`WiringError`].
pub fn wire(settings: &Settings) -> Result<Wired, WiringError> {
    let store = migrated(settings)?;
    let (app, writer) = App::start(store, options(settings, Machine))?;
    seed_policy(&app, settings)?;
    Ok(Wired { app, writer })
}

/// The application's options out of the settings, on this clock and these dice.
#[must_use]
pub fn options(settings: &Settings, shell: impl Shell + 'static) -> Options {
    Options {
        shell: Box::new(shell),
        our_addresses: our_addresses(settings),
        trusted_auth_hosts: settings.trusted_auth_hosts.clone(),
        storage: settings.storage.clone(),
        sending: sending(settings),
    }
}

/// The address we write from is ours, whether it is named so or not.
fn our_addresses(settings: &Settings) -> Vec<String> {
    let from = settings.send.from.as_ref().map(|from| from.email.clone());
    settings.our_addresses.iter().cloned().chain(from).collect()
}

/// How mail leaves the house, by the settings.
#[must_use]
pub fn sending(settings: &Settings) -> Sending {
    let send = &settings.send;
    let own = || send.from.as_ref().map(convo_email::Address::domain);
    Sending {
        mode: send.mode,
        from: send.from.clone(),
        reply_domain: send.reply_domain.clone(),
        id_domain: settings
            .mailgun
            .domain
            .clone()
            .or_else(own)
            .unwrap_or_default(),
        public_url: settings.server.public_url.clone().unwrap_or_default(),
    }
}

/// File and environment only seed the first version; later ones live in the database.
fn seed_policy(app: &App, settings: &Settings) -> Result<(), WiringError> {
    // Read whether it is needed or not: a setting that says nothing usable is said so at once.
    let lexicon = lexicon(settings.policy.lexicon.as_ref())?;
    if app
        .read(|reader| Ok(reader.newest_policy(None)?))?
        .is_some()
    {
        return Ok(());
    }
    let policy = Policy {
        lexicon,
        ..settings.policy.clone()
    };
    let seed = serde_json::to_value(&policy).map_err(|error| AppError::Fault(error.to_string()))?;
    app.queue().run_blocking(Envelope {
        // What a database is born with is no news to anyone.
        silent: true,
        ..Envelope::new(Command::PutPolicy(seed), Actor::Code("settings"))
    })?;
    Ok(())
}

/// What the policy is to say of the lexicon: the name of a shipped industry, or the pack that the
/// settings' file holds, so that the stored policy needs no file.
///
/// # Errors
/// [`WiringError::Lexicon`] with what is wrong with the pack.
pub fn lexicon(named: Option<&Value>) -> Result<Option<Value>, WiringError> {
    let Some(name) = named.and_then(Value::as_str) else {
        return Ok(named.cloned());
    };
    if Lexicon::shipped(name).is_some() {
        return Ok(named.cloned());
    }
    let wrong = |error: &dyn std::fmt::Display| WiringError::Lexicon(error.to_string());
    let text = std::fs::read_to_string(Path::new(name)).map_err(|error| wrong(&error))?;
    let pack: Value = toml::from_str(&text).map_err(|error| wrong(&error))?;
    Lexicon::with_industry_values(std::slice::from_ref(&pack)).map_err(|error| wrong(&error))?;
    Ok(Some(pack))
}

/// The provider with the keys of the settings.
#[must_use]
pub fn mailgun(settings: &Settings) -> Arc<Mailgun> {
    let key = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    let keys = SigningKeys {
        current: key(&settings.mailgun.signing_key),
        previous: key(&settings.mailgun.previous_signing_key),
        parent: key(&settings.mailgun.parent_signing_key),
    };
    Arc::new(Mailgun::new(keys, convo_email::Limits::default()))
}

/// The Redis of the settings, whether it is there or not.
///
/// # Errors
/// [`WiringError::Redis`].
pub fn redis(settings: &Settings) -> Result<Option<Redis>, WiringError> {
    let url = settings.redis.as_ref();
    let redis = url.map(|url| Redis::new(url.expose())).transpose();
    redis.map_err(|error| WiringError::Redis(error.category().to_owned()))
}

struct Machine;

impl Shell for Machine {
    fn now(&self) -> DateTime<Utc> {
        clock::now()
    }

    fn new_id(&self) -> Uuid {
        ids::new_id()
    }

    fn random(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            // Only jitter is drawn here; without randomness it is none.
            if let Ok(bytes) = ids::random_bytes::<32>() {
                for (to, from) in chunk.iter_mut().zip(bytes) {
                    *to = from;
                }
            }
        }
    }
}

/// A key as it is stored.
#[must_use]
pub fn key_record(row: ApiKeyRow) -> KeyRecord {
    let names: Vec<String> = serde_json::from_str(&row.scopes).unwrap_or_default();
    let scopes = names.iter().filter_map(|name| name.parse::<Scope>().ok());
    KeyRecord {
        id: row.id,
        name: row.name,
        scopes: Scopes(scopes.collect()),
        agent_id: row.agent_id,
        revoked: row.revoked_at.is_some(),
    }
}

/// The keys in the database.
pub struct StoredKeys(pub App);

impl KeyLookup for StoredKeys {
    fn find(
        &self,
        hash: KeyHash,
    ) -> Pin<Box<dyn Future<Output = Result<Option<KeyRecord>, LookupFailed>> + Send + '_>> {
        let app = self.0.clone();
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || {
                app.read(|reader| Ok(reader.api_keys_by_hashes(&[hash.0.to_vec()])?.pop()))
            });
            let row = found
                .await
                .map_err(|_| LookupFailed)?
                .map_err(|_| LookupFailed)?;
            Ok(row.map(key_record))
        })
    }
}

/// Whether the database can be asked, has the newest schema, and is written to.
pub struct StoreReadiness {
    /// The application.
    pub app: App,
    /// Redis, where one is configured.
    pub redis: Option<Redis>,
    /// What is measured when somebody asks.
    pub gauges: Gauges,
}

impl Readiness for StoreReadiness {
    fn checks(&self) -> Pin<Box<dyn Future<Output = Vec<Check>> + Send + '_>> {
        let (store, writer) = (self.app.store().clone(), self.app.queue().is_served());
        Box::pin(async move {
            let missing = web::block(move || store.ready()).await;
            let (database, migrations) = match missing {
                Ok(Ok(missing)) => (true, missing.is_empty()),
                _ => (false, false),
            };
            let mut checks = vec![
                Check {
                    name: "database",
                    ok: database,
                    required: true,
                },
                Check {
                    name: "migrations",
                    ok: migrations,
                    required: true,
                },
                Check {
                    name: "writer",
                    ok: writer,
                    required: true,
                },
            ];
            // Told while a restored database waits to be looked at.
            let app = self.app.clone();
            let paused = web::block(move || app.read(|reader| Ok(reader.is_paused()?))).await;
            if matches!(paused, Ok(Ok(true))) {
                checks.push(Check {
                    name: "resumed",
                    ok: false,
                    required: false,
                });
            }
            if let Some(redis) = &self.redis {
                checks.push(Check {
                    name: "redis",
                    ok: redis.answers().await,
                    required: false,
                });
            }
            checks
        })
    }

    fn measure(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.gauges.measure(&self.app))
    }
}

/// Tries failed receipts again when they are due, and forgets what need not be kept; ends with the runtime.
pub async fn background(app: App) {
    let mut since_retention = RETAIN_EVERY;
    loop {
        actix_web::rt::time::sleep(RETRY_EVERY).await;
        since_retention += RETRY_EVERY;
        if let Err(error) = retry_due(&app).await {
            log::warn!("receipts could not be tried again: {error}");
        }
        if since_retention >= RETAIN_EVERY {
            since_retention = Duration::ZERO;
            retain(&app).await;
        }
    }
}

async fn retry_due(app: &App) -> Result<(), AppError> {
    let reader = app.clone();
    let due =
        web::block(move || reader.read(|reader| Ok(reader.receipts_due(clock::now(), 100)?))).await;
    for row in due.map_err(|_| AppError::Unavailable)?? {
        let retry = Command::RetryReceipt {
            id: row.id,
            replay: false,
            reread: None,
        };
        let retry = Envelope::new(retry, Actor::Code("system"));
        app.retry(retry, row.id).await?;
    }
    Ok(())
}

async fn retain(app: &App) {
    loop {
        match app
            .run(Envelope::new(Command::Retain, Actor::Code("system")))
            .await
        {
            Ok(answer) if answer.status == 200 => {}
            Ok(_) => break,
            Err(error) => {
                log::warn!("retention has to wait: {error}");
                break;
            }
        }
    }
    let app = app.clone();
    // What no message names any more may go: the text it came with is gone.
    if let Ok(Err(error)) = web::block(move || app.sweep_attachments()).await {
        log::warn!("attachments could not be swept: {error}");
    }
}

/// The default policy in force, for what is shown at start.
///
/// # Errors
/// The database's.
pub fn policy_version(app: &App) -> Result<i64, AppError> {
    app.read(|reader| {
        Ok(views::default_policy(reader)?["version"]
            .as_i64()
            .unwrap_or(0))
    })
}
