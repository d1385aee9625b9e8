//! The same decision without its effect, and what each rule says.

use serde::Serialize;

use super::{Refusal, Request, Trigger, decide};
use crate::change::{Decision, Warning};
use crate::draft::Draft;
use crate::machine::{Cell, State, cell, next_state};
use crate::policy::Policy;
use crate::rules::{RuleId, RuleKind, Rules, Seen};
use crate::snapshot::Snapshot;
use crate::{Key, Time};

/// What one rule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleReport {
    /// Which.
    pub id: RuleId,
    /// It stops, or only warns.
    pub required: bool,
    /// It holds.
    pub passed: bool,
    /// The value seen.
    pub actual: Seen,
    /// The value needed.
    pub expected: Seen,
    /// What it says, in a sentence.
    pub message: String,
    /// What would make it hold; empty when it does.
    pub fix: String,
}

/// What a transition would come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validation<K> {
    /// The table accepts the event.
    pub is_valid: bool,
    /// [`decide`] would accept the request now.
    pub can_proceed: bool,
    /// The state now.
    pub from: State,
    /// The state after, when the table accepts the event.
    pub to: Option<State>,
    /// Why it cannot proceed.
    pub refusal: Option<Refusal<K>>,
    /// What to know.
    pub warnings: Vec<Warning>,
    /// What every guarding rule says; empty when the table refuses.
    pub rules: Vec<RuleReport>,
    /// As in [`Decision`]: histories wanted before this can be told.
    pub needs_history: Vec<K>,
}

impl<K> Validation<K> {
    /// What would make the failed required rules hold.
    pub fn requirements(&self) -> impl Iterator<Item = &str> {
        self.rules
            .iter()
            .filter(|rule| rule.required && !rule.passed)
            .map(|rule| rule.fix.as_str())
    }
}

/// Tells what [`decide`] would say, with every rule's finding.
#[must_use]
pub fn validate<K: Key>(
    snapshot: &Snapshot<'_, K>,
    trigger: &Trigger<K>,
    rules: &Rules<K>,
    policy: &Policy,
    now: Time,
) -> Validation<K> {
    let from = snapshot.conversation.state;
    let is_valid = cell(from, trigger.event) != Cell::Refused;
    let draft = Draft::new(snapshot, rules, policy, now);
    let reports = if is_valid {
        reports(&draft, trigger)
    } else {
        Vec::new()
    };
    let (refusal, decision) = match decide(
        snapshot,
        &Request::Trigger(trigger.clone()),
        rules,
        policy,
        now,
    ) {
        Ok(decision) => (None, decision),
        Err(refusal) => (Some(refusal), Decision::default()),
    };
    let Decision {
        mut warnings,
        needs_history,
        ..
    } = decision;
    if refusal.is_some() {
        // Nothing was decided, but what only warns is still worth knowing.
        let advice = reports.iter().filter(|rule| !rule.required && !rule.passed);
        warnings.extend(advice.map(|rule| Warning {
            rule: rule.id.clone(),
            message: rule.message.clone(),
        }));
    }
    Validation {
        is_valid,
        can_proceed: refusal.is_none(),
        from,
        to: next_state(from, trigger.event),
        refusal,
        warnings,
        rules: reports,
        needs_history,
    }
}

fn reports<K: Key>(draft: &Draft<'_, K>, trigger: &Trigger<K>) -> Vec<RuleReport> {
    let findings = draft.check(trigger.event, trigger.agent.as_ref());
    let report =
        |(rule, finding): (&dyn crate::rules::Rule<K>, crate::rules::Finding)| RuleReport {
            id: rule.id(),
            required: rule.kind() == RuleKind::Required,
            passed: finding.passed,
            actual: finding.actual,
            expected: finding.expected,
            message: finding.message.into_owned(),
            fix: finding.fix.into_owned(),
        };
    findings.into_iter().map(report).collect()
}
