//! What can be subscribed to.

use std::fmt;
use std::str::FromStr;

use convo_store::LogFilter;
use uuid::Uuid;

/// A kind of event that is told live; rows of other kinds are for `/api/events` only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A step of a conversation, recorded events included.
    State,
    /// A lead entered or left a stage.
    Journey,
    /// A message was added, moved, flagged, or needs a person.
    Thread,
    /// A step of a handover.
    Handover,
    /// Something happened to a mail of ours.
    Email,
}

impl Kind {
    /// All kinds: type of the row and of the frame, subscription.
    pub const TABLE: [(Self, &'static str, &'static str); 5] = [
        (
            Self::State,
            "conversation_state_changed",
            "conversation_states",
        ),
        (Self::Journey, "lead_journey_updated", "lead_journeys"),
        (Self::Thread, "message_thread_updated", "message_threads"),
        (Self::Handover, "handover_event", "handover_events"),
        (Self::Email, "email_event", "email_events"),
    ];

    /// The kind of a row of the log.
    #[must_use]
    pub fn of(row: &str) -> Option<Self> {
        let found = Self::TABLE.iter().find(|(_, event, _)| *event == row);
        found.map(|(kind, _, _)| *kind)
    }

    /// The type of its rows and frames.
    #[must_use]
    pub fn event(self) -> &'static str {
        Self::TABLE[self as usize].1
    }

    fn subscription(self) -> &'static str {
        Self::TABLE[self as usize].2
    }
}

/// Something to subscribe to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Every event of a kind.
    Kind(Kind),
    /// Every event of a conversation.
    Conversation(Uuid),
    /// Every event of a lead.
    Lead(Uuid),
}

/// The text names no subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such subscription")]
pub struct UnknownTopic;

impl FromStr for Topic {
    type Err = UnknownTopic;

    fn from_str(text: &str) -> Result<Self, UnknownTopic> {
        if let Some((kind, _, _)) = Kind::TABLE.iter().find(|(_, _, name)| *name == text) {
            return Ok(Self::Kind(*kind));
        }
        let (of, id) = text.split_once(':').ok_or(UnknownTopic)?;
        let id = Uuid::try_parse(id).map_err(|_| UnknownTopic)?;
        match of {
            "conversation" => Ok(Self::Conversation(id)),
            "lead" => Ok(Self::Lead(id)),
            _ => Err(UnknownTopic),
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => f.write_str(kind.subscription()),
            Self::Conversation(id) => write!(f, "conversation:{id}"),
            Self::Lead(id) => write!(f, "lead:{id}"),
        }
    }
}

/// The rows that subscriptions ask for, as the database filters them.
#[must_use]
pub fn filter(topics: &[Topic]) -> LogFilter {
    let mut filter = LogFilter {
        among: Kind::TABLE.iter().map(|(_, event, _)| *event).collect(),
        ..LogFilter::default()
    };
    for topic in topics {
        match topic {
            Topic::Kind(kind) => filter.kinds.push(kind.event()),
            Topic::Conversation(id) => filter.conversations.push(*id),
            Topic::Lead(id) => filter.leads.push(*id),
        }
    }
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<Topic, UnknownTopic>) {
        assert_eq!(text.parse(), expected, "{text}");
        if let Ok(topic) = expected {
            assert_eq!(topic.to_string(), text);
        }
    }

    #[test]
    fn the_seven_subscriptions_are_read_and_written() {
        let id = Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0001);
        check("conversation_states", Ok(Topic::Kind(Kind::State)));
        check("lead_journeys", Ok(Topic::Kind(Kind::Journey)));
        check("message_threads", Ok(Topic::Kind(Kind::Thread)));
        check("handover_events", Ok(Topic::Kind(Kind::Handover)));
        check("email_events", Ok(Topic::Kind(Kind::Email)));
        check(&format!("conversation:{id}"), Ok(Topic::Conversation(id)));
        check(&format!("lead:{id}"), Ok(Topic::Lead(id)));
    }

    #[test]
    fn other_names_are_none() {
        for text in [
            "",
            "conversation",
            "conversation:",
            "conversation:x",
            "Conversation_States",
            "conversation_states ",
            "record_changed",
            "agent:018f0000-0000-7000-8000-000000000001",
            "lead:*",
        ] {
            check(text, Err(UnknownTopic));
        }
    }

    #[test]
    fn the_table_is_in_the_order_of_the_kinds() {
        for (kind, event, _) in Kind::TABLE {
            assert_eq!(kind.event(), event);
            assert_eq!(Kind::of(event), Some(kind));
        }
        assert_eq!(Kind::of("record_changed"), None);
    }
}
