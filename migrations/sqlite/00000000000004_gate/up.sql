-- What a campaign asks of the send gate.
ALTER TABLE campaigns ADD COLUMN disclosure TEXT;
ALTER TABLE campaigns ADD COLUMN consent_required TEXT;
ALTER TABLE campaigns ADD COLUMN daily_limit INTEGER;

-- Leave to send one mail. `claim` is the Message-ID that automation answers with it: one for each, ever.
-- `open_until` is empty once it is used.
CREATE TABLE send_leases (
    id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    conversation_id BLOB NOT NULL REFERENCES conversations,
    lead_id BLOB NOT NULL,
    campaign_id BLOB,
    author TEXT NOT NULL,
    agent_id BLOB,
    purpose TEXT NOT NULL,
    answers_id BLOB,
    claim TEXT,
    rfc_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    open_until INTEGER,
    used_at INTEGER,
    message_id BLOB,
    PRIMARY KEY (id)
) STRICT;
CREATE UNIQUE INDEX send_leases_claim ON send_leases (claim, lead_id) WHERE claim IS NOT NULL;
CREATE UNIQUE INDEX send_leases_rfc_id ON send_leases (rfc_id);
CREATE INDEX send_leases_open ON send_leases (lead_id, open_until) WHERE open_until IS NOT NULL;
CREATE INDEX send_leases_campaign ON send_leases (campaign_id, open_until) WHERE open_until IS NOT NULL;
CREATE INDEX send_leases_expired ON send_leases (open_until) WHERE open_until IS NOT NULL;
CREATE INDEX send_leases_message ON send_leases (message_id) WHERE message_id IS NOT NULL;

-- Automation's mail that waits for an agent. Texts are emptied when it is decided.
CREATE TABLE drafts (
    id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    conversation_id BLOB NOT NULL REFERENCES conversations,
    lead_id BLOB NOT NULL,
    lease_id BLOB NOT NULL,
    subject TEXT,
    "text" TEXT NOT NULL,
    html TEXT,
    message_id BLOB,
    decision TEXT,
    decided_by TEXT,
    decided_at INTEGER,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX drafts_waiting ON drafts (created_at, id) WHERE decided_at IS NULL;
CREATE INDEX drafts_lead ON drafts (lead_id);
CREATE INDEX drafts_conversation ON drafts (conversation_id, created_at, id);

-- How mail fared, by the hour, of a campaign or a sending domain.
CREATE TABLE reputation (
    scope TEXT NOT NULL,
    hour INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    hard_bounces INTEGER NOT NULL,
    complaints INTEGER NOT NULL,
    PRIMARY KEY (scope, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX reputation_hour ON reputation (hour);

-- How often a lead was written to, whichever the conversation.
CREATE INDEX messages_outbound ON messages (lead_id, at) WHERE direction = 'outbound';
