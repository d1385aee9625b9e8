//! `inspect`: what mail files hold, read as live mail is, without a database.

mod message;

use std::collections::HashMap;
use std::io::Write;

use chrono::SecondsFormat;
use convo_threading::tree::{Entry, Forest, Node, build};
use convo_threading::{MessageId, render};
use serde::Serialize;

use super::mail_files::{MailFileError, MailFiles, RawMail};
use super::{CommandError, Ended, InspectArgs};
use message::{Message, OurAddresses};

/// Prints the thread tree, or one JSON object a message.
pub(super) fn run(args: &InspectArgs, out: &mut dyn Write) -> Result<Ended, CommandError> {
    let ours = OurAddresses::new(&args.our_addresses);
    let mut found = Vec::new();
    for mail in MailFiles::open(&args.files).map_err(unreadable)? {
        let RawMail { file, bytes } = mail.map_err(unreadable)?;
        found.push(Message::read(file, &bytes, &ours));
    }
    let messages: Vec<&Message> = found.iter().filter_map(|read| read.as_ref().ok()).collect();
    let nodes: Vec<Node<'_, usize>> = messages
        .iter()
        .enumerate()
        .map(|(key, message)| message.node(key))
        .collect();
    let forest = build(&nodes);
    if args.json {
        lines(&found, &messages, &forest, out)?;
    } else {
        tree(&found, &messages, &forest, out)?;
    }
    Ok(if messages.is_empty() && !found.is_empty() {
        Ended::Failed
    } else {
        Ended::Done
    })
}

pub(super) fn unreadable(error: MailFileError) -> CommandError {
    CommandError::File {
        path: error.file,
        source: error.source,
    }
}

type Found = Result<Message, Unreadable>;

/// A file that holds no mail.
#[derive(Debug, Serialize)]
struct Unreadable {
    file: String,
    error: String,
}

/// The thread tree as text, then what could not be read.
fn tree(
    found: &[Found],
    messages: &[&Message],
    forest: &Forest<'_, usize>,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let label = |&key: &usize| {
        messages
            .get(key)
            .map(|message| message.label())
            .unwrap_or_default()
    };
    out.write_all(render::render_text(forest, label).as_bytes())?;
    for unreadable in found.iter().filter_map(|read| read.as_ref().err()) {
        writeln!(out, "{}: {}", unreadable.file, unreadable.error)?;
    }
    Ok(())
}

/// One line of `--json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    file: &'a str,
    message_id: &'a MessageId,
    /// The mail carries no id of its own.
    derived: bool,
    parent_message_id: Option<&'a MessageId>,
    root_message_id: &'a MessageId,
    depth: u32,
    /// The id, where an earlier message in file order has the same.
    duplicate_of: Option<&'a MessageId>,
    /// That message's file.
    duplicate_of_file: Option<&'a str>,
    /// Which header named the parent.
    parent_evidence: &'static str,
    #[serde(flatten)]
    message: &'a Message,
    date: Option<String>,
}

/// One JSON object a message, in file order.
fn lines(
    found: &[Found],
    messages: &[&Message],
    forest: &Forest<'_, usize>,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let mut places: Vec<Option<&Entry<'_, usize>>> = vec![None; messages.len()];
    for entry in &forest.entries {
        if let Some(place) = entry.key.and_then(|key| places.get_mut(key)) {
            *place = Some(entry);
        }
    }
    let mut first_with: HashMap<&MessageId, &str> = HashMap::new();
    let mut places = places.into_iter();
    for read in found {
        match read {
            Err(unreadable) => json_line(out, unreadable)?,
            Ok(message) => {
                let Some(entry) = places.next().flatten() else {
                    continue;
                };
                let first = *first_with.entry(&message.id).or_insert(&message.file);
                let line = Line {
                    file: &message.file,
                    message_id: &message.id,
                    derived: message.derived,
                    parent_message_id: entry
                        .shown_parent
                        .and_then(|parent| forest.entries.get(parent))
                        .map(|parent| parent.message_id),
                    root_message_id: forest
                        .root(entry.thread)
                        .map_or(&message.id, |root| root.message_id),
                    depth: entry.depth,
                    duplicate_of: (first != message.file).then_some(&message.id),
                    duplicate_of_file: (first != message.file).then_some(first),
                    parent_evidence: message.parent_evidence.code(),
                    message,
                    date: message
                        .date
                        .map(|date| date.to_rfc3339_opts(SecondsFormat::Millis, true)),
                };
                json_line(out, &line)?;
            }
        }
    }
    Ok(())
}

fn json_line(out: &mut dyn Write, line: &impl Serialize) -> Result<(), CommandError> {
    serde_json::to_writer(&mut *out, line).map_err(|error| CommandError::Output(error.into()))?;
    Ok(out.write_all(b"\n")?)
}

#[cfg(test)]
mod tests;
