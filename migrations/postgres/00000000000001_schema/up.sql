-- Ids are uuid, times are timestamptz; search keys compare by code point.

-- People and policies.
CREATE TABLE campaigns (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    name text NOT NULL,
    paused boolean NOT NULL,
    lexicon text,
    tracking text,
    external_id text COLLATE "C",
    revision bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX campaigns_external_id ON campaigns (external_id);
CREATE INDEX campaigns_created ON campaigns (created_at, id);

CREATE TABLE policies (
    id uuid NOT NULL,
    campaign_id uuid REFERENCES campaigns,
    version bigint NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX policies_version ON policies (coalesce(campaign_id, '00000000-0000-0000-0000-000000000000'::uuid), version);
CREATE INDEX policies_campaign ON policies (campaign_id, version);

CREATE TABLE leads (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    email text NOT NULL,
    email_key text COLLATE "C" NOT NULL,
    first_name text,
    first_key text COLLATE "C",
    last_name text,
    last_key text COLLATE "C",
    phone text,
    interest text,
    source text,
    campaign_id uuid,
    language text,
    time_zone text,
    attributes text NOT NULL,
    consent text,
    external_id text COLLATE "C",
    current_stage smallint,
    highest_stage smallint,
    completeness smallint NOT NULL,
    facts text NOT NULL,
    erased_at timestamptz,
    revision bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (id)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX leads_external_id ON leads (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX leads_email ON leads (email_key);
CREATE INDEX leads_first ON leads (first_key);
CREATE INDEX leads_last ON leads (last_key);
CREATE INDEX leads_created ON leads (created_at, id);
CREATE INDEX leads_stage ON leads (current_stage, created_at, id);

CREATE TABLE lead_addresses (
    address_key text COLLATE "C" NOT NULL,
    lead_id uuid NOT NULL REFERENCES leads,
    address text NOT NULL,
    is_primary boolean NOT NULL,
    PRIMARY KEY (address_key)
);
CREATE INDEX lead_addresses_lead ON lead_addresses (lead_id);

CREATE TABLE agents (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    active boolean NOT NULL,
    away_until timestamptz,
    capacity integer,
    hours text,
    external_id text COLLATE "C",
    revision bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX agents_external_id ON agents (external_id);
CREATE INDEX agents_created ON agents (created_at, id);

CREATE TABLE agent_addresses (
    address_key text COLLATE "C" NOT NULL,
    agent_id uuid NOT NULL REFERENCES agents,
    PRIMARY KEY (address_key)
);
CREATE INDEX agent_addresses_agent ON agent_addresses (agent_id);

-- Conversations and what is said in them. The owner is no foreign key: agents are never deleted, and a key
-- among the columns that change would cost every update a statement journal.
CREATE TABLE conversations (
    id uuid NOT NULL,
    lead_id uuid NOT NULL REFERENCES leads,
    campaign_id uuid REFERENCES campaigns,
    previous_conversation_id uuid,
    created_at timestamptz NOT NULL,
    external_id text COLLATE "C",
    subject text NOT NULL,
    state text NOT NULL,
    version bigint NOT NULL,
    revision bigint NOT NULL,
    assigned_agent_id uuid,
    outcome text,
    follow_up_at timestamptz,
    awaiting text NOT NULL,
    held boolean NOT NULL,
    last_event text,
    last_activity_at timestamptz NOT NULL,
    closed_at timestamptz,
    message_count bigint NOT NULL,
    engagement smallint NOT NULL,
    readiness smallint NOT NULL,
    qualification smallint NOT NULL,
    ever_handed_over boolean NOT NULL,
    facts text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (id)
) WITH (fillfactor = 80);
-- At most one open conversation per lead and campaign, where no campaign is one value.
CREATE UNIQUE INDEX conversations_one_open ON conversations (lead_id, coalesce(campaign_id, '00000000-0000-0000-0000-000000000000'::uuid)) WHERE state NOT IN ('CLOSED', 'ARCHIVED');
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
    external_id text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    record_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    PRIMARY KEY (external_id, kind)
) WITH (fillfactor = 70);
CREATE INDEX external_ids_lead ON external_ids (lead_id);

CREATE TABLE message_threads (
    id uuid NOT NULL,
    conversation_id uuid NOT NULL REFERENCES conversations,
    root_rfc text NOT NULL,
    merged_into uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX message_threads_conversation ON message_threads (conversation_id);

CREATE TABLE messages (
    id uuid NOT NULL,
    conversation_id uuid NOT NULL REFERENCES conversations,
    lead_id uuid NOT NULL,
    sequence_number bigint NOT NULL,
    direction text NOT NULL,
    author text NOT NULL,
    author_id uuid,
    kind text NOT NULL,
    note boolean NOT NULL,
    rfc_id text COLLATE "C" NOT NULL,
    parent_rfc text,
    parent_message_rfc text,
    parent_id uuid,
    depth integer NOT NULL,
    thread_id uuid NOT NULL,
    chain text NOT NULL,
    in_reply_to text,
    "references" text NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    content_hash bytea NOT NULL,
    rung smallint,
    evidence text NOT NULL,
    codes text NOT NULL,
    flags text NOT NULL,
    receipt_id uuid,
    returns_on timestamptz,
    erased boolean NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX messages_sequence ON messages (conversation_id, sequence_number);
CREATE INDEX messages_rfc_id ON messages (rfc_id);
CREATE INDEX messages_other ON messages (author_id) WHERE author = 'other';

CREATE TABLE message_contents (
    message_id uuid NOT NULL REFERENCES messages,
    from_address text,
    recipients text NOT NULL,
    subject text NOT NULL,
    snippet text NOT NULL,
    size bigint NOT NULL,
    reply_text text NOT NULL,
    "text" text NOT NULL,
    html text,
    headers text,
    raw bytea,
    PRIMARY KEY (message_id)
);

CREATE TABLE message_aliases (
    rfc_id text COLLATE "C" NOT NULL,
    message_id uuid NOT NULL REFERENCES messages,
    conversation_id uuid NOT NULL,
    PRIMARY KEY (rfc_id, message_id)
);
CREATE INDEX message_aliases_message ON message_aliases (message_id);

CREATE TABLE thread_placeholders (
    conversation_id uuid NOT NULL REFERENCES conversations,
    rfc_id text COLLATE "C" NOT NULL,
    thread_id uuid NOT NULL,
    parent_rfc text,
    depth integer NOT NULL,
    votes text NOT NULL,
    PRIMARY KEY (conversation_id, rfc_id)
);
CREATE INDEX thread_placeholders_rfc_id ON thread_placeholders (rfc_id);

CREATE TABLE attachments (
    id uuid NOT NULL,
    message_id uuid NOT NULL REFERENCES messages,
    n integer NOT NULL,
    name text NOT NULL,
    content_type text NOT NULL,
    content_id text,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX attachments_n ON attachments (message_id, n);
CREATE INDEX attachments_sha256 ON attachments (sha256);

-- What happened: audit and journey. Metadata rows hold what was given freely; an erase empties them.
CREATE TABLE conversation_metadata (
    id uuid NOT NULL,
    conversation_id uuid,
    lead_id uuid,
    kind text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX conversation_metadata_lead ON conversation_metadata (lead_id);

CREATE TABLE conversation_state_transitions (
    id uuid NOT NULL,
    conversation_id uuid NOT NULL REFERENCES conversations,
    lead_id uuid NOT NULL,
    version bigint NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    event text NOT NULL,
    triggered_by text NOT NULL,
    actor text NOT NULL,
    cause text,
    implied_by uuid,
    warnings text NOT NULL,
    waived text NOT NULL,
    policy_version bigint NOT NULL,
    metadata_id uuid,
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX conversation_state_transitions_version ON conversation_state_transitions (conversation_id, version);

CREATE TABLE lead_journey_events (
    id uuid NOT NULL,
    lead_id uuid NOT NULL REFERENCES leads,
    conversation_id uuid,
    stage smallint NOT NULL,
    action text NOT NULL,
    milestone text,
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX lead_journey_events_lead ON lead_journey_events (lead_id, at, id);

-- What providers send.
CREATE TABLE email_events (
    id uuid NOT NULL,
    conversation_id uuid NOT NULL REFERENCES conversations,
    message_id uuid,
    rfc_id text COLLATE "C",
    kind text NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    bot boolean NOT NULL,
    agent_class text,
    judged text NOT NULL,
    recorded boolean NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX email_events_rfc_id ON email_events (rfc_id) WHERE rfc_id IS NOT NULL;
CREATE INDEX email_events_conversation ON email_events (conversation_id);

CREATE TABLE webhook_receipts (
    id uuid NOT NULL,
    provider text NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at timestamptz,
    error_code text,
    conversation_id uuid,
    lead_id uuid,
    campaign_id uuid,
    message_id uuid,
    wait_rfc_id text COLLATE "C",
    address_digest BYTEA,
    body bytea,
    received_at timestamptz NOT NULL,
    done_at timestamptz,
    PRIMARY KEY (id)
);
CREATE INDEX webhook_receipts_received ON webhook_receipts (received_at, id);
CREATE INDEX webhook_receipts_status ON webhook_receipts (status, received_at, id);
CREATE INDEX webhook_receipts_due ON webhook_receipts (next_attempt_at, id) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX webhook_receipts_waiting ON webhook_receipts (wait_rfc_id) WHERE wait_rfc_id IS NOT NULL;
CREATE INDEX webhook_receipts_lead ON webhook_receipts (lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX webhook_receipts_conversation ON webhook_receipts (conversation_id) WHERE conversation_id IS NOT NULL AND lead_id IS NULL;
CREATE INDEX webhook_receipts_message ON webhook_receipts (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX webhook_receipts_address ON webhook_receipts (address_digest) WHERE address_digest IS NOT NULL;

CREATE TABLE webhook_tokens (
    token_digest bytea NOT NULL,
    fields_digest bytea NOT NULL,
    receipt_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (token_digest)
);
CREATE INDEX webhook_tokens_expiry ON webhook_tokens (expires_at);

CREATE TABLE event_dedupe (
    digest bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (digest)
);
CREATE INDEX event_dedupe_expiry ON event_dedupe (expires_at);

-- Who must not be written to, stored answers, keys, review.
CREATE TABLE suppressions (
    id uuid NOT NULL,
    address_key text COLLATE "C",
    address text,
    lead_id uuid,
    reason text NOT NULL,
    scope text NOT NULL,
    source text NOT NULL,
    evidence text,
    keyed_hash bytea,
    external_id TEXT,
    at timestamptz NOT NULL,
    lifted_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX suppressions_address ON suppressions (address_key);
CREATE INDEX suppressions_lead ON suppressions (lead_id);
CREATE INDEX suppressions_hash ON suppressions (keyed_hash);
CREATE UNIQUE INDEX suppressions_external_id ON suppressions (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX suppressions_created ON suppressions (created_at, id);

CREATE TABLE idempotency_keys (
    scope_digest bytea NOT NULL,
    body_digest bytea NOT NULL,
    status smallint NOT NULL,
    content_type text NOT NULL,
    answer text,
    lead_id uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (scope_digest)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_lead ON idempotency_keys (lead_id) WHERE lead_id IS NOT NULL;

CREATE TABLE api_keys (
    id uuid NOT NULL,
    name text NOT NULL,
    hash bytea NOT NULL,
    scopes text NOT NULL,
    agent_id uuid,
    hint text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

CREATE TABLE review_items (
    id uuid NOT NULL,
    reason text NOT NULL,
    status text NOT NULL,
    receipt_id uuid,
    message_id uuid,
    conversation_id uuid,
    lead_id uuid,
    from_key text COLLATE "C",
    wait_rfc_ids text NOT NULL,
    body bytea,
    resolution text,
    resolved_by text,
    created_at timestamptz NOT NULL,
    resolved_at timestamptz,
    PRIMARY KEY (id)
);
CREATE INDEX review_items_status ON review_items (status, created_at, id);
CREATE INDEX review_items_from ON review_items (from_key) WHERE from_key IS NOT NULL;
CREATE INDEX review_items_lead ON review_items (lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX review_items_conversation ON review_items (conversation_id) WHERE conversation_id IS NOT NULL;

CREATE TABLE review_waits (
    rfc_id text COLLATE "C" NOT NULL,
    review_id uuid NOT NULL REFERENCES review_items,
    PRIMARY KEY (rfc_id, review_id)
);
CREATE INDEX review_waits_review ON review_waits (review_id);

-- Counters, own keys, event log.
CREATE TABLE counters (
    name text NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE instance (
    id smallint NOT NULL CHECK (id = 1),
    reply_key bytea NOT NULL,
    hash_key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE event_log (
    seq bigint NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    conversation_id uuid,
    lead_id uuid,
    metadata_id uuid,
    silent boolean NOT NULL,
    data text NOT NULL,
    PRIMARY KEY (seq)
);

CREATE TABLE log_head (
    id smallint NOT NULL CHECK (id = 1),
    seq bigint NOT NULL,
    epoch uuid NOT NULL,
    PRIMARY KEY (id)
);
