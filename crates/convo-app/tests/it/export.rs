//! What an export holds in memory: a page, whatever the length of the table.

use convo_app::export::{Cursor, Export, Rows, Wanted};
use serde_json::json;

use crate::world::World;

/// Bytes of messages a page may have.
const PAGE_BYTES: usize = 4 << 20;

fn pages(world: &World, what: Export) -> Vec<Rows> {
    let mut next = Some(Cursor::begin(what, &Wanted::default()).unwrap());
    let mut pages = Vec::new();
    while let Some(cursor) = next {
        let (rows, rest) = world.app().read(|reader| cursor.next(reader)).unwrap();
        pages.push(rows);
        next = rest;
    }
    pages
}

#[test]
fn long_messages_make_short_pages_and_none_is_lost() {
    World::on_both("2026-03-02T08:00:00Z", |world| {
        let contact = world.contact("ada@customer.example", None);
        let long = "a long story ".repeat(60_000);
        for _ in 0..12 {
            world.say(
                &contact,
                json!({"senderId": contact.lead, "content": long.clone()}),
            );
        }
        let pages = pages(&world, Export::Messages);
        let mut names = Export::Messages.columns().iter();
        let content = names.position(|name| *name == "content").unwrap();
        let mut rows = 0;
        for page in &pages {
            let texts = page.iter().map(|row| row[content].as_str().unwrap().len());
            assert!(texts.sum::<usize>() <= PAGE_BYTES, "a page is bounded");
            rows += page.len();
        }
        assert_eq!(rows, 12);
        assert!(pages.len() >= 3, "{}", pages.len());
    });
}

#[test]
fn nothing_is_one_page_without_rows() {
    World::on_both("2026-03-02T08:00:00Z", |world| {
        for what in Export::ALL {
            let pages = pages(&world, what);
            assert_eq!(pages.len(), 1);
            let rows = pages[0].iter();
            assert!(rows.clone().all(|row| row.len() == what.columns().len()));
        }
    });
}
