//! Why agents are written to.

/// Why an agent is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// A conversation is offered.
    Offer,
    /// Half of the time of an offer is over.
    OfferReminder,
    /// The lead of the agent's conversation wrote.
    Reply,
    /// Half of the time until the first touch is over.
    TouchReminder,
    /// Half of the time until an answer is over.
    ReplyReminder,
    /// The lead should have heard from the agent.
    TouchLate,
    /// The lead should have an answer.
    ReplyLate,
    /// Nobody takes a conversation.
    Unclaimed,
    /// What the agent wrote did not go to the lead.
    NotSent,
    /// The agent was given a conversation by somebody else.
    Assigned,
    /// Another agent was given the agent's conversation.
    Reassigned,
    /// Somebody who is not the lead wrote into the agent's conversation.
    SomebodyElse,
    /// A mail in the lead's name may not be the lead's.
    Unverified,
    /// The lead of the agent's conversation wants no more mail.
    OptOut,
    /// A mail of the agent's that was to go to the lead could not be sent.
    Unsent,
    /// Mail to an agent comes back.
    Unreachable,
}

/// What a notice is about, beside its conversation; decides until when it makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// An offer that is open.
    Offer,
    /// A conversation of the agent's own.
    Own,
    /// Whatever.
    Any,
}

/// What a notice says beside who the lead is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tells {
    /// What the lead wants, as it was known then.
    Gist,
    /// The mail it is about, perhaps with its files.
    Mail { files: bool },
    /// No more.
    Nothing,
}

impl NoticeKind {
    /// Every kind: its name, what its subject begins with, the sentence it begins with.
    const TABLE: [(Self, &'static str, &'static str, &'static str); 16] = [
        (
            Self::Offer,
            "offer",
            "Offer",
            "A conversation is offered to you.",
        ),
        (
            Self::OfferReminder,
            "offer_reminder",
            "Reminder",
            "A conversation is still offered to you; it goes to somebody else soon.",
        ),
        (Self::Reply, "reply", "", "The lead wrote to you."),
        (
            Self::TouchReminder,
            "touch_reminder",
            "Reminder",
            "The lead has not heard from you yet. Write, or call and record it.",
        ),
        (
            Self::ReplyReminder,
            "reply_reminder",
            "Reminder",
            "The lead waits for your answer.",
        ),
        (
            Self::TouchLate,
            "touch_late",
            "Late",
            "The lead has not heard from the agent who accepted in time.",
        ),
        (
            Self::ReplyLate,
            "reply_late",
            "Late",
            "The lead has not been answered in time.",
        ),
        (
            Self::Unclaimed,
            "unclaimed",
            "Nobody",
            "Nobody takes this conversation.",
        ),
        (
            Self::NotSent,
            "not_sent",
            "Not sent",
            "What you wrote was not sent to the lead. It waits on the review list.",
        ),
        (
            Self::Assigned,
            "assigned",
            "Yours",
            "This conversation is yours now. Answer the lead, or call.",
        ),
        (
            Self::Reassigned,
            "reassigned",
            "Reassigned",
            "Another agent has this conversation now. You need not do anything.",
        ),
        (
            Self::SomebodyElse,
            "somebody_else",
            "Somebody else",
            "Somebody who is not the lead wrote into this conversation. Your answer goes to the lead.",
        ),
        (
            Self::Unverified,
            "unverified",
            "Unverified",
            "A mail in the lead's name could not be verified: it may not be the lead's. It waits on the review list. \
             Your answer goes to the lead.",
        ),
        (
            Self::OptOut,
            "opt_out",
            "No more mail",
            "The lead wants no more mail.",
        ),
        (
            Self::Unsent,
            "unsent",
            "Not sent",
            "This mail of yours could not be sent: the lead has not got it.",
        ),
        (
            Self::Unreachable,
            "unreachable",
            "Unreachable",
            "Mail to an agent comes back: the agent was not told of this conversation.",
        ),
    ];

    /// The name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::TABLE[self as usize].1
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        let found = Self::TABLE.iter().find(|(_, known, _, _)| *known == name);
        found.map(|(kind, ..)| *kind)
    }

    pub(super) fn about(self) -> About {
        match self {
            Self::Offer | Self::OfferReminder => About::Offer,
            Self::Reply
            | Self::TouchReminder
            | Self::ReplyReminder
            | Self::Assigned
            | Self::SomebodyElse
            | Self::Unverified
            | Self::OptOut => About::Own,
            Self::TouchLate
            | Self::ReplyLate
            | Self::Unclaimed
            | Self::NotSent
            | Self::Reassigned
            | Self::Unsent
            | Self::Unreachable => About::Any,
        }
    }

    /// What it says beside who the lead is.
    pub(super) fn tells(self) -> Tells {
        match self {
            Self::Reply => Tells::Mail { files: true },
            // What anybody sends with a mail goes to nobody's machine.
            Self::SomebodyElse | Self::Unverified | Self::OptOut | Self::Unsent => {
                Tells::Mail { files: false }
            }
            Self::NotSent | Self::Reassigned => Tells::Nothing,
            Self::Offer
            | Self::OfferReminder
            | Self::TouchReminder
            | Self::ReplyReminder
            | Self::TouchLate
            | Self::ReplyLate
            | Self::Unclaimed
            | Self::Assigned
            | Self::Unreachable => Tells::Gist,
        }
    }

    /// What its subject begins with; nothing for a copy, which has the subject of a mail.
    pub(super) fn mark(self) -> &'static str {
        Self::TABLE[self as usize].2
    }

    /// The sentence it begins with.
    pub(super) fn sentence(self) -> &'static str {
        Self::TABLE[self as usize].3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_kinds() {
        for (at, (kind, name, _, _)) in NoticeKind::TABLE.into_iter().enumerate() {
            assert_eq!(kind as usize, at);
            assert_eq!(NoticeKind::of(name), Some(kind));
        }
        assert_eq!(NoticeKind::of("other"), None);
    }
}
