//! What a reading of a message yields: signals, topics, intent, sentiment and opt-out.
//!
//! Codes of signals and topics are strings because each industry pack names its own; those of the
//! shipped automotive pack are constants in [`signal`] and [`topic`].

use serde::{Deserialize, Serialize};

/// Codes of the signals in the shipped automotive pack.
pub mod signal {
    /// The lead shows interest without naming a step ("tell me more"); class interest.
    pub const INTEREST: &str = "interest";
    /// A test drive is wanted; class purchase.
    pub const TEST_DRIVE: &str = "test_drive";
    /// A price, quote or discount is asked for; class purchase.
    pub const PRICING: &str = "pricing";
    /// Financing, leasing or a monthly rate is asked for; class purchase.
    pub const FINANCING: &str = "financing";
    /// A vehicle is offered in part exchange; class purchase.
    pub const TRADE_IN: &str = "trade_in";
    /// A visit or an appointment is wanted; class purchase.
    pub const APPOINTMENT: &str = "appointment";
    /// The lead says it wants to buy, order or sign; class purchase.
    pub const PURCHASE: &str = "purchase";
    /// A person or a call is asked for, or a phone number is given; class hand_raise.
    pub const HAND_RAISE: &str = "hand_raise";
}

/// Codes of the topics in the shipped automotive pack.
pub mod topic {
    /// The vehicle itself: model, colour, body.
    pub const VEHICLE: &str = "vehicle";
    /// Price, quote, discount.
    pub const PRICING: &str = "pricing";
    /// Financing, leasing, monthly rate.
    pub const FINANCING: &str = "financing";
    /// Part exchange of the lead's own vehicle.
    pub const TRADE_IN: &str = "trade_in";
    /// Dates, appointments, opening hours.
    pub const SCHEDULING: &str = "scheduling";
    /// Test drives.
    pub const TEST_DRIVE: &str = "test_drive";
    /// Equipment, engine, range, consumption.
    pub const FEATURES: &str = "features";
    /// Stock and delivery time.
    pub const AVAILABILITY: &str = "availability";
    /// Warranty, guarantee, service.
    pub const WARRANTY: &str = "warranty";
}

/// How much a signal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalClass {
    /// Interest without a step towards buying.
    Interest,
    /// A step towards buying: a qualification signal.
    Purchase,
    /// A person or a call is asked for.
    HandRaise,
}

/// One signal in the lead's own words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Signal {
    /// Code as the industry pack names it, e.g. `test_drive`.
    pub code: String,
    /// What kind of signal it is.
    pub class: SignalClass,
}

impl Signal {
    /// Makes a signal of this code and class.
    pub fn new(code: impl Into<String>, class: SignalClass) -> Self {
        Self {
            code: code.into(),
            class,
        }
    }

    /// True for a purchase signal, the only kind that qualifies a lead.
    #[must_use]
    pub fn is_qualification(&self) -> bool {
        self.class == SignalClass::Purchase
    }
}

/// What the lead wants with a message: the first variant that fits, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// To hear nothing more.
    OptOut,
    /// Declines.
    NotInterested,
    /// To buy.
    Purchase,
    /// To drive it first.
    TestDrive,
    /// To agree on a time.
    Scheduling,
    /// To know what it costs.
    Pricing,
    /// To know more.
    Information,
}

/// Tone of a message; shown to people, part of no score.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Sentiment {
    /// More negative than positive words.
    Negative,
    /// Neither, or both alike.
    #[default]
    Neutral,
    /// More positive than negative words.
    Positive,
}

/// Whether a message asks to hear nothing more.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum OptOut {
    /// It does not.
    #[default]
    None,
    /// Opt-out words stand in a longer text or beside interest: a person must look.
    Doubtful,
    /// It is the point of the message.
    Clear,
}
