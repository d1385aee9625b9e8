//! The chain of ancestors that a message's own headers name.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::message_id::{MessageId, scan, scan_or_bare};
use crate::resolve::Evidence;

/// Longest chain kept: the first id and the last fifty.
pub const MAX_CHAIN: usize = 51;

/// Raw values of the header fields that decide a message's place; a field may occur repeatedly.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeaderFields<'a> {
    /// Values of Message-ID; the first valid id counts.
    pub message_id: &'a [&'a str],
    /// Values of In-Reply-To.
    pub in_reply_to: &'a [&'a str],
    /// Values of References.
    pub references: &'a [&'a str],
    /// Bare addresses of From, To, Cc, Reply-To and Sender: never ids in a reply header.
    pub participants: &'a [&'a str],
}

impl HeaderFields<'_> {
    /// The message's own id; `None` when it carries no valid one.
    pub fn own_id(&self) -> Option<MessageId> {
        self.message_id
            .iter()
            .find_map(|value| scan_or_bare(value).into_iter().next())
    }
}

/// The ancestors of a message as its own headers name them, oldest first, without repetition and
/// without its own id; the last one is the parent. At most [`MAX_CHAIN`] ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The ids, oldest first.
    pub ids: Vec<MessageId>,
    /// Which header named the last id.
    pub evidence: Evidence,
}

impl Chain {
    /// The parent's id, whether or not such a message is known.
    pub fn parent(&self) -> Option<&MessageId> {
        self.ids.last()
    }

    /// The ids from the newest to the oldest: the order in which a known message is looked for.
    pub fn candidates(&self) -> impl Iterator<Item = &MessageId> {
        self.ids.iter().rev()
    }
}

/// Reads the chain of a message whose own id is `own` (its header's or the derived one), cut to
/// [`MAX_CHAIN`] ids: the one to store.
///
/// References without the In-Reply-To target, then that target when In-Reply-To names exactly one
/// id; without References the last id of In-Reply-To.
///
/// Source: RFC 5322 §3.6.4, RFC 5256 §3 (REFERENCES step 1), which lets References win instead.
pub fn chain(fields: &HeaderFields<'_>, own: Option<&MessageId>) -> Chain {
    let Chain { ids, evidence } = whole_chain(fields, own);
    Chain {
        ids: capped(ids),
        evidence,
    }
}

/// The same with all ids, for a set of messages that is not stored.
pub fn whole_chain(fields: &HeaderFields<'_>, own: Option<&MessageId>) -> Chain {
    let participants: HashSet<String> = fields
        .participants
        .iter()
        .map(|address| address.trim().to_ascii_lowercase())
        .collect();
    let counts = |id: &MessageId| {
        own != Some(id) && !participants.contains(&id.as_str().to_ascii_lowercase())
    };
    let references = fields.references.iter().flat_map(|value| scan(value));
    let references = last_of_each(references.filter(|id| counts(id)).collect());
    let replied = fields
        .in_reply_to
        .iter()
        .flat_map(|value| scan_or_bare(value));
    let mut replied = last_of_each(replied.filter(|id| counts(id)).collect());

    let (ids, evidence) = match (replied.len(), references.is_empty()) {
        (0, true) => (Vec::new(), Evidence::None),
        (1, _) => {
            let mut ids = references;
            ids.retain(|id| *id != replied[0]);
            ids.append(&mut replied);
            (ids, Evidence::InReplyTo)
        }
        (_, false) => (references, Evidence::References),
        (several, true) => (replied.split_off(several - 1), Evidence::LastOfInReplyTo),
    };
    Chain { ids, evidence }
}

/// Drops all but the last occurrence of every id: the last one decides the parent.
fn last_of_each(mut ids: Vec<MessageId>) -> Vec<MessageId> {
    let mut seen = HashSet::with_capacity(ids.len());
    let kept: Vec<bool> = ids.iter().rev().map(|id| seen.insert(id)).collect();
    let mut kept = kept.into_iter().rev();
    ids.retain(|_| kept.next().unwrap_or(true));
    ids
}

/// The first id and the last fifty.
fn capped(mut ids: Vec<MessageId>) -> Vec<MessageId> {
    if ids.len() > MAX_CHAIN {
        ids.drain(1..=ids.len() - MAX_CHAIN);
    }
    ids
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// Reads header lines (`M:` Message-ID, `I:` In-Reply-To, `R:` References, `P:` a
    /// participant) and compares the chain.
    fn check(head: &[&str], evidence: Evidence, expected: &str) {
        let all = |name: &str| -> Vec<&str> {
            head.iter()
                .filter_map(|line| line.strip_prefix(name))
                .collect()
        };
        let fields = HeaderFields {
            message_id: &all("M:"),
            in_reply_to: &all("I:"),
            references: &all("R:"),
            participants: &all("P:"),
        };
        let chain = chain(&fields, fields.own_id().as_ref());
        let ids: Vec<_> = chain.ids.iter().map(MessageId::as_str).collect();
        assert_eq!(
            (ids.join(" ").as_str(), chain.evidence),
            (expected, evidence),
            "{head:?}"
        );
    }

    #[test]
    fn one_in_reply_to_names_the_parent() {
        let check = |head: &[&str], expected| check(head, Evidence::InReplyTo, expected);
        check(&["I: <b@x>", "R: <a@x> <b@x>"], "a@x b@x");
        check(&["I: <a@x>"], "a@x");
        check(&["I: a@x"], "a@x");
        // Names another message than the last reference.
        check(&["I: <a@x>", "R: <a@x> <b@x>"], "b@x a@x");
        check(&["I: <c@x>", "R: <a@x> <b@x>"], "a@x b@x c@x");
        // Newest first.
        check(&["I: <c@x>", "R: <c@x> <b@x> <a@x>"], "b@x a@x c@x");
        check(&["I: <a@x> <a@x>"], "a@x");
        check(&["I: Your message of \"Mon, 1 Jan 2001\" <a@x>"], "a@x");
        check(&["M: <m@x>", "I: <m@x> <a@x>"], "a@x");
        check(&["I: <\"a\"@x>", "R: <a@x>"], "a@x");
        check(&["I: <yes> <a@x>"], "a@x");
    }

    #[test]
    fn addresses_of_participants_are_no_ids() {
        let text = "I: Message from Ann <Ann@Example.org> of \"Mon\" <1@h>";
        check(&["P: ann@example.org", text], Evidence::InReplyTo, "1@h");
        check(
            &["P:ann@example.org", "I: ann@example.org"],
            Evidence::None,
            "",
        );
        check(
            &["P:ann@example.org", "R: <ann@example.org> <a@x>"],
            Evidence::References,
            "a@x",
        );
        check(
            &["P:a@x", "M: <a@x>", "I: <b@x>"],
            Evidence::InReplyTo,
            "b@x",
        );
    }

    #[test]
    fn references_name_the_parent_otherwise() {
        let check = |head: &[&str], expected| check(head, Evidence::References, expected);
        check(&["R: <a@x> <b@x>"], "a@x b@x");
        check(&["R: <a@x>\r\n\t<b@\r\n x>"], "a@x b@x");
        check(&["R: <a@x>", "R: <b@x>"], "a@x b@x");
        check(&["I: <yes>", "R: <a@x> <y>"], "a@x");
        check(&["I: <b@x> <c@x>", "R: <a@x>"], "a@x");
        check(&["R: <a@x> <b@x> <a@x>"], "b@x a@x");
        // Its own id, at the end and elsewhere.
        check(&["M: <m@x>", "R: <a@x> <m@x>"], "a@x");
        check(&["M: <m@x>", "I: <m@x>", "R: <m@x> <a@x>"], "a@x");
        check(&["R: <a@x> (of <b@x>), <c@x"], "a@x b@x");
    }

    #[test]
    fn several_in_reply_to_or_nothing() {
        check(&["I: <a@x> <b@x>"], Evidence::LastOfInReplyTo, "b@x");
        check(&["I: <a@x>", "I: <b@x>"], Evidence::LastOfInReplyTo, "b@x");
        for head in [
            &["I:", "R: "],
            &["I: <yes>", "R: y"],
            &["M: <m@x>", "I: <m@x>"],
        ] {
            check(head, Evidence::None, "");
        }
    }

    #[test]
    fn the_own_id_is_the_first_valid_one() {
        let own = |values: &[&str]| {
            let fields = HeaderFields {
                message_id: values,
                ..HeaderFields::default()
            };
            fields.own_id().map(|id| id.to_string())
        };
        assert_eq!(own(&["<yes>", "<m@x> <n@x>"]).as_deref(), Some("m@x"));
        assert_eq!(own(&[" m@x "]).as_deref(), Some("m@x"));
        assert_eq!(own(&["<m@\r\n x>"]).as_deref(), Some("m@x"));
        assert_eq!(own(&["", "none"]), None);
    }

    #[test]
    fn long_references_keep_the_first_and_the_last_fifty() {
        let value: String = (0..100_000).map(|n| format!("<{n}@x>\r\n ")).collect();
        let value = [value.as_str()];
        let fields = HeaderFields {
            references: &value,
            ..HeaderFields::default()
        };
        let ids = chain(&fields, None).ids;
        assert_eq!(ids.len(), MAX_CHAIN);
        assert_eq!([ids[0].as_str(), ids[1].as_str()], ["0@x", "99950@x"]);
        assert_eq!(ids[50].as_str(), "99999@x");
        assert_eq!(whole_chain(&fields, None).ids.len(), 100_000);
    }
}
