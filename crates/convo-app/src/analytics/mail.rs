//! What became of mail, by day and campaign.

use chrono::{DateTime, Utc};
use convo_core::email::Verdict;
use convo_core::vocabulary::{Direction, Kind};
use convo_email::{EventKind, FailureClass};
use convo_store::CountKey;
use convo_store::rows::{EmailEventRow, MessageRow};
use uuid::Uuid;

use super::day_of;
use crate::batch::Batch;
use crate::door::is_unsent;
use crate::error::AppError;

/// What an event is counted as when it comes; opens and clicks are looked at first.
pub(crate) fn counted_at_once(kind: &EventKind) -> Option<&'static str> {
    match kind {
        EventKind::Delivered => Some("delivered"),
        EventKind::Complained => Some("complained"),
        EventKind::Unsubscribed => Some("unsubscribed"),
        EventKind::Failed(failure) => Some(match failure.class() {
            FailureClass::Hard => "bounced_hard",
            FailureClass::Soft => "bounced_soft",
            FailureClass::ProviderSuppression(_) => "refused",
        }),
        EventKind::Opened
        | EventKind::Clicked
        | EventKind::Accepted
        | EventKind::Rejected { .. }
        | EventKind::Stored
        | EventKind::Unknown(_) => None,
    }
}

/// What an open or click is counted as that was judged so; none for another event, or one not looked at.
pub(crate) fn looked_at_as(kind: &str, judged: &str) -> Option<&'static str> {
    let human = judged == Verdict::Human.as_str();
    if !human && judged != Verdict::Machine.as_str() {
        return None;
    }
    match (kind, human) {
        ("opened", true) => Some("opened"),
        ("clicked", true) => Some("clicked"),
        ("opened", false) => Some("machine_opened"),
        ("clicked", false) => Some("machine_clicked"),
        _ => None,
    }
}

/// An event with what it is counted as: of its conversation's campaign, and opens and clicks as they were judged.
pub(crate) fn event_row(row: &EmailEventRow, campaign_id: Option<Uuid>) -> EmailEventRow {
    let tracks = matches!(row.kind.as_str(), "opened" | "clicked");
    let figure = match tracks {
        true => looked_at_as(&row.kind, &row.judged).map(str::to_owned),
        false => row.figure.clone(),
    };
    EmailEventRow {
        campaign_id,
        figure,
        ..row.clone()
    }
}

/// Whether a message is a mail of ours that left the house, or may.
pub(crate) fn is_sent(row: &MessageRow) -> bool {
    row.direction == Direction::Outbound.as_str()
        && row.kind == Kind::Human.as_str()
        && !row.note
        && !is_unsent(&row.codes)
}

impl Batch<'_, '_> {
    fn tally_mail(&mut self, figure: &str, campaign: Option<Uuid>, at: DateTime<Utc>, by: i64) {
        let key = CountKey {
            figure: figure.to_owned(),
            day: day_of(at),
            campaign_id: campaign.unwrap_or_default(),
            agent_id: Uuid::nil(),
            source: String::new(),
        };
        self.tally(key, by);
    }

    /// Counts an event as what it is now, no longer as what it was.
    pub(crate) fn tally_event(&mut self, was: Option<&str>, row: &EmailEventRow) {
        let (campaign, at) = (row.campaign_id, row.occurred_at);
        if let Some(was) = was {
            self.tally_mail(was, campaign, at, -1);
        }
        if let Some(is) = &row.figure {
            self.tally_mail(is, campaign, at, 1);
        }
    }

    /// A stored mail did not leave the house, or did after all.
    pub(crate) fn tally_unsent(&mut self, row: &MessageRow, unsent: bool) -> Result<(), AppError> {
        let entry = self.conversation(row.conversation_id)?;
        let campaign = entry.and_then(|entry| entry.row.campaign_id);
        let human = row.kind == Kind::Human.as_str() && !row.note;
        if human {
            self.tally_mail("sent", campaign, row.at, if unsent { -1 } else { 1 });
        }
        Ok(())
    }

    /// Counts the mails of ours that the batch stores.
    pub(super) fn seal_sent(&mut self) -> Result<(), AppError> {
        let sent = self.commit.messages.iter().filter(|row| is_sent(row));
        let sent: Vec<(Uuid, DateTime<Utc>)> =
            sent.map(|row| (row.conversation_id, row.at)).collect();
        for (conversation, at) in sent {
            let entry = self.conversation(conversation)?;
            let campaign = entry.and_then(|entry| entry.row.campaign_id);
            self.tally_mail("sent", campaign, at, 1);
        }
        Ok(())
    }
}
