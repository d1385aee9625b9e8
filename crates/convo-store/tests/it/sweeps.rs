//! Erasing a person, and retention.

use convo_store::rows::*;
use convo_store::{Commit, Put, StoreError, Sweep};

use crate::database::on_both;
use crate::rows::*;

const SECRET: &str = "Margaréthe";

#[test]
fn an_erase_leaves_no_text_of_the_person() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut all = pair(1, 2);
        all.append(pair(3, 4));
        all.messages = vec![message(10, 2, 1, 1), message(11, 4, 3, 1)];
        // The person wrote into another lead's conversation too.
        all.messages.push(MessageRow {
            author: "other".to_owned(),
            author_id: Some(id(1)),
            ..message(12, 4, 3, 2)
        });
        all.contents = vec![
            content(10, SECRET),
            content(11, "kept"),
            content(12, SECRET),
        ];
        all.attachments.push(AttachmentRow {
            id: id(20),
            message_id: id(10),
            n: 1,
            name: format!("{SECRET}.pdf"),
            content_type: "application/pdf".to_owned(),
            content_id: None,
            size: 3,
            sha256: vec![9; 32],
        });
        all.metadata.push(MetadataRow {
            id: id(30),
            conversation_id: Some(id(2)),
            lead_id: Some(id(1)),
            kind: "transition".to_owned(),
            body: format!("{{\"by\":\"{SECRET}\"}}"),
            created_at: at(0),
            salt: Some(vec![3; 16]),
        });
        let mut theirs = receipt(40, "done");
        theirs.conversation_id = Some(id(2));
        theirs.body = Some(SECRET.as_bytes().to_vec());
        let mut unmatched = receipt(42, "unmatched");
        unmatched.address_digest = Some(vec![7; 32]);
        unmatched.body = Some(SECRET.as_bytes().to_vec());
        let mut found = receipt(43, "dead");
        found.body = Some(SECRET.as_bytes().to_vec());
        all.receipts = vec![theirs, receipt(41, "done"), unmatched, found];
        let mut parked = review(50, "lead1@example.com");
        parked.body = Some(SECRET.as_bytes().to_vec());
        all.reviews = vec![parked];
        all.review_waits.push(ReviewWaitRow {
            rfc_id: "m1@x".to_owned(),
            review_id: id(50),
        });
        all.answers.push(IdempotencyRow {
            scope_digest: vec![1; 32],
            body_digest: vec![1; 32],
            status: 201,
            content_type: "application/json".to_owned(),
            answer: Some(SECRET.to_owned()),
            lead_id: Some(id(1)),
            created_at: at(0),
        });
        let soft = |digest: u8| SoftBounceRow {
            address_digest: vec![digest; 32],
            bounces: 1,
            newest_at: at(0),
            newest_message_id: None,
        };
        all.soft_bounces = vec![soft(7), soft(8)];
        commit(&mut writer, all).unwrap();
        assert_eq!(fresh.store.search_columns(SECRET).unwrap().len(), 9);
        let digests = fresh
            .store
            .read(|r| r.attachment_digests_by_lead(id(1)))
            .unwrap();
        assert_eq!(digests, [vec![9; 32]]);
        let address_keys = vec!["lead1@example.com".to_owned()];
        let sweeps = vec![Sweep::EraseLead {
            lead_id: id(1),
            address_keys,
            address_digests: vec![vec![7; 32]],
            receipts: vec![id(43)],
        }];
        commit(
            &mut writer,
            Commit {
                sweeps,
                ..Commit::default()
            },
        )
        .unwrap();
        assert_eq!(fresh.store.search_columns(SECRET).unwrap(), []);
        fresh
            .store
            .read(|reader| {
                assert!(reader.messages_by_ids(&[id(10)])?[0].erased);
                assert!(!reader.messages_by_ids(&[id(11)])?[0].erased);
                assert_eq!(
                    reader.contents_by_messages(&[id(11)])?,
                    [content(11, "kept")]
                );
                assert_eq!(reader.receipts(None, None, 10)?.len(), 1);
                let soft = reader.soft_bounces(&[vec![7; 32], vec![8; 32]])?;
                assert_eq!(soft.len(), 1);
                assert_eq!(reader.reviews(None, 10)?, []);
                assert_eq!(reader.lead_addresses_by_leads(&[id(1)])?, []);
                assert_eq!(reader.answers(&[vec![1; 32]])?[0].answer, None);
                assert_eq!(
                    reader.attachment_digests_in_use(&digests)?,
                    Vec::<Vec<u8>>::new()
                );
                assert_eq!(reader.foreign_key_violations()?, Vec::<String>::new());
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}

#[test]
fn retention_takes_the_old_in_steps() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut all = Commit::default();
        for n in 1..=5 {
            all.receipts.push(receipt(n, "done"));
            all.dedupe.push(EventDedupeRow {
                digest: vec![n as u8],
                expires_at: at(n as i64),
            });
        }
        all.receipts.push(receipt(6, "dead"));
        all.receipts.push(receipt(7, "unmatched"));
        commit(&mut writer, all).unwrap();
        let sweep = Sweep::Receipts {
            before: at(100),
            limit: 4,
        };
        let mut steps = 0;
        while fresh
            .store
            .read(|reader| reader.sweep_pending(&sweep))
            .unwrap()
        {
            let sweeps = vec![sweep.clone()];
            commit(
                &mut writer,
                Commit {
                    sweeps,
                    ..Commit::default()
                },
            )
            .unwrap();
            steps += 1;
        }
        assert_eq!(steps, 2);
        let left = fresh
            .store
            .read(|reader| reader.receipts(None, None, 10))
            .unwrap();
        assert_eq!(left.len(), 1);
        let sweeps = vec![Sweep::Dedupe {
            before: at(3),
            limit: 10,
        }];
        commit(
            &mut writer,
            Commit {
                sweeps,
                ..Commit::default()
            },
        )
        .unwrap();
        let digests: Vec<Vec<u8>> = (1..=5).map(|n| vec![n]).collect();
        let known = fresh
            .store
            .read(|reader| reader.seen_events(&digests))
            .unwrap();
        assert_eq!(known.len(), 3);
    });
}

#[test]
fn texts_of_long_closed_conversations_go() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut all = pair(1, 2);
        all.append(pair(3, 4));
        for put in &mut all.conversations {
            let Put { row, .. } = put;
            row.closed_at = Some(at(10));
        }
        all.conversations[0].row.state = "CLOSED".to_owned();
        all.messages = vec![message(10, 2, 1, 1), message(11, 4, 3, 1)];
        all.contents = vec![content(10, "old"), content(11, "reopened")];
        commit(&mut writer, all).unwrap();
        let sweep = Sweep::Texts {
            before: at(11),
            limit: 100,
        };
        commit(
            &mut writer,
            Commit {
                sweeps: vec![sweep.clone()],
                ..Commit::default()
            },
        )
        .unwrap();
        fresh
            .store
            .read(|reader| {
                assert_eq!(reader.contents_by_messages(&[id(10)])?[0].text, "");
                assert_eq!(reader.contents_by_messages(&[id(11)])?[0].text, "reopened");
                assert!(!reader.sweep_pending(&sweep)?);
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}
