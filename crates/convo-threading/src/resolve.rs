//! Which known message is the parent, and on what evidence.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::message_id::MessageId;
use crate::references::Chain;

/// What made a message the child of another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// In-Reply-To names exactly this id.
    InReplyTo,
    /// References name it.
    References,
    /// In-Reply-To names several ids and there are no References: the last one.
    LastOfInReplyTo,
    /// Headers name nothing; the base subject does.
    Subject,
    /// Nothing names a parent.
    #[default]
    None,
}

impl Evidence {
    /// All values.
    pub const ALL: [Self; 5] = [
        Self::InReplyTo,
        Self::References,
        Self::LastOfInReplyTo,
        Self::Subject,
        Self::None,
    ];

    /// The stable text of this evidence, as stored and shown.
    pub fn code(self) -> &'static str {
        match self {
            Self::InReplyTo => "in_reply_to",
            Self::References => "references",
            Self::LastOfInReplyTo => "last_of_in_reply_to",
            Self::Subject => "subject",
            Self::None => "none",
        }
    }

    /// The evidence of a stored text; `None` when there is no such code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|evidence| evidence.code() == code)
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The known message that a chain leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution<T> {
    /// The id that was known.
    pub id: MessageId,
    /// What the lookup gave for it.
    pub found: T,
    /// Which header named it.
    pub evidence: Evidence,
}

/// Looks the ids of `chain` up, newest first, and gives the first one that `lookup` knows.
pub fn resolve<T>(
    chain: &Chain,
    mut lookup: impl FnMut(&MessageId) -> Option<T>,
) -> Option<Resolution<T>> {
    chain.candidates().enumerate().find_map(|(age, id)| {
        let found = lookup(id)?;
        // Only the newest id can come from In-Reply-To: all before it stand in References.
        let evidence = if age == 0 {
            chain.evidence
        } else {
            Evidence::References
        };
        Some(Resolution {
            id: id.clone(),
            found,
            evidence,
        })
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::references::{HeaderFields, chain};

    fn check(head: [&str; 2], known: &[&str], expected: Option<(&str, Evidence)>) {
        let fields = HeaderFields {
            in_reply_to: &[head[0]],
            references: &[head[1]],
            ..HeaderFields::default()
        };
        let found = resolve(&chain(&fields, None), |id| {
            known.iter().position(|known| *known == id.as_str())
        });
        let found = found
            .as_ref()
            .map(|found| (known[found.found], found.evidence));
        assert_eq!(found, expected, "{head:?} {known:?}");
    }

    #[test]
    fn the_newest_known_id_is_the_parent() {
        use Evidence::{InReplyTo, LastOfInReplyTo, References};
        let both = ["<c@x>", "<a@x> <b@x> <c@x>"];
        check(both, &["a@x", "b@x", "c@x"], Some(("c@x", InReplyTo)));
        check(both, &["a@x", "b@x"], Some(("b@x", References)));
        check(both, &["z@x"], None);
        check(["", "<a@x> <b@x>"], &["b@x"], Some(("b@x", References)));
        check(
            ["<a@x> <b@x>", ""],
            &["a@x", "b@x"],
            Some(("b@x", LastOfInReplyTo)),
        );
        check(["", ""], &["a@x"], None);
    }

    #[test]
    fn codes_are_what_is_serialised() {
        for evidence in Evidence::ALL {
            let json = serde_json::to_string(&evidence).unwrap();
            assert_eq!(json, format!("\"{}\"", evidence.code()));
            assert_eq!(Evidence::from_code(evidence.code()), Some(evidence));
        }
    }
}
