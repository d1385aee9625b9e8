//! What a decision sees.

use crate::Key;
use crate::conversation::Conversation;
use crate::email::Judged;
use crate::lead::Lead;
use crate::tally::MessageFact;

/// An agent who exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentFact<K> {
    /// Its id.
    pub id: K,
    /// May be given conversations.
    pub active: bool,
}

/// Stored codes of all messages of one conversation, in any order, without the message being observed
/// (or with it as it was before it was read anew).
#[derive(Debug, Clone, Copy)]
pub struct History<'a, K> {
    /// Which conversation.
    pub conversation: &'a K,
    /// Its messages.
    pub facts: &'a [MessageFact<K>],
}

/// A conversation with all that a decision about it may look at, as of one moment.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot<'a, K> {
    /// The conversation.
    pub conversation: &'a Conversation<K>,
    /// Its lead.
    pub lead: &'a Lead<K>,
    /// All other conversations of the lead.
    pub siblings: &'a [&'a Conversation<K>],
    /// The agent named in the request, else the one assigned; none when there is no such agent.
    pub agent: Option<&'a AgentFact<K>>,
    /// Another open conversation of the same lead and campaign.
    pub other_open: Option<&'a K>,
    /// Histories; needed only when a decision asks for them.
    pub histories: &'a [History<'a, K>],
    /// Opens and clicks of the conversation's other messages; needed only when a decision asks for its history.
    pub judged_others: Option<&'a [Judged]>,
}

impl<'a, K: Key> Snapshot<'a, K> {
    /// A conversation and its lead, and nothing else.
    #[must_use]
    pub fn new(conversation: &'a Conversation<K>, lead: &'a Lead<K>) -> Self {
        Self {
            conversation,
            lead,
            siblings: &[],
            agent: None,
            other_open: None,
            histories: &[],
            judged_others: None,
        }
    }

    /// The history of one conversation, if given.
    pub(crate) fn history(&self, conversation: &K) -> Option<&'a [MessageFact<K>]> {
        self.histories
            .iter()
            .find(|history| history.conversation == conversation)
            .map(|history| history.facts)
    }
}
