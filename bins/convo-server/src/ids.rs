//! The only place of the product that draws ids and random bytes.

use uuid::Uuid;

/// A new id: a UUID of version 7, so that ids sort by the time they were made.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the shell's source of ids")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// Random bytes of the operating system.
///
/// # Errors
/// [`getrandom::Error`] where the operating system has none to give.
#[allow(
    clippy::disallowed_methods,
    reason = "the shell's source of randomness"
)]
pub fn random_bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn ids_are_of_version_7_and_differ() {
        assert_eq!(new_id().get_version_num(), 7);
        assert_ne!(new_id(), new_id());
        assert_ne!(random_bytes::<32>().unwrap(), random_bytes::<32>().unwrap());
    }
}
