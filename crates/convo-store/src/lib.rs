//! Conversations on SQLite and PostgreSQL: one schema, one write path.
