-- The chain of the audit: docs/audit.md has the encoding. Rows of an older version are chained later, a page at a time.
ALTER TABLE conversations ADD COLUMN audit_version bigint NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN audit_digest bytea;
ALTER TABLE conversation_state_transitions ADD COLUMN content_digest bytea;
ALTER TABLE conversation_state_transitions ADD COLUMN digest bytea;
ALTER TABLE conversation_metadata ADD COLUMN salt bytea;
CREATE INDEX conversation_state_transitions_unchained ON conversation_state_transitions (conversation_id, version) WHERE digest IS NULL;

-- The audit and the event log are append-only. Columns that a later version adds are its own business.
CREATE FUNCTION convo_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER audit_deleted BEFORE DELETE ON conversation_state_transitions
FOR EACH ROW EXECUTE FUNCTION convo_refuse('the audit is append-only');
CREATE TRIGGER audit_truncated BEFORE TRUNCATE ON conversation_state_transitions
FOR EACH STATEMENT EXECUTE FUNCTION convo_refuse('the audit is append-only');
CREATE TRIGGER audit_changed BEFORE UPDATE OF id, conversation_id, lead_id, version, from_state, to_state, event, triggered_by, actor, cause, implied_by, warnings, waived, policy_version, metadata_id, at, recorded_at ON conversation_state_transitions
FOR EACH ROW EXECUTE FUNCTION convo_refuse('the audit is append-only');
CREATE TRIGGER audit_chained_anew BEFORE UPDATE OF content_digest, digest ON conversation_state_transitions
FOR EACH ROW WHEN (OLD.digest IS NOT NULL OR NEW.digest IS NULL)
EXECUTE FUNCTION convo_refuse('the audit is append-only');
CREATE TRIGGER log_deleted BEFORE DELETE ON event_log
FOR EACH ROW EXECUTE FUNCTION convo_refuse('the event log is append-only');
CREATE TRIGGER log_truncated BEFORE TRUNCATE ON event_log
FOR EACH STATEMENT EXECUTE FUNCTION convo_refuse('the event log is append-only');
CREATE TRIGGER log_changed BEFORE UPDATE OF seq, kind, at, conversation_id, lead_id, metadata_id, silent, quiet, data ON event_log
FOR EACH ROW EXECUTE FUNCTION convo_refuse('the event log is append-only');

-- Of metadata only the content goes, by an erase, and its salt with it, whichever version erases.
CREATE FUNCTION convo_forget_salt() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.salt := NULL; RETURN NEW; END $$;
CREATE TRIGGER metadata_deleted BEFORE DELETE ON conversation_metadata
FOR EACH ROW EXECUTE FUNCTION convo_refuse('metadata can only be emptied');
CREATE TRIGGER metadata_truncated BEFORE TRUNCATE ON conversation_metadata
FOR EACH STATEMENT EXECUTE FUNCTION convo_refuse('metadata can only be emptied');
CREATE TRIGGER metadata_changed BEFORE UPDATE OF id, conversation_id, lead_id, kind, created_at ON conversation_metadata
FOR EACH ROW EXECUTE FUNCTION convo_refuse('metadata can only be emptied');
CREATE TRIGGER metadata_rewritten BEFORE UPDATE OF body ON conversation_metadata
FOR EACH ROW WHEN (NEW.body <> '{}')
EXECUTE FUNCTION convo_refuse('metadata can only be emptied');
CREATE TRIGGER metadata_salted_anew BEFORE UPDATE OF salt ON conversation_metadata
FOR EACH ROW WHEN (OLD.salt IS NOT NULL AND NEW.salt IS NOT NULL OR NEW.salt IS NULL AND NEW.body <> '{}')
EXECUTE FUNCTION convo_refuse('metadata can only be emptied');
CREATE TRIGGER metadata_emptied BEFORE UPDATE OF body ON conversation_metadata
FOR EACH ROW WHEN (NEW.body = '{}') EXECUTE FUNCTION convo_forget_salt();
