//! `--resume`: what the database holds already is skipped without a command.

use std::collections::HashSet;

use super::super::CommandError;
use super::mails::Read;
use super::pipeline::Pipeline;
use crate::wiring::WiringError;

/// Takes out the mails that are stored already, and counts them.
///
/// Mail on the review list is not among them: the writer finds it there.
///
/// # Errors
/// When the database is away.
pub(super) fn skip(pipeline: &mut Pipeline<'_>, some: &mut Vec<Read>) -> Result<(), CommandError> {
    let id = |read: &Read| match &read.mail.message_id {
        Some(id) => id.as_str().to_owned(),
        None => read.mail.derived_message_id(None).as_str().to_owned(),
    };
    let ids: Vec<String> = some.iter().map(id).collect();
    let heads = pipeline
        .app
        .read(|reader| Ok(reader.message_heads_by_rfc_ids(&ids)?))
        .map_err(WiringError::from)?;
    let stored: HashSet<(String, Vec<u8>)> = heads
        .into_iter()
        .map(|head| (head.rfc_id, head.content_hash))
        .collect();
    let before = some.len();
    let mut ids = ids.into_iter();
    some.retain(|read| {
        let Some(id) = ids.next() else { return true };
        !stored.contains(&(id, read.mail.content_hash().to_vec()))
    });
    pipeline.report.duplicates += (before - some.len()) as u64;
    Ok(())
}
