//! State machine, rules, scores and lead journey of an e-mail conversation, without I/O.

pub mod lexicon;
pub mod signals;
