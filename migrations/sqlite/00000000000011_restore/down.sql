ALTER TABLE instance DROP COLUMN paused_since;
