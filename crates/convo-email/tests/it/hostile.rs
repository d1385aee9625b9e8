//! Mail of our own.
