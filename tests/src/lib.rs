//! What the black-box tests share: a server of their own, a signed webhook.
