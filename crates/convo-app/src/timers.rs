//! Stand-in until timers land.
use crate::batch::Batch;
use chrono::{DateTime, Utc};
use uuid::Uuid;
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(dead_code)]
pub enum TimerKind {
    NoReply,
    Offer,
    FirstTouch,
    NextReply,
    Requeue,
}
impl Batch<'_, '_> {
    pub(crate) fn set_timer(&mut self, _: TimerKind, _: Uuid, _: Option<Uuid>, _: DateTime<Utc>) {}
    pub(crate) fn clear_timer(&mut self, _: TimerKind, _: Uuid, _: Option<Uuid>) {}
}
