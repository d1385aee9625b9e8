//! The words of every command.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use convo_app::export::Export;
use uuid::Uuid;

use crate::auth::Scope;
use crate::export::{self, Form};

/// Words of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// conversations, messages, leads, transitions or events.
    #[arg(value_name = "WHAT", value_parser = exported)]
    pub what: Export,
    /// csv or jsonl.
    #[arg(long, default_value = "csv", value_parser = form)]
    pub format: Form,
    /// From this time on (RFC 3339, or a date).
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub to: Option<DateTime<Utc>>,
    /// Of this campaign, by its id.
    #[arg(long, value_name = "ID")]
    pub campaign: Option<Uuid>,
    /// Of conversations in this state.
    #[arg(long)]
    pub state: Option<String>,
    /// A file instead of standard output; it must not exist yet.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

fn exported(text: &str) -> Result<Export, String> {
    let known = || Export::ALL.map(Export::as_str).join(", ");
    Export::named(text).ok_or_else(|| format!("must be one of {}", known()))
}

fn form(text: &str) -> Result<Form, String> {
    Form::named(text).ok_or_else(|| "must be csv or jsonl".to_owned())
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    export::time(text)
        .ok_or_else(|| "must be a time such as 2026-03-01T08:00:00Z, or a date".to_owned())
}

/// Words of `rebuild`.
#[derive(Debug, Args)]
pub struct RebuildArgs {
    /// Say what would change, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Words of `backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The folder of the backup; it must not exist yet.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// Words of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The folder of the backup.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Another ledger of erasures than the one in the folder of the attachments: whom to forget again.
    #[arg(long, value_name = "FILE")]
    pub erasures: Option<PathBuf>,
}

/// Words of `resume`.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// Another ledger of erasures than the one in the folder of the attachments: whom to forget before.
    #[arg(long, value_name = "FILE")]
    pub erasures: Option<PathBuf>,
}

/// Words of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The database: empty, or a demo already. The one of the settings is left alone.
    #[arg(long, value_name = "URL", default_value = "sqlite://convo-demo.db")]
    pub database: String,
    /// Nothing happens by itself while you look; else the story of a new demo goes on for some minutes.
    #[arg(long)]
    pub still: bool,
}

/// Words of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// An mbox, a Maildir, a folder of *.eml, or a mail; all are threaded together.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// One JSON object a message, in file order, instead of the tree.
    #[arg(long)]
    pub json: bool,
    /// An address of ours: mail from it is outbound.
    #[arg(long = "our-address", value_name = "ADDRESS")]
    pub our_addresses: Vec<String>,
}

/// Commands about the lexicon.
#[derive(Debug, Subcommand)]
pub enum LexiconCommand {
    /// Run the sentences that packs must and must not match.
    Test(LexiconTestArgs),
}

/// Words of `lexicon test`.
#[derive(Debug, Args)]
pub struct LexiconTestArgs {
    /// Industry packs (TOML) in the place of the shipped ones.
    #[arg(value_name = "PACK")]
    pub packs: Vec<PathBuf>,
}

/// Commands about API keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key and print it, once.
    Create(KeysCreateArgs),
    /// List keys; the keys themselves are not stored.
    List,
    /// Revoke a key; it is dead within 5 seconds.
    Revoke {
        /// The key's id.
        id: Uuid,
    },
}

/// Words of `keys create`.
#[derive(Debug, Args)]
pub struct KeysCreateArgs {
    /// What to call it.
    #[arg(long)]
    pub name: String,
    /// read, write, agent or admin; several are separated by commas.
    #[arg(
        long = "scope",
        value_name = "SCOPE",
        value_delimiter = ',',
        required = true
    )]
    pub scopes: Vec<Scope>,
    /// The agent it belongs to.
    #[arg(long, value_name = "ID")]
    pub agent: Option<Uuid>,
}

/// Words of `erase`.
#[derive(Debug, Args)]
pub struct EraseArgs {
    /// The lead's id.
    pub lead_id: Uuid,
}

/// Words of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Receipts to work on again.
    #[arg(required_unless_present = "status", value_name = "RECEIPT")]
    pub ids: Vec<Uuid>,
    /// All receipts with this status instead.
    #[arg(long, value_parser = ["failed", "dead", "unmatched"], conflicts_with = "ids")]
    pub status: Option<String>,
}

/// Words of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// An mbox, a Maildir, a folder of *.eml, a mail, CSV or JSON Lines.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// An address of ours: mail from it is outbound.
    #[arg(long = "our-address", value_name = "ADDRESS", value_parser = address)]
    pub our_addresses: Vec<String>,
    /// The campaign the conversations belong to: its id or external id.
    #[arg(long)]
    pub campaign: Option<String>,
    /// The files come from a mailing list: list headers do not make a mail automated.
    #[arg(long)]
    pub list_archive: bool,
    /// Read and judge everything, store nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Go on where a run that was broken off stopped.
    #[arg(long)]
    pub resume: bool,
    /// Where rejected rows are written, as JSON Lines.
    #[arg(long, value_name = "FILE", default_value = "import-errors.jsonl")]
    pub errors: PathBuf,
}

fn address(text: &str) -> Result<String, String> {
    let text = text.trim();
    match convo_app::wire::is_address(text) {
        true => Ok(text.to_owned()),
        false => Err("must be an e-mail address".to_owned()),
    }
}
