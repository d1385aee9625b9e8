//! Who is asked next.

use super::clock::until;
use super::desk::Desk;
use crate::policy::Policy;
use crate::{Key, Time};

/// A conversation that wants an agent and has no open offer.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a, K> {
    /// Whoever had this lead before.
    pub previous_owner: Option<&'a K>,
    /// Agents who need not be asked in this round.
    pub asked: &'a [K],
    /// When the round began.
    pub round_began_at: Time,
}

/// What to do about it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn<K> {
    /// Ask this agent.
    Offer {
        /// Who.
        agent: K,
        /// As the manager: all others have been asked.
        escalated: bool,
        /// In a new round: the one before ended with nobody.
        new_round: bool,
    },
    /// Nobody can be asked.
    Wait {
        /// When somebody can; none when that is not a matter of time.
        until: Option<Time>,
    },
}

/// Whom to ask now, or how long to wait.
///
/// A round is not begun anew before it had the time of one offer, so that agents who decline at once are not asked
/// again at once. Time is linear in the number of agents.
#[must_use]
pub fn turn<K: Key>(
    wanted: &Wanted<'_, K>,
    desks: &[Desk<K>],
    policy: &Policy,
    now: Time,
) -> Turn<K> {
    if let Some((desk, escalated)) = pick(wanted.previous_owner, wanted.asked, desks, now) {
        return Turn::Offer {
            agent: desk.agent.clone(),
            escalated,
            new_round: false,
        };
    }
    let next_round = until(
        &policy.calendar,
        wanted.round_began_at,
        policy.handover.offer_minutes,
    );
    let asked = desks
        .iter()
        .filter(|desk| wanted.asked.contains(&desk.agent));
    if !wanted.asked.is_empty()
        && next_round <= now
        && let Some((desk, escalated)) = pick(wanted.previous_owner, &[], desks, now)
    {
        return Turn::Offer {
            agent: desk.agent.clone(),
            escalated,
            new_round: true,
        };
    }
    let again = asked
        .filter_map(|desk| desk.present_from(now.max(next_round)))
        .filter(|at| *at > now);
    let first = desks
        .iter()
        .filter(|desk| !wanted.asked.contains(&desk.agent))
        .filter_map(|desk| desk.present_from(now))
        .filter(|at| *at > now);
    Turn::Wait {
        until: again.chain(first).min(),
    }
}

/// The agent to ask among those not asked, and whether as the manager.
fn pick<'a, K: Key>(
    previous: Option<&K>,
    asked: &[K],
    desks: &'a [Desk<K>],
    now: Time,
) -> Option<(&'a Desk<K>, bool)> {
    let can = || {
        desks
            .iter()
            .filter(|desk| desk.is_available(now) && !asked.contains(&desk.agent))
    };
    if let Some(desk) = can().find(|desk| Some(&desk.agent) == previous) {
        return Some((desk, false));
    }
    let order = |desk: &&Desk<K>| (desk.weight(), desk.last_offered_at, desk.agent.clone());
    let agent = can().filter(|desk| !desk.manager).min_by_key(order);
    let manager = || can().filter(|desk| desk.manager).min_by_key(order);
    agent
        .map(|desk| (desk, false))
        .or_else(|| manager().map(|desk| (desk, true)))
}
