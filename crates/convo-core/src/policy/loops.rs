//! What keeps two machines from answering each other for ever.

use serde::{Deserialize, Serialize};

use crate::vocabulary::vocabulary;

vocabulary! {
    /// A budget of automatic answers.
    Budget, "budget" {
        /// Answers to one lead, in all its conversations.
        Address = "address",
        /// Answers in one conversation.
        Conversation = "conversation",
        /// All answers.
        Total = "total",
    }
}

/// How many automatic answers may be sent, and how much automated mail may come.
///
/// Headers of the other side are the first line of defence; these numbers hold when a gateway has stripped them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Loops {
    /// Minutes that the three budgets look back.
    pub window_minutes: u32,
    /// Automatic answers (authors `ai` and `system`) to one lead within the window.
    pub per_address: u32,
    /// Automatic answers in one conversation within the window.
    pub per_conversation: u32,
    /// Automatic answers of the whole organisation within the window.
    pub total: u32,
    /// Automated mails of one conversation within `flood_minutes` after which more of them change nothing.
    pub flood_messages: u32,
    /// Minutes that the flood breaker looks back.
    pub flood_minutes: u32,
}

impl Default for Loops {
    fn default() -> Self {
        Self {
            window_minutes: 1_440,
            per_address: 20,
            per_conversation: 20,
            total: 10_000,
            flood_messages: 20,
            flood_minutes: 60,
        }
    }
}

/// Automatic answers sent within the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Answered {
    /// To the lead.
    pub address: u32,
    /// In the conversation.
    pub conversation: u32,
    /// By the whole organisation.
    pub total: u32,
}

impl Loops {
    /// The first budget that one more automatic answer would go beyond.
    #[must_use]
    pub fn exhausted(&self, sent: &Answered) -> Option<Budget> {
        let used = [
            (Budget::Address, sent.address, self.per_address),
            (
                Budget::Conversation,
                sent.conversation,
                self.per_conversation,
            ),
            (Budget::Total, sent.total, self.total),
        ];
        let over = used.into_iter().find(|(_, sent, most)| sent >= most);
        over.map(|(budget, _, _)| budget)
    }
}

/// The automatic acknowledgement of a lead's first mail; none is sent without a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Acknowledge {
    /// What it says; none or blank: there is none.
    pub text: Option<String>,
    /// Hours in which a lead gets at most one, in whatever conversation.
    pub window_hours: u32,
}

impl Default for Acknowledge {
    fn default() -> Self {
        Self {
            text: None,
            window_hours: 24,
        }
    }
}

impl Acknowledge {
    /// What it says, where there is one.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        self.text.as_deref().filter(|text| !text.trim().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_budget_that_is_used_up_is_named() {
        let loops = Loops {
            per_address: 3,
            per_conversation: 2,
            total: 5,
            ..Loops::default()
        };
        for ((address, conversation, total), expected) in [
            ((0, 0, 0), None),
            ((2, 1, 4), None),
            ((3, 1, 4), Some(Budget::Address)),
            ((2, 2, 4), Some(Budget::Conversation)),
            ((2, 1, 5), Some(Budget::Total)),
            ((3, 2, 5), Some(Budget::Address)),
        ] {
            let sent = Answered {
                address,
                conversation,
                total,
            };
            assert_eq!(loops.exhausted(&sent), expected, "{sent:?}");
        }
        let none = Loops {
            total: 0,
            ..Loops::default()
        };
        assert_eq!(none.exhausted(&Answered::default()), Some(Budget::Total));
    }

    #[test]
    fn a_blank_acknowledgement_is_none() {
        let with = |text: Option<&str>| Acknowledge {
            text: text.map(str::to_owned),
            ..Acknowledge::default()
        };
        assert_eq!(with(None).words(), None);
        assert_eq!(with(Some(" \n")).words(), None);
        assert_eq!(with(Some("Thank you")).words(), Some("Thank you"));
    }
}
