//! `import`: mail and records from files, silent and repeatable.
//!
//! Rows come first, in file order; then mail in the order of its dates over all files, each as of
//! its own date. An [`Index`] of dates and positions is made in a first pass, so that mailboxes
//! may be larger than memory. Nothing is kept outside the database: what a run that was broken
//! off has stored, the next one finds there.

mod cells;
mod head;
mod index;
mod known;
mod mails;
mod pipeline;
mod records;
mod report;
mod rows;
mod trial;

use std::io::Write;
use std::path::PathBuf;

use convo_app::App;
use uuid::Uuid;

use super::args::ImportArgs;
use super::{CommandError, Ended};
use crate::clock;
use crate::settings::Settings;
use crate::wiring::{self, Wired, WiringError};
use index::Index;
use pipeline::Pipeline;
use report::{Rejects, Report};
use trial::Trial;

/// Reads the files, prints the report; fails when something was rejected.
pub(super) fn run(
    settings: &Settings,
    args: &ImportArgs,
    out: &mut dyn Write,
) -> Result<Ended, CommandError> {
    let files = Files::sort(&args.files)?;
    let began = clock::monotonic();
    // Lives until the end: with it goes the database of a dry run.
    let trial = args.dry_run.then(Trial::new).transpose()?;
    let trial_settings = trial.as_ref().map(|trial| trial.settings(settings));
    let Wired { app, writer } = wiring::wire(trial_settings.as_ref().unwrap_or(settings))?;
    let mut rejects = Rejects::new(&args.errors);
    let mut report = import(&app, args, &files, &mut rejects)?;
    report.finish(began.elapsed(), &rejects);
    if trial.is_some() {
        report.would = Some(trial::judged(&app)?);
    }
    drop(app);
    let _ = writer.join();
    serde_json::to_writer_pretty(&mut *out, &report).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(if report.rejected == 0 {
        Ended::Done
    } else {
        Ended::Failed
    })
}

fn import(
    app: &App,
    args: &ImportArgs,
    files: &Files,
    rejects: &mut Rejects,
) -> Result<Report, CommandError> {
    // A campaign that the rows bring along is looked for again behind them.
    let mut campaign = Campaign::find(app, args)?;
    if campaign == Campaign::Unknown && files.rows.is_empty() {
        return Err(Campaign::refused());
    }
    let mut pipeline = Pipeline::new(app, rejects);
    rows::import(&mut pipeline, &files.rows)?;
    if campaign == Campaign::Unknown {
        campaign = Campaign::find(app, args)?;
    }
    let campaign = match campaign {
        Campaign::None => None,
        Campaign::Known(id) => Some(id),
        Campaign::Unknown => return Err(Campaign::refused()),
    };
    let index = Index::build(&files.mail, &mut pipeline)?;
    mails::import(&mut pipeline, &index, args, campaign)?;
    pipeline.end()
}

/// The files by what they hold.
struct Files {
    rows: Vec<records::RowFile>,
    mail: Vec<PathBuf>,
}

impl Files {
    /// Looks into every file; rows of one type each are put in the order in which they need each
    /// other, whatever order a shell has listed the files in.
    fn sort(paths: &[PathBuf]) -> Result<Self, CommandError> {
        let (mut rows, mut mail) = (Vec::new(), Vec::new());
        for path in super::mail_files::files(paths).map_err(super::inspect::unreadable)? {
            match records::RowFile::recognise(&path) {
                Ok(Some(file)) => rows.push(file),
                Ok(None) => mail.push(path),
                Err(source) => {
                    let path = path.display().to_string();
                    return Err(CommandError::File { path, source });
                }
            }
        }
        rows.sort_by_key(|file| file.named);
        Ok(Self { rows, mail })
    }
}

/// What `--campaign` names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Campaign {
    None,
    Known(Uuid),
    Unknown,
}

impl Campaign {
    fn find(app: &App, args: &ImportArgs) -> Result<Self, CommandError> {
        let Some(given) = &args.campaign else {
            return Ok(Self::None);
        };
        let found = app.read(|reader| {
            if let Ok(id) = given.parse::<Uuid>()
                && let Some(row) = reader.campaigns_by_ids(&[id])?.pop()
            {
                return Ok(Some(row));
            }
            Ok(reader
                .campaigns_by_external_ids(std::slice::from_ref(given))?
                .pop())
        });
        let found = found.map_err(WiringError::from)?;
        if found.is_none() && args.dry_run {
            return trial::campaign(app, given).map(Self::Known);
        }
        Ok(found.map_or(Self::Unknown, |row| Self::Known(row.id)))
    }

    fn refused() -> CommandError {
        CommandError::Refused(
            "--campaign names no campaign: neither its id nor its external id is known".to_owned(),
        )
    }
}

#[cfg(test)]
mod tests;
