//! The closed vocabularies, each one table: a variant, its wire name, its meaning.
//!
//! Reading a name accepts it exactly as written here; names in SCREAMING_SNAKE_CASE are also read in
//! lower snake_case.

use serde::{Deserialize, Serialize};

/// A name that is in no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a known {0}")]
pub struct UnknownName(pub &'static str);

/// Compares a given name with a wire name: equal, or its lower-case form.
#[doc(hidden)]
#[must_use]
pub fn reads_as(given: &str, wire: &str) -> bool {
    given == wire
        || (given.eq_ignore_ascii_case(wire) && !given.bytes().any(|b| b.is_ascii_uppercase()))
}

macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $wire:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every variant, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The wire name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::vocabulary::UnknownName;
            fn from_str(name: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied()
                    .find(|v| $crate::vocabulary::reads_as(name, v.as_str()))
                    .ok_or($crate::vocabulary::UnknownName($what))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let name = <std::borrow::Cow<'de, str> as serde::Deserialize<'de>>::deserialize(d)?;
                name.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use vocabulary;

vocabulary! {
    /// Which way a message went.
    Direction, "direction" {
        /// To us.
        Inbound = "inbound",
        /// From us.
        Outbound = "outbound",
    }
}

vocabulary! {
    /// Who wrote a message.
    Author, "author" {
        /// The lead, from its address or an alias.
        Lead = "lead",
        /// An automatic writer on our side.
        Ai = "ai",
        /// A person on our side.
        Agent = "agent",
        /// Our own system.
        System = "system",
        /// Anybody else: shown, but counted for nothing.
        Other = "other",
    }
}

vocabulary! {
    /// What sort of mail a message is; only `human` of the lead is a reply.
    Kind, "kind" {
        /// Written by a person; all outbound messages and notes too.
        Human = "human",
        /// An automatic answer.
        AutoReply = "auto_reply",
        /// An automatic answer that names an absence.
        OutOfOffice = "out_of_office",
        /// A delivery failed for good.
        Bounce = "bounce",
        /// A delivery is late.
        Delay = "delay",
        /// A feedback report: somebody pressed "spam".
        SpamReport = "spam_report",
        /// A mail whose whole point is to hear nothing more.
        OptOut = "opt_out",
        /// Mailing-list or bulk mail.
        List = "list",
    }
}

vocabulary! {
    /// How a conversation ended.
    Outcome, "outcome" {
        /// The deal was made.
        Won = "won",
        /// An appointment was made.
        Appointment = "appointment",
        /// The lead decided against it.
        Lost = "lost",
        /// Not at present; carries a follow-up time.
        NotNow = "not_now",
        /// The lead never answered, or no more.
        NoResponse = "no_response",
        /// The lead wants to hear nothing more.
        OptedOut = "opted_out",
        /// Mail does not reach the lead.
        Unreachable = "unreachable",
        /// Another conversation goes on in its place.
        Duplicate = "duplicate",
        /// None of the others; the default.
        Other = "other",
    }
}

vocabulary! {
    /// The six stages of a lead. Source: "Lead Journey Stages".
    Stage, "stage" {
        /// We wrote.
        ColdLead = "COLD_LEAD",
        /// The lead replied.
        RespondingLead = "RESPONDING_LEAD",
        /// Several exchanges.
        EngagedLead = "ENGAGED_LEAD",
        /// Interest in the lead's own words.
        InterestedLead = "INTERESTED_LEAD",
        /// A purchase signal and high engagement.
        QualifiedLead = "QUALIFIED_LEAD",
        /// Ready for a person.
        HandoverReady = "HANDOVER_READY",
    }
}

impl Stage {
    /// 1 to 6.
    #[must_use]
    pub const fn order(self) -> u8 {
        self as u8 + 1
    }

    /// The stage of this order.
    #[must_use]
    pub fn from_order(order: u8) -> Option<Self> {
        Self::ALL.get(usize::from(order).checked_sub(1)?).copied()
    }

    /// Progress in percent.
    #[must_use]
    pub const fn progress(self) -> u8 {
        match self {
            Self::ColdLead => 10,
            Self::RespondingLead => 25,
            Self::EngagedLead => 40,
            Self::InterestedLead => 65,
            Self::QualifiedLead => 85,
            Self::HandoverReady => 100,
        }
    }

    /// The name people read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ColdLead => "Cold Lead",
            Self::RespondingLead => "Responding Lead",
            Self::EngagedLead => "Engaged Lead",
            Self::InterestedLead => "Interested Lead",
            Self::QualifiedLead => "Qualified Lead",
            Self::HandoverReady => "Handover Ready",
        }
    }

    /// The milestone written when a lead first enters it.
    #[must_use]
    pub const fn milestone(self) -> Milestone {
        match self {
            Self::ColdLead => Milestone::FirstContact,
            Self::RespondingLead => Milestone::FirstResponse,
            Self::EngagedLead => Milestone::MultipleExchanges,
            Self::InterestedLead => Milestone::IntentSignal,
            Self::QualifiedLead => Milestone::QualificationComplete,
            Self::HandoverReady => Milestone::HandoverReady,
        }
    }

    /// The stage after it.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::from_order(self.order() + 1)
    }
}

vocabulary! {
    /// Written once per lead, when its stage is first entered.
    Milestone, "milestone" {
        /// COLD_LEAD.
        FirstContact = "FIRST_CONTACT",
        /// RESPONDING_LEAD.
        FirstResponse = "FIRST_RESPONSE",
        /// ENGAGED_LEAD.
        MultipleExchanges = "MULTIPLE_EXCHANGES",
        /// INTERESTED_LEAD.
        IntentSignal = "INTENT_SIGNAL",
        /// QUALIFIED_LEAD.
        QualificationComplete = "QUALIFICATION_COMPLETE",
        /// HANDOVER_READY.
        HandoverReady = "HANDOVER_READY",
    }
}

vocabulary! {
    /// A mark on a conversation that follows from a fact and stays.
    FlagCode, "flag" {
        /// Mail to the lead's primary address failed for good.
        HardBounce = "hard_bounce",
        /// The lead pressed "spam".
        Complaint = "complaint",
        /// The lead used an unsubscribe link.
        Unsubscribed = "unsubscribed",
        /// The lead said so in words.
        OptOut = "opt_out",
        /// A Message-ID came twice with different content.
        DuplicateMessageId = "duplicate_message_id",
        /// A mail came that its author's domain did not send.
        ForgedSuspect = "forged_suspect",
    }
}

vocabulary! {
    /// Why automation is held until a person decides.
    HoldReason, "hold reason" {
        /// Opt-out words inside a longer text or beside interest.
        DoubtfulOptOut = "doubtful_opt_out",
        /// Somebody who is not the lead wrote into the conversation.
        OtherAuthor = "other_author",
        /// Its origin could not be trusted.
        Unverified = "unverified",
        /// A person asked for it.
        Manual = "manual",
    }
}

vocabulary! {
    /// Why an address may not be written to.
    SuppressionReason, "suppression reason" {
        /// The person said so, in words or by an unsubscribe link.
        OptOut = "opt_out",
        /// The person pressed "spam".
        Complaint = "complaint",
        /// The address does not exist.
        HardBounce = "hard_bounce",
        /// Soft failures reached the policy's number.
        SoftBounce = "soft_bounce",
        /// An admin decided it.
        Manual = "manual",
    }
}

vocabulary! {
    /// How far a suppression reaches.
    SuppressionScope, "suppression scope" {
        /// No campaign, automatic writer or system mail on any address of the lead.
        Automation = "automation",
        /// Nothing at all to that address.
        All = "all",
    }
}

vocabulary! {
    /// Who told us to suppress.
    SuppressionSource, "suppression source" {
        /// The person.
        Person = "person",
        /// A delivery failed.
        Delivery = "delivery",
        /// The provider's own list.
        Provider = "provider",
    }
}

vocabulary! {
    /// Whose turn it is.
    Awaiting, "awaiting" {
        /// The newest human message is theirs.
        Us = "us",
        /// The newest human message is ours.
        Lead = "lead",
        /// Nobody wrote yet, or the conversation is closed.
        Nobody = "nobody",
    }
}

/// Whether a rule stops a transition or only warns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// An unmet rule refuses the transition.
    Required,
    /// An unmet rule adds a warning.
    Advisory,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_written_and_in_lower_case() {
        assert_eq!("COLD_LEAD".parse(), Ok(Stage::ColdLead));
        assert_eq!("cold_lead".parse(), Ok(Stage::ColdLead));
        assert_eq!("Cold_Lead".parse::<Stage>(), Err(UnknownName("stage")));
        assert_eq!("out_of_office".parse(), Ok(Kind::OutOfOffice));
        assert_eq!("OUT_OF_OFFICE".parse::<Kind>(), Err(UnknownName("kind")));
    }

    #[test]
    fn stages_are_numbered_one_to_six_with_rising_progress() {
        let orders: Vec<u8> = Stage::ALL.iter().map(|s| s.order()).collect();
        assert_eq!(orders, [1, 2, 3, 4, 5, 6]);
        assert!(
            Stage::ALL
                .windows(2)
                .all(|w| w[0].progress() < w[1].progress())
        );
        assert_eq!(Stage::HandoverReady.next(), None);
        assert_eq!(Stage::from_order(0), None);
    }
}
