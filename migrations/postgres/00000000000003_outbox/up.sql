-- Mail on its way out: ids and codes only. The mail itself is the message it names, or is written from facts when
-- it is sent. `due_at` is when it is tried next, or when its lease ends; none once nothing more happens to it.
CREATE TABLE outbox (
    id uuid NOT NULL,
    kind text NOT NULL,
    notice text,
    message_id uuid REFERENCES messages,
    conversation_id uuid,
    lead_id uuid,
    agent_id uuid,
    subject_id uuid,
    rfc_id text COLLATE "C" NOT NULL,
    automatic text,
    created_at timestamptz NOT NULL,
    status text NOT NULL,
    code text,
    attempts integer NOT NULL,
    due_at timestamptz,
    lease_owner uuid,
    provider_id text,
    updated_at timestamptz NOT NULL,
    sent_at timestamptz,
    PRIMARY KEY (id)
);
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_created ON outbox (created_at, id);
CREATE INDEX outbox_status ON outbox (status, created_at, id);
CREATE INDEX outbox_message ON outbox (message_id) WHERE message_id IS NOT NULL;

-- Soft failures of an address, by its keyed digest.
CREATE TABLE soft_bounces (
    address_digest bytea NOT NULL,
    bounces integer NOT NULL,
    newest_at timestamptz NOT NULL,
    newest_message_id uuid,
    PRIMARY KEY (address_digest)
);

-- Until when a suppression holds; none: until it is lifted.
ALTER TABLE suppressions ADD COLUMN expires_at timestamptz;
-- What is switched off in a conversation; none: nothing.
ALTER TABLE conversations ADD COLUMN integration text;
-- Rows that are read by REST and told to no socket.
ALTER TABLE event_log ADD COLUMN quiet boolean NOT NULL DEFAULT false;
