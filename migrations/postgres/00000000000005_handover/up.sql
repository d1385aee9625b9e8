-- Who is asked when all other agents have been.
ALTER TABLE agents ADD COLUMN manager boolean NOT NULL DEFAULT false;

-- Since when a conversation waits for an agent without an open offer.
ALTER TABLE conversations ADD COLUMN queued_since timestamptz;
CREATE INDEX conversations_queued ON conversations (queued_since, id) WHERE queued_since IS NOT NULL;
CREATE INDEX conversations_owned ON conversations (assigned_agent_id, id) WHERE assigned_agent_id IS NOT NULL AND state NOT IN ('CLOSED', 'ARCHIVED');

-- One agent asked to take one conversation; at most one is asked at a time. Ids, codes and times only.
CREATE TABLE handover_offers (
    id uuid NOT NULL,
    conversation_id uuid NOT NULL REFERENCES conversations,
    lead_id uuid NOT NULL,
    agent_id uuid NOT NULL REFERENCES agents,
    round integer NOT NULL,
    escalated boolean NOT NULL,
    offered_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    status text NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX handover_offers_one_open ON handover_offers (conversation_id) WHERE status = 'open';
CREATE INDEX handover_offers_agent ON handover_offers (agent_id, offered_at, id) WHERE status = 'open';
CREATE INDEX handover_offers_conversation ON handover_offers (conversation_id, offered_at, id);

-- When an agent was asked last, and how many offers in a row passed without an answer.
CREATE TABLE agent_turns (
    agent_id uuid NOT NULL REFERENCES agents,
    last_offered_at timestamptz,
    missed integer NOT NULL,
    PRIMARY KEY (agent_id)
);

-- How many open conversations each agent owns is counted in the commit of what changes it.
INSERT INTO counters (name, value)
SELECT 'owned:' || replace(assigned_agent_id::text, '-', ''), count(*)
FROM conversations
WHERE assigned_agent_id IS NOT NULL AND state NOT IN ('CLOSED', 'ARCHIVED')
GROUP BY assigned_agent_id;
