-- The chain of the audit: docs/audit.md has the encoding. Rows of an older version are chained later, a page at a time.
ALTER TABLE conversations ADD COLUMN audit_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN audit_digest BLOB;
ALTER TABLE conversation_state_transitions ADD COLUMN content_digest BLOB;
ALTER TABLE conversation_state_transitions ADD COLUMN digest BLOB;
ALTER TABLE conversation_metadata ADD COLUMN salt BLOB;
CREATE INDEX conversation_state_transitions_unchained ON conversation_state_transitions (conversation_id, version) WHERE digest IS NULL;

-- The audit and the event log are append-only. Columns that a later version adds are its own business.
CREATE TRIGGER audit_deleted BEFORE DELETE ON conversation_state_transitions
BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_changed BEFORE UPDATE OF id, conversation_id, lead_id, version, from_state, to_state, event, triggered_by, actor, cause, implied_by, warnings, waived, policy_version, metadata_id, at, recorded_at ON conversation_state_transitions
BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_chained_anew BEFORE UPDATE OF content_digest, digest ON conversation_state_transitions
WHEN OLD.digest IS NOT NULL OR NEW.digest IS NULL
BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER log_deleted BEFORE DELETE ON event_log
BEGIN SELECT raise(ABORT, 'the event log is append-only'); END;
CREATE TRIGGER log_changed BEFORE UPDATE OF seq, kind, at, conversation_id, lead_id, metadata_id, silent, quiet, data ON event_log
BEGIN SELECT raise(ABORT, 'the event log is append-only'); END;

-- Of metadata only the content goes, by an erase, and its salt with it, whichever version erases.
CREATE TRIGGER metadata_deleted BEFORE DELETE ON conversation_metadata
BEGIN SELECT raise(ABORT, 'metadata can only be emptied'); END;
CREATE TRIGGER metadata_changed BEFORE UPDATE OF id, conversation_id, lead_id, kind, created_at ON conversation_metadata
BEGIN SELECT raise(ABORT, 'metadata can only be emptied'); END;
CREATE TRIGGER metadata_rewritten BEFORE UPDATE OF body ON conversation_metadata
WHEN NEW.body <> '{}'
BEGIN SELECT raise(ABORT, 'metadata can only be emptied'); END;
CREATE TRIGGER metadata_salted_anew BEFORE UPDATE OF salt ON conversation_metadata
WHEN OLD.salt IS NOT NULL AND NEW.salt IS NOT NULL OR NEW.salt IS NULL AND NEW.body <> '{}'
BEGIN SELECT raise(ABORT, 'metadata can only be emptied'); END;
CREATE TRIGGER metadata_emptied AFTER UPDATE OF body ON conversation_metadata
WHEN NEW.body = '{}' AND NEW.salt IS NOT NULL
BEGIN UPDATE conversation_metadata SET salt = NULL WHERE id = NEW.id; END;
