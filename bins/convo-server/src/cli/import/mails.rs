//! Mail of the import, in the order of the index.

use chrono::{DateTime, Utc};
use convo_app::command::ImportMail;
use convo_app::{Command, Payload};
use convo_email::{InboundEmail, Limits, mime};
use uuid::Uuid;

use super::super::CommandError;
use super::super::args::ImportArgs;
use super::index::{Entry, Index};
use super::known;
use super::pipeline::Pipeline;
use super::report::{Origin, refusal};
use crate::clock;

/// Mails looked up at once by `--resume`.
const AT_ONCE: usize = 256;
/// Bytes of mail looked up at once.
const BYTES: usize = 16 << 20;

/// A mail that was read, on its way.
pub(super) struct Read {
    origin: Origin,
    pub(super) mail: InboundEmail,
    raw: Vec<u8>,
    at: DateTime<Utc>,
}

/// Takes every mail, as of its own date.
///
/// # Errors
/// When the database or the folder of attachments is away, or those of the error file.
pub(super) fn import(
    pipeline: &mut Pipeline<'_>,
    index: &Index,
    args: &ImportArgs,
    campaign: Option<Uuid>,
) -> Result<(), CommandError> {
    let bar = pipeline.bar("mail", index.entries().len());
    let mut some: Vec<Read> = Vec::new();
    let mut bytes = 0;
    for entry in index.entries() {
        pipeline.report.mails += 1;
        bar.inc(1);
        if let Some(read) = read(pipeline, index, entry)? {
            bytes += read.raw.len();
            some.push(read);
        }
        if !args.resume || some.len() >= AT_ONCE || bytes > BYTES {
            take(pipeline, std::mem::take(&mut some), args, campaign)?;
            bytes = 0;
        }
    }
    take(pipeline, some, args, campaign)?;
    pipeline.drain()?;
    bar.finish_and_clear();
    Ok(())
}

fn read(
    pipeline: &mut Pipeline<'_>,
    index: &Index,
    entry: &Entry,
) -> Result<Option<Read>, CommandError> {
    let origin = index.origin(entry);
    let raw = match index.read(entry) {
        Ok(raw) => raw,
        Err(error) => {
            pipeline.reject(&origin, "unreadable", &error.kind().to_string())?;
            return Ok(None);
        }
    };
    match mime::read(&raw, &Limits::default()) {
        Ok(mail) => {
            let dated = mail.date.filter(|date| *date <= clock::now());
            let at = clamped(dated.unwrap_or_else(|| entry.at()));
            Ok(Some(Read {
                origin,
                mail,
                raw,
                at,
            }))
        }
        Err(error) => {
            pipeline.reject(&origin, "no_mail", &error.to_string())?;
            Ok(None)
        }
    }
}

fn take(
    pipeline: &mut Pipeline<'_>,
    mut some: Vec<Read>,
    args: &ImportArgs,
    campaign: Option<Uuid>,
) -> Result<(), CommandError> {
    if args.resume && !some.is_empty() {
        known::skip(pipeline, &mut some)?;
    }
    for read in some {
        let Read {
            origin,
            mail,
            raw,
            at,
        } = read;
        let bytes = raw.len();
        let payload = Payload::Mail(Box::new(mail), None);
        if !args.dry_run {
            pipeline.app.keep_attachments(&payload).map_err(|error| {
                let (_, message) = refusal(&error);
                CommandError::Refused(format!("attachments cannot be kept: {message}"))
            })?;
        }
        let Payload::Mail(mail, _) = payload else {
            continue;
        };
        let mut mail = *mail;
        for attachment in &mut mail.attachments {
            // Kept on disk by now; what is under way needs their digests only.
            attachment.bytes = std::sync::Arc::default();
        }
        let import = ImportMail {
            mail,
            raw: (!args.dry_run).then(|| raw.into()),
            our_addresses: args.our_addresses.clone(),
            campaign,
            list_archive: args.list_archive,
        };
        pipeline.push(
            origin,
            bytes,
            Command::ImportMail(Box::new(import)),
            Some(at),
        )?;
    }
    Ok(())
}

/// A mail counts as of its own date, where that can be one.
pub(super) fn clamped(at: DateTime<Utc>) -> DateTime<Utc> {
    let earliest = DateTime::from_timestamp(631_152_000, 0).unwrap_or(DateTime::UNIX_EPOCH);
    at.max(earliest).min(clock::now())
}
