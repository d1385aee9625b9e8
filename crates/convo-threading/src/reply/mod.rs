//! The lines the sender wrote: quotes and signature stripped.
