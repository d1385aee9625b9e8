//! Analytics of a lead's journey.
