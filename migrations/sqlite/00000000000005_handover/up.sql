-- Who is asked when all other agents have been.
ALTER TABLE agents ADD COLUMN manager INTEGER NOT NULL DEFAULT 0;

-- Since when a conversation waits for an agent without an open offer.
ALTER TABLE conversations ADD COLUMN queued_since INTEGER;
CREATE INDEX conversations_queued ON conversations (queued_since, id) WHERE queued_since IS NOT NULL;
CREATE INDEX conversations_owned ON conversations (assigned_agent_id, id) WHERE assigned_agent_id IS NOT NULL AND state NOT IN ('CLOSED', 'ARCHIVED');

-- One agent asked to take one conversation; at most one is asked at a time. Ids, codes and times only.
CREATE TABLE handover_offers (
    id BLOB NOT NULL,
    conversation_id BLOB NOT NULL REFERENCES conversations,
    lead_id BLOB NOT NULL,
    agent_id BLOB NOT NULL REFERENCES agents,
    round INTEGER NOT NULL,
    escalated INTEGER NOT NULL,
    offered_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    closed_at INTEGER,
    PRIMARY KEY (id)
) STRICT;
CREATE UNIQUE INDEX handover_offers_one_open ON handover_offers (conversation_id) WHERE status = 'open';
CREATE INDEX handover_offers_agent ON handover_offers (agent_id, offered_at, id) WHERE status = 'open';
CREATE INDEX handover_offers_conversation ON handover_offers (conversation_id, offered_at, id);

-- When an agent was asked last, and how many offers in a row passed without an answer.
CREATE TABLE agent_turns (
    agent_id BLOB NOT NULL REFERENCES agents,
    last_offered_at INTEGER,
    missed INTEGER NOT NULL,
    PRIMARY KEY (agent_id)
) STRICT;

-- How many open conversations each agent owns is counted in the commit of what changes it.
INSERT INTO counters (name, value)
SELECT 'owned:' || lower(hex(assigned_agent_id)), count(*)
FROM conversations
WHERE assigned_agent_id IS NOT NULL AND state NOT IN ('CLOSED', 'ARCHIVED')
GROUP BY assigned_agent_id;
