//! Prints `docs/state-machine.md`.
//!
//! `cargo xtask generate` writes it there.

fn main() {
    print!("{}", convo_core::diagram::page());
}
