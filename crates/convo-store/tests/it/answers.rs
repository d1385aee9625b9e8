//! Automatic answers, and what tells floods and reports.

use convo_store::rows::AutomaticAnswerRow;
use convo_store::{Commit, StoreError, Sweep};

use crate::database::on_both;
use crate::rows::*;

fn answer(n: u128, lead: u128, conversation: u128, seconds: i64) -> AutomaticAnswerRow {
    AutomaticAnswerRow {
        message_id: id(n),
        lead_id: id(lead),
        conversation_id: id(conversation),
        kind: "answer".to_owned(),
        at: at(seconds),
    }
}

#[test]
fn answers_are_counted_by_lead_and_in_all_and_forgotten() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let answers = Commit {
            automatic_answers: vec![
                answer(10, 1, 2, 10),
                answer(11, 1, 3, 20),
                answer(12, 4, 5, 30),
                answer(13, 1, 2, 40),
            ],
            ..Commit::default()
        };
        commit(&mut writer, answers).unwrap();
        let read = |since: i64, limit: i64| {
            let both = fresh.store.read(|reader| {
                let to = reader.automatic_answers_to(id(1), at(since), limit)?;
                Ok::<_, StoreError>((to, reader.automatic_answers_since(at(since))?))
            });
            let (to, all) = both.unwrap();
            (to.iter().map(|row| row.message_id).collect::<Vec<_>>(), all)
        };
        assert_eq!(read(20, 9), (vec![id(13), id(11)], 3));
        assert_eq!(read(0, 1), (vec![id(13)], 4));
        assert_eq!(read(41, 9), (vec![], 0));
        let sweep = Sweep::Answered {
            before: at(30),
            limit: 1,
        };
        for (more, left) in [(true, 3), (true, 2), (false, 2)] {
            let pending = fresh.store.read(|reader| reader.sweep_pending(&sweep));
            assert_eq!(pending.unwrap(), more);
            let sweeps = vec![sweep.clone()];
            commit(
                &mut writer,
                Commit {
                    sweeps,
                    ..Commit::default()
                },
            )
            .unwrap();
            assert_eq!(read(0, 9).1, left);
        }
    });
}

#[test]
fn what_came_last_and_whom_a_mail_went_to() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut all = pair(1, 2);
        all.messages = (1..=4).map(|n| message(9 + n, 2, 1, n as i64)).collect();
        all.messages[3].kind = "auto_reply".to_owned();
        let mut said = content(10, "Hello");
        said.recipients = r#"["ana@example.com"]"#.to_owned();
        all.contents = vec![said];
        commit(&mut writer, all).unwrap();
        fresh
            .store
            .read(|reader| {
                let newest = reader.newest_arrivals(id(2), 2)?;
                let kinds: Vec<&str> = newest.iter().map(|row| row.kind.as_str()).collect();
                assert_eq!(kinds, ["auto_reply", "human"]);
                assert_eq!(newest[0].received_at, at(4));
                let to = reader.recipients_of(id(10))?;
                assert_eq!(to.as_deref(), Some(r#"["ana@example.com"]"#));
                assert_eq!(reader.recipients_of(id(99))?, None);
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}
