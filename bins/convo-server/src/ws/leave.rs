//! Why a connection ends.

use actix_http::ws::{CloseCode, CloseReason};
use convo_app::live::End;

/// Why a connection ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// The client went, or its connection did.
    Gone,
    /// It said goodbye.
    Closed(Option<CloseReason>),
    /// It is told a code and a reason.
    Told(u16, &'static str),
}

impl Leave {
    /// What it sent is no WebSocket frame.
    pub const PROTOCOL: Self = Self::Told(1002, "protocol_error");
    /// A text that is no UTF-8.
    pub const NOT_UTF8: Self = Self::Told(1007, "not_utf8");
    /// One wrong frame after another.
    pub const WRONG_FRAMES: Self = Self::Told(1008, "wrong_frames");
    /// A frame or a message above the limit.
    pub const TOO_LARGE: Self = Self::Told(1009, "too_large");
    /// It answered no ping.
    pub const NO_ANSWER: Self = Self::Told(1011, "no_answer");
    /// The database is away, and what it misses is there.
    pub const UNAVAILABLE: Self = Self::Told(1013, "unavailable");
    /// It did not say who it is.
    pub const UNAUTHENTICATED: Self = Self::Told(4401, "unauthenticated");
    /// It takes nothing, or much less than comes.
    pub const LAGGING: Self = Self::Told(4408, "lagging");

    /// What the hub says.
    pub fn end(end: End) -> Self {
        match end {
            End::Revoked => Self::Told(4401, "key_revoked"),
            End::GoingAway => Self::Told(1001, "going_away"),
        }
    }

    /// Its name among the metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Closed(_) => "client",
            Self::Told(_, reason) => reason,
        }
    }

    /// What the close frame says; nothing where there is nobody to say it to.
    pub fn farewell(self) -> Option<Option<CloseReason>> {
        match self {
            Self::Gone => None,
            Self::Closed(reason) => Some(reason),
            Self::Told(code, reason) => Some(Some(CloseReason {
                code: CloseCode::from(code),
                description: Some(reason.to_owned()),
            })),
        }
    }
}
