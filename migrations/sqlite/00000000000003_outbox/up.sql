-- Mail on its way out: ids and codes only. The mail itself is the message it names, or is written from facts when
-- it is sent. `due_at` is when it is tried next, or when its lease ends; none once nothing more happens to it.
CREATE TABLE outbox (
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    notice TEXT,
    message_id BLOB REFERENCES messages,
    conversation_id BLOB,
    lead_id BLOB,
    agent_id BLOB,
    subject_id BLOB,
    rfc_id TEXT NOT NULL,
    automatic TEXT,
    created_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    code TEXT,
    attempts INTEGER NOT NULL,
    due_at INTEGER,
    lease_owner BLOB,
    provider_id TEXT,
    updated_at INTEGER NOT NULL,
    sent_at INTEGER,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_created ON outbox (created_at, id);
CREATE INDEX outbox_status ON outbox (status, created_at, id);
CREATE INDEX outbox_message ON outbox (message_id) WHERE message_id IS NOT NULL;

-- Soft failures of an address, by its keyed digest.
CREATE TABLE soft_bounces (
    address_digest BLOB NOT NULL,
    bounces INTEGER NOT NULL,
    newest_at INTEGER NOT NULL,
    newest_message_id BLOB,
    PRIMARY KEY (address_digest)
) STRICT, WITHOUT ROWID;

-- Until when a suppression holds; none: until it is lifted.
ALTER TABLE suppressions ADD COLUMN expires_at INTEGER;
-- What is switched off in a conversation; none: nothing.
ALTER TABLE conversations ADD COLUMN integration TEXT;
-- Rows that are read by REST and told to no socket.
ALTER TABLE event_log ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0;
