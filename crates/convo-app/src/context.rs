//! What every command may rely on beside the database: the shell's clock and ids, the lexicons,
//! the rules, our own addresses, the instance's keys.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use convo_core::rules::Rules;
use convo_email::TrustedHosts;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::attachments::Attachments;
use crate::erasures::Erasures;
use crate::lexicons::Lexicons;
use crate::sending::Sending;

/// The outside world the use cases are allowed to ask: time and randomness.
pub trait Shell: Send + Sync {
    /// The time, cut to microseconds.
    fn now(&self) -> DateTime<Utc>;
    /// A new id, ordered by time.
    fn new_id(&self) -> Uuid;
    /// Fills `buffer` with random bytes.
    fn random(&self, buffer: &mut [u8]);
}

/// What every command may rely on beside the database.
pub struct Context {
    /// Time and randomness.
    pub shell: Box<dyn Shell>,
    /// How messages are read.
    pub lexicons: Lexicons,
    /// The rules of transitions.
    pub rules: Rules<Uuid>,
    /// Addresses that are ours, as compared.
    pub our_addresses: HashSet<String>,
    /// Hosts whose word on a mail's origin is believed.
    pub trusted_auth_hosts: TrustedHosts,
    /// Signs reply tokens.
    pub reply_key: Vec<u8>,
    /// Keys digests of tokens, events and erased addresses.
    pub hash_key: Vec<u8>,
    /// Where attachments lie.
    pub attachments: Attachments,
    /// Whom a restored database must forget again.
    pub erasures: Erasures,
    /// How mail leaves the house.
    pub sending: Sending,
}

impl Context {
    /// What stands for an address after it is forgotten; `key` is the form addresses are compared in.
    #[must_use]
    pub fn address_digest(&self, key: &str) -> Vec<u8> {
        self.keyed("address", &[key.as_bytes()])
    }

    /// A digest that nobody without the instance's key can make or try out.
    #[must_use]
    pub fn keyed(&self, label: &str, pieces: &[&[u8]]) -> Vec<u8> {
        // HMAC takes keys of every length, so the empty answer is never given.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.hash_key) else {
            return Vec::new();
        };
        mac.update(label.as_bytes());
        for piece in pieces {
            mac.update(&(piece.len() as u64).to_be_bytes());
            mac.update(piece);
        }
        mac.finalize().into_bytes().to_vec()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    struct Still;

    impl Shell for Still {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH
        }

        fn new_id(&self) -> Uuid {
            Uuid::nil()
        }

        fn random(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    /// A context without a database whose keys are made of this byte.
    pub(crate) fn context(key: u8) -> Context {
        Context {
            shell: Box::new(Still),
            lexicons: Lexicons::default(),
            rules: Rules::standard(),
            our_addresses: HashSet::new(),
            trusted_auth_hosts: TrustedHosts::default(),
            reply_key: vec![key; 32],
            hash_key: vec![key; 32],
            attachments: Attachments::new("nowhere"),
            erasures: Erasures::within(std::path::Path::new("nowhere")),
            sending: Sending {
                public_url: "https://convo.dealer.example".to_owned(),
                ..Sending::default()
            },
        }
    }
}
