-- Automatic answers sent of late: what the loop budgets count.
CREATE TABLE automatic_answers (
    message_id BLOB NOT NULL,
    lead_id BLOB NOT NULL,
    conversation_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (message_id)
) STRICT;
CREATE INDEX automatic_answers_lead ON automatic_answers (lead_id, at);
CREATE INDEX automatic_answers_at ON automatic_answers (at);
