-- Ids are BLOBs of 16 bytes, times are INTEGERs of microseconds since 1970, booleans are 0 or 1.

-- People and policies.
CREATE TABLE campaigns (
    id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    name TEXT NOT NULL,
    paused INTEGER NOT NULL,
    lexicon TEXT,
    tracking TEXT,
    external_id TEXT,
    revision INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE UNIQUE INDEX campaigns_external_id ON campaigns (external_id);
CREATE INDEX campaigns_created ON campaigns (created_at, id);

CREATE TABLE policies (
    id BLOB NOT NULL,
    campaign_id BLOB REFERENCES campaigns,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE UNIQUE INDEX policies_version ON policies (coalesce(campaign_id, x'00000000000000000000000000000000'), version);
CREATE INDEX policies_campaign ON policies (campaign_id, version);

CREATE TABLE leads (
    id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    first_name TEXT,
    first_key TEXT,
    last_name TEXT,
    last_key TEXT,
    phone TEXT,
    interest TEXT,
    source TEXT,
    campaign_id BLOB,
    language TEXT,
    time_zone TEXT,
    attributes TEXT NOT NULL,
    consent TEXT,
    external_id TEXT,
    current_stage INTEGER,
    highest_stage INTEGER,
    completeness INTEGER NOT NULL,
    facts TEXT NOT NULL,
    erased_at INTEGER,
    revision INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE UNIQUE INDEX leads_external_id ON leads (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX leads_email ON leads (email_key);
CREATE INDEX leads_first ON leads (first_key);
CREATE INDEX leads_last ON leads (last_key);
CREATE INDEX leads_created ON leads (created_at, id);
CREATE INDEX leads_stage ON leads (current_stage, created_at, id);

CREATE TABLE lead_addresses (
    address_key TEXT NOT NULL,
    lead_id BLOB NOT NULL REFERENCES leads,
    address TEXT NOT NULL,
    is_primary INTEGER NOT NULL,
    PRIMARY KEY (address_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX lead_addresses_lead ON lead_addresses (lead_id);

CREATE TABLE agents (
    id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    active INTEGER NOT NULL,
    away_until INTEGER,
    capacity INTEGER,
    hours TEXT,
    external_id TEXT,
    revision INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE UNIQUE INDEX agents_external_id ON agents (external_id);
CREATE INDEX agents_created ON agents (created_at, id);

CREATE TABLE agent_addresses (
    address_key TEXT NOT NULL,
    agent_id BLOB NOT NULL REFERENCES agents,
    PRIMARY KEY (address_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_addresses_agent ON agent_addresses (agent_id);

-- Conversations and what is said in them. The owner is no foreign key: agents are never deleted, and a key
-- among the columns that change would cost every update a statement journal.
CREATE TABLE conversations (
    id BLOB NOT NULL,
    lead_id BLOB NOT NULL REFERENCES leads,
    campaign_id BLOB REFERENCES campaigns,
    previous_conversation_id BLOB,
    created_at INTEGER NOT NULL,
    external_id TEXT,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    assigned_agent_id BLOB,
    outcome TEXT,
    follow_up_at INTEGER,
    awaiting TEXT NOT NULL,
    held INTEGER NOT NULL,
    last_event TEXT,
    last_activity_at INTEGER NOT NULL,
    closed_at INTEGER,
    message_count INTEGER NOT NULL,
    engagement INTEGER NOT NULL,
    readiness INTEGER NOT NULL,
    qualification INTEGER NOT NULL,
    ever_handed_over INTEGER NOT NULL,
    facts TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
-- At most one open conversation per lead and campaign, where no campaign is one value.
CREATE UNIQUE INDEX conversations_one_open ON conversations (lead_id, coalesce(campaign_id, x'00000000000000000000000000000000')) WHERE state NOT IN ('CLOSED', 'ARCHIVED');
CREATE UNIQUE INDEX conversations_external_id ON conversations (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX conversations_activity ON conversations (last_activity_at, id);
CREATE INDEX conversations_created ON conversations (created_at, id);
CREATE INDEX conversations_state ON conversations (state, last_activity_at, id);
CREATE INDEX conversations_awaiting ON conversations (awaiting, last_activity_at, id);
CREATE INDEX conversations_lead ON conversations (lead_id);
CREATE INDEX conversations_agent ON conversations (assigned_agent_id, last_activity_at, id) WHERE assigned_agent_id IS NOT NULL;
CREATE INDEX conversations_campaign ON conversations (campaign_id, last_activity_at, id) WHERE campaign_id IS NOT NULL;
CREATE INDEX conversations_outcome ON conversations (outcome, last_activity_at, id) WHERE outcome IS NOT NULL;
CREATE INDEX conversations_closed ON conversations (closed_at) WHERE closed_at IS NOT NULL;

-- Ids of other systems that a record answers to beside its own external id: rows of an import that joined it.
CREATE TABLE external_ids (
    external_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    record_id BLOB NOT NULL,
    lead_id BLOB NOT NULL,
    PRIMARY KEY (external_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX external_ids_lead ON external_ids (lead_id);

CREATE TABLE message_threads (
    id BLOB NOT NULL,
    conversation_id BLOB NOT NULL REFERENCES conversations,
    root_rfc TEXT NOT NULL,
    merged_into BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX message_threads_conversation ON message_threads (conversation_id);

CREATE TABLE messages (
    id BLOB NOT NULL,
    conversation_id BLOB NOT NULL REFERENCES conversations,
    lead_id BLOB NOT NULL,
    sequence_number INTEGER NOT NULL,
    direction TEXT NOT NULL,
    author TEXT NOT NULL,
    author_id BLOB,
    kind TEXT NOT NULL,
    note INTEGER NOT NULL,
    rfc_id TEXT NOT NULL,
    parent_rfc TEXT,
    parent_message_rfc TEXT,
    parent_id BLOB,
    depth INTEGER NOT NULL,
    thread_id BLOB NOT NULL,
    chain TEXT NOT NULL,
    in_reply_to TEXT,
    "references" TEXT NOT NULL,
    at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    content_hash BLOB NOT NULL,
    rung INTEGER,
    evidence TEXT NOT NULL,
    codes TEXT NOT NULL,
    flags TEXT NOT NULL,
    receipt_id BLOB,
    returns_on INTEGER,
    erased INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE UNIQUE INDEX messages_sequence ON messages (conversation_id, sequence_number);
CREATE INDEX messages_rfc_id ON messages (rfc_id);
CREATE INDEX messages_other ON messages (author_id) WHERE author = 'other';

CREATE TABLE message_contents (
    message_id BLOB NOT NULL REFERENCES messages,
    from_address TEXT,
    recipients TEXT NOT NULL,
    subject TEXT NOT NULL,
    snippet TEXT NOT NULL,
    size INTEGER NOT NULL,
    reply_text TEXT NOT NULL,
    "text" TEXT NOT NULL,
    html TEXT,
    headers TEXT,
    raw BLOB,
    PRIMARY KEY (message_id)
) STRICT;

CREATE TABLE message_aliases (
    rfc_id TEXT NOT NULL,
    message_id BLOB NOT NULL REFERENCES messages,
    conversation_id BLOB NOT NULL,
    PRIMARY KEY (rfc_id, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_aliases_message ON message_aliases (message_id);

CREATE TABLE thread_placeholders (
    conversation_id BLOB NOT NULL REFERENCES conversations,
    rfc_id TEXT NOT NULL,
    thread_id BLOB NOT NULL,
    parent_rfc TEXT,
    depth INTEGER NOT NULL,
    votes TEXT NOT NULL,
    PRIMARY KEY (conversation_id, rfc_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX thread_placeholders_rfc_id ON thread_placeholders (rfc_id);

CREATE TABLE attachments (
    id BLOB NOT NULL,
    message_id BLOB NOT NULL REFERENCES messages,
    n INTEGER NOT NULL,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    content_id TEXT,
    size INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE UNIQUE INDEX attachments_n ON attachments (message_id, n);
CREATE INDEX attachments_sha256 ON attachments (sha256);

-- What happened: audit and journey. Metadata rows hold what was given freely; an erase empties them.
CREATE TABLE conversation_metadata (
    id BLOB NOT NULL,
    conversation_id BLOB,
    lead_id BLOB,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX conversation_metadata_lead ON conversation_metadata (lead_id);

CREATE TABLE conversation_state_transitions (
    id BLOB NOT NULL,
    conversation_id BLOB NOT NULL REFERENCES conversations,
    lead_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    event TEXT NOT NULL,
    triggered_by TEXT NOT NULL,
    actor TEXT NOT NULL,
    cause TEXT,
    implied_by BLOB,
    warnings TEXT NOT NULL,
    waived TEXT NOT NULL,
    policy_version INTEGER NOT NULL,
    metadata_id BLOB,
    at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE UNIQUE INDEX conversation_state_transitions_version ON conversation_state_transitions (conversation_id, version);

CREATE TABLE lead_journey_events (
    id BLOB NOT NULL,
    lead_id BLOB NOT NULL REFERENCES leads,
    conversation_id BLOB,
    stage INTEGER NOT NULL,
    action TEXT NOT NULL,
    milestone TEXT,
    at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX lead_journey_events_lead ON lead_journey_events (lead_id, at, id);

-- What providers send.
CREATE TABLE email_events (
    id BLOB NOT NULL,
    conversation_id BLOB NOT NULL REFERENCES conversations,
    message_id BLOB,
    rfc_id TEXT,
    kind TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    bot INTEGER NOT NULL,
    agent_class TEXT,
    judged TEXT NOT NULL,
    recorded INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX email_events_rfc_id ON email_events (rfc_id) WHERE rfc_id IS NOT NULL;
CREATE INDEX email_events_conversation ON email_events (conversation_id);

CREATE TABLE webhook_receipts (
    id BLOB NOT NULL,
    provider TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER,
    error_code TEXT,
    conversation_id BLOB,
    lead_id BLOB,
    campaign_id BLOB,
    message_id BLOB,
    wait_rfc_id TEXT,
    address_digest BLOB,
    body BLOB,
    received_at INTEGER NOT NULL,
    done_at INTEGER,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX webhook_receipts_received ON webhook_receipts (received_at, id);
CREATE INDEX webhook_receipts_status ON webhook_receipts (status, received_at, id);
CREATE INDEX webhook_receipts_due ON webhook_receipts (next_attempt_at, id) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX webhook_receipts_waiting ON webhook_receipts (wait_rfc_id) WHERE wait_rfc_id IS NOT NULL;
CREATE INDEX webhook_receipts_lead ON webhook_receipts (lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX webhook_receipts_conversation ON webhook_receipts (conversation_id) WHERE conversation_id IS NOT NULL AND lead_id IS NULL;
CREATE INDEX webhook_receipts_message ON webhook_receipts (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX webhook_receipts_address ON webhook_receipts (address_digest) WHERE address_digest IS NOT NULL;

CREATE TABLE webhook_tokens (
    token_digest BLOB NOT NULL,
    fields_digest BLOB NOT NULL,
    receipt_id BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (token_digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_tokens_expiry ON webhook_tokens (expires_at);

CREATE TABLE event_dedupe (
    digest BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_dedupe_expiry ON event_dedupe (expires_at);

-- Who must not be written to, stored answers, keys, review.
CREATE TABLE suppressions (
    id BLOB NOT NULL,
    address_key TEXT,
    address TEXT,
    lead_id BLOB,
    reason TEXT NOT NULL,
    scope TEXT NOT NULL,
    source TEXT NOT NULL,
    evidence TEXT,
    keyed_hash BLOB,
    external_id TEXT,
    at INTEGER NOT NULL,
    lifted_at INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX suppressions_address ON suppressions (address_key);
CREATE INDEX suppressions_lead ON suppressions (lead_id);
CREATE INDEX suppressions_hash ON suppressions (keyed_hash);
CREATE UNIQUE INDEX suppressions_external_id ON suppressions (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX suppressions_created ON suppressions (created_at, id);

CREATE TABLE idempotency_keys (
    scope_digest BLOB NOT NULL,
    body_digest BLOB NOT NULL,
    status INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    answer TEXT,
    lead_id BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (scope_digest)
) STRICT;
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_lead ON idempotency_keys (lead_id) WHERE lead_id IS NOT NULL;

CREATE TABLE api_keys (
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    agent_id BLOB,
    hint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (id)
) STRICT;
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

CREATE TABLE review_items (
    id BLOB NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL,
    receipt_id BLOB,
    message_id BLOB,
    conversation_id BLOB,
    lead_id BLOB,
    from_key TEXT,
    wait_rfc_ids TEXT NOT NULL,
    body BLOB,
    resolution TEXT,
    resolved_by TEXT,
    created_at INTEGER NOT NULL,
    resolved_at INTEGER,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX review_items_status ON review_items (status, created_at, id);
CREATE INDEX review_items_from ON review_items (from_key) WHERE from_key IS NOT NULL;
CREATE INDEX review_items_lead ON review_items (lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX review_items_conversation ON review_items (conversation_id) WHERE conversation_id IS NOT NULL;

CREATE TABLE review_waits (
    rfc_id TEXT NOT NULL,
    review_id BLOB NOT NULL REFERENCES review_items,
    PRIMARY KEY (rfc_id, review_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX review_waits_review ON review_waits (review_id);

-- Counters, own keys, event log.
CREATE TABLE counters (
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;

CREATE TABLE instance (
    id INTEGER NOT NULL CHECK (id = 1),
    reply_key BLOB NOT NULL,
    hash_key BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;

CREATE TABLE event_log (
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    conversation_id BLOB,
    lead_id BLOB,
    metadata_id BLOB,
    silent INTEGER NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (seq)
) STRICT;

CREATE TABLE log_head (
    id INTEGER NOT NULL CHECK (id = 1),
    seq INTEGER NOT NULL,
    epoch BLOB NOT NULL,
    PRIMARY KEY (id)
) STRICT;
