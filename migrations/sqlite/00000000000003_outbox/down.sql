ALTER TABLE event_log DROP COLUMN quiet;
ALTER TABLE conversations DROP COLUMN integration;
ALTER TABLE suppressions DROP COLUMN expires_at;
DROP TABLE soft_bounces;
DROP TABLE outbox;
