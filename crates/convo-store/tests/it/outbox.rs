//! Mail on its way out: what is due, lists, and what is forgotten.

use convo_store::rows::OutboxRow;
use convo_store::{Commit, LogFilter, StoreError, Sweep};
use uuid::Uuid;

use crate::database::on_both;
use crate::rows::*;

fn ids(rows: &[OutboxRow]) -> Vec<Uuid> {
    rows.iter().map(|row| row.id).collect()
}

#[test]
fn due_mail_comes_longest_due_first_and_a_replaced_row_keeps_what_is_fixed() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut all = pair(1, 2);
        all.outbox = vec![
            outgoing(10, "queued", Some(30)),
            outgoing(11, "leased", Some(20)),
            outgoing(12, "queued", Some(41)),
            outgoing(13, "sent", None),
        ];
        commit(&mut writer, all).unwrap();
        fresh
            .store
            .read(|reader| {
                assert_eq!(ids(&reader.outbox_due(at(40), 10)?), [id(11), id(10)]);
                assert_eq!(ids(&reader.outbox_due(at(41), 1)?), [id(11)]);
                assert_eq!(reader.outbox_due(at(19), 10)?, []);
                assert_eq!(reader.outbox_next_due()?, Some(at(20)));
                assert_eq!(
                    ids(&reader.outbox(Some("queued"), None, 10)?),
                    [id(12), id(10)]
                );
                assert_eq!(reader.outbox(None, None, 10)?.len(), 4);
                Ok::<_, StoreError>(())
            })
            .unwrap();
        let sent = OutboxRow {
            rfc_id: "another@dealer.example".to_owned(),
            due_at: None,
            sent_at: Some(at(50)),
            attempts: 1,
            ..outgoing(10, "sent", None)
        };
        let outbox = vec![sent];
        commit(
            &mut writer,
            Commit {
                outbox,
                ..Commit::default()
            },
        )
        .unwrap();
        let found = fresh
            .store
            .read(|reader| reader.outbox_by_ids(&[id(10)]))
            .unwrap();
        assert_eq!(found[0].rfc_id, "m10@dealer.example");
        assert_eq!(
            (found[0].status.as_str(), found[0].sent_at),
            ("sent", Some(at(50)))
        );
    });
}

#[test]
fn sent_mail_is_forgotten_and_what_went_wrong_is_not() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let outbox = vec![
            outgoing(10, "sent", None),
            outgoing(11, "dead", None),
            outgoing(12, "void", None),
            outgoing(13, "sent", None),
        ];
        commit(
            &mut writer,
            Commit {
                outbox,
                ..Commit::default()
            },
        )
        .unwrap();
        let sweep = Sweep::Outbox {
            before: at(13),
            limit: 10,
        };
        let pending = |fresh: &crate::database::Fresh| {
            fresh
                .store
                .read(|reader| reader.sweep_pending(&sweep))
                .unwrap()
        };
        assert!(pending(fresh));
        let sweeps = vec![sweep.clone()];
        commit(
            &mut writer,
            Commit {
                sweeps,
                ..Commit::default()
            },
        )
        .unwrap();
        assert!(!pending(fresh));
        let left = fresh
            .store
            .read(|reader| reader.outbox(None, None, 10))
            .unwrap();
        assert_eq!(ids(&left), [id(13), id(12), id(11)]);
    });
}

#[test]
fn quiet_rows_are_read_by_number_and_by_no_filter() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut quiet = log("email_event");
        quiet.quiet = true;
        let all = vec![log("email_event"), quiet, log("email_event")];
        commit(
            &mut writer,
            Commit {
                log: all,
                ..Commit::default()
            },
        )
        .unwrap();
        let filter = LogFilter {
            among: vec!["email_event"],
            kinds: vec!["email_event"],
            ..LogFilter::default()
        };
        fresh
            .store
            .read(|reader| {
                assert_eq!(reader.log_after(0, 10)?.len(), 3);
                assert_eq!(reader.log_count(0, 3, &filter)?, 2);
                let told = reader.log_matching(0, 3, &filter, 10)?;
                let told: Vec<i64> = told.iter().map(|row| row.seq).collect();
                assert_eq!(told, [1, 3]);
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}
