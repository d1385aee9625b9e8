//! What is wrong with a policy, all of it at once.

use super::Policy;

/// One thing wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct Problem {
    /// Field in camelCase, with dots.
    pub field: &'static str,
    /// What is wrong with it.
    pub message: String,
}

/// A hundred years: whatever is meant, it ends.
const DAYS: u64 = 36_500;
/// The same in months.
const MONTHS: u64 = 1_200;
/// A year, for what is counted in hours.
const HOURS: u64 = 8_760;
/// A year, for what is counted in minutes.
const MINUTES: u64 = 525_600;
/// A day, for what is counted in seconds.
const DAY_SECONDS: u64 = 86_400;
/// Thirty days, the longest pause between two tries.
const PAUSE_SECONDS: u64 = 2_592_000;
/// Most characters of a text that is sent.
const TEXT: usize = 10_000;
/// Most of whatever is counted by pieces.
const COUNT: u64 = 100_000;

fn between(
    report: &mut impl FnMut(bool, &'static str, &str),
    field: &'static str,
    value: u64,
    least: u64,
    most: u64,
) {
    report(value < least, field, &format!("must be at least {least}"));
    report(value > most, field, &format!("must be at most {most}"));
}

impl Policy {
    /// Checks everything that one field cannot say alone.
    ///
    /// # Errors
    /// Every problem found, never only the first.
    pub fn validate(&self) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        let mut report = |wrong: bool, field: &'static str, message: &str| {
            if wrong {
                problems.push(Problem {
                    field,
                    message: message.to_owned(),
                });
            }
        };
        self.check_times(&mut report);
        self.check_scores(&mut report);
        self.check_gate(&mut report);
        problems.extend(self.calendar.problems());
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }

    fn check_times(&self, report: &mut impl FnMut(bool, &'static str, &str)) {
        let window = self.reopen.no_response_days.max(self.reopen.other_days);
        report(
            self.archive_days <= window,
            "archiveDays",
            "must be longer than every reopen window",
        );
        let spans = [
            ("halfLifeDays", self.half_life_days, 1, DAYS),
            ("noReplyDays", self.no_reply_days, 1, DAYS),
            ("archiveDays", self.archive_days, 1, DAYS),
            (
                "reopen.noResponseDays",
                self.reopen.no_response_days,
                0,
                DAYS,
            ),
            ("reopen.otherDays", self.reopen.other_days, 0, DAYS),
            ("subjectWindowDays", self.subject_window_days, 0, DAYS),
            ("stages.daysPerStage", self.stages.days_per_stage, 1, DAYS),
            ("stages.gapDays", self.stages.gap_days, 0, DAYS),
            ("stages.promptHours", self.stages.prompt_hours, 0, HOURS),
            (
                "tracking.minAgeSeconds",
                self.tracking.min_age_seconds,
                0,
                DAY_SECONDS,
            ),
            (
                "tracking.burstSeconds",
                self.tracking.burst_seconds,
                0,
                DAY_SECONDS,
            ),
            (
                "retention.receiptDays",
                self.retention.receipt_days,
                1,
                DAYS,
            ),
            (
                "retention.idempotencyHours",
                self.retention.idempotency_hours,
                1,
                HOURS,
            ),
            (
                "retention.textMonths",
                self.retention.text_months,
                1,
                MONTHS,
            ),
            ("retention.draftDays", self.retention.draft_days, 1, DAYS),
            ("retries.attempts", self.retries.attempts, 1, 100),
            (
                "retries.baseSeconds",
                self.retries.base_seconds,
                1,
                PAUSE_SECONDS,
            ),
            (
                "retries.maxSeconds",
                self.retries.max_seconds,
                1,
                PAUSE_SECONDS,
            ),
            ("sending.attempts", self.sending.attempts, 1, 100),
            (
                "sending.baseSeconds",
                self.sending.base_seconds,
                1,
                PAUSE_SECONDS,
            ),
            (
                "sending.maxSeconds",
                self.sending.max_seconds,
                1,
                PAUSE_SECONDS,
            ),
            (
                "handover.offerMinutes",
                self.handover.offer_minutes,
                1,
                MINUTES,
            ),
            (
                "handover.firstTouchMinutes",
                self.handover.first_touch_minutes,
                0,
                MINUTES,
            ),
            (
                "handover.nextReplyMinutes",
                self.handover.next_reply_minutes,
                0,
                MINUTES,
            ),
            (
                "handover.requeueMinutes",
                self.handover.requeue_minutes,
                0,
                MINUTES,
            ),
        ];
        let loops = &self.loops;
        let spans = spans.into_iter().chain([
            ("loops.windowMinutes", loops.window_minutes, 1, MINUTES),
            ("loops.floodMinutes", loops.flood_minutes, 1, MINUTES),
            (
                "acknowledge.windowHours",
                self.acknowledge.window_hours,
                1,
                HOURS,
            ),
        ]);
        for (field, value, least, most) in spans {
            between(report, field, u64::from(value), least, most);
        }
        report(
            self.retries.max_seconds < self.retries.base_seconds,
            "retries.maxSeconds",
            "must not be shorter than retries.baseSeconds",
        );
        report(
            self.sending.max_seconds < self.sending.base_seconds,
            "sending.maxSeconds",
            "must not be shorter than sending.baseSeconds",
        );
    }

    fn check_gate(&self, report: &mut impl FnMut(bool, &'static str, &str)) {
        let (gate, breaker) = (&self.gate, &self.gate.breaker);
        let limits = [
            ("gate.maxMails", gate.max_mails, 1, COUNT),
            ("gate.windowDays", gate.window_days, 1, 365),
            ("gate.minGapHours", gate.min_gap_hours, 0, HOURS),
            ("gate.answerWithinHours", gate.answer_within_hours, 1, HOURS),
            ("gate.leaseSeconds", gate.lease_seconds, 10, DAY_SECONDS),
            (
                "gate.batchLeaseSeconds",
                gate.batch_lease_seconds,
                10,
                PAUSE_SECONDS,
            ),
            ("gate.breaker.windowHours", breaker.window_hours, 1, 720),
            ("gate.breaker.minSent", breaker.min_sent, 1, COUNT),
            (
                "gate.breaker.domainMinSent",
                breaker.domain_min_sent,
                1,
                COUNT,
            ),
            (
                "gate.breaker.hardBouncePercent",
                breaker.hard_bounce_percent,
                1,
                100,
            ),
            (
                "gate.breaker.complaintPermille",
                breaker.complaint_permille,
                1,
                1_000,
            ),
            (
                "gate.breaker.minComplaints",
                breaker.min_complaints,
                1,
                COUNT,
            ),
        ];
        for (field, value, least, most) in limits {
            between(report, field, u64::from(value), least, most);
        }
        let nothing = gate.quiet_hours.is_some_and(|quiet| quiet.from == quiet.to);
        report(
            nothing,
            "gate.quietHours.to",
            "must differ from gate.quietHours.from",
        );
    }

    fn check_scores(&self, report: &mut impl FnMut(bool, &'static str, &str)) {
        let scores = [
            ("minEngagement", self.min_engagement),
            ("warnEngagement", self.warn_engagement),
            ("minReadiness", self.min_readiness),
            ("stages.engagedAbove", self.stages.engaged_above),
            ("stages.qualifiedAbove", self.stages.qualified_above),
            ("stages.handoverAbove", self.stages.handover_above),
            ("stages.handoverReadiness", self.stages.handover_readiness),
        ];
        for (field, value) in scores {
            report(value > 100, field, "must be at most 100");
        }
        report(
            self.warn_engagement < self.min_engagement,
            "warnEngagement",
            "must not be below minEngagement",
        );
        let counts = [
            ("minReplies", u64::from(self.min_replies), 1),
            ("minSignals", u64::from(self.min_signals), 0),
            ("minMessages", u64::from(self.min_messages), 0),
            ("softBounceLimit", u64::from(self.soft_bounce_limit), 1),
            ("shortReply", self.short_reply, 0),
            (
                "stages.engagedExchanges",
                u64::from(self.stages.engaged_exchanges),
                0,
            ),
            ("loops.perAddress", u64::from(self.loops.per_address), 0),
            (
                "loops.perConversation",
                u64::from(self.loops.per_conversation),
                0,
            ),
            ("loops.total", u64::from(self.loops.total), 0),
            (
                "loops.floodMessages",
                u64::from(self.loops.flood_messages),
                1,
            ),
        ];
        for (field, value, least) in counts {
            between(report, field, value, least, COUNT);
        }
        for (field, weight) in self.weights() {
            report(weight > 100, field, "must be at most 100");
        }
        let words = self.acknowledge.words().unwrap_or_default();
        report(
            words.chars().count() > TEXT,
            "acknowledge.text",
            "must have at most 10000 characters",
        );
    }

    fn weights(&self) -> [(&'static str, u32); 23] {
        let (e, q, r) = (&self.engagement, &self.qualification, &self.readiness);
        [
            ("engagement.rate", e.rate),
            ("engagement.promptness", e.promptness),
            ("engagement.fourHoursPercent", e.four_hours_percent),
            ("engagement.dayPercent", e.day_percent),
            ("engagement.twoDaysPercent", e.two_days_percent),
            ("engagement.perReply", e.per_reply),
            ("engagement.depthCap", e.depth_cap),
            ("engagement.perOpen", e.per_open),
            ("engagement.perClick", e.per_click),
            ("engagement.trackingCap", e.tracking_cap),
            ("qualification.perSignal", q.per_signal),
            ("qualification.signalCap", q.signal_cap),
            ("qualification.interest", q.interest),
            ("qualification.contactData", q.contact_data),
            ("qualification.engagementPercent", q.engagement_percent),
            ("readiness.depth", r.depth),
            ("readiness.engagementPercent", r.engagement_percent),
            ("readiness.perSignal", r.per_signal),
            ("readiness.signalCap", r.signal_cap),
            ("readiness.email", r.email),
            ("readiness.phone", r.phone),
            ("readiness.names", r.names),
            ("readiness.interest", r.interest),
        ]
    }
}

#[cfg(test)]
mod tests;
