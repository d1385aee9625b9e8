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

/// Sets one number of a policy, by its dotted name on the wire, and checks it.
fn with(field: &str, value: u64) -> Vec<&'static str> {
    let mut policy = serde_json::to_value(Policy::default()).unwrap();
    let pointer = format!("/{}", field.replace('.', "/"));
    *policy.pointer_mut(&pointer).unwrap() = value.into();
    let policy: Policy = serde_json::from_value(policy).unwrap();
    fields(|given| *given = policy)
}

#[test]
fn every_number_has_bounds() {
    for (field, least, most) in [
        ("halfLifeDays", 1, 36_500),
        ("noReplyDays", 1, 36_500),
        ("archiveDays", 181, 36_500),
        ("reopen.noResponseDays", 0, 209),
        ("reopen.otherDays", 0, 209),
        ("subjectWindowDays", 0, 36_500),
        ("stages.daysPerStage", 1, 36_500),
        ("stages.gapDays", 0, 36_500),
        ("stages.promptHours", 0, 8_760),
        ("stages.engagedExchanges", 0, 100_000),
        ("stages.engagedAbove", 0, 100),
        ("stages.qualifiedAbove", 0, 100),
        ("stages.handoverAbove", 0, 100),
        ("stages.handoverReadiness", 0, 100),
        ("tracking.minAgeSeconds", 0, 86_400),
        ("tracking.burstSeconds", 0, 86_400),
        ("retention.receiptDays", 1, 36_500),
        ("retention.idempotencyHours", 1, 8_760),
        ("retention.textMonths", 1, 1_200),
        ("retention.draftDays", 1, 36_500),
        ("gate.maxMails", 1, 100_000),
        ("gate.windowDays", 1, 365),
        ("gate.minGapHours", 0, 8_760),
        ("gate.answerWithinHours", 1, 8_760),
        ("gate.leaseSeconds", 10, 86_400),
        ("gate.batchLeaseSeconds", 10, 2_592_000),
        ("gate.breaker.windowHours", 1, 720),
        ("gate.breaker.minSent", 1, 100_000),
        ("gate.breaker.domainMinSent", 1, 100_000),
        ("gate.breaker.hardBouncePercent", 1, 100),
        ("gate.breaker.complaintPermille", 1, 1_000),
        ("gate.breaker.minComplaints", 1, 100_000),
        ("retries.attempts", 1, 100),
        ("retries.baseSeconds", 1, 3_600),
        ("retries.maxSeconds", 5, 2_592_000),
        ("sending.attempts", 1, 100),
        ("sending.baseSeconds", 1, 3_600),
        ("sending.maxSeconds", 10, 2_592_000),
        ("handover.offerMinutes", 1, 525_600),
        ("handover.firstTouchMinutes", 0, 525_600),
        ("handover.nextReplyMinutes", 0, 525_600),
        ("handover.requeueMinutes", 0, 525_600),
        ("minReplies", 1, 100_000),
        ("minSignals", 0, 100_000),
        ("minMessages", 0, 100_000),
        ("minEngagement", 0, 60),
        ("warnEngagement", 40, 100),
        ("minReadiness", 0, 100),
        ("softBounceLimit", 1, 100_000),
        ("shortReply", 0, 100_000),
        ("engagement.rate", 0, 100),
    ] {
        assert_eq!(with(field, least), [""; 0], "{field} {least}");
        assert_eq!(with(field, most), [""; 0], "{field} {most}");
        if least > 0 {
            assert_ne!(with(field, least - 1), [""; 0], "{field} below {least}");
        }
        assert_ne!(with(field, most + 1), [""; 0], "{field} above {most}");
    }
}

/// A number without an entry in the table above is found by its absence.
#[test]
fn no_number_is_without_bounds() {
    fn numbers(value: &serde_json::Value, path: &str, found: &mut Vec<String>) {
        for (name, value) in value.as_object().into_iter().flatten() {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            numbers(value, &path, found);
            if value.is_number() {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    let policy = serde_json::to_value(Policy::default()).unwrap();
    numbers(&policy, "", &mut found);
    assert!(found.len() > 40, "{found:?}");
    for field in found {
        let most = if is_wide(&field) {
            u64::from(u32::MAX)
        } else {
            200
        };
        assert_ne!(with(&field, most), [""; 0], "{field} has no bound");
    }
}

/// Whether a number is more than a byte.
fn is_wide(field: &str) -> bool {
    let mut policy = serde_json::to_value(Policy::default()).unwrap();
    let pointer = format!("/{}", field.replace('.', "/"));
    *policy.pointer_mut(&pointer).unwrap() = 1_000.into();
    serde_json::from_value::<Policy>(policy).is_ok()
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

#[test]
fn pauses_grow_up_to_a_bound() {
    let retries = crate::policy::Retries::default();
    let bounds = [1, 2, 3, 4, 10, 11, 32, 33, u32::MAX].map(|n| retries.bound_seconds(n));
    assert_eq!(bounds, [5, 10, 20, 40, 2560, 3600, 3600, 3600, 3600]);
}
