DROP INDEX messages_outbound;
DROP TABLE reputation;
DROP TABLE drafts;
DROP TABLE send_leases;
ALTER TABLE campaigns DROP COLUMN daily_limit;
ALTER TABLE campaigns DROP COLUMN consent_required;
ALTER TABLE campaigns DROP COLUMN disclosure;
