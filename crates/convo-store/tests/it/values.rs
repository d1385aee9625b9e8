//! Values come back as they were written.

use chrono::DateTime;
use convo_store::rows::*;
use convo_store::{Commit, CommitError, Put, StoreError};
use uuid::Uuid;

use crate::database::on_both;
use crate::rows::*;

#[test]
fn rows_come_back_equal() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut all = pair(1, 2);
        let lead = &mut all.leads[0].row;
        lead.id = Uuid::from_u128(u128::MAX - 5);
        lead.phone = Some("+49 30 901820".to_owned());
        lead.last_name = Some("Müller 🚗".to_owned());
        lead.attributes = "{\"a\": [1, \"\\u0000\"]}".to_owned();
        lead.current_stage = Some(6);
        lead.erased_at = Some(at(3));
        all.lead_addresses[0].lead_id = lead.id;
        all.conversations[0].row.lead_id = lead.id;
        all.messages.push(message(3, 2, 1, 1));
        all.contents.push(content(3, "Müller 🚗\r\n\t'\"\\%_"));
        let mut expected = all.clone();
        commit(&mut writer, all).unwrap();
        let (lead, conversation) = (
            &mut expected.leads[0].row,
            &mut expected.conversations[0].row,
        );
        lead.revision = 1;
        conversation.revision = 1;
        fresh
            .store
            .read(|reader| {
                assert_eq!(reader.leads_by_ids(&[lead.id])?[0], *lead);
                assert_eq!(reader.conversations_by_ids(&[id(2)])?[0], *conversation);
                assert_eq!(reader.messages_by_ids(&[id(3)])?, expected.messages);
                assert_eq!(reader.contents_by_messages(&[id(3)])?, expected.contents);
                let key = "lead1@example.com".to_owned();
                let found = reader.lead_addresses_by_keys(&[key])?;
                assert_eq!(found[0].lead_id, lead.id);
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}

#[test]
fn times_keep_microseconds() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let micros = [
            0,
            1,
            -1,
            631_152_000_000_001,
            946_684_800_000_000,
            4_102_444_799_999_999,
        ];
        for (n, micros) in (1..).zip(micros) {
            let mut row = lead(n);
            row.created_at = DateTime::from_timestamp_micros(micros).unwrap();
            let new = Commit {
                leads: vec![Put::new(row)],
                ..Commit::default()
            };
            commit(&mut writer, new).unwrap();
            let found = fresh
                .store
                .read(|reader| reader.leads_by_ids(&[id(n)]))
                .unwrap();
            assert_eq!(found[0].created_at.timestamp_micros(), micros);
        }
    });
}

#[test]
fn u0000_is_refused_before_it_is_written() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut bad = pair(1, 2);
        bad.conversations[0].row.subject = "a\0b".to_owned();
        let refused = commit(&mut writer, bad).unwrap_err();
        let text = StoreError::Text {
            table: "conversations",
        };
        assert!(matches!(
            &refused,
            CommitError::Store(StoreError::Text {
                table: "conversations"
            })
        ));
        assert_eq!(refused.to_string(), text.to_string());
        let mut bad = pair(1, 2);
        bad.log.push(log("a\0"));
        assert!(commit(&mut writer, bad).is_err());
        commit(&mut writer, pair(1, 2)).unwrap();
        let asked = ["a\0".to_owned(), "lead1@example.com".to_owned()];
        let found = fresh
            .store
            .read(|reader| reader.lead_addresses_by_keys(&asked))
            .unwrap();
        assert_eq!(found.len(), 1);
    });
}

#[test]
fn debug_output_holds_no_text() {
    let shown = format!("{:?} {:?}", lead(1), content(2, "hello"));
    assert!(shown.contains(&id(1).to_string()));
    for text in ["xample", "Ana", "hello"] {
        assert!(!shown.contains(text), "{shown}");
    }
}

#[test]
fn keyed_lookups_take_long_lists() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let leads: Vec<Put<LeadRow>> = (1..=1_200).map(|n| Put::new(lead(n))).collect();
        commit(
            &mut writer,
            Commit {
                leads,
                ..Commit::default()
            },
        )
        .unwrap();
        let ids: Vec<Uuid> = (1..=1_200).map(id).collect();
        let found = fresh
            .store
            .read(|reader| reader.leads_by_ids(&ids))
            .unwrap();
        assert_eq!(found.len(), 1_200);
    });
}
