//! What a key may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One permission of a key.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// GET.
    Read,
    /// Everything that changes conversations and leads; includes read.
    Write,
    /// Handover and take-over, beside write.
    Agent,
    /// Everything.
    Admin,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Agent, Self::Admin];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Agent => "agent",
            Self::Admin => "admin",
        }
    }

    /// Whether holding `self` allows what needs `needed`.
    #[must_use]
    pub const fn includes(self, needed: Self) -> bool {
        match self {
            Self::Admin => true,
            Self::Write => matches!(needed, Self::Read | Self::Write),
            Self::Read => matches!(needed, Self::Read),
            Self::Agent => matches!(needed, Self::Agent),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text is no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is read, write, agent or admin")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.name() == text)
            .ok_or(UnknownScope)
    }
}

/// The scopes of a key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scopes(pub Vec<Scope>);

impl Scopes {
    /// Whether any of them allows what needs `needed`.
    #[must_use]
    pub fn allow(&self, needed: Scope) -> bool {
        self.0.iter().any(|held| held.includes(needed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(held: &[Scope], allowed: &[Scope]) {
        let scopes = Scopes(held.to_vec());
        for needed in Scope::ALL {
            assert_eq!(
                scopes.allow(needed),
                allowed.contains(&needed),
                "{held:?} for {needed}"
            );
        }
    }

    #[test]
    fn scopes_include_each_other() {
        check(&[], &[]);
        check(&[Scope::Read], &[Scope::Read]);
        check(&[Scope::Write], &[Scope::Read, Scope::Write]);
        check(&[Scope::Agent], &[Scope::Agent]);
        check(
            &[Scope::Write, Scope::Agent],
            &[Scope::Read, Scope::Write, Scope::Agent],
        );
        check(&[Scope::Admin], &Scope::ALL);
    }

    #[test]
    fn names_are_read_back() {
        for scope in Scope::ALL {
            assert_eq!(scope.name().parse(), Ok(scope));
        }
        assert_eq!("root".parse::<Scope>(), Err(UnknownScope));
    }
}
