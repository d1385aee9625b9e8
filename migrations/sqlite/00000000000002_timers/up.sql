-- What is due by itself. The subject is sixteen zeros where the conversation has one timer of the kind. No foreign
-- key: rows of the kinds that look at many conversations name none.
CREATE TABLE timers (
    conversation_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, kind, subject_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_due ON timers (due_at);

-- Conversations that are older than this table get their timers from the first one that fires.
INSERT INTO timers (conversation_id, kind, subject_id, due_at)
SELECT zeroblob(16), 'begin', zeroblob(16), 0 WHERE EXISTS (SELECT 1 FROM conversations);
