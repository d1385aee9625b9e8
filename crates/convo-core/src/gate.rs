//! The send gate: whether a mail may go to a lead now, and every reason why not.
//!
//! It judges the **lead**, not one conversation: what stops automation in one open conversation stops it in all
//! of them. One function answers for everybody who asks: `may-send`, `send`, `sent`, `prepare`, and the outbox
//! before each mail. *Automation* is the author `ai` or `system`; *unasked* mail is automation's mail of the
//! purposes `campaign` and `follow_up`.
//!
//! Decisions where several readings are possible:
//! - Holds, snoozes and absences of any open conversation count for the lead: a person who says "write again in
//!   March" says it to us, not to a campaign.
//! - While a person's mail waits for our answer in any open conversation, nothing unasked goes out in any.
//! - Only the newest reply of a conversation may be answered by automation: an older one is answered together
//!   with it.
//! - An absence, quiet hours, consent, frequency and reputation are about unasked mail: who has just written is
//!   answered.
//! - All automation mails count for the frequency, answers too. The gap lies between mails of *different*
//!   conversations, since their senders do not know of each other; inside one the sender's own schedule counts.
//! - Automation answers what the lead has just written: mail of others in the conversation, imported mail and mail
//!   older than the policy's `answerWithinHours` are for people.
//! - Agents write one to one. Only suppressions, archived conversations and a missing address stop them.

mod checks;
mod facts;
mod quiet;
mod reputation;

pub use facts::{CampaignFacts, Earlier, GateFacts, Mail, Standing};
pub use quiet::QuietHours;
pub use reputation::{Breaker, Reputation, ReputationScope};

use serde::{Deserialize, Serialize};

use crate::policy::Policy;
use crate::vocabulary::vocabulary;
use crate::{Key, Time};

vocabulary! {
    /// What a mail is for.
    Purpose, "purpose" {
        /// A step of a campaign.
        Campaign = "campaign",
        /// An answer to a mail of the person.
        Reply = "reply",
        /// Another word in a conversation that waits for the lead.
        FollowUp = "follow_up",
    }
}

vocabulary! {
    /// Why a mail may not be sent.
    DenialCode, "denial" {
        /// There is no address, or the person was erased.
        Unreachable = "unreachable",
        /// The conversation is over.
        Closed = "closed",
        /// A conversation of the lead is with people, or about to be.
        Handover = "handover",
        /// An agent owns a conversation of the lead.
        Owned = "owned",
        /// Mail of the lead waits for a person to look at it.
        InReview = "in_review",
        /// The address or the person may not be written to.
        Suppressed = "suppressed",
        /// Automation is held until a person decides.
        Held = "held",
        /// Automation sleeps.
        Snoozed = "snoozed",
        /// The person is absent.
        Away = "away",
        /// The person's mail waits for an answer.
        ReplyWaiting = "reply_waiting",
        /// The campaign needs a consent that the lead has not given.
        Consent = "consent",
        /// The lead had enough automation mail lately.
        Frequency = "frequency",
        /// Another mail to the lead is about to be sent.
        Leased = "leased",
        /// It is night where the lead is.
        QuietHours = "quiet_hours",
        /// The campaign is paused, or everything is after a restore.
        Paused = "paused",
        /// Too many dead addresses or complaints.
        Reputation = "reputation",
        /// The campaign has sent its share of the day.
        DailyLimit = "daily_limit",
        /// There is no mail of the lead to be answered.
        NotAwaiting = "not_awaiting",
        /// The lead has written again since.
        Superseded = "superseded",
        /// The mail was answered, or somebody has a lease to answer it.
        Answered = "answered",
        /// The mail is old, or was imported: a person answers it.
        Stale = "stale",
        /// Machines have answered too much of late.
        LoopBudget = "loop_budget",
        /// An agent has to approve what automation writes.
        Approval = "approval",
    }
}

impl DenialCode {
    /// Whether people end it by and by, and the mail is then as good as it was.
    #[must_use]
    pub const fn is_pause(self) -> bool {
        matches!(
            self,
            Self::InReview | Self::Held | Self::Paused | Self::Reputation
        )
    }
}

/// One reason why a mail may not be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// Which.
    pub code: DenialCode,
    /// A sentence with codes and numbers, without anything of the person.
    pub detail: String,
    /// When it ends by itself; none when something has to happen first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

/// Every reason why the mail may not be sent now, in the order of [`DenialCode::ALL`]; none: it may.
#[must_use]
pub fn may_send<K: Key>(facts: &GateFacts<'_, K>, policy: &Policy, now: Time) -> Vec<Denial> {
    let each = DenialCode::ALL.iter().filter_map(|code| {
        let why = checks::check(*code, facts, policy, now)?;
        Some(Denial {
            code: *code,
            detail: why.detail,
            until: why.until,
        })
    });
    each.collect()
}

/// When a denied mail may be asked about again without anything having happened: the end of the last of its
/// denials; none when one of them does not end by itself.
#[must_use]
pub fn ends_at(denials: &[Denial]) -> Option<Time> {
    let ends: Option<Vec<Time>> = denials.iter().map(|denial| denial.until).collect();
    ends?.into_iter().max()
}

/// When a stored mail that is denied is asked about again: once the last of its denials has ended, those that people
/// end by and by looked at again at `look`; none when one of them makes the mail needless for good.
#[must_use]
pub fn waits_until(denials: &[Denial], look: Time) -> Option<Time> {
    let ends: Option<Vec<Time>> = denials
        .iter()
        .map(|denial| denial.until.or(denial.code.is_pause().then_some(look)))
        .collect();
    ends?.into_iter().max()
}

#[cfg(test)]
mod tests;
