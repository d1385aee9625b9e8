//! Searching every column for a text: how a test proves that no personal data is where it must not be.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::any::AnyConn;
use crate::error::{StoreError, StoreResult};
use crate::record::Record;
use crate::rows::*;

/// Every table with its columns.
const TABLES: [(&str, &[&str]); 42] = [
    (CampaignRow::TABLE, CampaignRow::COLUMNS),
    (PolicyRow::TABLE, PolicyRow::COLUMNS),
    (LeadRow::TABLE, LeadRow::COLUMNS),
    (LeadAddressRow::TABLE, LeadAddressRow::COLUMNS),
    (AgentRow::TABLE, AgentRow::COLUMNS),
    (AgentAddressRow::TABLE, AgentAddressRow::COLUMNS),
    (ConversationRow::TABLE, ConversationRow::COLUMNS),
    (OfferRow::TABLE, OfferRow::COLUMNS),
    (AgentTurnRow::TABLE, AgentTurnRow::COLUMNS),
    (ExternalIdRow::TABLE, ExternalIdRow::COLUMNS),
    (ThreadRow::TABLE, ThreadRow::COLUMNS),
    (MessageRow::TABLE, MessageRow::COLUMNS),
    (ContentRow::TABLE, ContentRow::COLUMNS),
    (AliasRow::TABLE, AliasRow::COLUMNS),
    (PlaceholderRow::TABLE, PlaceholderRow::COLUMNS),
    (AttachmentRow::TABLE, AttachmentRow::COLUMNS),
    (MetadataRow::TABLE, MetadataRow::COLUMNS),
    (TransitionRow::TABLE, TransitionRow::COLUMNS),
    (JourneyEventRow::TABLE, JourneyEventRow::COLUMNS),
    (EmailEventRow::TABLE, EmailEventRow::COLUMNS),
    (ReceiptRow::TABLE, ReceiptRow::COLUMNS),
    (WebhookTokenRow::TABLE, WebhookTokenRow::COLUMNS),
    (EventDedupeRow::TABLE, EventDedupeRow::COLUMNS),
    (SuppressionRow::TABLE, SuppressionRow::COLUMNS),
    (IdempotencyRow::TABLE, IdempotencyRow::COLUMNS),
    (ApiKeyRow::TABLE, ApiKeyRow::COLUMNS),
    (ReviewRow::TABLE, ReviewRow::COLUMNS),
    (ReviewWaitRow::TABLE, ReviewWaitRow::COLUMNS),
    (OutboxRow::TABLE, OutboxRow::COLUMNS),
    (SoftBounceRow::TABLE, SoftBounceRow::COLUMNS),
    (AutomaticAnswerRow::TABLE, AutomaticAnswerRow::COLUMNS),
    (TimerRow::TABLE, TimerRow::COLUMNS),
    (LeaseRow::TABLE, LeaseRow::COLUMNS),
    (DraftRow::TABLE, DraftRow::COLUMNS),
    (WaitRow::TABLE, WaitRow::COLUMNS),
    (CohortRow::TABLE, CohortRow::COLUMNS),
    (CountRow::TABLE, CountRow::COLUMNS),
    (ReputationRow::TABLE, ReputationRow::COLUMNS),
    (CounterRow::TABLE, CounterRow::COLUMNS),
    (InstanceRow::TABLE, InstanceRow::COLUMNS),
    (LogRow::TABLE, LogRow::COLUMNS),
    (LogHeadRow::TABLE, LogHeadRow::COLUMNS),
];

#[derive(QueryableByName)]
struct Hits {
    #[diesel(sql_type = BigInt)]
    hits: i64,
}

/// Every (table, column) pair of the schema.
pub(crate) fn columns() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLES
        .into_iter()
        .flat_map(|(table, columns)| columns.iter().map(move |column| (table, *column)))
}

/// The (table, column) pairs with a value that contains the text, in any letter case of ASCII.
pub(crate) fn search(conn: &mut AnyConn, needle: &str) -> StoreResult<Vec<(String, String)>> {
    let needle = needle.to_ascii_lowercase();
    let mut found = Vec::new();
    for (table, column) in columns() {
        // Bytes are searched as text; PostgreSQL writes those beyond ASCII as octal escapes on both sides.
        let sql = match conn {
            AnyConn::Sqlite(_) => format!(
                "SELECT count(*) AS hits FROM {table} \
                 WHERE instr(lower(CAST(\"{column}\" AS TEXT)), ?) > 0"
            ),
            AnyConn::Pg(_) => format!(
                "SELECT count(*) AS hits FROM {table} \
                 WHERE CASE pg_typeof(\"{column}\")::text WHEN 'bytea' \
                 THEN position(lower(encode(convert_to($1, 'UTF8'), 'escape')) \
                 IN lower(encode(\"{column}\"::text::bytea, 'escape'))) > 0 \
                 ELSE position($1 IN lower(\"{column}\"::text)) > 0 END"
            ),
        };
        let query = diesel::sql_query(sql).bind::<Text, _>(&needle);
        let hits: Hits = query
            .get_result(conn)
            .map_err(|error| StoreError::at(table, error))?;
        if hits.hits > 0 {
            found.push((table.to_owned(), column.to_owned()));
        }
    }
    Ok(found)
}
