-- What is due by itself. The subject is the nil id where the conversation has one timer of the kind. No foreign
-- key: rows of the kinds that look at many conversations name none.
CREATE TABLE timers (
    conversation_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    subject_id uuid NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (conversation_id, kind, subject_id)
);
CREATE INDEX timers_due ON timers (due_at);

-- Conversations that are older than this table get their timers from the first one that fires.
INSERT INTO timers (conversation_id, kind, subject_id, due_at)
SELECT '00000000-0000-0000-0000-000000000000', 'begin', '00000000-0000-0000-0000-000000000000', 'epoch'
WHERE EXISTS (SELECT 1 FROM conversations);
