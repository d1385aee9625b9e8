-- Waits of leads for us: one row for each, from the lead's first unanswered mail to our answer. Ids, codes, times.
CREATE TABLE waits (
    conversation_id uuid NOT NULL REFERENCES conversations,
    began_at timestamptz NOT NULL,
    lead_id uuid NOT NULL,
    campaign_id uuid,
    agent_id uuid,
    status text NOT NULL,
    ended_at timestamptz,
    answer_id uuid,
    wall_minutes integer,
    business_minutes integer,
    policy_version bigint NOT NULL,
    PRIMARY KEY (conversation_id, began_at)
);
CREATE INDEX waits_began ON waits (began_at, conversation_id);
CREATE INDEX waits_campaign ON waits (campaign_id, began_at, conversation_id) WHERE campaign_id IS NOT NULL;
CREATE INDEX waits_agent ON waits (agent_id, began_at, conversation_id) WHERE agent_id IS NOT NULL;

-- Leads by our first mail to them, with how far they came.
CREATE TABLE cohorts (
    lead_id uuid NOT NULL REFERENCES leads,
    conversation_id uuid NOT NULL,
    campaign_id uuid,
    agent_id uuid,
    source text,
    first_sent_at timestamptz NOT NULL,
    stage smallint NOT NULL,
    PRIMARY KEY (lead_id)
);
CREATE INDEX cohorts_first ON cohorts (first_sent_at, lead_id);
CREATE INDEX cohorts_campaign ON cohorts (campaign_id, first_sent_at, lead_id) WHERE campaign_id IS NOT NULL;

-- Counted in the commit of what is counted. The nil id and the empty text stand for none.
CREATE TABLE analytics_counts (
    figure text COLLATE "C" NOT NULL,
    "day" timestamptz NOT NULL,
    campaign_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    source text COLLATE "C" NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (figure, "day", campaign_id, agent_id, source)
);

-- What an event is counted as.
ALTER TABLE email_events ADD COLUMN campaign_id uuid;
ALTER TABLE email_events ADD COLUMN figure text;
CREATE INDEX email_events_figure ON email_events (figure, occurred_at, id) WHERE figure IS NOT NULL;
CREATE INDEX messages_sent ON messages (at, id) WHERE direction = 'outbound' AND kind = 'human' AND NOT note;

-- What came of an offer: minutes to its acceptance, and from there to the first touch.
ALTER TABLE handover_offers ADD COLUMN campaign_id uuid;
ALTER TABLE handover_offers ADD COLUMN touched_at timestamptz;
ALTER TABLE handover_offers ADD COLUMN accept_minutes integer;
ALTER TABLE handover_offers ADD COLUMN accept_business_minutes integer;
ALTER TABLE handover_offers ADD COLUMN touch_minutes integer;
ALTER TABLE handover_offers ADD COLUMN touch_business_minutes integer;
CREATE INDEX handover_offers_offered ON handover_offers (offered_at, id);

-- What is stored already. Failures of before were not told apart, and stay uncounted.
UPDATE handover_offers SET campaign_id = c.campaign_id FROM conversations c WHERE c.id = handover_offers.conversation_id;
UPDATE email_events SET campaign_id = c.campaign_id, figure = CASE
    WHEN kind IN ('delivered', 'complained', 'unsubscribed') THEN kind
    WHEN kind IN ('opened', 'clicked') AND judged = 'human' THEN kind
    WHEN kind IN ('opened', 'clicked') AND judged = 'machine' THEN 'machine_' || kind END
FROM conversations c WHERE c.id = email_events.conversation_id;
INSERT INTO analytics_counts
SELECT figure, date_trunc('day', occurred_at, 'UTC'), coalesce(campaign_id, '00000000-0000-0000-0000-000000000000'), '00000000-0000-0000-0000-000000000000', '', count(*)
FROM email_events WHERE figure IS NOT NULL GROUP BY 1, 2, 3;
INSERT INTO analytics_counts
SELECT 'sent', date_trunc('day', m.at, 'UTC'), coalesce(c.campaign_id, '00000000-0000-0000-0000-000000000000'), '00000000-0000-0000-0000-000000000000', '', count(*)
FROM messages m JOIN conversations c ON c.id = m.conversation_id
WHERE m.direction = 'outbound' AND m.kind = 'human' AND NOT m.note AND m.codes NOT LIKE '%"unsent":true%' GROUP BY 1, 2, 3;
INSERT INTO cohorts
SELECT f.lead_id, c.id, c.campaign_id, c.assigned_agent_id, nullif(l.source, ''), f.at, coalesce(l.highest_stage, 0)
FROM (
    SELECT m.lead_id, m.conversation_id, m.at, row_number() OVER (PARTITION BY m.lead_id ORDER BY m.at, m.id) AS place
    FROM messages m WHERE m.direction = 'outbound' AND m.kind = 'human' AND NOT m.note AND m.codes NOT LIKE '%"unsent":true%'
) f JOIN conversations c ON c.id = f.conversation_id JOIN leads l ON l.id = f.lead_id WHERE f.place = 1;
INSERT INTO analytics_counts
SELECT 'stage:' || stage, date_trunc('week', first_sent_at, 'UTC'), coalesce(campaign_id, '00000000-0000-0000-0000-000000000000'), coalesce(agent_id, '00000000-0000-0000-0000-000000000000'), coalesce(source, ''), count(*)
FROM cohorts GROUP BY 1, 2, 3, 4, 5;
-- Waits need the calendar of the policy: they are counted by the first timer that fires, a page at a time.
INSERT INTO timers (conversation_id, kind, subject_id, due_at)
SELECT '00000000-0000-0000-0000-000000000000', 'recount', '00000000-0000-0000-0000-000000000000', 'epoch'
WHERE EXISTS (SELECT 1 FROM conversations);
