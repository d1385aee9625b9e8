//! Agreement of the tree with six mail programs on real mail.
//!
//! Reads `$CONVO_MAIL_CORPUS/threads`: one folder of messages and one file of expectations each.

use std::collections::HashMap;
use std::path::Path;

use chrono::DateTime;
use convo_threading::message_id::{Unidentified, derive_id};
use convo_threading::references::whole_chain;
use convo_threading::{Forest, HeaderFields, MessageId, Node, build};
use serde_json::Value;

/// Shares of agreement reached; less is a step back.
const UNANIMOUS: f64 = 0.999;
const QUOTED: f64 = 0.984;
const PROTOTYPE: f64 = 0.999;
const THREADS: f64 = 0.999;

struct Mail {
    row: Value,
    id: MessageId,
    chain: Vec<MessageId>,
    at: DateTime<chrono::Utc>,
}

impl Mail {
    /// Reads ids from the raw header fields of the message file.
    fn from_eml(row: Value, raw: &[u8]) -> Self {
        let raw = String::from_utf8_lossy(raw);
        let (head, body) = split(&raw);
        let fields = fields(head);
        let all = |name: &str| -> Vec<&str> {
            let named = fields.iter().filter(|(field, _)| field == name);
            named.map(|(_, value)| value.as_str()).collect()
        };
        let one = |name: &str| all(name).first().copied().unwrap_or_default();
        let addresses = ["from", "to", "cc", "reply-to", "sender"].map(|name| all(name).join(","));
        let is_edge = |c: char| c.is_whitespace() || "<>,;:\"()".contains(c);
        let participants: Vec<&str> = addresses
            .iter()
            .flat_map(|value| value.split(is_edge))
            .filter(|word| word.contains('@'))
            .collect();
        let header = HeaderFields {
            message_id: &all("message-id"),
            in_reply_to: &all("in-reply-to"),
            references: &all("references"),
            participants: &participants,
        };
        let derived = Unidentified {
            from: one("from"),
            to: one("to"),
            date: all("date").first().copied(),
            subject: one("subject"),
            text: body,
            salt: None,
        };
        let id = header.own_id().unwrap_or_else(|| derive_id(&derived));
        Self::new(row, &header, id)
    }

    /// Takes the ids as the expectations' file lists them.
    fn from_row(row: Value) -> Self {
        let list = |name: &str| -> String {
            let ids = row[name]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            ids.map(|id| format!("<{id}>")).collect()
        };
        let (in_reply_to, references) = (list("in_reply_to"), list("references"));
        let header = HeaderFields {
            in_reply_to: &[&in_reply_to],
            references: &[&references],
            ..HeaderFields::default()
        };
        let own = row["message_id"].as_str().and_then(MessageId::parse);
        let own = own.unwrap_or_else(|| {
            let from = row["key"].as_str().unwrap();
            derive_id(&Unidentified {
                from,
                ..Unidentified::default()
            })
        });
        Self::new(row.clone(), &header, own)
    }

    fn new(row: Value, header: &HeaderFields<'_>, id: MessageId) -> Self {
        let chain = whole_chain(header, Some(&id)).ids;
        let at = DateTime::from_timestamp(row["date"].as_i64().unwrap_or(0), 0).unwrap();
        Self { row, id, chain, at }
    }

    fn key(&self) -> &str {
        self.row["key"].as_str().unwrap()
    }
}

/// Head and body of a message.
fn split(raw: &str) -> (&str, &str) {
    let ends = ["\n\n", "\r\n\r\n"]
        .iter()
        .filter_map(|blank| Some((raw.find(blank)?, blank.len())));
    ends.min()
        .map_or((raw, ""), |(at, len)| (&raw[..at], &raw[at + len..]))
}

/// Header fields: name in lower case, value with its folding.
fn fields(head: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in head.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push_str("\r\n");
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.to_owned()));
        }
    }
    fields
}

fn nodes(mails: &[Mail]) -> Vec<Node<'_, usize>> {
    let mut nodes = Vec::new();
    for (key, mail) in mails.iter().enumerate() {
        let hash = mail.row["sha1"].as_str().unwrap_or_default().as_bytes();
        nodes.push(Node {
            key,
            message_id: &mail.id,
            chain: &mail.chain,
            at: mail.at,
            hash,
        });
    }
    nodes
}

#[derive(Default)]
struct Score {
    right: usize,
    of: usize,
    wrong: Vec<String>,
}

impl Score {
    fn count(&mut self, right: bool, what: impl FnOnce() -> String) {
        self.of += 1;
        self.right += usize::from(right);
        if !right {
            self.wrong.push(what());
        }
    }

    fn share(&self) -> f64 {
        if self.of == 0 {
            1.0
        } else {
            self.right as f64 / self.of as f64
        }
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:.2} % ({}/{})",
            self.share() * 100.0,
            self.right,
            self.of
        )
    }
}

#[derive(Default)]
struct Scores {
    unanimous: Score,
    quoted: Score,
    prototype: Score,
    threads: Score,
}

fn measure(corpus: &str, mails: &[Mail], scores: &mut Scores) {
    let nodes = nodes(mails);
    let forest = build(&nodes);
    same_for_every_order(&nodes, &forest);
    let by_key: HashMap<&str, &Mail> = mails.iter().map(|mail| (mail.key(), mail)).collect();
    let mut first_of_thread: HashMap<usize, &str> = HashMap::new();
    for entry in &forest.entries {
        if let Some(key) = entry.key {
            let first = first_of_thread
                .entry(entry.thread)
                .or_insert(mails[key].key());
            *first = (*first).min(mails[key].key());
        }
    }
    for entry in &forest.entries {
        let Some(key) = entry.key else { continue };
        let (mail, row) = (&mails[key], &mails[key].row);
        let ours = entry
            .shown_parent
            .map(|parent| forest.entries[parent].message_id);
        // Copies of one Message-ID are one parent, whichever of them a program names.
        let named = |value: &Value| value.as_str().map(|key| &by_key[key].id);
        let what = || format!("{corpus}/{}", mail.key());
        if row["unanimous"] == true {
            scores.unanimous.count(ours == named(&row["parent"]), what);
        }
        if !row["quote_parent"].is_null() {
            scores
                .quoted
                .count(ours == named(&row["quote_parent"]), what);
        }
        let prototype = &row["oracles"]["ref_setwise"];
        if prototype.is_object() {
            scores.prototype.count(ours == named(&prototype["p"]), what);
            let same = prototype["t"].as_str() == Some(first_of_thread[&entry.thread]);
            scores.threads.count(same, what);
        }
    }
}

fn same_for_every_order(nodes: &[Node<'_, usize>], forest: &Forest<'_, usize>) {
    let mut nodes = nodes.to_vec();
    nodes.reverse();
    assert!(build(&nodes) == *forest);
    // Riffles: always the same, and no two alike.
    for _ in 0..4 {
        let half = nodes.split_off(nodes.len() / 2);
        let mut half = half.into_iter();
        let mut mixed = Vec::new();
        for node in nodes.drain(..) {
            mixed.extend(half.next());
            mixed.push(node);
        }
        mixed.extend(half);
        nodes = mixed;
        assert!(build(&nodes) == *forest);
    }
}

fn report(how: &str, scores: &Scores) {
    let Scores {
        unanimous,
        quoted,
        prototype,
        threads,
    } = scores;
    println!("{how}: parent named by all programs {unanimous}, by quotes {quoted}");
    println!("{how}: parent of the prototype {prototype}, thread {threads}");
    for (name, score) in [
        ("all", unanimous),
        ("quotes", quoted),
        ("prototype", prototype),
        ("thread", threads),
    ] {
        println!("  {name} differs: {}", score.wrong.join(" "));
    }
}

#[test]
fn parents_agree_with_mail_programs_and_quotes() {
    let Ok(root) = std::env::var("CONVO_MAIL_CORPUS") else {
        println!("skipped: CONVO_MAIL_CORPUS is not set");
        return;
    };
    let folder = Path::new(&root).join("threads");
    let (mut from_eml, mut from_rows) = (Scores::default(), Scores::default());
    let mut corpora: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    corpora.retain(|path| path.extension().is_some_and(|ext| ext == "jsonl"));
    corpora.sort();
    assert!(!corpora.is_empty());
    for path in corpora {
        let corpus = path.file_stem().unwrap().to_str().unwrap();
        let rows = std::fs::read_to_string(&path).unwrap();
        let rows: Vec<Value> = rows
            .lines()
            .map(|row| serde_json::from_str(row).unwrap())
            .collect();
        let read = |row: &Value| {
            let file = folder.join(corpus).join(row["file"].as_str().unwrap());
            Mail::from_eml(row.clone(), &std::fs::read(file).unwrap())
        };
        let emls: Vec<Mail> = rows.iter().map(read).collect();
        measure(corpus, &emls, &mut from_eml);
        let rows: Vec<Mail> = rows.into_iter().map(Mail::from_row).collect();
        measure(corpus, &rows, &mut from_rows);
    }
    report("headers", &from_eml);
    report("listed ids", &from_rows);
    for scores in [from_eml, from_rows] {
        assert!(scores.unanimous.share() >= UNANIMOUS);
        assert!(scores.quoted.share() >= QUOTED);
        assert!(scores.prototype.share() >= PROTOTYPE);
        assert!(scores.threads.share() >= THREADS);
    }
}
