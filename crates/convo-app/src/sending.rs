//! How mail leaves the house: whether at all, and under which names.

use convo_email::Address;
use uuid::Uuid;

use crate::context::Context;
use crate::reply_token;

/// Whether mail leaves the house.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SendMode {
    /// Nothing is sent, and asking for it is refused.
    #[default]
    Off,
    /// What would be sent is recorded and counts for nothing.
    Shadow,
    /// Mail is sent.
    Live,
}

/// How mail leaves the house.
#[derive(Debug, Clone, Default)]
pub struct Sending {
    /// Whether it does.
    pub mode: SendMode,
    /// Who writes; there unless the mode is off.
    pub from: Option<Address>,
    /// Domain of the addresses that answers go to.
    pub reply_domain: String,
    /// Domain of our Message-IDs.
    pub id_domain: String,
    /// Where people reach this server, such as `https://convo.dealer.example`, without a slash at the end.
    pub public_url: String,
}

impl Context {
    /// The address whose mail belongs to a conversation; none without a domain for it.
    #[must_use]
    pub fn reply_address(&self, conversation: Uuid) -> Option<Address> {
        let domain = self.sending.reply_domain.as_str();
        let domain = Some(domain).filter(|domain| !domain.is_empty());
        let domain = domain.or_else(|| self.our_domain())?;
        let token = reply_token::mint(&self.reply_key, conversation);
        Some(Address {
            name: None,
            email: format!("reply+{token}@{domain}"),
        })
    }

    /// The domain of our Message-IDs: the one of the settings, else that of an address of ours. Without any of them
    /// it is one that no mail comes from.
    #[must_use]
    pub fn id_domain(&self) -> &str {
        let set = Some(self.sending.id_domain.as_str()).filter(|domain| !domain.is_empty());
        set.or_else(|| self.our_domain()).unwrap_or("convo.invalid")
    }

    /// The domain of our addresses; of several the first in the alphabet.
    fn our_domain(&self) -> Option<&str> {
        let domains = self
            .our_addresses
            .iter()
            .filter_map(|one| one.rsplit_once('@'));
        domains.map(|(_, domain)| domain).min()
    }

    /// The address at which an agent's mail is an answer to the lead of a conversation.
    #[must_use]
    pub fn agent_reply_address(&self, conversation: Uuid, agent: Uuid) -> Address {
        let token = reply_token::mint_for_agent(&self.reply_key, conversation, agent);
        Address {
            name: None,
            email: format!("reply+{token}@{}", self.sending.reply_domain),
        }
    }

    /// Where a signed link of this kind (`u`, `o`) leads.
    #[must_use]
    pub fn link(&self, kind: &str, signed: &str) -> String {
        format!("{}/{kind}/{signed}", self.sending.public_url)
    }
}
