//! The command line: what each word does and how the process ends.

mod admin;
pub mod args;
mod backup;
mod demo;
mod export;
mod import;
mod inspect;
mod lexicon;
pub mod mail_files;
mod serve;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use args::*;

use crate::settings::{Settings, SettingsError, Sources};
use crate::wiring::WiringError;
use crate::{api, logging};

/// Conversation state for outbound e-mail.
#[derive(Debug, Parser)]
#[command(name = "convo-server", version, max_term_width = 100)]
pub struct Cli {
    /// TOML file with settings; CONVO_CONFIG names one as well.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve; the same as no word at all.
    Serve,
    /// Play a week of a made-up dealer's campaigns into an empty database, and serve it.
    Demo(DemoArgs),
    /// Bring the database to the newest schema.
    Migrate,
    /// API keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Check every stored invariant and print a report.
    Verify,
    /// Forget a person; states, times and counters stay.
    Erase(EraseArgs),
    /// Work on receipts of webhooks again.
    Replay(ReplayArgs),
    /// Take in mail and records from files, silently; again changes nothing.
    Import(ImportArgs),
    /// Give a whole table out as a file.
    Export(ExportArgs),
    /// Recreate everything that follows from audit, messages and events; what is right stays untouched.
    Rebuild(RebuildArgs),
    /// Write a backup of the database and its attachments into a new folder, while servers run.
    Backup(BackupArgs),
    /// Take a backup into an empty database. It is paused then: look at it, and `resume`.
    Restore(RestoreArgs),
    /// Let a restored database go on: mail is sent and timers fire again.
    Resume(ResumeArgs),
    /// Print the OpenAPI document.
    Openapi,
    /// Read mail files without a database and print the thread tree.
    Inspect(InspectArgs),
    /// The lexicon that messages are read with.
    #[command(subcommand)]
    Lexicon(LexiconCommand),
    /// Print the state machine as a Mermaid diagram.
    Diagram,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything is done.
    Done,
    /// Something is wrong with what was looked at, or could not be done.
    Failed,
}

/// Why a command could not do its work; the text is for people and holds no mail.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A file could not be read.
    #[error("{path}: {source}")]
    File {
        /// The file or folder.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A lexicon pack is not usable.
    #[error("{path}: {reason}")]
    Pack {
        /// The pack's file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The application cannot be put together, or refused.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// What was asked for cannot be done.
    #[error("{0}")]
    Refused(String),
    /// The output could not be written.
    #[error("writing: {0}")]
    Output(#[from] io::Error),
}

/// Runs a command line: 0 done, 1 failed, 2 wrong usage.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Also the way --help and --version come back, with 0.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let ended = dispatch(&cli, &mut out).and_then(|ended| Ok(out.flush().map(|()| ended)?));
    match ended {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::Failed) => ExitCode::FAILURE,
        // The reader of a pipe has seen enough.
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "convo-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: &Cli, out: &mut dyn Write) -> Result<Ended, CommandError> {
    let Some(command) = &cli.command else {
        return serve::run(&settings(cli)?, out);
    };
    match command {
        Command::Serve => serve::run(&settings(cli)?, out),
        Command::Demo(args) => demo::run(cli, args, out),
        Command::Migrate => admin::migrate(&settings(cli)?, out),
        Command::Keys(keys) => admin::keys(&settings(cli)?, keys, out),
        Command::Verify => admin::verify(&settings(cli)?, out),
        Command::Erase(args) => admin::erase(&settings(cli)?, args, out),
        Command::Replay(args) => admin::replay(&settings(cli)?, args, out),
        Command::Import(args) => import::run(&settings(cli)?, args, out),
        Command::Export(args) => export::run(&settings(cli)?, args, out),
        Command::Rebuild(args) => admin::rebuild(&settings(cli)?, args, out),
        Command::Backup(args) => backup::backup(&settings(cli)?, args, out),
        Command::Restore(args) => backup::restore(&settings(cli)?, args, out),
        Command::Resume(args) => backup::resume(&settings(cli)?, args, out),
        Command::Openapi => admin::openapi(&api::documented(), out),
        Command::Inspect(args) => inspect::run(args, out),
        Command::Lexicon(LexiconCommand::Test(args)) => lexicon::test(args, out),
        Command::Diagram => {
            out.write_all(convo_core::diagram::mermaid().as_bytes())?;
            Ok(Ended::Done)
        }
    }
}

/// Settings for the commands that use the database; from here on what happens is logged.
fn settings(cli: &Cli) -> Result<Settings, CommandError> {
    let settings = Settings::load(&Sources::of_process(cli.config.clone()))?;
    // Already installed only where a test runs several commands in one process.
    let _ = logging::install(settings.log);
    Ok(settings)
}

#[cfg(test)]
mod tests;
