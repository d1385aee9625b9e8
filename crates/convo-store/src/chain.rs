//! The chain of a conversation's audit: each row carries a digest over the row before it and all of its own facts, and
//! the conversation carries the last of them with its version.
//!
//! `docs/audit.md` has the encoding in words, for programs that check it without us. It never changes under its tags.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::any::AnyConn;
use crate::commit::Commit;
use crate::error::{StoreError, StoreResult};
use crate::fixed::{Columns, update_columns};
use crate::record::{Field, columns};
use crate::rows::tables::*;
use crate::rows::{ConversationRow, MetadataRow, TransitionRow};
use crate::together::Part;

/// Tells digests of audit rows from all others; ends with the version of the encoding.
pub const ROW: &str = "convo/audit-row/1";
/// Tells digests of metadata from all others; ends with the version of the encoding.
pub const CONTENT: &str = "convo/audit-content/1";

/// The digest of an audit row, 32 bytes: over the one of the row before, none for a conversation's first, its facts and
/// its content digest as they are.
#[must_use]
pub fn row_digest(previous: Option<&[u8]>, row: &TransitionRow) -> Vec<u8> {
    let mut facts = Facts::of(ROW);
    facts.add(previous);
    facts.id(Some(row.id));
    facts.id(Some(row.conversation_id));
    facts.id(Some(row.lead_id));
    facts.number(row.version);
    facts.text(Some(&row.from_state));
    facts.text(Some(&row.to_state));
    facts.text(Some(&row.event));
    facts.text(Some(&row.triggered_by));
    facts.text(Some(&row.actor));
    facts.text(row.cause.as_deref());
    facts.id(row.implied_by);
    facts.text(Some(&row.warnings));
    facts.text(Some(&row.waived));
    facts.number(row.policy_version);
    facts.id(row.metadata_id);
    facts.time(row.at);
    facts.time(row.recorded_at);
    facts.add(row.content_digest.as_deref());
    facts.end()
}

/// The digest of a metadata row, 32 bytes; without its salt nobody can find out what it was made of.
#[must_use]
pub fn content_digest(salt: &[u8], row: &MetadataRow) -> Vec<u8> {
    let mut facts = Facts::of(CONTENT);
    facts.add(Some(salt));
    facts.id(Some(row.id));
    facts.id(row.conversation_id);
    facts.id(row.lead_id);
    facts.text(Some(&row.kind));
    facts.text(Some(&row.body));
    facts.time(row.created_at);
    facts.end()
}

/// Fields in order, each with its length before it, so that no two lists of fields give the same bytes.
struct Facts(Sha256);

impl Facts {
    fn of(tag: &str) -> Self {
        let mut facts = Self(Sha256::new());
        facts.text(Some(tag));
        facts
    }

    /// Bytes: their number in eight bytes, big end first, and they; none is a number that no length reaches.
    fn add(&mut self, field: Option<&[u8]>) {
        let length = field.map_or(u64::MAX, |bytes| bytes.len() as u64);
        self.0.update(length.to_be_bytes());
        self.0.update(field.unwrap_or_default());
    }

    fn text(&mut self, field: Option<&str>) {
        self.add(field.map(str::as_bytes));
    }

    fn id(&mut self, field: Option<Uuid>) {
        self.add(field.as_ref().map(|id| &id.as_bytes()[..]));
    }

    fn number(&mut self, field: i64) {
        self.add(Some(&field.to_be_bytes()));
    }

    fn time(&mut self, field: DateTime<Utc>) {
        self.number(field.timestamp_micros());
    }

    fn end(self) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

/// Chains the audit rows of a commit to the heads that its conversations were read with. What does not follow a head,
/// since an older version of the program wrote in between, stays without a digest until it is chained with that.
pub(crate) fn link(commit: &mut Commit) {
    if commit.transitions.is_empty() && commit.unchained.is_empty() {
        return;
    }
    let contents: HashMap<Uuid, Option<Vec<u8>>> = commit
        .metadata
        .iter()
        .chain(&commit.salted)
        .map(|row| {
            (
                row.id,
                row.salt.as_ref().map(|salt| content_digest(salt, row)),
            )
        })
        .collect();
    let mut heads: HashMap<Uuid, &mut ConversationRow> = commit
        .conversations
        .iter_mut()
        .map(|put| (put.row.id, &mut put.row))
        .collect();
    for row in commit.unchained.iter_mut().chain(&mut commit.transitions) {
        let Some(head) = heads.get_mut(&row.conversation_id) else {
            continue;
        };
        if row.digest.is_some() || head.audit_version.checked_add(1) != Some(row.version) {
            continue;
        }
        if let Some(id) = row.metadata_id {
            match contents.get(&id) {
                Some(content) => row.content_digest.clone_from(content),
                None => continue,
            }
        }
        let digest = row_digest(head.audit_digest.as_deref(), row);
        head.audit_version = row.version;
        head.audit_digest = Some(digest.clone());
        row.digest = Some(digest);
    }
}

const CHAIN: &str = update_columns!(conversation_state_transitions (content_digest digest));
const CHAIN_END: &str = ") AS given(id, content_digest, digest) \
     WHERE conversation_state_transitions.id = given.id AND conversation_state_transitions.digest IS NULL";
const SALT: &str = update_columns!(conversation_metadata(salt));
const SALT_END: &str = ") AS given(id, salt) \
     WHERE conversation_metadata.id = given.id AND conversation_metadata.salt IS NULL";

/// Writes the digests of stored rows that had none, and the salts drawn for them.
pub(crate) fn write(
    conn: &mut AnyConn,
    unchained: &[TransitionRow],
    salted: &[MetadataRow],
) -> StoreResult<()> {
    let rows: Vec<&TransitionRow> = unchained
        .iter()
        .filter(|row| row.digest.is_some())
        .collect();
    if !rows.is_empty() {
        let done = match conn {
            AnyConn::Sqlite(conn) => rows.iter().try_for_each(|row| {
                let one = conversation_state_transitions::table
                    .filter(conversation_state_transitions::id.eq(row.id.bind()))
                    .filter(conversation_state_transitions::digest.is_null());
                let set = (
                    conversation_state_transitions::content_digest.eq(row.content_digest.bind()),
                    conversation_state_transitions::digest.eq(row.digest.bind()),
                );
                diesel::update(one).set(set).execute(conn).map(drop)
            }),
            AnyConn::Pg(conn) => {
                let columns =
                    columns!(rows conversation_state_transitions (id content_digest digest));
                let all = Part::new(Columns::<_, ()>::new(CHAIN, columns, CHAIN_END));
                all.execute(conn).map(drop)
            }
        };
        done.map_err(|error| StoreError::at("conversation_state_transitions", error))?;
    }
    let rows: Vec<&MetadataRow> = salted.iter().filter(|row| row.salt.is_some()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let done = match conn {
        AnyConn::Sqlite(conn) => rows.iter().try_for_each(|row| {
            let one = conversation_metadata::table
                .filter(conversation_metadata::id.eq(row.id.bind()))
                .filter(conversation_metadata::salt.is_null());
            let set = conversation_metadata::salt.eq(row.salt.bind());
            diesel::update(one).set(set).execute(conn).map(drop)
        }),
        AnyConn::Pg(conn) => {
            let columns = columns!(rows conversation_metadata (id salt));
            let all = Part::new(Columns::<_, ()>::new(SALT, columns, SALT_END));
            all.execute(conn).map(drop)
        }
    };
    done.map_err(|error| StoreError::at("conversation_metadata", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> TransitionRow {
        let id = |n| Uuid::from_u128(n);
        let at = |micros| DateTime::from_timestamp_micros(micros).unwrap();
        TransitionRow {
            id: id(1),
            conversation_id: id(2),
            lead_id: id(3),
            version: 1,
            from_state: "NEW".to_owned(),
            to_state: "ACTIVE".to_owned(),
            event: "FIRST_EMAIL_SENT".to_owned(),
            triggered_by: "system".to_owned(),
            actor: "system".to_owned(),
            cause: None,
            implied_by: None,
            warnings: "[]".to_owned(),
            waived: "[]".to_owned(),
            policy_version: 1,
            metadata_id: None,
            at: at(5),
            recorded_at: at(6),
            content_digest: None,
            digest: None,
        }
    }

    /// Bytes written by hand: a digest that changes means that every stored chain is broken.
    #[test]
    fn the_encoding_is_the_documented_one() {
        let none = [0xff; 8];
        let field = |bytes: &[u8]| [&(bytes.len() as u64).to_be_bytes()[..], bytes].concat();
        let id = |n: u128| field(&n.to_be_bytes());
        let number = |n: i64| field(&n.to_be_bytes());
        let bytes = [
            field(b"convo/audit-row/1"),
            none.to_vec(),
            id(1),
            id(2),
            id(3),
            number(1),
            field(b"NEW"),
            field(b"ACTIVE"),
            field(b"FIRST_EMAIL_SENT"),
            field(b"system"),
            field(b"system"),
            none.to_vec(),
            none.to_vec(),
            field(b"[]"),
            field(b"[]"),
            number(1),
            none.to_vec(),
            number(5),
            number(6),
            none.to_vec(),
        ];
        assert_eq!(
            row_digest(None, &row()),
            Sha256::digest(bytes.concat()).to_vec()
        );
    }

    #[test]
    fn neighbours_and_absence_tell() {
        let mut moved = row();
        moved.from_state = "NEWA".to_owned();
        moved.to_state = "CTIVE".to_owned();
        let mut empty = row();
        empty.cause = Some(String::new());
        let digests = [
            row_digest(None, &row()),
            row_digest(Some(&[]), &row()),
            row_digest(None, &moved),
            row_digest(None, &empty),
        ];
        for (n, one) in digests.iter().enumerate() {
            assert!(!digests[n + 1..].contains(one), "{n}");
        }
    }
}
