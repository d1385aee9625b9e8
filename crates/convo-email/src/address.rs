//! Mail addresses, read tolerantly.

use mailparse::{MailAddr, SingleInfo, addrparse};
use serde::{Deserialize, Serialize};

use crate::words;

/// Most addresses read from one field.
const MAX_ADDRESSES: usize = 1_000;

/// Longest address, in bytes: the path of RFC 5321 §4.5.3.1 with some room.
const MAX_EMAIL: usize = 320;

/// A mailbox: an address and perhaps a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// The display name, decoded; never empty.
    #[serde(default)]
    pub name: Option<String>,
    /// The address as written; holds an `@` with text on both sides and no white space.
    pub email: String,
}

impl Address {
    /// Reads one address, with or without a name; `None` when there is none.
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_list(text).into_iter().next()
    }

    /// Reads the addresses of a header field as received, not decoded: groups are opened, an
    /// entry that is no address is left out, at most 1,000 are read.
    ///
    /// Source: RFC 5322 §3.4, §4.4.
    pub fn parse_list(raw: &str) -> Vec<Self> {
        // Encoded words are decoded after splitting, so that an encoded comma splits nothing.
        let mut addresses = match addrparse(raw) {
            Ok(list) => strict(list.into_inner()),
            Err(_) => Vec::new(),
        };
        if addresses.is_empty() {
            addresses = entries(raw).filter_map(loose).take(MAX_ADDRESSES).collect();
        }
        addresses
    }

    /// The address for comparisons: lower case.
    pub fn key(&self) -> String {
        self.email.to_lowercase()
    }

    /// The part behind the last `@`, lower case.
    pub fn domain(&self) -> String {
        self.email
            .rsplit('@')
            .next()
            .unwrap_or_default()
            .to_lowercase()
    }

    fn new(name: Option<&str>, email: &str) -> Option<Self> {
        let email = clean(email)?;
        let name = name.map(|name| words::decode(name.trim()));
        let name = name.map(|name| name.trim().trim_matches('"').trim().to_owned());
        let name = name.filter(|name| !name.is_empty() && *name != email);
        Some(Self { name, email })
    }
}

/// What mailparse read, checked: it passes blanks and source routes as addresses.
fn strict(list: Vec<MailAddr>) -> Vec<Address> {
    let singles = list.into_iter().flat_map(|entry| match entry {
        MailAddr::Single(single) => vec![single],
        MailAddr::Group(group) => group.addrs,
    });
    singles
        .filter_map(|SingleInfo { display_name, addr }| {
            let read = Address::new(display_name.as_deref(), &addr);
            read.or_else(|| loose(&addr))
        })
        .take(MAX_ADDRESSES)
        .collect()
}

/// One entry in whatever form: the last `<...>`, else the word with an `@`.
fn loose(entry: &str) -> Option<Address> {
    let entry = entry.trim();
    if let Some(open) = entry.rfind('<') {
        let inner = &entry[open + 1..];
        let inner = inner.split('>').next().unwrap_or(inner);
        let name = entry.get(..open);
        if let Some(read) = Address::new(name, inner) {
            return Some(read);
        }
    }
    let word = entry
        .split_whitespace()
        .rev()
        .find(|word| word.contains('@'))?;
    let name = entry.split(word).next();
    Address::new(name, word)
}

/// The entries of a list: cut at commas and semicolons outside quotes and brackets.
fn entries(raw: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut bracketed = false;
    raw.split(move |c| {
        match c {
            '"' => quoted = !quoted,
            '<' if !quoted => bracketed = true,
            '>' if !quoted => bracketed = false,
            // A bracket that is never closed must not swallow the rest.
            ',' | ';' if !quoted => return !std::mem::take(&mut bracketed),
            _ => {}
        }
        false
    })
}

/// The bare address, or `None` when it is none.
fn clean(email: &str) -> Option<String> {
    let mut email = email
        .trim()
        .trim_matches(|c| matches!(c, '<' | '>' | '\'' | ',' | ';'));
    if email
        .get(..7)
        .is_some_and(|head| head.eq_ignore_ascii_case("mailto:"))
    {
        email = &email[7..];
        email = email.split('?').next().unwrap_or(email);
    }
    // A source route names relays before a colon: `@a,@b:c@d.example`.
    if email.starts_with('@') {
        email = email.rsplit_once(':')?.1;
    }
    let (local, domain) = email.rsplit_once('@')?;
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '\u{FFFD}');
    let quoted = local.len() > 1 && local.starts_with('"') && local.ends_with('"');
    let bad_local = local.is_empty() || (!quoted && local.contains(['(', ')', ',', ';', ':', '"']));
    let bad_domain = domain.is_empty() || domain.contains(['(', ')', ',', ';', '"']);
    if email.len() > MAX_EMAIL || bad_local || bad_domain || email.contains(odd) {
        return None;
    }
    Some(email.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: &[(&str, &str)]) {
        let read = Address::parse_list(raw);
        let read: Vec<(&str, &str)> = read
            .iter()
            .map(|one| (one.name.as_deref().unwrap_or_default(), one.email.as_str()))
            .collect();
        assert_eq!(read, expected, "{raw:?}");
    }

    #[test]
    fn proper_lists() {
        check("a@b.example", &[("", "a@b.example")]);
        check("Ann Lee <a@b.example>", &[("Ann Lee", "a@b.example")]);
        check(
            "\"Lee, Ann\" <a@b.example>, b@c.example",
            &[("Lee, Ann", "a@b.example"), ("", "b@c.example")],
        );
        check("a@b.example (Ann Lee)", &[("", "a@b.example")]);
        check(
            "Team: a@b.example, Bo <b@c.example>;",
            &[("", "a@b.example"), ("Bo", "b@c.example")],
        );
        check("undisclosed-recipients:;", &[]);
        check("<a@b.example>", &[("", "a@b.example")]);
        check("\"a@b.example\" <a@b.example>", &[("", "a@b.example")]);
        check("A@B.Example", &[("", "A@B.Example")]);
        check("", &[]);
    }

    #[test]
    fn encoded_names_are_decoded_after_splitting() {
        check(
            "=?utf-8?Q?J=C3=BC=2C_X?= <a@b.example>",
            &[("Jü, X", "a@b.example")],
        );
        check(
            "\"=?utf-8?Q?J=C3=BC?=\" <a@b.example>",
            &[("Jü", "a@b.example")],
        );
    }

    #[test]
    fn forms_that_break_rules() {
        check("mailto:a@b.example", &[("", "a@b.example")]);
        check("Bob <>", &[]);
        check("Bob <>, a@b.example", &[("", "a@b.example")]);
        check("Bob <a@b.example", &[("Bob", "a@b.example")]);
        check("Bob bob@b.example", &[("Bob", "bob@b.example")]);
        check(
            "<@a.example,@b.example:c@d.example>",
            &[("", "c@d.example")],
        );
        check(
            "a@b.example; c@d.example",
            &[("", "a@b.example"), ("", "c@d.example")],
        );
        check(
            "Bob [Sales] <a@b.example>",
            &[("Bob [Sales]", "a@b.example")],
        );
        check("not an address", &[]);
        check("@b.example, a@", &[]);
        check("a\0@b.example", &[]);
    }

    #[test]
    fn hostile_fields_end() {
        for raw in [
            "<a@b,".repeat(20_000),
            "\"(<".repeat(30_000),
            "a@b ".repeat(30_000),
            "(".repeat(100_000),
        ] {
            assert!(Address::parse_list(&raw).len() <= MAX_ADDRESSES);
        }
    }
}
