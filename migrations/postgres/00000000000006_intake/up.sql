-- Automatic answers sent of late: what the loop budgets count.
CREATE TABLE automatic_answers (
    message_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (message_id)
);
CREATE INDEX automatic_answers_lead ON automatic_answers (lead_id, at);
CREATE INDEX automatic_answers_at ON automatic_answers (at);
