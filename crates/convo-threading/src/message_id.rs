//! Message-IDs: tolerant reading of header fields, and the derived id of a mail without one.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Longest id kept, in bytes; RFC 5322 allows no longer line, and databases no longer index entry.
pub const MAX_ID_LEN: usize = 998;

/// Domain of ids made for messages that carry none.
pub const MISSING_DOMAIN: &str = "missing.local";

/// A Message-ID without its `<` and `>`; case is significant, it always holds an `@`.
///
/// Source: RFC 5322 §3.6.4, RFC 5256 §2.2.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct MessageId(Box<str>);

impl MessageId {
    /// Reads one id: the first valid `<id>`, or the whole text when it is one bare token.
    ///
    /// `None` when there is no valid id.
    pub fn parse(text: &str) -> Option<Self> {
        scan(text).next().or_else(|| Self::bare(text))
    }

    /// Reads an id as [`Self::as_str`] gave it: one with a comma needs no brackets here, since nothing else can stand
    /// beside it.
    fn stored(text: &str) -> Option<Self> {
        let alone = !text.contains(['<', '>']);
        Self::clean(text).filter(|id| alone && *id.0 == *text)
    }

    /// The id without `<` and `>`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as it stands in a header field: `<id>`.
    pub fn to_header(&self) -> String {
        format!("<{}>", self.0)
    }

    /// Reads a whole field value that is one token without brackets.
    fn bare(text: &str) -> Option<Self> {
        let token = text.trim();
        let one_token = !token
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';'));
        if one_token { Self::clean(token) } else { None }
    }

    /// Makes an id of what stood between the brackets.
    fn clean(inner: &str) -> Option<Self> {
        // An id of ordinary length with room for folding; the rest is not worth copying.
        if inner.len() > MAX_ID_LEN * 2 {
            return None;
        }
        let drop = |c: char| c.is_whitespace() || c.is_control();
        let mut id = match inner.contains(drop) {
            true => inner.replace(drop, ""),
            false => inner.to_owned(),
        };
        if let Some(plain) = unquoted_local_part(&id) {
            id = plain;
        }
        let named = id.len() > 1 && id.len() <= MAX_ID_LEN && id.contains('@');
        named.then(|| Self(id.into_boxed_str()))
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for MessageId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for MessageId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A text that is no Message-ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoMessageId;

impl fmt::Display for NoMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a Message-ID: one token with an @ is expected")
    }
}

impl std::error::Error for NoMessageId {}

impl TryFrom<String> for MessageId {
    type Error = NoMessageId;

    fn try_from(text: String) -> Result<Self, NoMessageId> {
        text.parse()
    }
}

impl std::str::FromStr for MessageId {
    type Err = NoMessageId;

    fn from_str(text: &str) -> Result<Self, NoMessageId> {
        Self::stored(text)
            .or_else(|| Self::parse(text))
            .ok_or(NoMessageId)
    }
}

/// The valid ids between `<` and `>` of a field value, in their order, in one pass.
///
/// White space inside an id (folding) is removed, a quoted local part that needs no quotes is
/// unquoted, an id without `@` (`<yes>`) is skipped, a second `<` starts anew.
pub fn scan(value: &str) -> impl Iterator<Item = MessageId> + '_ {
    let mut open = None;
    value
        .bytes()
        .enumerate()
        .filter_map(move |(at, byte)| match byte {
            b'<' => {
                open = Some(at + 1);
                None
            }
            b'>' => {
                let start = open.take()?;
                MessageId::clean(value.get(start..at)?)
            }
            _ => None,
        })
}

/// The ids of a Message-ID or In-Reply-To field value: bracketed ones, else one bare token.
pub fn scan_or_bare(value: &str) -> Vec<MessageId> {
    let ids: Vec<_> = scan(value).collect();
    if ids.is_empty() {
        MessageId::bare(value).into_iter().collect()
    } else {
        ids
    }
}

/// What an id is derived from when a message carries none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unidentified<'a> {
    /// The From field as received.
    pub from: &'a str,
    /// The To field as received.
    pub to: &'a str,
    /// The Date field as received; `None` when absent.
    pub date: Option<&'a str>,
    /// The decoded subject.
    pub subject: &'a str,
    /// The decoded text.
    pub text: &'a str,
    /// What tells two deliveries apart when there is no Date, such as the receipt's token; counts
    /// only then.
    pub salt: Option<&'a str>,
}

/// The id of a message that carries none: `<hex of SHA-256>@missing.local`, the same for the same
/// mail.
pub fn derive_id(mail: &Unidentified<'_>) -> MessageId {
    let salt = if mail.date.is_none() { mail.salt } else { None };
    let fields = [
        Some(mail.from),
        Some(mail.to),
        mail.date,
        Some(mail.subject),
        Some(mail.text),
        salt,
    ];
    let mut hash = Sha256::new();
    for field in fields {
        // Length before content, so that moving text from one field to the next changes the id.
        hash.update([u8::from(field.is_some())]);
        let field = field.unwrap_or_default();
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field.as_bytes());
    }
    let hex = hex::encode(hash.finalize());
    MessageId(format!("{hex}@{MISSING_DOMAIN}").into_boxed_str())
}

/// `"a"@x` as `a@x` when the quotes are not needed (RFC 5256 §2.2 calls them equal).
fn unquoted_local_part(id: &str) -> Option<String> {
    let rest = id.strip_prefix('"')?;
    let (local, domain) = rest.split_once("\"@")?;
    let plain = !local.is_empty()
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local
            .chars()
            .all(|c| c == '.' || c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c));
    plain.then(|| format!("{local}@{domain}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    fn check(value: &str, expected: &[&str]) {
        let ids: Vec<_> = scan(value).map(|id| id.to_string()).collect();
        assert_eq!(ids, expected, "{value:?}");
    }

    #[test]
    fn bracketed_ids() {
        check("<a@x>", &["a@x"]);
        check("<a@x> <b@y>\r\n\t<c@z>", &["a@x", "b@y", "c@z"]);
        check("<a@x><b@y>,<c@z>", &["a@x", "b@y", "c@z"]);
        check("<A@X> <a@x>", &["A@X", "a@x"]);
        check("<yes> <y> <a@x>", &["a@x"]);
        check("<> <@> < > <a@x", &[]);
        check("<a@\r\n x> <b\t@y>", &["a@x", "b@y"]);
        check("<\"a\"@x>", &["a@x"]);
        check("<\"a.b+c\"@x>", &["a.b+c@x"]);
        check("<\"a b\"@x>", &["ab@x"]);
        check("<\"a,b\"@x>", &["\"a,b\"@x"]);
        check("<\".a\"@x> <\"\"@x>", &["\".a\"@x", "\"\"@x"]);
        check("<a@x <b@y>", &["b@y"]);
        check("> <a@x>> <b@y>", &["a@x", "b@y"]);
        check("a@x", &[]);
        check("<ä@ö>", &["ä@ö"]);
        check("<a\0@x>", &["a@x"]);
        check(
            "Message from Ann Example <ann@example.org> of \"Mon, 1 Jan\" <1@h>",
            &["ann@example.org", "1@h"],
        );
        check(&format!("<{}@x> <b@y>", "a".repeat(5000)), &["b@y"]);
    }

    /// Folding does not count for the length of an id.
    #[test]
    fn ids_have_an_end() {
        let id = |len: usize| format!("{}@x", "a".repeat(len - 2));
        let folded = id(MAX_ID_LEN).replace("a@", "\r\n a@");
        check(&format!("<{folded}>"), &[&id(MAX_ID_LEN)]);
        check(&format!("<{}>", id(MAX_ID_LEN + 1)), &[]);
    }

    /// A set of ids is asked with the text of one.
    #[test]
    fn an_id_is_found_by_its_text() {
        let known = std::collections::HashSet::from([scan("<a@x>").next().unwrap()]);
        assert!(known.contains("a@x"));
        assert!(!known.contains("b@x"));
    }

    fn check_field(value: &str, expected: &[&str]) {
        let ids: Vec<_> = scan_or_bare(value)
            .iter()
            .map(|id| id.to_string())
            .collect();
        assert_eq!(ids, expected, "{value:?}");
    }

    #[test]
    fn bare_ids() {
        check_field("a@x", &["a@x"]);
        check_field("  a@x \r\n", &["a@x"]);
        check_field("your mail a@x", &[]);
        check_field("yes", &[]);
        check_field("<yes> a@x", &[]);
        check_field("a@x <b@y>", &["b@y"]);
        check_field("", &[]);
        check_field("a@x,b@y", &[]);
    }

    #[test]
    fn serde_reads_both_forms_and_refuses_others() {
        let id: MessageId = serde_json::from_str("\"<a@x>\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"a@x\"");
        assert_eq!(id.to_header(), "<a@x>");
        assert!(serde_json::from_str::<MessageId>("\"yes\"").is_err());
    }

    /// A mail is stored with its ids before it takes effect: what was read from a header is read back.
    #[test]
    fn ids_that_need_their_brackets_survive_storage() {
        for value in ["<m0@us,x.example>", "<a;b@x>", "<\"a,b\"@x>", "<a@b@c>"] {
            let id = scan(value).next().unwrap();
            let stored = serde_json::to_string(&id).unwrap();
            let read: MessageId = serde_json::from_str(&stored).unwrap();
            assert_eq!(read, id, "{value}");
        }
    }

    #[test]
    fn derived_ids_differ_when_any_field_does() {
        let mail = Unidentified {
            from: "a@x",
            to: "b@y",
            date: Some("Mon, 1 Jan 2024 10:00:00 +0000"),
            subject: "hello",
            text: "world",
            salt: Some("one"),
        };
        let id = derive_id(&mail);
        assert!(id.as_str().ends_with("@missing.local"));
        assert_eq!(id.as_str().len(), 64 + 14);
        assert_eq!(id, derive_id(&Unidentified { salt: None, ..mail }));
        let undated = Unidentified { date: None, ..mail };
        let ids = [
            id,
            derive_id(&Unidentified { from: "", ..mail }),
            derive_id(&Unidentified {
                subject: "hellow",
                text: "orld",
                ..mail
            }),
            derive_id(&Unidentified {
                date: Some(""),
                ..mail
            }),
            derive_id(&undated),
            derive_id(&Unidentified {
                salt: Some("two"),
                ..undated
            }),
            derive_id(&Unidentified {
                salt: None,
                ..undated
            }),
        ];
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }

    proptest! {
        #[test]
        fn scanning_never_panics_and_ids_read_back(value in "[<>@ \"a-cä\\r\\n\\t.,;]{0,80}") {
            for id in scan_or_bare(&value) {
                let read: Result<MessageId, _> = id.as_str().parse();
                prop_assert_eq!(read, Ok(id.clone()));
                prop_assert_eq!(MessageId::parse(&id.to_header()), Some(id));
            }
        }
    }
}
