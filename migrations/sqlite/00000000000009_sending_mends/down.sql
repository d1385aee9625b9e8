DROP INDEX outbox_notice;
ALTER TABLE agents DROP COLUMN unreachable_at;
