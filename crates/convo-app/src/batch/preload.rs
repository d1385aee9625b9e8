//! What the commands of a batch name themselves, read at once before the first of them runs.

use std::collections::BTreeSet;

use convo_email::InboundEmail;
use uuid::Uuid;

use super::Batch;
use crate::command::{Command, Envelope, Payload, Webhook};
use crate::context::Context;
use crate::error::AppError;
use crate::intake::parked_key;
use crate::sending::SendMode;
use crate::webhook::{event_digest, token_digest};
use crate::wire::address_key;

/// Keys the commands of a batch name themselves.
#[derive(Default)]
struct Wanted {
    conversations: BTreeSet<Uuid>,
    leads: BTreeSet<Uuid>,
    addresses: BTreeSet<String>,
    /// Addresses that mail comes from.
    writers: BTreeSet<String>,
    /// Who may be a lead whose own address a message comes from.
    speakers: BTreeSet<Uuid>,
    /// Whether messages will be stored whose ids are drawn when they are.
    drawn: bool,
    rfc_ids: BTreeSet<String>,
    scopes: BTreeSet<Vec<u8>>,
    parked: BTreeSet<String>,
    tokens: BTreeSet<Vec<u8>>,
    events: BTreeSet<Vec<u8>>,
    /// Message-IDs of mails that events speak of.
    spoken_of: BTreeSet<String>,
    /// Message-IDs that will be stored: receipts and parked mail may wait for them.
    stored: BTreeSet<String>,
    /// Conversations whose timers fire.
    timed: BTreeSet<Uuid>,
}

impl Batch<'_, '_> {
    /// Loads in bulk what the commands name: a handful of statements for the whole batch.
    ///
    /// # Errors
    /// The database's.
    pub fn preload(&mut self, envelopes: &[&Envelope]) -> Result<(), AppError> {
        if envelopes.len() < 2 {
            return Ok(());
        }
        let mut wanted = Wanted::default();
        for envelope in envelopes {
            if let Some(key) = &envelope.idempotency {
                wanted.scopes.insert(key.scope.to_vec());
            }
            want(&envelope.command, self.context, &mut wanted);
        }
        self.load_parked(&wanted.parked)?;
        self.load_answers(&wanted.scopes)?;
        self.load_tokens(&wanted.tokens)?;
        self.load_events(&wanted.events)?;
        self.load_waiting(&wanted.stored)?;
        self.load_timers(&wanted.timed)?;
        wanted.rfc_ids.append(&mut wanted.stored);
        self.load_heads(&wanted.rfc_ids)?;
        let heads = self.heads.values().flatten();
        wanted.leads.extend(heads.map(|head| head.lead_id));
        self.load_outgoing(&wanted.spoken_of)?;
        self.load_addresses(&wanted.addresses)?;
        wanted.leads.extend(self.addresses.values().flatten());
        // A decision needs all conversations of a lead: they are read by lead, each once.
        let named: Vec<Uuid> = wanted.conversations.into_iter().collect();
        let leads = self.reader.leads_of_conversations(&named)?;
        wanted.leads.extend(leads.values());
        let nowhere = named.into_iter().filter(|id| !leads.contains_key(id));
        self.conversations.extend(nowhere.map(|id| (id, None)));
        self.load_leads(&wanted.leads)?;
        self.load_of_leads(&wanted.leads)?;
        let speaking = wanted.speakers.iter().filter_map(|id| self.leads.get(id));
        let own = speaking.flatten().map(|lead| address_key(&lead.row.email));
        wanted.writers.extend(own);
        self.load_failing(&wanted.writers)?;
        if self.waiting.is_empty() && !wanted.drawn {
            // No message will be stored, so that no tree matters.
            return Ok(());
        }
        self.load_missing()
    }

    /// Loads what is known of the sending of mails that events speak of.
    fn load_outgoing(&mut self, ids: &BTreeSet<String>) -> Result<(), AppError> {
        if ids.is_empty() || self.context.sending.mode == SendMode::Off {
            return Ok(());
        }
        let unknown = |id: &&String| self.heads.get(*id).is_none_or(Vec::is_empty);
        let unknown: Vec<String> = ids.iter().filter(unknown).cloned().collect();
        self.load_notices(unknown)?;
        let heads = ids.iter().filter_map(|id| self.heads.get(id)).flatten();
        let messages: Vec<Uuid> = heads.map(|head| head.id).collect();
        let found = self.reader.outbox_by_messages(&messages)?;
        self.outgoing
            .extend(messages.into_iter().map(|id| (id, None)));
        for row in found {
            if let Some(message) = row.message_id {
                self.outgoing.insert(message, Some(row));
            }
        }
        Ok(())
    }

    /// Finds the conversations whose trees miss nothing: most of them.
    fn load_missing(&mut self) -> Result<(), AppError> {
        let stored = self.conversations.values().flatten();
        let ids: Vec<Uuid> = stored.map(|entry| entry.row.id).collect();
        let with = self.reader.with_placeholders(&ids)?;
        self.whole.extend(ids);
        for id in with {
            self.whole.remove(&id);
        }
        Ok(())
    }
}

fn want(command: &Command, context: &Context, wanted: &mut Wanted) {
    match command {
        Command::Transition(id, _)
        | Command::PatchConversation(id, _)
        | Command::TakeOver(id, _)
        | Command::Send(id, _)
        | Command::MaySend(id, ..)
        | Command::SentByOthers(id, ..)
        | Command::OneClick(id)
        | Command::Handover(id, _)
        | Command::IntegrationEvent(id, _)
        | Command::Snooze(id, _) => {
            wanted.conversations.insert(*id);
        }
        Command::FireTimer(key) => {
            wanted.conversations.insert(key.conversation);
            wanted.timed.insert(key.conversation);
        }
        Command::ProcessMessage(id, request) => {
            wanted.conversations.insert(*id);
            wanted.drawn = true;
            if request.is_from_ai != 1 {
                match request.sender_id.trim().parse::<Uuid>() {
                    Ok(speaker) => wanted.speakers.extend([speaker]),
                    Err(_) => {
                        let key = address_key(&request.sender_id);
                        wanted.writers.insert(key.clone());
                        wanted.addresses.insert(key);
                    }
                }
            }
            for (name, value) in request.email_headers.iter().flatten() {
                let threading = ["message-id", "in-reply-to", "references"];
                if threading
                    .iter()
                    .any(|known| name.eq_ignore_ascii_case(known))
                    && let Some(text) = value.as_str()
                {
                    let ids = convo_threading::message_id::scan(text).take(60);
                    let ids = ids.map(|id| id.as_str().to_owned());
                    if name.eq_ignore_ascii_case("message-id") {
                        wanted.stored.extend(ids);
                    } else {
                        wanted.rfc_ids.extend(ids);
                    }
                }
            }
        }
        Command::CreateConversation(new) => {
            wanted.leads.insert(new.lead_id);
        }
        Command::CreateLead(new) => {
            wanted.addresses.insert(address_key(&new.email));
        }
        Command::Webhook(webhook) => want_webhook(webhook, context, wanted),
        Command::ImportMail(import) => {
            wanted.parked.insert(parked_key(context, &import.mail));
            want_mail(&import.mail, None, context, wanted);
        }
        _ => {}
    }
}

fn want_webhook(webhook: &Webhook, context: &Context, wanted: &mut Wanted) {
    let token = webhook.token.as_deref();
    wanted
        .tokens
        .extend(token.map(|token| token_digest(context, webhook.provider, token)));
    match &webhook.payload {
        Payload::Event(event) => {
            wanted.events.extend(event_digest(context, event));
            let spoken_of = event.message_id.iter().map(|id| id.as_str().to_owned());
            wanted.spoken_of.extend(spoken_of.clone());
            wanted.rfc_ids.extend(spoken_of);
            let named = event.variables.conversation_id.as_deref();
            wanted
                .conversations
                .extend(named.and_then(|id| id.parse::<Uuid>().ok()));
            let lead = event.variables.lead_id.as_deref();
            wanted
                .leads
                .extend(lead.and_then(|id| id.parse::<Uuid>().ok()));
        }
        Payload::Mail(mail, _) => want_mail(mail, token, context, wanted),
        Payload::Unreadable(_) => {}
    }
}

fn want_mail(mail: &InboundEmail, token: Option<&str>, context: &Context, wanted: &mut Wanted) {
    let id = match &mail.message_id {
        Some(id) => id.as_str().to_owned(),
        None => mail.derived_message_id(token).as_str().to_owned(),
    };
    wanted.stored.insert(id);
    wanted
        .rfc_ids
        .extend(mail.chain.candidates().map(|id| id.as_str().to_owned()));
    let writer = mail.from.iter().map(|from| address_key(&from.email));
    wanted.writers.extend(writer.clone());
    wanted.addresses.extend(writer);
    let tokens = mail
        .recipients
        .iter()
        .filter_map(|to| crate::reply_token::in_address(to));
    wanted
        .conversations
        .extend(tokens.filter_map(|token| crate::reply_token::open(&context.reply_key, token)));
}
