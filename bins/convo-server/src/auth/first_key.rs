//! What happens when nobody has a key yet.

use std::net::IpAddr;

/// What a server that starts does about its first key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstKey {
    /// Somebody can get in already.
    NotNeeded,
    /// One admin key is made and printed: only people on this machine can reach the server.
    Make,
    /// The server does not start: whoever comes first from elsewhere would own it.
    Refuse,
}

impl FirstKey {
    /// Decides, by whether the database has an active key, whether there is a bootstrap key, and the
    /// address the server listens on.
    #[must_use]
    pub fn decide(has_active_key: bool, has_bootstrap_key: bool, listens_on: IpAddr) -> Self {
        match (
            has_active_key || has_bootstrap_key,
            listens_on.to_canonical().is_loopback(),
        ) {
            (true, _) => Self::NotNeeded,
            (false, true) => Self::Make,
            (false, false) => Self::Refuse,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn check(active: bool, bootstrap: bool, address: &str, expected: FirstKey) {
        assert_eq!(
            FirstKey::decide(active, bootstrap, address.parse().unwrap()),
            expected,
            "{address}"
        );
    }

    #[test]
    fn a_first_key_is_made_on_this_machine_only() {
        check(false, false, "127.0.0.1", FirstKey::Make);
        check(false, false, "::1", FirstKey::Make);
        check(false, false, "::ffff:127.0.0.1", FirstKey::Make);
        check(false, false, "0.0.0.0", FirstKey::Refuse);
        check(false, false, "192.0.2.1", FirstKey::Refuse);
        check(true, false, "0.0.0.0", FirstKey::NotNeeded);
        check(false, true, "127.0.0.1", FirstKey::NotNeeded);
    }
}
