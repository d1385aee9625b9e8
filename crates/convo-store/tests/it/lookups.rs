//! Look-ups of the writer: what waits, what is due, what is known.

use convo_store::rows::*;
use convo_store::{Commit, Placement, ReceiptChange, StoreError};

use crate::database::on_both;
use crate::rows::*;

#[test]
fn a_message_is_found_by_its_ids_and_moved_in_the_tree() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut all = pair(1, 2);
        all.append(pair(3, 4));
        all.messages = vec![message(10, 2, 1, 1), message(11, 2, 1, 2)];
        all.aliases.push(AliasRow {
            rfc_id: "provider@example.net".to_owned(),
            message_id: id(10),
            conversation_id: id(2),
        });
        commit(&mut writer, all).unwrap();
        let place = Placement {
            id: id(11),
            parent_message_rfc: Some("m10@example.com".to_owned()),
            parent_id: Some(id(10)),
            depth: 3,
            thread_id: id(10),
        };
        let mut moved = message(10, 4, 3, 1);
        moved.author = "other".to_owned();
        let change = Commit {
            placements: vec![place],
            messages_changed: vec![moved],
            ..Commit::default()
        };
        commit(&mut writer, change).unwrap();
        fresh
            .store
            .read(|reader| {
                let ids = ["m10@example.com".to_owned(), "m11@example.com".to_owned()];
                let mut heads = reader.message_heads_by_rfc_ids(&ids)?;
                heads.sort_by_key(|head| head.id);
                assert_eq!((heads[0].conversation_id, heads[0].lead_id), (id(4), id(3)));
                assert_eq!((heads[1].depth, heads[1].thread_id), (3, id(10)));
                let aliases = reader.aliases_by_rfc_ids(&["provider@example.net".to_owned()])?;
                assert_eq!(aliases[0].message_id, id(10));
                assert_eq!(reader.message_nodes(id(2))?[0].parent_id, Some(id(10)));
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}

#[test]
fn receipts_wait_and_come_due() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut waiting = receipt(1, "unmatched");
        waiting.wait_rfc_id = Some("m9@example.com".to_owned());
        let mut failed = receipt(2, "failed");
        failed.next_attempt_at = Some(at(100));
        let receipts = vec![waiting, failed, receipt(3, "done")];
        commit(
            &mut writer,
            Commit {
                receipts,
                ..Commit::default()
            },
        )
        .unwrap();
        let wanted = ["m9@example.com".to_owned()];
        fresh
            .store
            .read(|reader| {
                assert_eq!(reader.receipts_waiting(&wanted)?.len(), 1);
                assert_eq!(reader.receipts_due(at(99), 10)?.len(), 0);
                assert_eq!(reader.receipts_due(at(100), 10)?[0].id, id(2));
                assert_eq!(reader.receipts(Some("done"), None, 10)?.len(), 1);
                assert_eq!(reader.receipts(None, None, 10)?.len(), 3);
                Ok::<_, StoreError>(())
            })
            .unwrap();
        let change = ReceiptChange {
            id: id(1),
            status: "done".to_owned(),
            attempts: 2,
            next_attempt_at: None,
            error_code: None,
            conversation_id: None,
            lead_id: None,
            campaign_id: None,
            message_id: Some(id(9)),
            wait_rfc_id: None,
            done_at: Some(at(200)),
            reread: None,
        };
        commit(
            &mut writer,
            Commit {
                receipts_changed: vec![change],
                ..Commit::default()
            },
        )
        .unwrap();
        fresh
            .store
            .read(|reader| {
                assert_eq!(reader.receipts_waiting(&wanted)?, []);
                let row = reader.receipts_by_ids(&[id(1)])?.remove(0);
                assert_eq!((row.attempts, row.body), (2, Some(b"{}".to_vec())));
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}

#[test]
fn review_items_wait_for_a_parent_or_a_sender() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let reviews = vec![review(1, "eve@example.org"), review(2, "bob@example.org")];
        let mut all = Commit {
            reviews,
            ..Commit::default()
        };
        all.review_waits.push(ReviewWaitRow {
            rfc_id: "m9@example.com".to_owned(),
            review_id: id(2),
        });
        commit(&mut writer, all).unwrap();
        let wanted = ["m9@example.com".to_owned()];
        fresh
            .store
            .read(|reader| {
                assert_eq!(reader.review_waits(&wanted)?[0].review_id, id(2));
                assert_eq!(
                    reader.reviews_from(&["eve@example.org".to_owned()])?[0].id,
                    id(1)
                );
                let open = reader.open_reviews()?;
                assert_eq!((open.count, open.oldest), (2, Some(at(1))));
                Ok::<_, StoreError>(())
            })
            .unwrap();
        let mut resolved = review(2, "bob@example.org");
        resolved.status = "resolved".to_owned();
        resolved.body = None;
        let change = Commit {
            reviews: vec![resolved],
            review_waits_removed: vec![id(2)],
            ..Commit::default()
        };
        commit(&mut writer, change).unwrap();
        fresh
            .store
            .read(|reader| {
                assert_eq!(reader.review_waits(&wanted)?, []);
                assert_eq!(reader.reviews(None, 10)?.len(), 1);
                assert_eq!(reader.open_reviews()?.count, 1);
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}

#[test]
fn the_newest_policy_of_each_campaign() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let policy = |n, version| PolicyRow {
            id: id(n),
            campaign_id: None,
            version,
            body: "{}".to_owned(),
            created_at: at(0),
        };
        let policies = vec![policy(1, 1), policy(2, 2)];
        commit(
            &mut writer,
            Commit {
                policies,
                ..Commit::default()
            },
        )
        .unwrap();
        let again = Commit {
            policies: vec![policy(3, 2)],
            ..Commit::default()
        };
        assert!(commit(&mut writer, again).is_err());
        let newest = fresh.store.read(|reader| reader.newest_policy(None));
        assert_eq!(newest.unwrap(), Some(policy(2, 2)));
    });
}
