-- Waits of leads for us: one row for each, from the lead's first unanswered mail to our answer. Ids, codes, times.
CREATE TABLE waits (
    conversation_id BLOB NOT NULL REFERENCES conversations,
    began_at INTEGER NOT NULL,
    lead_id BLOB NOT NULL,
    campaign_id BLOB,
    agent_id BLOB,
    status TEXT NOT NULL,
    ended_at INTEGER,
    answer_id BLOB,
    wall_minutes INTEGER,
    business_minutes INTEGER,
    policy_version INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, began_at)
) STRICT;
CREATE INDEX waits_began ON waits (began_at, conversation_id);
CREATE INDEX waits_campaign ON waits (campaign_id, began_at, conversation_id) WHERE campaign_id IS NOT NULL;
CREATE INDEX waits_agent ON waits (agent_id, began_at, conversation_id) WHERE agent_id IS NOT NULL;

-- Leads by our first mail to them, with how far they came.
CREATE TABLE cohorts (
    lead_id BLOB NOT NULL REFERENCES leads,
    conversation_id BLOB NOT NULL,
    campaign_id BLOB,
    agent_id BLOB,
    source TEXT,
    first_sent_at INTEGER NOT NULL,
    stage INTEGER NOT NULL,
    PRIMARY KEY (lead_id)
) STRICT;
CREATE INDEX cohorts_first ON cohorts (first_sent_at, lead_id);
CREATE INDEX cohorts_campaign ON cohorts (campaign_id, first_sent_at, lead_id) WHERE campaign_id IS NOT NULL;

-- Counted in the commit of what is counted. The nil id and the empty text stand for none.
CREATE TABLE analytics_counts (
    figure TEXT NOT NULL,
    "day" INTEGER NOT NULL,
    campaign_id BLOB NOT NULL,
    agent_id BLOB NOT NULL,
    source TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (figure, "day", campaign_id, agent_id, source)
) STRICT;

-- What an event is counted as.
ALTER TABLE email_events ADD COLUMN campaign_id BLOB;
ALTER TABLE email_events ADD COLUMN figure TEXT;
CREATE INDEX email_events_figure ON email_events (figure, occurred_at, id) WHERE figure IS NOT NULL;
CREATE INDEX messages_sent ON messages (at, id) WHERE direction = 'outbound' AND kind = 'human' AND NOT note;

-- What came of an offer: minutes to its acceptance, and from there to the first touch.
ALTER TABLE handover_offers ADD COLUMN campaign_id BLOB;
ALTER TABLE handover_offers ADD COLUMN touched_at INTEGER;
ALTER TABLE handover_offers ADD COLUMN accept_minutes INTEGER;
ALTER TABLE handover_offers ADD COLUMN accept_business_minutes INTEGER;
ALTER TABLE handover_offers ADD COLUMN touch_minutes INTEGER;
ALTER TABLE handover_offers ADD COLUMN touch_business_minutes INTEGER;
CREATE INDEX handover_offers_offered ON handover_offers (offered_at, id);

-- What is stored already. Failures of before were not told apart, and stay uncounted. A day has 86,400,000,000
-- microseconds, and the week of 1970-01-01 began three days before it.
UPDATE handover_offers SET campaign_id = c.campaign_id FROM conversations c WHERE c.id = handover_offers.conversation_id;
UPDATE email_events SET campaign_id = c.campaign_id, figure = CASE
    WHEN kind IN ('delivered', 'complained', 'unsubscribed') THEN kind
    WHEN kind IN ('opened', 'clicked') AND judged = 'human' THEN kind
    WHEN kind IN ('opened', 'clicked') AND judged = 'machine' THEN 'machine_' || kind END
FROM conversations c WHERE c.id = email_events.conversation_id;
INSERT INTO analytics_counts
SELECT figure, occurred_at - occurred_at % 86400000000, coalesce(campaign_id, zeroblob(16)), zeroblob(16), '', count(*)
FROM email_events WHERE figure IS NOT NULL GROUP BY 1, 2, 3;
INSERT INTO analytics_counts
SELECT 'sent', m.at - m.at % 86400000000, coalesce(c.campaign_id, zeroblob(16)), zeroblob(16), '', count(*)
FROM messages m JOIN conversations c ON c.id = m.conversation_id
WHERE m.direction = 'outbound' AND m.kind = 'human' AND NOT m.note AND m.codes NOT LIKE '%"unsent":true%' GROUP BY 1, 2, 3;
INSERT INTO cohorts
SELECT f.lead_id, c.id, c.campaign_id, c.assigned_agent_id, nullif(l.source, ''), f.at, coalesce(l.highest_stage, 0)
FROM (
    SELECT m.lead_id, m.conversation_id, m.at, row_number() OVER (PARTITION BY m.lead_id ORDER BY m.at, m.id) AS place
    FROM messages m WHERE m.direction = 'outbound' AND m.kind = 'human' AND NOT m.note AND m.codes NOT LIKE '%"unsent":true%'
) f JOIN conversations c ON c.id = f.conversation_id JOIN leads l ON l.id = f.lead_id WHERE f.place = 1;
INSERT INTO analytics_counts
SELECT 'stage:' || stage, first_sent_at - (first_sent_at + 259200000000) % 604800000000, coalesce(campaign_id, zeroblob(16)), coalesce(agent_id, zeroblob(16)), coalesce(source, ''), count(*)
FROM cohorts GROUP BY 1, 2, 3, 4, 5;
-- Waits need the calendar of the policy: they are counted by the first timer that fires, a page at a time.
INSERT INTO timers (conversation_id, kind, subject_id, due_at)
SELECT zeroblob(16), 'recount', zeroblob(16), 0
WHERE EXISTS (SELECT 1 FROM conversations);
