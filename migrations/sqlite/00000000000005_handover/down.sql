DELETE FROM counters WHERE name LIKE 'owned:%';
DROP TABLE agent_turns;
DROP TABLE handover_offers;
DROP INDEX conversations_owned;
DROP INDEX conversations_queued;
ALTER TABLE conversations DROP COLUMN queued_since;
ALTER TABLE agents DROP COLUMN manager;
