//! Mailgun webhooks and routes: signature, events, inbound mail.
