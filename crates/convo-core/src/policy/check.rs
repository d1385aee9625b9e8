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
        let days = [
            ("halfLifeDays", self.half_life_days),
            ("noReplyDays", self.no_reply_days),
            ("archiveDays", self.archive_days),
            ("stages.daysPerStage", self.stages.days_per_stage),
            ("retention.receiptDays", self.retention.receipt_days),
            ("retention.textMonths", self.retention.text_months),
        ];
        for (field, value) in days {
            report(value == 0, field, "must be at least 1");
            report(value > 36_500, field, "must be at most 36500");
        }
        let windows = [
            ("reopen.noResponseDays", self.reopen.no_response_days),
            ("reopen.otherDays", self.reopen.other_days),
            ("subjectWindowDays", self.subject_window_days),
        ];
        for (field, value) in windows {
            report(value > 36_500, field, "must be at most 36500");
        }
        report(
            self.retention.token_hours < 24,
            "retention.tokenHours",
            "must be at least 24: a signature is good so long",
        );
        report(
            self.retention.idempotency_hours == 0,
            "retention.idempotencyHours",
            "must be at least 1",
        );
        report(
            self.retries.attempts == 0,
            "retries.attempts",
            "must be at least 1",
        );
        report(
            self.retries.base_seconds == 0,
            "retries.baseSeconds",
            "must be at least 1",
        );
        report(
            self.retries.max_seconds < self.retries.base_seconds,
            "retries.maxSeconds",
            "must not be shorter than retries.baseSeconds",
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
        report(
            self.soft_bounce_limit == 0,
            "softBounceLimit",
            "must be at least 1",
        );
        report(self.min_replies == 0, "minReplies", "must be at least 1");
        for (field, weight) in self.weights() {
            report(weight > 100, field, "must be at most 100");
        }
    }

    fn weights(&self) -> [(&'static str, u32); 20] {
        let (e, q, r) = (&self.engagement, &self.qualification, &self.readiness);
        [
            ("engagement.rate", e.rate),
            ("engagement.promptness", e.promptness),
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
mod tests {
    use super::*;

    fn fields(change: impl FnOnce(&mut Policy)) -> Vec<&'static str> {
        let mut policy = Policy::default();
        change(&mut policy);
        policy
            .validate()
            .err()
            .unwrap_or_default()
            .iter()
            .map(|p| p.field)
            .collect()
    }

    #[test]
    fn the_default_is_valid() {
        assert_eq!(fields(|_| ()), Vec::<&str>::new());
    }

    #[test]
    fn each_problem_is_named() {
        assert_eq!(fields(|p| p.archive_days = 180), ["archiveDays"]);
        assert_eq!(fields(|p| p.reopen.other_days = 400), ["archiveDays"]);
        assert_eq!(fields(|p| p.min_readiness = 101), ["minReadiness"]);
        assert_eq!(fields(|p| p.warn_engagement = 39), ["warnEngagement"]);
        assert_eq!(fields(|p| p.engagement.rate = 101), ["engagement.rate"]);
        assert_eq!(
            fields(|p| p.calendar.time_zone = "Mars/Olympus".into()),
            ["calendar.timeZone"]
        );
    }

    #[test]
    fn all_problems_come_at_once() {
        let found = fields(|p| {
            p.archive_days = 10;
            p.min_engagement = 200;
            p.calendar.time_zone = String::new();
        });
        assert_eq!(
            found,
            [
                "archiveDays",
                "minEngagement",
                "warnEngagement",
                "calendar.timeZone"
            ]
        );
    }

    #[test]
    fn pauses_grow_up_to_a_bound() {
        let retries = crate::policy::Retries::default();
        let bounds = [1, 2, 3, 4, 10, 11, 32, 33, u32::MAX].map(|n| retries.bound_seconds(n));
        assert_eq!(bounds, [5, 10, 20, 40, 2560, 3600, 3600, 3600, 3600]);
    }

    #[test]
    fn missing_fields_take_their_defaults() {
        let policy: Policy =
            serde_json::from_str(r#"{"autoQualify":false,"reopen":{"otherDays":7}}"#).unwrap();
        assert!(!policy.auto_qualify);
        assert_eq!(
            (policy.reopen.no_response_days, policy.reopen.other_days),
            (180, 7)
        );
        assert_eq!(policy.min_messages, 6);
    }
}
