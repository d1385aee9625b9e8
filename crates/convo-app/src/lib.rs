//! Use cases: intake ladder, orchestrator, group-commit writer, views.
