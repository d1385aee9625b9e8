//! Mail addresses, read tolerantly.

use serde::{Deserialize, Serialize};

/// A mailbox: an address and perhaps a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// The display name, decoded; never empty.
    #[serde(default)]
    pub name: Option<String>,
    /// The address as written; holds one `@` with text on both sides and no white space.
    pub email: String,
}

impl Address {
    /// Reads one address, with or without a name; `None` when there is none.
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_list(text).into_iter().next()
    }

    /// Reads the addresses of a header field as received, not decoded: groups are opened, an
    /// entry that is no address is left out.
    pub fn parse_list(_raw: &str) -> Vec<Self> {
        Vec::new()
    }

    /// The address for comparisons: lower case.
    pub fn key(&self) -> String {
        self.email.to_lowercase()
    }
}
