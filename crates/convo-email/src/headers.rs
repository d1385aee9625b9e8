//! The header fields of a mail.

use std::fmt;

use serde::{Deserialize, Serialize};

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
        Self {
            name: name.trim().to_owned(),
            value: raw.to_owned(),
            raw: None,
        }
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
