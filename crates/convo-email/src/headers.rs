//! The header fields of a mail.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{charsets, words};

/// Header fields in their order; names are compared without case.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Headers {
    list: Vec<Header>,
}

/// One header field.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    name: String,
    value: String,
    /// The value as received, where decoding changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
}

impl Header {
    /// A field from its name and its value as received; the value is unfolded and decoded.
    pub fn new(name: &str, raw: &str) -> Self {
        let raw = charsets::without_nul(&unfolded(raw));
        let value = words::decode(&raw);
        let raw = (raw != value).then_some(raw);
        let name = charsets::without_nul(name.trim());
        Self { name, value, raw }
    }

    /// The name as written, without white space around it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value on one line, encoded words decoded, U+0000 replaced.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The value on one line, encoded words as received: what addresses and ids are read from.
    pub fn raw(&self) -> &str {
        self.raw.as_deref().unwrap_or(&self.value)
    }
}

impl Headers {
    /// Fields from names and values as received, decoded or not.
    pub fn from_pairs<N: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        pairs
            .into_iter()
            .map(|(name, value)| Header::new(name.as_ref(), value.as_ref()))
            .collect()
    }

    /// Appends a field.
    pub fn push(&mut self, field: Header) {
        self.list.push(field);
    }

    /// All fields in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.list.iter()
    }

    /// The decoded value of the first field of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields(name).next().map(Header::value)
    }

    /// The decoded values of all fields of a name, in order.
    pub fn get_all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.fields(name).map(Header::value)
    }

    /// The value of the first field of a name as received.
    pub fn get_raw(&self, name: &str) -> Option<&str> {
        self.fields(name).next().map(Header::raw)
    }

    /// The values of all fields of a name as received, in order.
    pub fn get_all_raw<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.fields(name).map(Header::raw)
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn fields<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a Header> + use<'a, 'n> {
        self.list
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
    }
}

impl FromIterator<Header> for Headers {
    fn from_iter<I: IntoIterator<Item = Header>>(fields: I) -> Self {
        Self {
            list: fields.into_iter().collect(),
        }
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Header;
    type IntoIter = std::slice::Iter<'a, Header>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Headers({} fields)", self.list.len())
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Header({})", self.name)
    }
}

/// A value on one line: a line break and the white space around it become one blank.
fn unfolded(raw: &str) -> String {
    let raw = raw.trim();
    if !raw.contains(['\r', '\n']) {
        return raw.to_owned();
    }
    let lines = raw.split(['\r', '\n']).map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    lines.join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn fields_are_found_without_case_and_kept_in_order() {
        let headers = Headers::from_pairs([
            ("Received", "one"),
            ("received ", "two"),
            ("Subject", "=?utf-8?Q?gr=C3=BCn?=\r\n\tund blau\0"),
        ]);
        assert_eq!(
            headers.get_all("RECEIVED").collect::<Vec<_>>(),
            ["one", "two"]
        );
        assert_eq!(headers.get("subject"), Some("grün und blau\u{FFFD}"));
        assert_eq!(
            headers.get_raw("subject"),
            Some("=?utf-8?Q?gr=C3=BCn?= und blau\u{FFFD}")
        );
        assert_eq!(headers.get("to"), None);
        assert_eq!((headers.len(), headers.is_empty()), (3, false));
        let stored = serde_json::to_string(&headers).unwrap();
        assert_eq!(serde_json::from_str::<Headers>(&stored).unwrap(), headers);
        assert_eq!(format!("{headers:?}"), "Headers(3 fields)");
    }
}
