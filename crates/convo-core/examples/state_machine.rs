//! Prints `docs/state-machine.md`.
//!
//! `cargo run -p convo-core --example state_machine > docs/state-machine.md`

fn main() {
    print!("{}", convo_core::diagram::page());
}
