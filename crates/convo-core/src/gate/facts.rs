//! What the gate looks at.

use chrono_tz::Tz;

use super::{Purpose, Reputation};
use crate::conversation::Conversation;
use crate::policy::Budget;
use crate::tally::Mark;
use crate::vocabulary::{Author, SuppressionReason, SuppressionScope};
use crate::{Key, Time};

/// A mail about to be sent.
#[derive(Debug, Clone)]
pub struct Mail<K> {
    /// Who writes it.
    pub author: Author,
    /// What it is for.
    pub purpose: Purpose,
    /// The agent who writes it, where known.
    pub agent: Option<K>,
    /// The message it answers.
    pub answers: Option<Mark<K>>,
    /// The lead wrote that message, as far as anybody can tell.
    pub lead_wrote: bool,
    /// It is stored already and about to leave: whether another one may be made is not asked again.
    pub stored: bool,
}

impl<K> Mail<K> {
    /// No person writes it.
    #[must_use]
    pub fn is_automation(&self) -> bool {
        self.author != Author::Agent
    }

    /// No person writes it, and nobody asked for it.
    #[must_use]
    pub fn is_unasked(&self) -> bool {
        self.is_automation() && self.purpose != Purpose::Reply
    }
}

/// A suppression in force that concerns the address written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Why; none for a reason of the caller's own.
    pub reason: Option<SuppressionReason>,
    /// How far it reaches.
    pub scope: SuppressionScope,
    /// Own time of its fact.
    pub at: Time,
    /// When it ends by itself.
    pub until: Option<Time>,
}

/// An automation mail that the lead had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Earlier {
    /// Its own time.
    pub at: Time,
    /// It is in the conversation asked about.
    pub here: bool,
}

/// What the gate looks at of the conversation's campaign.
#[derive(Debug, Clone, Default)]
pub struct CampaignFacts {
    /// It sends nothing for now.
    pub paused: bool,
    /// Bases of consent that it accepts; none: it needs none.
    pub consent_required: Vec<String>,
    /// Unasked mails it may send in 24 hours.
    pub daily_limit: Option<u32>,
    /// Unasked mails of the last 24 hours, those about to be sent too.
    pub today: u32,
    /// When the first of these is a day old.
    pub frees_at: Option<Time>,
}

/// Everything that decides whether a mail may be sent, as of one moment.
#[derive(Debug, Clone)]
pub struct GateFacts<'a, K> {
    /// The mail.
    pub mail: Mail<K>,
    /// The conversation it belongs to.
    pub conversation: &'a Conversation<K>,
    /// All other conversations of the lead.
    pub siblings: &'a [&'a Conversation<K>],
    /// The lead has an address and was not erased.
    pub reachable: bool,
    /// Mail of the lead waits on the review list.
    pub in_review: bool,
    /// Suppressions that concern the lead's address.
    pub suppressions: &'a [Standing],
    /// Automation mails of the lead within the longest time the policy looks at, in any order.
    pub earlier: &'a [Earlier],
    /// Until when another mail to the lead may be under way.
    pub leased_until: Option<Time>,
    /// The message to be answered has an answer, or a lease for one; of a stored mail: another answer than it.
    pub answered: bool,
    /// The message to be answered came by an import.
    pub imported: bool,
    /// The lead's zone; none: the one of the policy's calendar.
    pub zone: Option<Tz>,
    /// The basis of the lead's consent.
    pub consent: Option<&'a str>,
    /// The conversation's campaign.
    pub campaign: Option<&'a CampaignFacts>,
    /// How the mail of the campaign and of the sending domain fared.
    pub reputation: &'a [Reputation],
    /// The budget of automatic answers that is used up.
    pub budget: Option<Budget>,
    /// Everything is paused: a restored database that nobody has looked at yet.
    pub paused: bool,
}

impl<'a, K: Key> GateFacts<'a, K> {
    /// A mail in a conversation of a lead of whom nothing else is known.
    #[must_use]
    pub fn new(mail: Mail<K>, conversation: &'a Conversation<K>) -> Self {
        Self {
            mail,
            conversation,
            siblings: &[],
            reachable: true,
            in_review: false,
            suppressions: &[],
            earlier: &[],
            leased_until: None,
            answered: false,
            imported: false,
            zone: None,
            consent: None,
            campaign: None,
            reputation: &[],
            budget: None,
            paused: false,
        }
    }

    /// The lead's open conversations.
    pub(super) fn open(&self) -> impl Iterator<Item = &'a Conversation<K>> + '_ {
        std::iter::once(self.conversation)
            .chain(self.siblings.iter().copied())
            .filter(|conversation| conversation.state.is_open())
    }

    /// The owning agent writes it.
    pub(super) fn is_of_owner(&self) -> bool {
        let agent = self.mail.agent.as_ref();
        !self.mail.is_automation()
            && agent.is_some()
            && self.conversation.is_owned()
            && self.conversation.agent.as_ref() == agent
    }
}
