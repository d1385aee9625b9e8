//! Starts the Convo server.

fn main() {}
