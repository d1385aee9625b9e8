//! How many small commands a second the write path takes, by batch size: each is a conversation update, an audit
//! row, a metadata row and a row of the event log.
//!
//! ```sh
//! cargo run --release -p convo-store --example store_rate                     # SQLite in a temporary folder
//! cargo run --release -p convo-store --example store_rate -- postgres://…/db  # an empty PostgreSQL database
//! cargo run --release -p convo-store --example store_rate -- sqlite://x.db
//! ```

#![allow(
    clippy::disallowed_methods,
    reason = "a bench measures time and draws its own ids"
)]

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use convo_store::rows::{ConversationRow, LeadRow, MetadataRow, TransitionRow};
use convo_store::{Birth, Commit, NewLogRow, Put, Store, StoreError, StoreOptions, Writer};
use uuid::Uuid;

const CONVERSATIONS: usize = 2_000;
const BATCHES: [usize; 5] = [1, 16, 32, 64, 128];
const TIME: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let url = std::env::args()
        .nth(1)
        .unwrap_or_else(|| format!("sqlite://{}", folder.path().join("rate.db").display()));
    let store = Store::open(&url, StoreOptions::default())?;
    let at = DateTime::from_timestamp_micros(1_767_225_600_000_000).ok_or("a time")?;
    let (reply_key, hash_key) = (vec![0; 32], vec![0; 32]);
    store.migrate(&Birth {
        reply_key,
        hash_key,
        epoch: Uuid::now_v7(),
        at,
    })?;
    let mut writer = store.writer();
    let ids = fill(&mut writer, at)?;
    println!(
        "{:?}; a plain write and fsync beside it: {:.0}/s",
        store.database(),
        fsyncs(&folder)?
    );
    println!(
        "{:>6} {:>10} {:>11} {:>14} {:>12}",
        "batch", "items/s", "commits/s", "µs per commit", "µs, fastest"
    );
    for size in BATCHES {
        let (mut items, mut commits) = (0, 0);
        let mut fastest = f64::MAX;
        let began = Instant::now();
        while began.elapsed() < TIME {
            let next = ids.iter().cycle().skip(items % CONVERSATIONS);
            let batch: Vec<Uuid> = next.take(size).copied().collect();
            let step_began = Instant::now();
            step(&mut writer, &batch, at)?;
            fastest = fastest.min(step_began.elapsed().as_secs_f64() * 1e6);
            items = items.wrapping_add(size);
            commits += 1;
        }
        let seconds = began.elapsed().as_secs_f64();
        let (items, commits) = (items as f64 / seconds, f64::from(commits) / seconds);
        let mean = 1e6 / commits;
        println!("{size:>6} {items:>10.0} {commits:>11.0} {mean:>14.0} {fastest:>12.0}");
    }
    Ok(())
}

/// One batch: reads the conversations, moves each by one event.
fn step(writer: &mut Writer, ids: &[Uuid], at: DateTime<Utc>) -> Result<(), Box<dyn Error>> {
    writer
        .commit(|reader| {
            let mut commit = Commit::default();
            for row in reader.conversations_by_ids(ids)? {
                one(&mut commit, row, at);
            }
            Ok::<_, StoreError>((commit, ()))
        })
        .map_err(Into::into)
}

fn one(commit: &mut Commit, mut row: ConversationRow, at: DateTime<Utc>) {
    let metadata_id = Uuid::now_v7();
    let expected = row.revision;
    row.version += 1;
    row.last_activity_at += chrono::TimeDelta::seconds(1);
    commit.metadata.push(MetadataRow {
        id: metadata_id,
        conversation_id: Some(row.id),
        lead_id: Some(row.lead_id),
        kind: "transition".to_owned(),
        body: "{\"triggeredBy\":\"bench\",\"metadata\":{}}".to_owned(),
        created_at: at,
    });
    commit.transitions.push(TransitionRow {
        id: Uuid::now_v7(),
        conversation_id: row.id,
        lead_id: row.lead_id,
        version: row.version,
        from_state: row.state.clone(),
        to_state: row.state.clone(),
        event: "ENGAGEMENT_INCREASED".to_owned(),
        triggered_by: "request".to_owned(),
        actor: "bench".to_owned(),
        cause: None,
        implied_by: None,
        warnings: "[]".to_owned(),
        waived: "[]".to_owned(),
        policy_version: 1,
        metadata_id: Some(metadata_id),
        at,
        recorded_at: at,
    });
    commit.log.push(NewLogRow {
        kind: "conversation_state_changed".to_owned(),
        at,
        conversation_id: Some(row.id),
        lead_id: Some(row.lead_id),
        metadata_id: Some(metadata_id),
        silent: false,
        quiet: false,
        data: "{\"fromState\":\"ENGAGED\",\"toState\":\"ENGAGED\",\"version\":7}".to_owned(),
    });
    commit.conversations.push(Put::changed(row, expected));
}

/// Makes the conversations.
fn fill(writer: &mut Writer, at: DateTime<Utc>) -> Result<Vec<Uuid>, Box<dyn Error>> {
    let mut commit = Commit::default();
    for _ in 0..CONVERSATIONS {
        let lead = lead(at);
        commit
            .conversations
            .push(Put::new(conversation(lead.id, at)));
        commit.leads.push(Put::new(lead));
    }
    let ids = commit.conversations.iter().map(|put| put.row.id).collect();
    writer.commit(|_| Ok::<_, StoreError>((commit, ())))?;
    Ok(ids)
}

fn lead(at: DateTime<Utc>) -> LeadRow {
    let id = Uuid::now_v7();
    LeadRow {
        id,
        created_at: at,
        email: format!("{id}@example.com"),
        email_key: format!("{id}@example.com"),
        first_name: None,
        first_key: None,
        last_name: None,
        last_key: None,
        phone: None,
        interest: None,
        source: None,
        campaign_id: None,
        language: None,
        time_zone: None,
        attributes: "{}".to_owned(),
        consent: None,
        external_id: None,
        current_stage: None,
        highest_stage: None,
        completeness: 20,
        facts: "{}".to_owned(),
        erased_at: None,
        revision: 0,
        updated_at: at,
    }
}

fn conversation(lead_id: Uuid, at: DateTime<Utc>) -> ConversationRow {
    ConversationRow {
        id: Uuid::now_v7(),
        lead_id,
        campaign_id: None,
        external_id: None,
        previous_conversation_id: None,
        created_at: at,
        subject: "A test drive".to_owned(),
        state: "ENGAGED".to_owned(),
        version: 6,
        revision: 0,
        assigned_agent_id: None,
        outcome: None,
        follow_up_at: None,
        awaiting: "us".to_owned(),
        held: false,
        last_event: Some("LEAD_REPLIED".to_owned()),
        last_activity_at: at,
        closed_at: None,
        message_count: 12,
        engagement: 62,
        readiness: 55,
        qualification: 40,
        ever_handed_over: false,
        integration: None,
        queued_since: None,
        facts: format!("{{\"schema\":1,\"tally\":\"{}\"}}", "0".repeat(800)),
        updated_at: at,
    }
}

/// What the disk gives: appends of 4 KiB, each followed by fsync.
fn fsyncs(folder: &tempfile::TempDir) -> Result<f64, Box<dyn Error>> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.path().join("fsync"))?;
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < Duration::from_secs(1) {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}
