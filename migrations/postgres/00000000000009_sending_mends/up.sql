-- Since when mail to an agent comes back.
ALTER TABLE agents ADD COLUMN unreachable_at timestamptz;

-- Events name what agents were told by its Message-ID.
CREATE INDEX outbox_notice ON outbox (rfc_id) WHERE message_id IS NULL;
