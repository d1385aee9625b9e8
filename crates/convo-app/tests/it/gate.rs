//! What the send gate promises, against a model.

mod breaker;
mod interleavings;
mod leave;
mod town;
mod workers;
