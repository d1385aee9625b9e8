//! The mail of a row, as a provider is handed it: read outside of any transaction.

use std::sync::Arc;

use convo_core::vocabulary::Author;
use convo_email::{
    Address, Attachment, Automatic, MessageId, OutgoingEmail, TrackingWish, UserVariables,
};
use convo_store::Reader;
use convo_store::rows::{AttachmentRow, ConversationRow, MessageRow, OutboxRow};
use serde_json::Value;
use uuid::Uuid;

use super::notice;
use crate::context::Context;
use crate::error::AppError;
use crate::unsubscribe;

/// What is to be sent.
#[derive(Debug)]
pub enum Composed {
    /// This mail.
    Mail(Box<OutgoingEmail>),
    /// Nothing any more, for this reason.
    Void(&'static str),
}

/// The mail of a row of the outbox.
///
/// # Errors
/// The database's, or a fault when an attachment cannot be read.
pub fn compose(reader: &mut Reader<'_>, context: &Context, id: Uuid) -> Result<Composed, AppError> {
    let Some(row) = reader.outbox_by_ids(&[id])?.pop() else {
        return Ok(Composed::Void("gone"));
    };
    let mail = match row.message_id {
        Some(message) => of_message(reader, context, &row, message)?,
        None => of_notice(reader, context, &row)?,
    };
    Ok(mail.map_or(Composed::Void("erased"), |mail| {
        Composed::Mail(Box::new(mail))
    }))
}

fn of_message(
    reader: &mut Reader<'_>,
    context: &Context,
    row: &OutboxRow,
    message: Uuid,
) -> Result<Option<OutgoingEmail>, AppError> {
    let message = reader.messages_by_ids(&[message])?.pop();
    let Some(message) = message.filter(|message| !message.erased) else {
        return Ok(None);
    };
    let content = reader.contents_by_messages(&[message.id])?.pop();
    let of = reader
        .conversations_by_ids(&[message.conversation_id])?
        .pop();
    let (Some(content), Some(of)) = (content, of) else {
        return Ok(None);
    };
    let to: Vec<String> = serde_json::from_str(&content.recipients).unwrap_or_default();
    let to: Vec<Address> = to.into_iter().map(bare).collect();
    if to.is_empty() {
        return Ok(None);
    }
    let mut attachments = Vec::new();
    for file in reader.attachments_by_messages(&[message.id])? {
        attachments.push(with_bytes(context, file)?);
    }
    let by_hand = message.author == Author::Agent.as_str();
    let references: Vec<String> = serde_json::from_str(&message.references).unwrap_or_default();
    Ok(Some(OutgoingEmail {
        from: author(reader, context, &message)?,
        to,
        reply_to: context.reply_address(of.id),
        subject: content.subject,
        text: content.text,
        html: content.html,
        in_reply_to: message.in_reply_to.as_deref().and_then(rfc_id),
        references: references.iter().filter_map(|id| rfc_id(id)).collect(),
        // What a person writes to a person is no campaign's mail.
        unsubscribe: (!by_hand).then(|| unsubscribe::link(context, of.id)),
        tracking: tracking(reader, &of)?,
        attachments,
        ..mail(context, row, Some(&of))?
    }))
}

fn of_notice(
    reader: &mut Reader<'_>,
    context: &Context,
    row: &OutboxRow,
) -> Result<Option<OutgoingEmail>, AppError> {
    let (Some(notice), Some(conversation)) =
        (notice::write(reader, context, row)?, row.conversation_id)
    else {
        return Ok(None);
    };
    // Mail programs show what refers to the same id as one thread.
    let thread = format!("handover.{conversation}@{}", context.sending.id_domain);
    let mut attachments = Vec::new();
    for file in notice.files {
        attachments.push(with_bytes(context, file)?);
    }
    Ok(Some(OutgoingEmail {
        reply_to: Some(context.agent_reply_address(conversation, notice.to.id)),
        to: vec![bare(notice.to.email)],
        references: rfc_id(&thread).into_iter().collect(),
        attachments,
        subject: notice.subject,
        text: notice.text,
        tracking: TrackingWish::OFF,
        ..mail(context, row, None)?
    }))
}

/// What every mail of a row has. Ids of a notice do not come back: what becomes of it says nothing about the lead.
fn mail(
    context: &Context,
    row: &OutboxRow,
    of: Option<&ConversationRow>,
) -> Result<OutgoingEmail, AppError> {
    let fault = |what: &str| AppError::Fault(format!("a mail cannot be written: {what}"));
    let text = |id: Uuid| id.to_string();
    Ok(OutgoingEmail {
        message_id: rfc_id(&row.rfc_id).ok_or_else(|| fault("its id is none"))?,
        from: context
            .sending
            .from
            .clone()
            .ok_or_else(|| fault("nobody writes"))?,
        to: Vec::new(),
        reply_to: None,
        subject: String::new(),
        text: String::new(),
        html: None,
        in_reply_to: None,
        references: Vec::new(),
        variables: UserVariables {
            lead_id: of.map(|of| text(of.lead_id)),
            campaign_id: of.and_then(|of| of.campaign_id).map(text),
            conversation_id: of.map(|of| text(of.id)),
        },
        automatic: row.automatic.as_deref().and_then(Automatic::of),
        unsubscribe: None,
        tracking: TrackingWish::default(),
        attachments: Vec::new(),
    })
}

/// Our address, under the name of the agent who wrote.
fn author(
    reader: &mut Reader<'_>,
    context: &Context,
    message: &MessageRow,
) -> Result<Address, AppError> {
    let from = context.sending.from.clone();
    let from = from.ok_or_else(|| AppError::Fault("nobody writes".to_owned()))?;
    let agent = match message.author_id {
        Some(id) if message.author == Author::Agent.as_str() => reader.agents_by_ids(&[id])?.pop(),
        _ => None,
    };
    Ok(match agent {
        Some(agent) => Address {
            name: Some(agent.name.split_whitespace().collect::<Vec<_>>().join(" ")),
            ..from
        },
        None => from,
    })
}

/// What the conversation switches off, else what its campaign says (`{"opens": true, "clicks": false}`).
fn tracking(reader: &mut Reader<'_>, of: &ConversationRow) -> Result<TrackingWish, AppError> {
    let switched: Value = parsed(of.integration.as_deref());
    if switched["tracking"] == Value::Bool(false) {
        return Ok(TrackingWish::OFF);
    }
    let campaign = match of.campaign_id {
        Some(id) => reader.campaigns_by_ids(&[id])?.pop(),
        None => None,
    };
    let wish: Value = parsed(campaign.and_then(|campaign| campaign.tracking).as_deref());
    Ok(TrackingWish {
        opens: wish["opens"].as_bool(),
        clicks: wish["clicks"].as_bool(),
    })
}

fn parsed(text: Option<&str>) -> Value {
    let read = text.and_then(|text| serde_json::from_str(text).ok());
    read.unwrap_or_default()
}

fn with_bytes(context: &Context, file: AttachmentRow) -> Result<Attachment, AppError> {
    let bytes = context.attachments.read(&file.sha256);
    let bytes = bytes.map_err(|error| {
        AppError::Fault(format!("an attachment cannot be read: {}", error.kind()))
    })?;
    Ok(Attachment::new(
        file.name,
        file.content_type,
        file.content_id,
        Arc::<[u8]>::from(bytes),
    ))
}

fn bare(email: String) -> Address {
    Address { name: None, email }
}

fn rfc_id(text: &str) -> Option<MessageId> {
    MessageId::parse(&format!("<{text}>"))
}
