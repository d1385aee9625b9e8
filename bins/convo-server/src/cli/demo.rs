//! `demo`: a database with a life in it, and a server on it.

use std::io::Write;
use std::path::{Path, PathBuf};

use convo_app::{Actor, App, Command, Envelope};
use log::LevelFilter;

use super::args::DemoArgs;
use super::{Cli, CommandError, Ended, serve};
use crate::auth::{ApiKey, FirstKey};
use crate::demo::{self, DemoError, Found};
use crate::settings::{LogFormat, Secret, SendMode, ServiceUrl, Settings, Sources};
use crate::wiring::{self, WiringError};
use crate::{clock, logging};

/// What the keys are called that are made for whoever looks.
const KEY_NAME: &str = "demo";
/// Folder of the attachments, where the settings say nothing else.
const STORAGE: [&str; 2] = ["convo-attachments", "convo-demo-attachments"];

impl From<DemoError> for CommandError {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::App(error) => WiringError::from(error).into(),
            DemoError::Story(text) => Self::Refused(format!("the demo's story: {text}")),
        }
    }
}

/// Fills the database unless it is a demo already, and serves it.
pub(super) fn run(cli: &Cli, args: &DemoArgs, out: &mut dyn Write) -> Result<Ended, CommandError> {
    let settings = settings(cli, args)?;
    // Before anything is written: whether there may be a key at all.
    let address = settings.server.bind.ip();
    let bootstrap = settings.bootstrap_key.is_some();
    if FirstKey::decide(false, bootstrap, address) == FirstKey::Refuse {
        return Err(CommandError::Refused(
            "the address can be reached from elsewhere: set CONVO_AUTH__BOOTSTRAP_KEY".to_owned(),
        ));
    }
    let store = wiring::migrated(&settings)?;
    let mut sequel = None;
    match demo::look(&store).map_err(WiringError::from)? {
        Found::Demo => writeln!(out, "the demo's week is there already")?,
        Found::Empty => {
            let began = clock::monotonic();
            let (played, rest) = demo::play(store, &settings)?;
            sequel = Some(rest).filter(|_| !args.still);
            let took = began.elapsed().as_secs_f64();
            let (leads, scenes) = (played.leads, played.scenes);
            writeln!(
                out,
                "a week of campaigns: {leads} leads, {scenes} events, made in {took:.1} s"
            )?;
        }
        Found::Unfinished => return Err(refused("holds a demo that was broken off")),
        Found::Other => return Err(refused("is not empty, and is no demo")),
    }
    let key = (!bootstrap).then(|| key(&settings)).transpose()?;
    serve::run_with(&settings, key, sequel, out)
}

fn refused(what: &str) -> CommandError {
    let advice = "name another with --database, or delete this one";
    CommandError::Refused(format!("the database {what}: {advice}"))
}

/// The settings with what a demo fixes: its database, its names, and that no mail leaves.
fn settings(cli: &Cli, args: &DemoArgs) -> Result<Settings, CommandError> {
    let mut settings = Settings::load(&Sources::of_process(cli.config.clone()))?;
    settings.database.url = ServiceUrl::new(args.database.clone());
    settings.send.mode = SendMode::Off;
    settings.redis = None;
    if settings.mailgun.signing_key.is_none() {
        // Nobody signs for a demo; a key that nobody knows says so without a warning at first sight.
        let key = ApiKey::draw().map_err(WiringError::from)?;
        settings.mailgun.signing_key = Secret::new(key.expose().to_owned());
    }
    if settings.storage == Path::new(STORAGE[0]) {
        settings.storage = PathBuf::from(STORAGE[1]);
    }
    demo::dress(&mut settings)?;
    // For somebody at a terminal, who wants to see the key and not every request.
    if settings.log.level == LevelFilter::Info {
        settings.log.level = LevelFilter::Warn;
        settings.log.format = LogFormat::Text;
    }
    // Already installed only where a test runs several commands in one process.
    let _ = logging::install(settings.log);
    Ok(settings)
}

/// A new key, in the place of those that were made before.
fn key(settings: &Settings) -> Result<ApiKey, CommandError> {
    let wiring::Wired { app, writer } = wiring::wire(settings)?;
    let made = fresh_key(&app);
    drop(app);
    let _ = writer.join();
    made
}

fn fresh_key(app: &App) -> Result<ApiKey, CommandError> {
    let run = |command| {
        let envelope = Envelope::new(command, Actor::Code("cli"));
        app.queue().run_blocking(envelope)
    };
    let known = app.read(|reader| Ok(reader.api_keys()?));
    for row in known.map_err(WiringError::from)? {
        if row.name == KEY_NAME && row.revoked_at.is_none() {
            run(Command::RevokeKey(row.id)).map_err(WiringError::from)?;
        }
    }
    let (key, command) = serve::admin_key(KEY_NAME)?;
    run(command).map_err(WiringError::from)?;
    Ok(key)
}
