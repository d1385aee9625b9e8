//! HTML-only mail as text.
