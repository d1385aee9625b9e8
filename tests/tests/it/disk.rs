//! A disk that is full or was made read-only: the answer is 503 with a code, and afterwards nothing is missing.

use std::collections::BTreeSet;
use std::sync::Arc;

use convo_tests::mailgun::{Signature, form};
use convo_tests::own::{Postgres, no_own_servers};
use convo_tests::records::Contact;
use convo_tests::small::{Small, small_or_skipped};
use convo_tests::{Api, Call, Database, Kind, Mail, Options, Server, eventually};

/// Enough for PostgreSQL to be born on it.
const MEBIBYTES: u64 = 192;

/// A mail of some size, with a file where it has one, under its one signature.
struct Post {
    mail: Mail,
    signature: Signature,
    file: Option<Vec<u8>>,
}

impl Post {
    fn new(contact: &Contact, number: usize) -> Post {
        let text = "A line of a long mail about a car.\n".repeat(3_000);
        Post {
            mail: Mail::new(&contact.email, &format!("Question {number}"), &text),
            signature: Signature::new(),
            file: number
                .is_multiple_of(3)
                .then(|| vec![u8::try_from(number % 251).unwrap(); 40_000]),
        }
    }

    fn call(&self, api: &Api) -> Call {
        match &self.file {
            None => api.inbound_call(&self.mail, &self.signature),
            Some(bytes) => {
                let fields = [form(&self.mail), self.signature.fields()].concat();
                let files: [(&str, &str, &[u8]); 1] =
                    [("photo.bin", "application/octet-stream", bytes)];
                api.inbound_fields_call(fields, &files)
            }
        }
    }
}

/// Asks until it is answered with 200; nothing else but 503 may come before.
async fn stored(api: &Api, post: &Post) {
    eventually("the mail is stored", async || {
        let answer = post.call(api).send().await;
        if answer.status != 200 {
            answer.problem(503, "unavailable");
        }
        (answer.status == 200).then_some(())
    })
    .await;
}

/// Every mail is there, once.
async fn nothing_is_missing(server: &Server, contact: &Contact, posts: &[Post]) {
    let contact = Contact {
        api: server.api(),
        ..contact.clone()
    };
    let messages = contact.messages().await;
    let inbound = messages.iter().filter(|one| one["direction"] == "inbound");
    let found: Vec<&str> = inbound
        .map(|one| one["messageId"].as_str().unwrap())
        .collect();
    let sent: BTreeSet<&str> = posts
        .iter()
        .map(|post| post.mail.message_id.as_str())
        .collect();
    assert_eq!(found.len(), sent.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), sent);
    server.verify().await;
}

/// A server whose database and attachments share a small disk.
async fn on(small: &Small, kind: Kind) -> (Server, Option<Postgres>) {
    let (postgres, database) = match kind {
        Kind::Sqlite => (None, Database::sqlite_in(&small.room("database"))),
        Kind::Postgres => {
            let postgres = Postgres::start_in(small.room("database")).await;
            let database = postgres.database().await;
            (Some(postgres), database)
        }
    };
    let storage = small.room("attachments").display().to_string();
    let options = Options::on(kind).over(&Arc::new(database));
    let server = options.with("CONVO_STORAGE__PATH", &storage).start().await;
    (server, postgres)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_nothing_is_lost_sqlite() {
    full(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_nothing_is_lost_postgres() {
    if !no_own_servers() {
        full(Kind::Postgres).await;
    }
}

async fn full(kind: Kind) {
    let Some(small) = small_or_skipped(MEBIBYTES) else {
        return;
    };
    let (mut server, mut postgres) = on(&small, kind).await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let mut posts = vec![Post::new(&contact, 0)];
    posts[0].call(&server).send().await.ok();

    small.fill();
    let (mut files, mut texts) = (0, 0);
    while files == 0 || texts == 0 {
        let post = Post::new(&contact, posts.len());
        let answer = post.call(&server).send().await;
        if answer.status != 200 {
            answer.problem(503, "unavailable");
            assert!(answer.header("Retry-After").parse::<u32>().unwrap() >= 1);
            match post.file {
                Some(_) => files += 1,
                None => texts += 1,
            }
        }
        posts.push(post);
        // What was given back is taken again.
        small.fill();
    }
    assert_eq!(server.get("/healthz").await.status, 200);
    let read = contact.get("status").await;
    match kind {
        Kind::Sqlite => drop(read.ok()),
        // It may be recovering.
        Kind::Postgres if read.status != 200 => drop(read.problem(503, "unavailable")),
        Kind::Postgres => {}
    }

    small.free();
    if let Some(postgres) = &mut postgres
        && postgres.has_ended()
    {
        postgres.start_again().await;
    }
    for post in &posts {
        stored(&server, post).await;
    }
    nothing_is_missing(&server, &contact, &posts).await;
    assert!(!server.has_ended(), "it recovers without a restart");
}

/// What Linux does when a disk fails: it takes no more writes, whoever has files open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_became_read_only_is_told() {
    let Some(small) = small_or_skipped(32) else {
        return;
    };
    let (mut server, _) = on(&small, Kind::Sqlite).await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let posts: Vec<Post> = (0..4)
        .map(|number| Post::new(&contact, number + 1))
        .collect();
    posts[0].call(&server).send().await.ok();
    small.abort();
    for post in &posts[1..] {
        let answer = post.call(&server).send().await;
        answer.problem(503, "unavailable");
    }
    let messages = contact.messages().await;
    assert_eq!(messages.len(), 2, "what was stored can be read");
    server.kill9();
    small.mend();
    let server = server.restart().await;
    for post in &posts {
        stored(&server, post).await;
    }
    nothing_is_missing(&server, &contact, &posts).await;
}

/// A PostgreSQL that takes no writes for a while, as one that is being moved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_database_is_told() {
    if convo_tests::skipped(Kind::Postgres) {
        return;
    }
    let server = Options::on(Kind::Postgres).start().await;
    let contact = server.contact("ada@customer.example").await;
    contact.outbound("Hello").await;
    let posts: Vec<Post> = (0..3)
        .map(|number| Post::new(&contact, number + 1))
        .collect();
    posts[0].call(&server).send().await.ok();
    let name = server.database().url().rsplit('/').next().unwrap();
    let set = async |value: &str| {
        let sql = format!(
            "BEGIN READ WRITE; ALTER DATABASE {name} SET default_transaction_read_only = {value}; COMMIT; \
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()"
        );
        server.database().execute(&sql).await;
    };
    set("on").await;
    for post in &posts[1..] {
        let answer = post.call(&server).send().await;
        answer.problem(503, "unavailable");
    }
    eventually("what was stored can be read", async || {
        let read = contact.get("status").await;
        (read.status == 200).then_some(())
    })
    .await;
    set("off").await;
    for post in &posts {
        stored(&server, post).await;
    }
    nothing_is_missing(&server, &contact, &posts).await;
}
