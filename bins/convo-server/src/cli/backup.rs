//! `backup`, `restore` and `resume`.

use std::io::Write;
use std::path::Path;

use convo_app::backup::{self, BackupError};
use convo_app::erasures::{Applied, Erasures};
use convo_app::{Actor, App, Command, Envelope};
use convo_store::{Store, StoreError};
use serde_json::{Value, json};

use super::args::{BackupArgs, RestoreArgs, ResumeArgs};
use super::{CommandError, Ended};
use crate::settings::Settings;
use crate::wiring::{self, WiringError};
use crate::{clock, ids};

/// `backup`: prints what the backup holds.
pub(super) fn backup(
    settings: &Settings,
    args: &BackupArgs,
    out: &mut dyn Write,
) -> Result<Ended, CommandError> {
    let store = current(settings)?;
    let program = env!("CARGO_PKG_VERSION");
    let made = backup::backup(
        &store,
        &settings.storage,
        &args.folder,
        program,
        clock::now(),
    );
    let manifest = made.map_err(refused)?;
    let rows: u64 = manifest.tables.iter().map(|table| table.rows).sum();
    print(
        out,
        &json!({
            "folder": args.folder.display().to_string(),
            "head": manifest.head,
            "epoch": manifest.epoch,
            "rows": rows,
            "attachments": manifest.attachments.files,
            "attachmentBytes": manifest.attachments.bytes,
        }),
    )
}

/// `restore`: prints what was taken in and what was not.
pub(super) fn restore(
    settings: &Settings,
    args: &RestoreArgs,
    out: &mut dyn Write,
) -> Result<Ended, CommandError> {
    there(args.erasures.as_deref())?;
    // The backup first: a database is not even migrated for one that is damaged.
    let manifest = backup::check(&args.folder).map_err(refused)?;
    let store = wiring::opened(settings)?;
    // One without tables holds nothing; what else is wrong with it is told when it is migrated.
    if let Err(StoreError::Config(why)) = store.must_be_empty() {
        return Err(CommandError::Refused(why));
    }
    let store = wiring::migrated(settings)?;
    let restored = backup::restore(
        &store,
        &settings.storage,
        &args.folder,
        &manifest,
        ids::new_id(),
        clock::now(),
    );
    let report = restored.map_err(refused)?;
    let app = wiring::wire(settings)?.app;
    let erased = forget(&app, &settings.storage, args.erasures.as_deref())?;
    print(
        out,
        &json!({
            "restored": report,
            "erasures": erased,
            "paused": true,
            "next": "look at it, then run `convo-server resume`",
        }),
    )
}

/// `resume`: whoever was forgotten since the backup is forgotten before anything is sent.
pub(super) fn resume(
    settings: &Settings,
    args: &ResumeArgs,
    out: &mut dyn Write,
) -> Result<Ended, CommandError> {
    there(args.erasures.as_deref())?;
    let app = wiring::wire(settings)?.app;
    let erased = forget(&app, &settings.storage, args.erasures.as_deref())?;
    let answer = app
        .queue()
        .run_blocking(Envelope::new(Command::Resume, Actor::Code("cli")))
        .map_err(WiringError::from)?;
    print(
        out,
        &json!({"resumed": answer.status == 200, "erasures": erased}),
    )
}

/// A database as it is, for a command that changes nothing.
pub(super) fn current(settings: &Settings) -> Result<Store, CommandError> {
    let store = wiring::opened(settings)?;
    let missing = store.ready().map_err(WiringError::from)?;
    if missing.is_empty() {
        Ok(store)
    } else {
        Err(CommandError::Refused(
            "the database has an older schema: run `convo-server migrate` first".to_owned(),
        ))
    }
}

/// A ledger that cannot be read is told before anything is done.
fn there(ledger: Option<&Path>) -> Result<(), CommandError> {
    let Some(path) = ledger else {
        return Ok(());
    };
    let opened = std::fs::File::open(path).map(drop);
    opened.map_err(|source| CommandError::File {
        path: path.display().to_string(),
        source,
    })
}

/// Applies the ledger of the folder of attachments, and another.
fn forget(app: &App, storage: &Path, other: Option<&Path>) -> Result<Applied, CommandError> {
    let apply = |ledger: &Erasures| app.apply_erasures(ledger).map_err(WiringError::from);
    let mut all = apply(&Erasures::within(storage))?;
    if let Some(path) = other {
        let applied = apply(&Erasures::at(path))?;
        if applied.named == 0 && applied.unreadable > 0 {
            // Whoever is forgotten would be written to, were it taken for a ledger.
            let said = format!("{} is no ledger of erasures", path.display());
            return Err(CommandError::Refused(said));
        }
        all.erased += applied.erased;
        all.named += applied.named;
        all.unreadable += applied.unreadable;
    }
    Ok(all)
}

fn refused(error: BackupError) -> CommandError {
    match error {
        BackupError::Database(error) => WiringError::from(error).into(),
        BackupError::File { path, source } => CommandError::File { path, source },
        other => CommandError::Refused(other.to_string()),
    }
}

fn print(out: &mut dyn Write, value: &Value) -> Result<Ended, CommandError> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(Ended::Done)
}
