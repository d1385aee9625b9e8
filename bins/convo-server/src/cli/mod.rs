//! The command line: what each word does and how the process ends.

pub mod args;
mod inspect;
mod lexicon;
pub mod mail_files;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use args::*;

/// Conversation state for outbound e-mail.
#[derive(Debug, Parser)]
#[command(name = "convo-server", version, max_term_width = 100)]
pub struct Cli {
    /// TOML file with settings; CONVO_CONFIG names one as well.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
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
    match &cli.command {
        Command::Inspect(args) => inspect::run(args, out),
        Command::Lexicon(LexiconCommand::Test(args)) => lexicon::test(args, out),
        Command::Diagram => {
            out.write_all(convo_core::diagram::mermaid().as_bytes())?;
            Ok(Ended::Done)
        }
    }
}

#[cfg(test)]
mod tests;
