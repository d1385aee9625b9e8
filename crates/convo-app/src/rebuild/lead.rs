//! What a lead's row says by its record and by the stages it entered.

use std::collections::{BTreeMap, HashMap};

use convo_core::lead::{Lead, Reached};
use convo_core::vocabulary::{Milestone, Stage};
use convo_store::Reader;
use convo_store::rows::{JourneyEventRow, LeadRow};
use uuid::Uuid;

use crate::batch::fill_lead;
use crate::error::AppError;
use crate::records::completeness_of;
use crate::wire::address_key;

/// Rows as they should be, with their facts, by lead.
type Expected = HashMap<Uuid, (LeadRow, Lead<Uuid>)>;

/// The facts of leads as they should be.
pub(super) fn expected(
    reader: &mut Reader<'_>,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Lead<Uuid>>, AppError> {
    let rows = reader.leads_by_ids(ids)?;
    let expected = expected_of(reader, &rows)?.into_iter();
    Ok(expected.map(|(id, (_, facts))| (id, facts)).collect())
}

/// The rows of leads as they should be.
pub(super) fn expected_of(reader: &mut Reader<'_>, rows: &[LeadRow]) -> Result<Expected, AppError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut journey: HashMap<Uuid, Vec<JourneyEventRow>> = HashMap::new();
    for event in reader.journey_by_leads(&ids)? {
        journey.entry(event.lead_id).or_default().push(event);
    }
    let mut expected = Expected::new();
    for row in rows {
        let events = journey.remove(&row.id).unwrap_or_default();
        expected.insert(row.id, of(row, events)?);
    }
    Ok(expected)
}

fn of(row: &LeadRow, events: Vec<JourneyEventRow>) -> Result<(LeadRow, Lead<Uuid>), AppError> {
    let stored = serde_json::from_str::<Lead<Uuid>>(&row.facts).ok();
    let known = stored.is_some();
    let fresh = || Lead::new(row.id, completeness_of(row));
    let mut facts = stored.clone().unwrap_or_else(fresh);
    facts.id = row.id;
    // What was known of a person who was forgotten is as it was last computed.
    if row.erased_at.is_none() {
        facts.completeness = completeness_of(row);
    }
    replay(&mut facts, events, known);
    let mut expected = row.clone();
    if stored.as_ref() != Some(&facts) {
        expected.facts =
            serde_json::to_string(&facts).map_err(|error| AppError::Fault(error.to_string()))?;
    }
    fill_lead(&mut expected, &facts);
    expected.email_key = address_key(&row.email);
    expected.first_key = row.first_name.as_deref().map(str::to_lowercase);
    expected.last_key = row.last_name.as_deref().map(str::to_lowercase);
    Ok((expected, facts))
}

/// Stages entered and milestones reached are rows. Where the lead stands now and for how long it stood where, only the
/// facts know, as long as they can be read: it is the highest stage otherwise.
fn replay(facts: &mut Lead<Uuid>, mut events: Vec<JourneyEventRow>, known: bool) {
    events.sort_by_key(|event| (event.recorded_at, event.id));
    let journey = &mut facts.journey;
    (journey.entered, journey.milestones) = (BTreeMap::new(), BTreeMap::new());
    for event in events.iter().filter(|event| event.action == "entered") {
        let order = u8::try_from(event.stage).ok();
        let Some(stage) = Stage::ALL
            .iter()
            .copied()
            .find(|one| Some(one.order()) == order)
        else {
            continue;
        };
        journey.entered.entry(stage).or_insert(event.at);
        let milestone = event.milestone.as_deref();
        let milestone = milestone.and_then(|name| name.parse::<Milestone>().ok());
        if let (Some(milestone), Some(conversation)) = (milestone, event.conversation_id) {
            let at = event.at;
            let reached = || Reached { at, conversation };
            journey.milestones.entry(milestone).or_insert_with(reached);
        }
    }
    let last = journey.entered.last_key_value();
    journey.highest = last.map(|(stage, _)| *stage);
    if !known {
        journey.current_since = last.map(|(_, at)| *at);
        journey.current = journey.highest;
    }
    if journey.current > journey.highest {
        journey.current = journey.highest;
    }
}

/// The columns that differ.
pub(super) fn differing(is: &LeadRow, expected: &LeadRow) -> Vec<&'static str> {
    macro_rules! columns {
        ($($column:ident)+) => {
            [$((stringify!($column), is.$column == expected.$column)),+]
        };
    }
    let columns =
        columns!(email_key first_key last_key current_stage highest_stage completeness facts);
    let differ = columns.into_iter().filter(|(_, equal)| !equal);
    differ.map(|(column, _)| column).collect()
}
