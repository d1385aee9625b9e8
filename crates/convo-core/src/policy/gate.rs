//! When automation may write to a lead.

use serde::{Deserialize, Serialize};

use crate::gate::{Breaker, QuietHours};

/// Limits of the send gate. Those of a lead hold over all its campaigns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct GateLimits {
    /// Automation mails that a lead may have in the window.
    pub max_mails: u32,
    /// Days of the window.
    pub window_days: u32,
    /// Hours between an automation mail and an unasked one of another conversation of the lead.
    pub min_gap_hours: u32,
    /// Local hours of the lead without unasked mail; none: all hours are fine, since senders have their own
    /// schedules and few leads a known zone.
    pub quiet_hours: Option<QuietHours>,
    /// Automation's mail waits as a draft until an agent approves it.
    pub approval: bool,
    /// Hours after which automation does not answer a mail any more.
    pub answer_within_hours: u32,
    /// Seconds that a lease is good for.
    pub lease_seconds: u32,
    /// Seconds that the leases of a prepared batch are good for.
    pub batch_lease_seconds: u32,
    /// When dead addresses and complaints stop unasked mail.
    pub breaker: Breaker,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self {
            max_mails: 5,
            window_days: 7,
            min_gap_hours: 20,
            quiet_hours: None,
            approval: false,
            answer_within_hours: 168,
            lease_seconds: 900,
            batch_lease_seconds: 3_600,
            breaker: Breaker::default(),
        }
    }
}
