//! Whether a person or a machine sent a mail.
