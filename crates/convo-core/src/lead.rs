//! One lead: what is known of it, and its journey.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::stages::lift;
use crate::vocabulary::{Milestone, Stage, vocabulary};
use crate::{Key, Time};

vocabulary! {
    /// Facts about a lead that reach over all its conversations.
    LeadFactKind, "lead fact" {
        /// Said so in words.
        OptOut = "opt_out",
        /// Used an unsubscribe link.
        Unsubscribed = "unsubscribed",
        /// Pressed "spam".
        Complaint = "complaint",
        /// The primary address does not exist.
        HardBounce = "hard_bounce",
        /// Another address of the lead does not exist, or the provider has one on its list of bounces.
        AddressBounce = "address_bounce",
        /// A failure for now; counted.
        SoftBounce = "soft_bounce",
        /// A no-reply timer left it no open conversation.
        NoReply = "no_reply",
    }
}

impl LeadFactKind {
    /// True for the facts that set the current stage back.
    #[must_use]
    pub const fn sets_back(self) -> bool {
        !matches!(self, Self::AddressBounce | Self::SoftBounce)
    }
}

/// Which data of a lead are known; the data themselves stay with the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Completeness {
    /// An e-mail address.
    pub email: bool,
    /// A phone number.
    pub phone: bool,
    /// A first or last name.
    pub name: bool,
    /// What it is interested in.
    pub interest: bool,
}

impl Completeness {
    /// Only an e-mail address.
    pub const EMAIL: Self = Self {
        email: true,
        phone: false,
        name: false,
        interest: false,
    };

    /// True when the lead can be reached at all.
    #[must_use]
    pub const fn reachable(self) -> bool {
        self.email || self.phone
    }
}

/// Where a lead stands, and how it came there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "K: Deserialize<'de>"))]
pub struct Journey<K> {
    /// The stage it is in; falls only after a set-back.
    pub current: Option<Stage>,
    /// The highest stage it was ever in; never falls.
    pub highest: Option<Stage>,
    /// When the current stage was entered.
    pub current_since: Option<Time>,
    /// When each stage was first entered.
    pub entered: BTreeMap<Stage, Time>,
    /// Milliseconds spent in each stage as the current one, without the running stay.
    pub spent_ms: BTreeMap<Stage, i64>,
    /// Stages that a state lifted it to, with the newest own time of what made the transition.
    #[serde(default = "BTreeMap::new")]
    pub lifted: BTreeMap<Stage, Time>,
    /// Milestones, with the conversation that reached each.
    pub milestones: BTreeMap<Milestone, Reached<K>>,
}

/// When and where a milestone was reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached<K> {
    /// When.
    pub at: Time,
    /// In which conversation.
    pub conversation: K,
}

impl<K> Default for Journey<K> {
    fn default() -> Self {
        Self {
            current: None,
            highest: None,
            current_since: None,
            entered: BTreeMap::new(),
            spent_ms: BTreeMap::new(),
            lifted: BTreeMap::new(),
            milestones: BTreeMap::new(),
        }
    }
}

/// A person we write to, without the person's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "K: Deserialize<'de>"))]
pub struct Lead<K> {
    /// Schema of this value.
    pub schema: u16,
    /// Its id.
    pub id: K,
    /// Which data are known.
    pub completeness: Completeness,
    /// Newest own time of each fact.
    pub facts: BTreeMap<LeadFactKind, Time>,
    /// Soft failures so far.
    pub soft_bounces: u32,
    /// Its journey.
    pub journey: Journey<K>,
}

impl<K: Key> Lead<K> {
    /// A lead that nothing has happened to.
    pub fn new(id: K, completeness: Completeness) -> Self {
        Self {
            schema: crate::conversation::SCHEMA,
            id,
            completeness,
            facts: BTreeMap::new(),
            soft_bounces: 0,
            journey: Journey::default(),
        }
    }

    /// Own time of the newest fact that sets the current stage back.
    #[must_use]
    pub fn set_back_at(&self) -> Option<Time> {
        self.facts
            .iter()
            .filter(|(kind, _)| kind.sets_back())
            .map(|(_, at)| *at)
            .max()
    }

    /// Own time of the newest opt-out, unsubscription or complaint.
    #[must_use]
    pub fn opted_out_at(&self) -> Option<Time> {
        use LeadFactKind::{Complaint, OptOut, Unsubscribed};
        [OptOut, Unsubscribed, Complaint]
            .iter()
            .filter_map(|kind| self.facts.get(kind).copied())
            .max()
    }

    /// Folds one change in; changes of a conversation leave it as it is.
    pub fn apply(&mut self, change: &Change<K>) {
        match change {
            Change::LeadFact { kind, at } => {
                let newest = self.facts.entry(*kind).or_insert(*at);
                *newest = (*newest).max(*at);
                if *kind == LeadFactKind::SoftBounce {
                    self.soft_bounces = self.soft_bounces.saturating_add(1);
                }
            }
            Change::StageEntered {
                stage,
                at,
                current,
                highest,
                ..
            } => {
                self.journey.enter(*stage, *at, *current, *highest);
            }
            Change::Transitioned(step) if step.from != step.to => {
                if let Some(stage) = lift(step.to) {
                    let newest = self.journey.lifted.entry(stage).or_insert(step.caused_at);
                    *newest = (*newest).max(step.caused_at);
                }
            }
            Change::StageFell { to, at, .. } => self.journey.stay(*to, *at),
            Change::MilestoneReached {
                milestone,
                at,
                conversation,
            } => {
                let reached = || Reached {
                    at: *at,
                    conversation: conversation.clone(),
                };
                self.journey
                    .milestones
                    .entry(*milestone)
                    .or_insert_with(reached);
            }
            _ => {}
        }
    }
}

impl<K> Journey<K> {
    /// Milliseconds in `stage` as the current one, up to `now`.
    #[must_use]
    pub fn time_in_ms(&self, stage: Stage, now: Time) -> i64 {
        let before = self.spent_ms.get(&stage).copied().unwrap_or(0);
        let running = self.current_since.filter(|_| self.current == Some(stage));
        before
            + running.map_or(0, |since| {
                now.signed_duration_since(since).num_milliseconds().max(0)
            })
    }

    fn enter(&mut self, stage: Stage, at: Time, current: bool, highest: bool) {
        self.entered.entry(stage).or_insert(at);
        if highest {
            self.highest = self.highest.max(Some(stage));
        }
        if current {
            self.stay(Some(stage), at);
        }
    }

    fn stay(&mut self, stage: Option<Stage>, at: Time) {
        if let (Some(left), Some(since)) = (self.current, self.current_since) {
            let ms = at.signed_duration_since(since).num_milliseconds().max(0);
            let spent = self.spent_ms.entry(left).or_default();
            *spent = spent.saturating_add(ms);
        }
        self.current = stage;
        self.current_since = stage.map(|_| at);
    }
}
