//! A forest as text.
