//! Figures of one conversation.
