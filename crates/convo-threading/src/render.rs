//! A forest as text, one line a node.

use std::fmt::Write;

use crate::tree::{Entry, Forest};

/// Deepest level that gets its own indentation; what is deeper is drawn there.
pub const MAX_DRAWN: usize = 100;

/// What stands for a missing message.
pub const MISSING: &str = "[missing]";

/// Draws a forest, one line a node, threads one below the other.
///
/// `label` gives the text of a message's line: its line breaks and other control characters become
/// spaces. A placeholder reads `[missing]`, a further copy of a Message-ID ends in ` (copy)`.
/// Nesting is drawn to [`MAX_DRAWN`] levels; deeper nodes stand at the last one.
pub fn render_text<K>(forest: &Forest<'_, K>, label: impl Fn(&K) -> String) -> String {
    let last = last_siblings(&forest.entries);
    let mut text = String::new();
    // Whether the node above on each level has later siblings; level 1 is the first with a line.
    let mut open: Vec<bool> = Vec::new();
    for (entry, last) in forest.entries.iter().zip(last) {
        let level = (entry.depth as usize).min(MAX_DRAWN);
        open.truncate(level.saturating_sub(1));
        for open in &open {
            text.push_str(if *open { "│  " } else { "   " });
        }
        if level > 0 {
            text.push_str(if last { "└─ " } else { "├─ " });
            open.push(!last);
        }
        match &entry.key {
            Some(key) => text.extend(label(key).chars().map(printable)),
            None => text.push_str(MISSING),
        }
        let _ = writeln!(text, "{}", if entry.copy { " (copy)" } else { "" });
    }
    text
}

fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

/// Whether each entry is the last child of its parent.
fn last_siblings<K>(entries: &[Entry<'_, K>]) -> Vec<bool> {
    let mut has_last = vec![false; entries.len()];
    let mut last = vec![true; entries.len()];
    for (index, entry) in entries.iter().enumerate().rev() {
        if let Some(parent) = entry.parent {
            last[index] = !has_last[parent];
            has_last[parent] = true;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use chrono::DateTime;

    use super::*;
    use crate::message_id::MessageId;
    use crate::tree::{Node, build};

    fn id(name: &str) -> MessageId {
        MessageId::parse(&format!("{name}@x")).unwrap()
    }

    fn check(mails: &[(&str, &[&str])], expected: &str) {
        let mails: Vec<_> = mails
            .iter()
            .map(|(own, chain)| {
                (
                    id(own),
                    chain.iter().map(|name| id(name)).collect::<Vec<_>>(),
                )
            })
            .collect();
        let mut nodes = Vec::new();
        for (key, (message_id, chain)) in mails.iter().enumerate() {
            let at = DateTime::from_timestamp(key as i64, 0).unwrap();
            nodes.push(Node {
                key,
                message_id,
                chain,
                at,
                hash: &[],
            });
        }
        let text = render_text(&build(&nodes), |key| mails[*key].0.to_string());
        assert_eq!(text, expected);
    }

    #[test]
    fn lines_show_who_answers_whom() {
        check(&[], "");
        check(
            &[
                ("a", &[]),
                ("b", &["a"]),
                ("c", &["a", "b"]),
                ("d", &["a", "x"]),
                ("e", &["a"]),
                ("a", &[]),
                ("f", &[]),
            ],
            "a@x\n├─ b@x\n│  └─ c@x\n├─ [missing]\n│  └─ d@x\n└─ e@x\na@x (copy)\nf@x\n",
        );
    }

    #[test]
    fn deep_threads_are_flattened() {
        let names: Vec<String> = (0..5_000).map(|n| format!("m{n}")).collect();
        let ids: Vec<_> = names.iter().map(|name| id(name)).collect();
        let mut nodes = Vec::new();
        for key in 0..ids.len() {
            let at = DateTime::from_timestamp(key as i64, 0).unwrap();
            let chain = &ids[key.saturating_sub(1)..key];
            nodes.push(Node {
                key,
                message_id: &ids[key],
                chain,
                at,
                hash: &[],
            });
        }
        let text = render_text(&build(&nodes), |key| format!("line\n{key}"));
        assert_eq!(text.lines().count(), 5_000);
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert_eq!(widest, Some(3 * MAX_DRAWN + "line 4999".len()));
    }
}
