//! The rows of what was played, again and again under other ids.

use std::collections::BTreeMap;

use convo_store::rows::*;
use convo_store::{Commit, NewLogRow, Put, Reader, Store, StoreError};
use uuid::Uuid;

use crate::play::Played;

/// Conversations of one commit.
const BATCH: usize = 2_000;
/// Bits of an id that tell copies apart; the application's own are below them.
const COPY: u32 = 36;

/// Everything of one lead.
struct Person {
    lead: LeadRow,
    addresses: Vec<LeadAddressRow>,
    conversations: Vec<ConversationRow>,
    messages: Vec<MessageRow>,
    contents: Vec<ContentRow>,
    metadata: Vec<MetadataRow>,
    transitions: Vec<TransitionRow>,
    journey: Vec<JourneyEventRow>,
    events: Vec<EmailEventRow>,
    offers: Vec<OfferRow>,
    timers: Vec<TimerRow>,
    waits: Vec<WaitRow>,
    cohorts: Vec<CohortRow>,
}

impl Person {
    fn of(reader: &mut Reader<'_>, lead: Uuid, offers: &[OfferRow]) -> Result<Self, StoreError> {
        let conversations = reader.conversations_by_leads(&[lead])?;
        let ids: Vec<Uuid> = conversations.iter().map(|row| row.id).collect();
        let mut messages = Vec::new();
        for id in &ids {
            messages.extend(reader.messages_after(*id, 0, 1_000)?);
        }
        let of: Vec<Uuid> = messages.iter().map(|row| row.id).collect();
        let offers = offers.iter().filter(|row| row.lead_id == lead);
        Ok(Self {
            lead: reader.leads_by_ids(&[lead])?.remove(0),
            addresses: reader.lead_addresses_by_leads(&[lead])?,
            contents: reader.contents_by_messages(&of)?,
            metadata: reader.metadata_by_lead(lead)?,
            transitions: reader.transitions_by_conversations(&ids)?,
            journey: reader.journey_by_leads(&[lead])?,
            events: reader.email_events_by_conversations(&ids)?,
            offers: offers.cloned().collect(),
            timers: reader.timers_by_conversations(&ids)?,
            waits: reader.waits_by_conversations(&ids)?,
            cohorts: reader.cohorts_by_leads(&[lead])?,
            conversations,
            messages,
        })
    }
}

/// Copies what was played so many times into an empty database, counters included; the messages written.
pub fn copy(played: &Played, store: &Store, copies: usize) -> usize {
    let (people, shared, counters, counts) = played
        .store
        .read(|reader| {
            let offers = reader.offers_after(None, 1_000_000)?;
            let people: Result<Vec<Person>, StoreError> = played
                .leads
                .iter()
                .map(|lead| Person::of(reader, *lead, &offers))
                .collect();
            let (counters, counts) = (reader.counters()?, reader.all_analytics_counts()?);
            Ok::<_, StoreError>((people?, shared(reader)?, counters, counts))
        })
        .expect("read");
    let mut writer = store.writer();
    let mut write = |commit: Commit| {
        writer
            .commit(|_| Ok::<_, StoreError>((commit, ())))
            .expect("written");
    };
    let times = copies as i64;
    let mut first = shared;
    first.counters = counters
        .into_iter()
        .map(|(name, n)| (name, n * times))
        .collect();
    first.counts = counts
        .into_iter()
        .map(|(key, n)| (key, n * times))
        .collect();
    write(first);
    // All copies of one person after each other: their keys are neighbours in every index.
    let each: Vec<(usize, usize)> = (0..people.len())
        .flat_map(|person| (0..copies).map(move |copy| (copy, person)))
        .collect();
    let mut messages = 0;
    for (number, batch) in each.chunks(BATCH).enumerate() {
        let mut commit = Commit::default();
        for (copy, person) in batch {
            let number = copy * people.len() + person;
            // First names are spread over the copies, which share their times.
            let named = &people[(copy + person) % people.len()].lead;
            add(&mut commit, &people[*person], named, *copy as u128, number);
        }
        messages += commit.messages.len();
        write(commit);
        if number % 50 == 49 {
            println!("{} conversations", (number + 1) * BATCH);
        }
    }
    messages
}

/// Agents, campaigns and policies, which all copies share.
fn shared(reader: &mut Reader<'_>) -> Result<Commit, StoreError> {
    let agents = reader.agents(None, 1_000)?;
    let ids: Vec<Uuid> = agents.iter().map(|row| row.id).collect();
    Ok(Commit {
        campaigns: reader
            .campaigns(None, 1_000)?
            .into_iter()
            .map(Put::new)
            .collect(),
        policies: reader.newest_policy(None)?.into_iter().collect(),
        agent_addresses: reader.agent_addresses_by_agents(&ids)?,
        agent_turns: reader.agent_turns(&ids)?,
        agents: agents.into_iter().map(Put::new).collect(),
        ..Commit::default()
    })
}

/// The row of the event log that tells of a step in a copy.
fn logged(row: &TransitionRow, copy: u128) -> NewLogRow {
    let (from, to, event, version) = (&row.from_state, &row.to_state, &row.event, row.version);
    let by = match row.triggered_by.as_str() {
        "system" => ",\"triggeredBy\":\"system\"",
        _ => "",
    };
    NewLogRow {
        kind: "conversation_state_changed".to_owned(),
        at: row.recorded_at,
        conversation_id: Some(moved(row.conversation_id, copy)),
        lead_id: Some(moved(row.lead_id, copy)),
        metadata_id: row.metadata_id.map(|id| moved(id, copy)),
        silent: false,
        quiet: false,
        data: format!(
            "{{\"fromState\":\"{from}\",\"toState\":\"{to}\",\"event\":\"{event}\",\"version\":{version}{by}}}"
        ),
    }
}

/// The id in a copy.
fn moved(id: Uuid, copy: u128) -> Uuid {
    Uuid::from_u128(id.as_u128() | copy << COPY)
}

/// A text in a copy: every id of the form we draw, which agents and campaigns are not named by in texts.
fn told(text: &str, copy: u128, shared: &[Uuid]) -> String {
    const LENGTH: usize = 36;
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    let mut at = 0;
    while at + LENGTH <= bytes.len() {
        let dashes = [8, 13, 18, 23]
            .into_iter()
            .all(|dash| bytes[at + dash] == b'-');
        let id = if dashes {
            text.get(at..at + LENGTH)
                .and_then(|id| id.parse::<Uuid>().ok())
        } else {
            None
        };
        match id {
            Some(id) => {
                out.push_str(&text[from..at]);
                let id = if shared.contains(&id) {
                    id
                } else {
                    moved(id, copy)
                };
                out.push_str(&id.to_string());
                at += LENGTH;
                from = at;
            }
            None => at += 1,
        }
    }
    out.push_str(&text[from..]);
    out
}

/// Adds a copy of a person; `number` is told in the name and the address.
fn add(commit: &mut Commit, person: &Person, named: &LeadRow, copy: u128, number: usize) {
    let email = format!("lead{number}@fill.example");
    let id = |id: Uuid| moved(id, copy);
    let maybe = |id: Option<Uuid>| id.map(|id| moved(id, copy));
    let mut shared: Vec<Uuid> = Vec::new();
    for row in &person.conversations {
        shared.extend(row.campaign_id.into_iter().chain(row.assigned_agent_id));
    }
    for row in &person.offers {
        shared.push(row.agent_id);
    }
    let text = |text: &str| told(text, copy, &shared);
    let name = format!("Number{number}");
    commit.leads.push(Put::new(LeadRow {
        id: id(person.lead.id),
        email: email.clone(),
        email_key: email.clone(),
        first_name: named.first_name.clone(),
        first_key: named.first_key.clone(),
        last_key: Some(name.to_lowercase()),
        last_name: Some(name),
        facts: text(&person.lead.facts),
        ..person.lead.clone()
    }));
    commit
        .lead_addresses
        .extend(person.addresses.iter().map(|row| LeadAddressRow {
            address_key: email.clone(),
            address: email.clone(),
            lead_id: id(row.lead_id),
            ..row.clone()
        }));
    let mut threads: BTreeMap<Uuid, ThreadRow> = BTreeMap::new();
    for row in &person.conversations {
        commit.conversations.push(Put::new(ConversationRow {
            id: id(row.id),
            lead_id: id(row.lead_id),
            facts: text(&row.facts),
            audit_version: 0,
            audit_digest: None,
            ..row.clone()
        }));
    }
    for row in &person.messages {
        let row = MessageRow {
            id: id(row.id),
            conversation_id: id(row.conversation_id),
            lead_id: id(row.lead_id),
            rfc_id: text(&row.rfc_id),
            parent_id: maybe(row.parent_id),
            thread_id: id(row.thread_id),
            ..row.clone()
        };
        threads.entry(row.thread_id).or_insert_with(|| ThreadRow {
            id: row.thread_id,
            conversation_id: row.conversation_id,
            root_rfc: row.rfc_id.clone(),
            merged_into: None,
            created_at: row.received_at,
        });
        commit.messages.push(row);
    }
    commit.threads.extend(threads.into_values());
    commit
        .contents
        .extend(person.contents.iter().map(|row| ContentRow {
            message_id: id(row.message_id),
            from_address: row.from_address.as_ref().map(|_| email.clone()),
            ..row.clone()
        }));
    commit
        .metadata
        .extend(person.metadata.iter().map(|row| MetadataRow {
            id: id(row.id),
            conversation_id: maybe(row.conversation_id),
            lead_id: maybe(row.lead_id),
            body: text(&row.body),
            ..row.clone()
        }));
    commit
        .transitions
        .extend(person.transitions.iter().map(|row| TransitionRow {
            id: id(row.id),
            conversation_id: id(row.conversation_id),
            lead_id: id(row.lead_id),
            cause: row.cause.as_deref().map(text),
            implied_by: maybe(row.implied_by),
            metadata_id: maybe(row.metadata_id),
            content_digest: None,
            digest: None,
            ..row.clone()
        }));
    commit
        .log
        .extend(person.transitions.iter().map(|row| logged(row, copy)));
    commit
        .journey
        .extend(person.journey.iter().map(|row| JourneyEventRow {
            id: id(row.id),
            lead_id: id(row.lead_id),
            conversation_id: maybe(row.conversation_id),
            ..row.clone()
        }));
    commit
        .email_events
        .extend(person.events.iter().map(|row| EmailEventRow {
            id: id(row.id),
            conversation_id: id(row.conversation_id),
            message_id: maybe(row.message_id),
            rfc_id: row.rfc_id.as_deref().map(text),
            ..row.clone()
        }));
    commit
        .offers
        .extend(person.offers.iter().map(|row| OfferRow {
            id: id(row.id),
            conversation_id: id(row.conversation_id),
            lead_id: id(row.lead_id),
            ..row.clone()
        }));
    commit
        .timers
        .extend(person.timers.iter().map(|row| TimerRow {
            conversation_id: id(row.conversation_id),
            subject_id: if row.subject_id.is_nil() {
                row.subject_id
            } else {
                id(row.subject_id)
            },
            ..row.clone()
        }));
    commit.waits.extend(person.waits.iter().map(|row| WaitRow {
        conversation_id: id(row.conversation_id),
        lead_id: id(row.lead_id),
        answer_id: maybe(row.answer_id),
        ..row.clone()
    }));
    commit
        .cohorts
        .extend(person.cohorts.iter().map(|row| CohortRow {
            lead_id: id(row.lead_id),
            conversation_id: id(row.conversation_id),
            ..row.clone()
        }));
}
