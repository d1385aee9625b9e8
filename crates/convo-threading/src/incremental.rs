//! Where one more message goes.
