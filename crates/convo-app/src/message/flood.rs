//! Floods of automated mail: stored, but no news any more.

use convo_core::vocabulary::Kind;
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;

/// Automated mails that came in a flood and had no effect, counted when tried.
pub const FLOODED: &str = "convo_automated_mail_flooded_total";

impl Batch<'_, '_> {
    /// Whether so much automated mail came into a conversation of late that one more of it changes nothing:
    /// machines that answer each other, or a mail server that has lost its mind.
    ///
    /// What a person says or complains of is never part of a flood. Only a conversation with much automated
    /// mail is looked at, and of that only its newest messages, so that a flood does not make itself expensive.
    pub(crate) fn flooded(&mut self, conversation: Uuid, kind: Kind) -> Result<bool, AppError> {
        if !is_automated(kind) {
            return Ok(false);
        }
        let Some(entry) = self.conversation(conversation)? else {
            return Ok(false);
        };
        let (automated, campaign) = (entry.facts.tally.automated, entry.row.campaign_id);
        let loops = self.policy(campaign)?.policy.loops;
        if automated < loops.flood_messages {
            return Ok(false);
        }
        let since = self.clock - chrono::Duration::minutes(i64::from(loops.flood_minutes));
        let here = self.commit.messages.iter();
        let here = here.filter(|row| row.conversation_id == conversation);
        let mut recent = here.filter(|row| counts(&row.direction, &row.kind)).count();
        let newest = i64::from(loops.flood_messages) * 2;
        let arrivals = self.reader.newest_arrivals(conversation, newest)?;
        recent += arrivals
            .iter()
            .filter(|row| row.received_at >= since && counts(&row.direction, &row.kind))
            .count();
        let flooded = u32::try_from(recent).is_ok_and(|recent| recent >= loops.flood_messages);
        if flooded {
            metrics::counter!(FLOODED).increment(1);
        }
        Ok(flooded)
    }
}

fn is_automated(kind: Kind) -> bool {
    match kind {
        Kind::AutoReply | Kind::OutOfOffice | Kind::Bounce | Kind::Delay | Kind::List => true,
        Kind::Human | Kind::SpamReport | Kind::OptOut => false,
    }
}

fn counts(direction: &str, kind: &str) -> bool {
    direction == "inbound" && kind.parse().is_ok_and(is_automated)
}
