//! E-mail threading by headers, reply text and automated-mail classification, without I/O.
