//! What people read instead of codes, in one table: states, events, stages, milestones, signals, refusals and the rest.
//!
//! Codes are what machines compare and are never shown; a page, a mail or a headline says the name. A vocabulary of the
//! API without a name here fails a test. Packs may bring codes of their own, which are shown as they are spelt.

/// The name of a code; none for one that has none.
#[must_use]
pub fn name(code: &str) -> Option<&'static str> {
    let found = NAMES.iter().find(|(known, _)| *known == code);
    found.map(|(_, name)| *name)
}

/// The code as a name: from the table, else as it is spelt. `hand_raise` is "Wants to talk".
#[must_use]
pub fn shown(code: &str) -> String {
    if let Some(name) = name(code) {
        return name.to_owned();
    }
    let (whole, rest) = match code.split_once(':') {
        // What belongs to a signal: `signal:pricing`.
        Some((whole, rest)) if name(rest).is_some() => (whole, Some(inside(rest))),
        _ => (code, None),
    };
    let spelt = whole.to_lowercase().replace(['_', ':'], " ");
    let mut chars = spelt.chars();
    let first = chars.next().map(char::to_uppercase);
    let spelt: String = first.into_iter().flatten().chain(chars).collect();
    rest.map_or_else(|| spelt.clone(), |rest| format!("{spelt}: {rest}"))
}

/// The code as words inside a sentence: like [`shown`], in lower case.
#[must_use]
pub fn inside(code: &str) -> String {
    let shown = shown(code);
    let mut chars = shown.chars();
    let first = chars.next();
    // What is written in capitals stays so.
    if chars.clone().next().is_some_and(char::is_uppercase) {
        return shown;
    }
    first
        .map(char::to_lowercase)
        .into_iter()
        .flatten()
        .chain(chars)
        .collect()
}

/// Every code with its name. One code means the same wherever it stands.
const NAMES: &[(&str, &str)] = &[
    // States.
    ("NEW", "New"),
    ("ACTIVE", "Active"),
    ("ENGAGED", "Engaged"),
    ("QUALIFIED", "Qualified"),
    ("READY_FOR_HANDOVER", "Ready for handover"),
    ("HANDED_OVER", "Handed over"),
    ("CLOSED", "Closed"),
    ("ARCHIVED", "Archived"),
    // Events.
    ("FIRST_EMAIL_SENT", "First mail sent"),
    ("LEAD_REPLIED", "Lead replied"),
    ("ENGAGEMENT_INCREASED", "Engagement grew"),
    ("QUALIFICATION_CRITERIA_MET", "Lead qualified"),
    ("HANDOVER_REQUESTED", "Handover requested"),
    ("HUMAN_AGENT_ASSIGNED", "Agent assigned"),
    ("CONVERSATION_COMPLETED", "Conversation completed"),
    ("CONVERSATION_ABANDONED", "Conversation given up"),
    ("MANUAL_ARCHIVE", "Put into the archive"),
    ("IMPORTED", "Imported"),
    // Stages and milestones.
    ("COLD_LEAD", "Cold lead"),
    ("RESPONDING_LEAD", "Responding lead"),
    ("ENGAGED_LEAD", "Engaged lead"),
    ("INTERESTED_LEAD", "Interested lead"),
    ("QUALIFIED_LEAD", "Qualified lead"),
    ("HANDOVER_READY", "Ready to hand over"),
    ("FIRST_CONTACT", "First contact"),
    ("FIRST_RESPONSE", "First answer"),
    ("MULTIPLE_EXCHANGES", "Several exchanges"),
    ("INTENT_SIGNAL", "Showed interest"),
    ("QUALIFICATION_COMPLETE", "Fully qualified"),
    // Signals, topics, intents, tone.
    ("interest", "Interest"),
    ("test_drive", "Test drive"),
    ("pricing", "Price"),
    ("financing", "Financing"),
    ("trade_in", "Trade-in"),
    ("appointment", "Appointment"),
    ("purchase", "Wants to buy"),
    ("hand_raise", "Wants to talk"),
    ("vehicle", "The vehicle"),
    ("scheduling", "Finding a date"),
    ("features", "Equipment"),
    ("availability", "Availability"),
    ("warranty", "Warranty"),
    ("not_interested", "Not interested"),
    ("information", "Wants to know more"),
    ("negative", "Negative"),
    ("neutral", "Neutral"),
    ("positive", "Positive"),
    // Messages: direction, author, kind, marks.
    ("inbound", "Mail from outside"),
    ("outbound", "Mail of ours"),
    ("lead", "The lead"),
    ("ai", "Our automation"),
    ("agent", "Our agent"),
    ("system", "Our system"),
    ("other", "Something else"),
    ("human", "Written by a person"),
    ("auto_reply", "Automatic answer"),
    ("out_of_office", "Out of office"),
    ("bounce", "Bounce"),
    ("delay", "Delayed"),
    ("spam_report", "Spam report"),
    ("opt_out", "Opt-out"),
    ("list", "Mailing list"),
    ("duplicate_message_id", "Message-ID came twice"),
    ("forged_suspect", "May be forged"),
    ("vouched", "Vouched for"),
    // Outcomes.
    ("won", "Won"),
    ("lost", "Lost"),
    ("not_now", "Not now"),
    ("no_response", "No answer"),
    ("opted_out", "Opted out"),
    ("unreachable", "Cannot be reached"),
    ("duplicate", "Double"),
    // Marks, suppressions, holds.
    ("hard_bounce", "Address does not exist"),
    ("soft_bounce", "Bounced too often"),
    ("complaint", "Complained"),
    ("unsubscribed", "Unsubscribed"),
    ("manual", "Decided by hand"),
    ("automation", "Automatic mail"),
    ("all", "All mail"),
    ("person", "The person"),
    ("delivery", "A delivery"),
    ("provider", "The provider"),
    // Whose turn; the way of mail.
    ("us", "Us"),
    ("nobody", "Nobody"),
    ("deferred", "Put off"),
    ("delivered", "Delivered"),
    ("bounced", "Bounced"),
    ("complained", "Complained"),
    ("opened", "Opened"),
    ("clicked", "Clicked"),
    ("sent", "Sent"),
    ("bounced_hard", "Bounced for good"),
    ("bounced_soft", "Put off"),
    ("refused", "Refused"),
    ("machine_opened", "Opened by machines"),
    ("machine_clicked", "Clicked by machines"),
    // Trend, risks, what to do.
    ("increasing", "Increasing"),
    ("stable", "Stable"),
    ("decreasing", "Decreasing"),
    ("low_response_rate", "Seldom answers"),
    ("communication_gap", "Long silence"),
    ("slow_response", "Slow to answer"),
    ("negative_sentiment", "Negative tone"),
    ("send_first_email", "Send the first mail"),
    ("answer_lead", "Answer the lead"),
    ("wait_for_reply", "Wait for an answer"),
    ("prepare_handover", "Prepare the handover"),
    ("assign_agent", "Assign an agent"),
    ("agent_follow_up", "The agent follows up"),
    ("resolve_hold", "Decide on the hold"),
    ("stop_contact", "Stop writing"),
    ("find_other_contact", "Find another address"),
    ("none", "None"),
    // Handover, offers, waits.
    ("requested", "Requested"),
    ("offered", "Offered"),
    ("unclaimed", "Nobody took it"),
    ("accepted", "Accepted"),
    ("touched", "In touch"),
    ("completed", "Completed"),
    ("open", "Open"),
    ("declined", "Declined"),
    ("expired", "Ran out"),
    ("withdrawn", "Taken back"),
    ("answered", "Answered"),
    ("waiting", "Waiting"),
    ("dropped", "Dropped"),
    // Outgoing mail, receipts, drafts.
    ("queued", "Queued"),
    ("leased", "Being sent"),
    ("shadow", "Not sent: shadow mode"),
    ("void", "Called off"),
    ("dead", "Given up"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("unmatched", "Belongs to nothing yet"),
    ("ignored", "Ignored"),
    ("parked", "In review"),
    ("approved", "Approved"),
    ("discarded", "Discarded"),
    ("message", "Mail to a lead"),
    ("notice", "Notice to an agent"),
    ("campaign", "Campaign"),
    ("reply", "Answer"),
    ("follow_up", "Follow-up"),
    // Why a mail is not sent.
    ("closed", "Conversation is over"),
    ("handover", "With people now"),
    ("owned", "An agent has it"),
    ("in_review", "Waits in review"),
    ("suppressed", "Suppressed"),
    ("held", "Automation is held"),
    ("snoozed", "Asleep"),
    ("away", "The person is away"),
    ("reply_waiting", "A mail waits for an answer"),
    ("consent", "No consent"),
    ("frequency", "Enough mail lately"),
    ("quiet_hours", "Quiet hours"),
    ("paused", "Campaign is paused"),
    ("reputation", "Too many bounces or complaints"),
    ("daily_limit", "Enough for today"),
    ("not_awaiting", "Nothing to answer"),
    ("superseded", "The lead has written again"),
    ("stale", "Too old for automation"),
    ("loop_budget", "Machines answer each other"),
    ("approval", "Needs an approval"),
    // Why a mail was given up.
    ("unsendable", "Cannot be sent as it is"),
    ("no_connection", "Provider could not be reached"),
    ("unknown", "Nobody knows whether it went"),
    ("not_written", "Could not be written"),
    ("stalled", "Took too long"),
    ("gone", "Conversation is gone"),
    ("erased", "Person was erased"),
    // Rules and warnings.
    ("first_email_sent", "A mail of ours"),
    ("lead_reply", "A reply of the lead"),
    ("qualification_criteria", "Qualification"),
    ("engagement_threshold", "Engagement"),
    ("handover_readiness", "Readiness for handover"),
    ("agent_assignment", "An agent"),
    ("business_hours", "Business hours"),
    // Why something asked for is refused.
    ("unauthenticated", "Not logged in"),
    ("forbidden", "Not allowed"),
    ("too_large", "Too large"),
    ("unsupported_media_type", "Wrong kind of file"),
    ("request_timeout", "Took too long to arrive"),
    ("malformed_json", "Not JSON"),
    ("validation_failed", "Not valid"),
    ("unknown_event", "No such event"),
    ("not_found", "Nothing there"),
    ("method_not_allowed", "Not possible here"),
    ("version_conflict", "Changed meanwhile"),
    ("conflict", "Something stands in the way"),
    ("invalid_transition", "Not possible in this state"),
    ("rules_not_met", "Rules are not met"),
    ("state_mismatch", "In another state"),
    ("sending_off", "Sending is off"),
    ("lease_void", "May not be sent now"),
    ("idempotency_key_reused", "Another request had this key"),
    ("webhook_unverified", "Signature is wrong"),
    ("webhook_rejected", "Webhook is rejected"),
    ("rate_limited", "Too many requests"),
    ("unavailable", "Away for a moment"),
    ("internal", "Our fault"),
    // Why something is in review, and what was decided.
    ("unknown_sender", "Unknown sender"),
    ("automated_from_unknown_sender", "Machine of a stranger"),
    ("no_sender", "No sender"),
    ("own_mail_without_lead", "Our mail to nobody we know"),
    ("unmatched_report", "Report about an unknown mail"),
    (
        "automated_without_conversation",
        "Automatic mail without a conversation",
    ),
    (
        "opt_out_without_conversation",
        "Opt-out without a conversation",
    ),
    ("conversation_gone", "Conversation is gone"),
    ("doubtful_opt_out", "Perhaps an opt-out"),
    ("other_author", "Somebody else wrote"),
    ("unverified", "May be forged"),
    ("unverified_sender", "Sender may be forged"),
    ("unverified_report", "Report may be forged"),
    ("unverified_own_mail", "Our own address, perhaps forged"),
    ("report_of_another_recipient", "Report about somebody else"),
    ("agent_mail_empty", "Empty mail of an agent"),
    ("agent_not_owner", "Mail of an agent who does not have it"),
    ("agent_mail_held", "Mail of an agent that is held"),
    ("agent_mail_unknown_sender", "Perhaps an agent's mail"),
    ("attach", "Attached"),
    ("alias", "Another address of the lead"),
    ("create_lead", "Made a lead"),
    ("discard", "Discarded"),
    ("release_hold", "Automation goes on"),
    ("placed", "Placed by a later mail"),
    // What scores are made of.
    ("reply_rate", "How often the lead answers"),
    ("promptness", "How soon the lead answers"),
    ("depth", "How much was written"),
    ("silence", "Silence since"),
    ("human_opens", "Opens by a person"),
    ("human_clicks", "Clicks by a person"),
    ("opens_and_clicks_cap", "Opens and clicks count so far only"),
    ("ceiling", "No more than 100"),
    ("contact_data", "Contact data"),
    ("engagement", "Engagement"),
    ("email_known", "Address is known"),
    ("phone_known", "Phone is known"),
    ("name_known", "Name is known"),
    ("interest_known", "Wish is known"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::email::DeliveryStatus;
    use crate::gate::{DenialCode, Purpose};
    use crate::handover::HandoverStatus;
    use crate::journey::{NextAction, Risk, Trend};
    use crate::lexicon::Lexicon;
    use crate::machine::{Event, State};
    use crate::rules::Rules;
    use crate::vocabulary::*;

    #[test]
    fn every_word_of_every_vocabulary_has_a_name() {
        let mut codes: Vec<String> = Vec::new();
        macro_rules! all {
            ($($vocabulary:ty),+) => {$(
                codes.extend(<$vocabulary>::ALL.iter().map(|word| word.as_str().to_owned()));
            )+};
        }
        all!(
            State, Event, Stage, Milestone, Direction, Author, Kind, Outcome, FlagCode, HoldReason
        );
        all!(
            SuppressionReason,
            SuppressionScope,
            SuppressionSource,
            Awaiting,
            DeliveryStatus
        );
        all!(HandoverStatus, Trend, Risk, NextAction, DenialCode, Purpose);
        let lexicon = Lexicon::automotive();
        codes.extend(lexicon.signals().into_iter().map(|signal| signal.code));
        codes.extend(lexicon.topics().into_iter().map(str::to_owned));
        codes.extend(
            Rules::<u64>::standard()
                .iter()
                .map(|rule| rule.id().to_string()),
        );
        let nameless: Vec<String> = codes
            .into_iter()
            .filter(|code| name(code).is_none())
            .collect();
        assert!(nameless.is_empty(), "{nameless:?}");
    }

    #[test]
    fn no_code_has_two_names_and_no_name_is_a_code() {
        for (at, (code, name)) in NAMES.iter().enumerate() {
            assert!(
                NAMES.iter().skip(at + 1).all(|(other, _)| other != code),
                "{code}"
            );
            assert!(
                !name.contains('_') && name.starts_with(char::is_uppercase),
                "{name}"
            );
        }
    }

    #[test]
    fn what_has_no_name_is_spelt() {
        assert_eq!(shown("hand_raise"), "Wants to talk");
        assert_eq!(shown("SOME_PACKS_OWN"), "Some packs own");
        assert_eq!(shown("signal:test_drive"), "Signal: test drive");
        assert_eq!(shown("status_550"), "Status 550");
        assert_eq!(shown(""), "");
        assert_eq!(inside("READY_FOR_HANDOVER"), "ready for handover");
        assert_eq!(inside("trade_in"), "trade-in");
    }
}
