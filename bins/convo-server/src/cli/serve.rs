//! `serve`, which is also what happens without a word.

use std::io::{self, Write};
use std::sync::Arc;

use convo_app::command::NewKeyHash;
use convo_app::{Actor, Command, Envelope, wire};

use tokio::sync::watch;

use super::{CommandError, Ended};
use crate::api::{self, Api};
use crate::app::Shell;
use crate::auth::{ApiKey, FirstKey};
use crate::demo::Sequel;
use crate::gauges::Gauges;
use crate::mailer::MailgunMailer;
use crate::outbox::Sender;
use crate::redis::{Hints, Kept};
use crate::serve::{listen, stop_signal};
use crate::settings::{SendMode, Settings};
use crate::wiring::{self, StoreReadiness, StoredKeys};
use crate::{ticker, ws};

/// Serves until SIGTERM; every command that was acknowledged is in the database by then.
pub fn run(settings: &Settings, out: &mut dyn Write) -> Result<Ended, CommandError> {
    run_with(settings, None, None, out)
}

/// Serves, and shows a key that was made for whoever looks at a demo, whose story goes on.
pub(super) fn run_with(
    settings: &Settings,
    key: Option<ApiKey>,
    sequel: Option<Sequel>,
    out: &mut dyn Write,
) -> Result<Ended, CommandError> {
    actix_web::rt::System::new().block_on(serve(settings, key, sequel, out))
}

async fn serve(
    settings: &Settings,
    key: Option<ApiKey>,
    sequel: Option<Sequel>,
    out: &mut dyn Write,
) -> Result<Ended, CommandError> {
    let stop = stop_signal()?;
    let ready = settings.clone();
    let wired = tokio::task::spawn_blocking(move || wiring::wire(&ready)).await;
    let wired = wired.map_err(io::Error::other)??;
    let app = wired.app;
    let storage = app.clone();
    let checked = tokio::task::spawn_blocking(move || storage.check_storage()).await;
    checked.map_err(io::Error::other)?.map_err(|cause| {
        CommandError::Refused(format!("storage.path: files cannot be kept there: {cause}"))
    })?;
    let first = match key {
        Some(key) => Some(key),
        None => first_key(settings, &app).await?,
    };
    let redis = wiring::redis(settings)?;
    let mailer = match settings.send.mode {
        SendMode::Live => Some(MailgunMailer::new(settings).map_err(wiring::WiringError::from)?),
        SendMode::Off | SendMode::Shadow => None,
    };
    let reader = app.clone();
    let head = tokio::task::spawn_blocking(move || reader.read(|reader| Ok(reader.head()?)));
    let head = head.await.map_err(io::Error::other)?;
    let epoch = head.map_err(wiring::WiringError::from)?.epoch;
    let routes = api::routes(Api {
        app: app.clone(),
        mailgun: wiring::mailgun(settings),
        live: settings.live.clone(),
        kept: Kept::new(redis.as_ref().map(|redis| (redis, epoch))),
    });
    let shell = Shell::new(
        settings,
        Arc::new(StoredKeys(app.clone())),
        Arc::new(StoreReadiness {
            app: app.clone(),
            redis: redis.clone(),
            gauges: Gauges::default(),
        }),
        routes,
    )?;
    let listening = listen(&settings.server, &shell)
        .map_err(|cause| CommandError::Refused(cause.to_string()))?;
    listening.announce(out)?;
    if let (Some(key), Some(address)) = (&first, listening.addresses.first()) {
        writeln!(out, "admin key, shown once: {}", key.expose())?;
        writeln!(
            out,
            "log in with it at http://{address}/ (the API: http://{address}/docs/)"
        )?;
        out.flush()?;
    }
    let reader = app.clone();
    let paused = tokio::task::spawn_blocking(move || reader.read(|reader| Ok(reader.is_paused()?)));
    if matches!(paused.await, Ok(Ok(true))) {
        log::warn!("this database was restored and is paused: `convo-server resume` lets it go on");
    }
    if settings.mailgun.signing_key.is_none() && settings.mailgun.parent_signing_key.is_none() {
        log::warn!("CONVO_MAILGUN__SIGNING_KEY is not set: webhooks are answered 503");
    }
    let hub = app.hub().clone();
    let mut beside = vec![
        actix_web::rt::spawn(wiring::background(app.clone())),
        actix_web::rt::spawn(ticker::run(app.clone())),
        actix_web::rt::spawn(app.feed().run()),
        actix_web::rt::spawn(ws::watch(app.clone())),
    ];
    if let Some(redis) = redis {
        let hints = Hints::new(redis, epoch, app.wake().clone(), app.committed());
        beside.push(actix_web::rt::spawn(hints.run()));
    }
    let (stopping, stopped) = watch::channel(false);
    let sender = mailer.map(|mailer| {
        let sender = Sender::new(app.clone(), mailer, &settings.send);
        actix_web::rt::spawn(sender.run(stopped))
    });
    let going = sequel.map(|sequel| sequel.go_on(app.clone())).transpose()?;
    // Sockets are told first: their clients find another node while requests here still end.
    let served = listening
        .run(&shell, async move {
            stop.await;
            hub.close();
            let _ = stopping.send(true);
        })
        .await;
    if let Some(sender) = sender {
        let _ = sender.await;
    }
    for task in beside {
        task.abort();
    }
    // It may wait for an answer of the writer, which needs none of this runtime.
    drop(going);
    // The queue ends when nobody can put anything into it any more; what is in it is still written.
    drop((shell, app));
    let _ = tokio::task::spawn_blocking(move || wired.writer.join()).await;
    served?;
    Ok(Ended::Done)
}

/// The first key of a database without any, where only people on this machine can reach the server.
async fn first_key(
    settings: &Settings,
    app: &convo_app::App,
) -> Result<Option<ApiKey>, CommandError> {
    let reader = app.clone();
    let keys =
        tokio::task::spawn_blocking(move || reader.read(|reader| Ok(reader.api_keys()?))).await;
    let keys = keys
        .map_err(io::Error::other)?
        .map_err(wiring::WiringError::from)?;
    let active = keys.iter().any(|key| key.revoked_at.is_none());
    match FirstKey::decide(
        active,
        settings.bootstrap_key.is_some(),
        settings.server.bind.ip(),
    ) {
        FirstKey::NotNeeded => Ok(None),
        FirstKey::Make => {
            let (key, command) = admin_key("first admin key")?;
            let made = app.run(Envelope::new(command, Actor::Code("system"))).await;
            made.map_err(wiring::WiringError::from)?;
            Ok(Some(key))
        }
        FirstKey::Refuse => Err(CommandError::Refused(
            "no API key exists yet and the address can be reached from elsewhere: set \
             CONVO_AUTH__BOOTSTRAP_KEY, or make a key with `convo-server keys create`"
                .to_owned(),
        )),
    }
}

/// Draws a key that may do everything, and the command that stores it.
pub(super) fn admin_key(name: &str) -> Result<(ApiKey, Command), CommandError> {
    let new = wire::NewKey {
        name: name.to_owned(),
        scopes: vec!["admin".to_owned()],
        agent_id: None,
    };
    let (key, stored) = draw(new)?;
    Ok((key, Command::CreateKey(stored)))
}

/// Draws a key, and what of it is stored.
pub(super) fn draw(new: wire::NewKey) -> Result<(ApiKey, NewKeyHash), CommandError> {
    let key = ApiKey::draw().map_err(wiring::WiringError::from)?;
    let text = key.expose();
    let hint = text
        .get(text.len().saturating_sub(4)..)
        .unwrap_or_default()
        .to_owned();
    let stored = NewKeyHash {
        key: new,
        hash: key.hash().0,
        hint,
    };
    Ok((key, stored))
}
