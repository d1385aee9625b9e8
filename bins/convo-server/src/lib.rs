//! The Convo server as a library: routes, settings, command line.
