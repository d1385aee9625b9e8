//! Rows to begin with.

use chrono::{DateTime, TimeDelta, Utc};
use convo_store::rows::*;
use convo_store::{Commit, CommitError, NewLogRow, Put, StoreError, Writer};
use uuid::Uuid;

use crate::database::born;

pub fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 + n)
}

pub fn at(seconds: i64) -> DateTime<Utc> {
    born() + TimeDelta::seconds(seconds)
}

pub fn lead(n: u128) -> LeadRow {
    let email = format!("Lead{n}@Example.com");
    LeadRow {
        id: id(n),
        email_key: email.to_lowercase(),
        email,
        first_name: Some("Ana".to_owned()),
        first_key: Some("ana".to_owned()),
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
        created_at: at(n as i64),
        updated_at: at(n as i64),
    }
}

pub fn conversation(n: u128, lead: u128) -> ConversationRow {
    ConversationRow {
        id: id(n),
        lead_id: id(lead),
        campaign_id: None,
        external_id: None,
        previous_conversation_id: None,
        subject: "A test drive".to_owned(),
        state: "NEW".to_owned(),
        version: 0,
        revision: 0,
        assigned_agent_id: None,
        outcome: None,
        follow_up_at: None,
        awaiting: "nobody".to_owned(),
        held: false,
        last_event: None,
        last_activity_at: at(n as i64),
        closed_at: None,
        message_count: 0,
        engagement: 0,
        readiness: 0,
        qualification: 0,
        ever_handed_over: false,
        integration: None,
        queued_since: None,
        facts: "{}".to_owned(),
        audit_version: 0,
        audit_digest: None,
        created_at: at(n as i64),
        updated_at: at(n as i64),
    }
}

pub fn message(n: u128, conversation: u128, lead: u128, sequence: i64) -> MessageRow {
    MessageRow {
        id: id(n),
        conversation_id: id(conversation),
        lead_id: id(lead),
        sequence_number: sequence,
        direction: "inbound".to_owned(),
        author: "lead".to_owned(),
        author_id: Some(id(lead)),
        kind: "human".to_owned(),
        note: false,
        rfc_id: format!("m{n}@example.com"),
        parent_rfc: None,
        parent_message_rfc: None,
        parent_id: None,
        depth: 0,
        thread_id: id(n),
        chain: "[]".to_owned(),
        in_reply_to: None,
        references: "[]".to_owned(),
        at: at(sequence),
        received_at: at(sequence),
        content_hash: vec![n as u8; 32],
        rung: Some(4),
        evidence: "{}".to_owned(),
        codes: "{}".to_owned(),
        flags: "[]".to_owned(),
        receipt_id: None,
        returns_on: None,
        erased: false,
    }
}

pub fn content(message: u128, text: &str) -> ContentRow {
    ContentRow {
        message_id: id(message),
        from_address: Some("Ana <ana@example.com>".to_owned()),
        recipients: "[]".to_owned(),
        subject: "Re: A test drive".to_owned(),
        snippet: text.to_owned(),
        size: 1_000,
        reply_text: text.to_owned(),
        text: text.to_owned(),
        html: None,
        headers: None,
        raw: Some(text.as_bytes().to_vec()),
    }
}

pub fn transition(n: u128, conversation: u128, lead: u128, version: i64) -> TransitionRow {
    TransitionRow {
        id: id(n),
        conversation_id: id(conversation),
        lead_id: id(lead),
        version,
        from_state: "NEW".to_owned(),
        to_state: "ACTIVE".to_owned(),
        event: "FIRST_EMAIL_SENT".to_owned(),
        triggered_by: "system".to_owned(),
        actor: "writer".to_owned(),
        cause: None,
        implied_by: None,
        warnings: "[]".to_owned(),
        waived: "[]".to_owned(),
        policy_version: 1,
        metadata_id: None,
        at: at(version),
        recorded_at: at(version),
        content_digest: None,
        digest: None,
    }
}

pub fn receipt(n: u128, status: &str) -> ReceiptRow {
    ReceiptRow {
        id: id(n),
        provider: "mailgun".to_owned(),
        kind: "inbound".to_owned(),
        status: status.to_owned(),
        attempts: 1,
        next_attempt_at: None,
        error_code: None,
        conversation_id: None,
        lead_id: None,
        campaign_id: None,
        message_id: None,
        wait_rfc_id: None,
        address_digest: None,
        body: Some(b"{}".to_vec()),
        received_at: at(n as i64),
        done_at: (status == "done").then(|| at(n as i64)),
    }
}

pub fn review(n: u128, from: &str) -> ReviewRow {
    ReviewRow {
        id: id(n),
        reason: "unknown_sender".to_owned(),
        status: "open".to_owned(),
        receipt_id: None,
        message_id: None,
        conversation_id: None,
        lead_id: None,
        from_key: Some(from.to_owned()),
        wait_rfc_ids: "[]".to_owned(),
        body: Some(b"parked".to_vec()),
        resolution: None,
        resolved_by: None,
        created_at: at(n as i64),
        resolved_at: None,
    }
}

pub fn log(kind: &str) -> NewLogRow {
    NewLogRow {
        kind: kind.to_owned(),
        at: born(),
        conversation_id: None,
        lead_id: None,
        metadata_id: None,
        silent: false,
        quiet: false,
        data: "{}".to_owned(),
    }
}

pub fn outgoing(n: u128, status: &str, due: Option<i64>) -> OutboxRow {
    OutboxRow {
        id: id(n),
        kind: "message".to_owned(),
        notice: None,
        message_id: None,
        conversation_id: Some(id(2)),
        lead_id: Some(id(1)),
        agent_id: None,
        subject_id: None,
        rfc_id: format!("m{n}@dealer.example"),
        automatic: None,
        created_at: at(n as i64),
        status: status.to_owned(),
        code: None,
        attempts: 0,
        due_at: due.map(at),
        lease_owner: None,
        provider_id: None,
        updated_at: at(n as i64),
        sent_at: None,
    }
}

/// A lead with one conversation, both new.
pub fn pair(lead_n: u128, conversation_n: u128) -> Commit {
    Commit {
        leads: vec![Put::new(lead(lead_n))],
        lead_addresses: vec![LeadAddressRow {
            address_key: format!("lead{lead_n}@example.com"),
            lead_id: id(lead_n),
            address: format!("Lead{lead_n}@Example.com"),
            is_primary: true,
        }],
        conversations: vec![Put::new(conversation(conversation_n, lead_n))],
        ..Commit::default()
    }
}

/// Commits what needs no reading.
pub fn commit(writer: &mut Writer, commit: Commit) -> Result<(), CommitError<StoreError>> {
    writer.commit(|_| Ok((commit, ())))
}
