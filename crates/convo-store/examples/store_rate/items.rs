//! The items that are written: a conversation update, an audit row, a metadata row and a row of the event log each.

use chrono::{DateTime, Utc};
use convo_store::rows::{ConversationRow, LeadRow, MetadataRow, TransitionRow};
use convo_store::{Commit, CommitError, NewLogRow, Put, StoreError, Writer};
use uuid::Uuid;

/// One batch: reads the conversations, lets the time of deciding pass, moves each by one event.
pub fn step(
    writer: &mut Writer,
    ids: &[Uuid],
    at: DateTime<Utc>,
    decide: impl FnOnce(),
) -> Result<(), CommitError<StoreError>> {
    writer.commit(|reader| {
        let mut commit = Commit::default();
        let rows = reader.conversations_by_ids(ids)?;
        decide();
        for row in rows {
            one(&mut commit, row, at);
        }
        Ok((commit, ()))
    })
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
        salt: Some(vec![7; 16]),
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
        content_digest: None,
        digest: None,
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

/// Makes so many conversations.
pub fn fill(
    writer: &mut Writer,
    conversations: usize,
    at: DateTime<Utc>,
) -> Result<Vec<Uuid>, CommitError<StoreError>> {
    let mut commit = Commit::default();
    for _ in 0..conversations {
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
        audit_version: 6,
        audit_digest: Some(vec![6; 32]),
        updated_at: at,
    }
}
