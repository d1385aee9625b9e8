//! The story as scenes in the order of time: what it leaves out (that a mail is delivered, that somebody opens it before
//! answering) is put in.

use chrono::{DateTime, TimeDelta, Utc};

use super::cast::{Lead, Step, Story, What};
use super::clock::Dice;
use super::week::{Week, When};

/// One thing that happens at one time.
pub(super) struct Scene {
    pub at: DateTime<Utc>,
    pub act: Act,
}

/// What happens.
#[derive(Clone)]
pub(super) enum Act {
    /// To a lead, by its place in the story.
    Step(usize, Step),
    /// A campaign begins, by its place.
    Campaign(usize),
    /// A letter comes, by its place.
    Letter(usize),
    /// A report comes, by its place.
    Report(usize),
}

/// Everything that happens, in the order of time.
pub(super) fn scenes(story: &Story, week: &Week) -> Vec<Scene> {
    let mut scenes = Vec::new();
    for (place, campaign) in story.house.campaigns.iter().enumerate() {
        // Before its leads are made known.
        let at = week.at(campaign.at, week.begin()) - TimeDelta::hours(2);
        let act = Act::Campaign(place);
        scenes.push(Scene { at, act });
    }
    for (place, lead) in story.leads.iter().enumerate() {
        life(story, week, place, lead, &mut scenes);
    }
    for (place, letter) in story.post.letters.iter().enumerate() {
        let at = week.at(letter.at, week.begin());
        let act = Act::Letter(place);
        scenes.push(Scene { at, act });
    }
    for (place, report) in story.post.reports.iter().enumerate() {
        let at = week.at(report.at, week.begin());
        let act = Act::Report(place);
        scenes.push(Scene { at, act });
    }
    // Stable: what happens at the same time stays in the story's order.
    scenes.sort_by_key(|scene| scene.at);
    scenes
}

fn life(story: &Story, week: &Week, place: usize, lead: &Lead, scenes: &mut Vec<Scene>) {
    let mut dice = Dice::of(&lead.email);
    let mut push = |at, step: Step| {
        scenes.push(Scene {
            at,
            act: Act::Step(place, step),
        });
    };
    let campaign = lead.campaign.as_ref();
    let campaign = campaign.and_then(|id| story.house.campaigns.iter().find(|one| one.id == *id));
    let begins = match (campaign, lead.steps.first()) {
        (Some(campaign), _) => week.at(campaign.at, week.begin()),
        (None, Some(first)) => week.at(first.at, week.end()),
        (None, None) => week.end(),
    };
    let known = begins - dice.seconds(20 * 60, 95 * 60);
    push(known, Step::of(What::Arrive));
    let mut before = known;
    let mut ours = None;
    if campaign.is_some() {
        let sent = begins + TimeDelta::seconds(2 * i64::try_from(place).unwrap_or(0));
        push(sent, Step::of(What::Invite));
        before = sent;
        if !lead.undelivered {
            before = sent + dice.seconds(3, 9);
            push(before, Step::of(What::Delivered));
        }
        ours = Some(before);
    }
    for step in &lead.steps {
        let jitter = match step.at {
            When::Day(..) => dice.seconds(0, 49),
            When::After(span) if span >= TimeDelta::minutes(1) => dice.seconds(0, 25),
            When::After(_) | When::Before(_) | When::Later(_) => TimeDelta::zero(),
        };
        let at = week.at(step.at, before) + jitter;
        // Who answers has looked first.
        if step.what == What::Reply
            && let Some(sent) = ours.take()
            && at - sent > TimeDelta::minutes(5)
        {
            push(at - dice.seconds(60, 170), Step::of(What::Open));
        }
        push(at, step.clone());
        before = at;
        if step.what.is_ours() {
            before = at + dice.seconds(3, 9);
            push(before, Step::of(What::Delivered));
            ours = Some(before);
        }
    }
}

impl Step {
    /// A step the story leaves out.
    fn of(what: What) -> Self {
        Self {
            at: When::After(TimeDelta::zero()),
            what,
            text: None,
            from: None,
            name: None,
            subject: None,
            outcome: None,
            days: None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_story_is_whole_and_over_by_now() {
        let story = Story::read().unwrap();
        let now: DateTime<Utc> = "2026-06-17T21:43:08.123456Z".parse().unwrap();
        let week = Week::until(now);
        let scenes = scenes(&story, &week);
        assert!((55..=65).contains(&story.leads.len()));
        assert_eq!(story.house.agents.len(), 4);
        let addresses: BTreeSet<&str> = story.leads.iter().map(|lead| &*lead.email).collect();
        assert_eq!(addresses.len(), story.leads.len());
        for scene in &scenes {
            let later = scene.at <= week.end() + TimeDelta::minutes(15);
            assert!(scene.at > week.begin() && later);
        }
        for lead in &story.leads {
            let campaign = lead.campaign.as_ref();
            let written = campaign.is_none_or(|id| {
                let campaign = story.house.campaigns.iter().find(|one| one.id == *id);
                let mails = &campaign.unwrap().mails;
                mails.iter().any(|mail| mail.language == lead.language)
            });
            assert!(written, "no first mail for {}", lead.email);
        }
    }

    #[test]
    fn what_happens_to_a_lead_happens_in_the_order_it_is_told() {
        let story = Story::read().unwrap();
        let week = Week::until("2026-06-17T02:00:00Z".parse().unwrap());
        let mut each: Vec<Vec<What>> = vec![Vec::new(); story.leads.len()];
        for scene in scenes(&story, &week) {
            if let Act::Step(place, step) = scene.act {
                each[place].push(step.what);
            }
        }
        for (lead, played) in story.leads.iter().zip(each) {
            let told = lead.steps.iter().map(|step| step.what);
            let mut played = played.into_iter();
            for what in told {
                let met = played.any(|one| one == what);
                assert!(met, "{what:?} of {} is out of order", lead.email);
            }
        }
    }
}
