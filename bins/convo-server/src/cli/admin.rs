//! Commands on the database: migrate, keys, verify, erase, replay; and the OpenAPI document.

use std::io::Write;

use convo_app::{Actor, App, AppError, Command, Envelope, rebuild, verify, wire};
use convo_store::Cursor;
use uuid::Uuid;

use super::args::{EraseArgs, KeysCommand, RebuildArgs, ReplayArgs};
use super::{CommandError, Ended, backup, serve};
use crate::api::webhooks;
use crate::auth::Scope;
use crate::routes::Routes;
use crate::settings::Settings;
use crate::wiring::{self, WiringError};

/// `migrate`.
pub fn migrate(settings: &Settings, out: &mut dyn Write) -> Result<Ended, CommandError> {
    wiring::migrated(settings)?;
    writeln!(out, "the database has the newest schema")?;
    Ok(Ended::Done)
}

/// `keys create|list|revoke`.
pub fn keys(
    settings: &Settings,
    command: &KeysCommand,
    out: &mut dyn Write,
) -> Result<Ended, CommandError> {
    let app = wiring::wire(settings)?.app;
    match command {
        KeysCommand::Create(args) => {
            let scopes = args
                .scopes
                .iter()
                .map(|scope: &Scope| scope.name().to_owned())
                .collect();
            let (key, stored) = serve::draw(wire::NewKey {
                name: args.name.clone(),
                scopes,
                agent_id: args.agent,
            })?;
            run(&app, Command::CreateKey(stored))?;
            writeln!(out, "{}", key.expose())?;
        }
        KeysCommand::List => {
            for row in app
                .read(|reader| Ok(reader.api_keys()?))
                .map_err(WiringError::from)?
            {
                let state = if row.revoked_at.is_some() {
                    "revoked"
                } else {
                    "active"
                };
                writeln!(
                    out,
                    "{}  {state}  …{}  {}  {}",
                    row.id, row.hint, row.scopes, row.name
                )?;
            }
        }
        KeysCommand::Revoke { id } => {
            run(&app, Command::RevokeKey(*id))?;
            writeln!(out, "revoked")?;
        }
    }
    Ok(Ended::Done)
}

fn run(app: &App, command: Command) -> Result<convo_app::Answer, CommandError> {
    let answer = app
        .queue()
        .run_blocking(Envelope::new(command, Actor::Code("cli")));
    answer.map_err(|error| match error {
        AppError::NotFound => CommandError::Refused("there is no such record".to_owned()),
        other => WiringError::from(other).into(),
    })
}

/// `verify`: a JSON report; fails when anything is wrong.
pub fn verify(settings: &Settings, out: &mut dyn Write) -> Result<Ended, CommandError> {
    let store = wiring::migrated(settings)?;
    let report = store.snapshot(verify::verify).map_err(WiringError::from)?;
    serde_json::to_writer_pretty(&mut *out, &report).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(if report.clean {
        Ended::Done
    } else {
        Ended::Failed
    })
}

/// `rebuild`: a JSON report of what is, or would be, put right.
pub fn rebuild(
    settings: &Settings,
    args: &RebuildArgs,
    out: &mut dyn Write,
) -> Result<Ended, CommandError> {
    let rebuilt = match args.dry_run {
        true => backup::current(settings)?.snapshot(rebuild::look),
        false => rebuild::rebuild(&wiring::migrated(settings)?),
    };
    let report = rebuilt.map_err(WiringError::from)?;
    serde_json::to_writer_pretty(&mut *out, &report).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(Ended::Done)
}

/// `erase`.
pub fn erase(
    settings: &Settings,
    args: &EraseArgs,
    out: &mut dyn Write,
) -> Result<Ended, CommandError> {
    let app = wiring::wire(settings)?.app;
    match app.erase(args.lead_id) {
        Ok(()) => writeln!(out, "erased")?,
        Err(AppError::NotFound) => {
            return Err(CommandError::Refused("there is no such lead".to_owned()));
        }
        Err(other) => return Err(WiringError::from(other).into()),
    }
    Ok(Ended::Done)
}

/// `replay`: receipts by id or status.
pub fn replay(
    settings: &Settings,
    args: &ReplayArgs,
    out: &mut dyn Write,
) -> Result<Ended, CommandError> {
    let app = wiring::wire(settings)?.app;
    let ids = match &args.status {
        Some(status) => with_status(&app, status)?,
        None => args.ids.clone(),
    };
    let mailgun = wiring::mailgun(settings);
    let mut ended = Ended::Done;
    for id in ids {
        let played = actix_web::rt::System::new().block_on(async {
            let retry = Command::RetryReceipt {
                id,
                replay: true,
                reread: webhooks::reread(&app, &mailgun, id).await?,
            };
            let retry = Envelope::new(retry, Actor::Code("cli"));
            app.retry(retry, id).await
        });
        let said = match played {
            Ok(answer) => {
                let receipt: serde_json::Value =
                    serde_json::from_str(&answer.body).unwrap_or_default();
                receipt["status"].as_str().unwrap_or_default().to_owned()
            }
            Err(error) => format!("failed: {error}"),
        };
        if said.starts_with("failed") || said == "dead" {
            ended = Ended::Failed;
        }
        writeln!(out, "{id}  {said}")?;
    }
    Ok(ended)
}

fn with_status(app: &App, status: &str) -> Result<Vec<Uuid>, CommandError> {
    let mut ids = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let rows = app
            .read(|reader| Ok(reader.receipts(Some(status), after, 200)?))
            .map_err(WiringError::from)?;
        let Some(last) = rows.last() else {
            return Ok(ids);
        };
        after = Some(Cursor {
            at: last.received_at,
            id: last.id,
        });
        ids.extend(rows.iter().map(|row| row.id));
    }
}

/// `openapi`: the document the server serves, from the same routes.
pub fn openapi(routes: &Routes, out: &mut dyn Write) -> Result<Ended, CommandError> {
    let document = routes.document();
    let text = document.to_pretty_json().map_err(std::io::Error::from)?;
    writeln!(out, "{text}")?;
    Ok(Ended::Done)
}
