-- What a campaign asks of the send gate.
ALTER TABLE campaigns ADD COLUMN disclosure text;
ALTER TABLE campaigns ADD COLUMN consent_required text;
ALTER TABLE campaigns ADD COLUMN daily_limit integer;

-- Leave to send one mail. `claim` is the Message-ID that automation answers with it: one for each, ever.
-- `open_until` is empty once it is used.
CREATE TABLE send_leases (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    conversation_id uuid NOT NULL REFERENCES conversations,
    lead_id uuid NOT NULL,
    campaign_id uuid,
    author text NOT NULL,
    agent_id uuid,
    purpose text NOT NULL,
    answers_id uuid,
    claim text COLLATE "C",
    rfc_id text COLLATE "C" NOT NULL,
    actor text NOT NULL,
    expires_at timestamptz NOT NULL,
    open_until timestamptz,
    used_at timestamptz,
    message_id uuid,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX send_leases_claim ON send_leases (claim, lead_id) WHERE claim IS NOT NULL;
CREATE UNIQUE INDEX send_leases_rfc_id ON send_leases (rfc_id);
CREATE INDEX send_leases_open ON send_leases (lead_id, open_until) WHERE open_until IS NOT NULL;
CREATE INDEX send_leases_campaign ON send_leases (campaign_id, open_until) WHERE open_until IS NOT NULL;
CREATE INDEX send_leases_expired ON send_leases (open_until) WHERE open_until IS NOT NULL;
CREATE INDEX send_leases_message ON send_leases (message_id) WHERE message_id IS NOT NULL;

-- Automation's mail that waits for an agent. Texts are emptied when it is decided.
CREATE TABLE drafts (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    conversation_id uuid NOT NULL REFERENCES conversations,
    lead_id uuid NOT NULL,
    lease_id uuid NOT NULL,
    subject text,
    "text" text NOT NULL,
    html text,
    message_id uuid,
    decision text,
    decided_by text,
    decided_at timestamptz,
    PRIMARY KEY (id)
);
CREATE INDEX drafts_waiting ON drafts (created_at, id) WHERE decided_at IS NULL;
CREATE INDEX drafts_lead ON drafts (lead_id);
CREATE INDEX drafts_conversation ON drafts (conversation_id, created_at, id);

-- How mail fared, by the hour, of a campaign or a sending domain.
CREATE TABLE reputation (
    scope text COLLATE "C" NOT NULL,
    hour timestamptz NOT NULL,
    sent bigint NOT NULL,
    hard_bounces bigint NOT NULL,
    complaints bigint NOT NULL,
    PRIMARY KEY (scope, hour)
);
CREATE INDEX reputation_hour ON reputation (hour);

-- How often a lead was written to, whichever the conversation.
CREATE INDEX messages_outbound ON messages (lead_id, at) WHERE direction = 'outbound';
