//! The base subject.
