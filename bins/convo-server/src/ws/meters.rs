//! What is counted of sockets.

const CONNECTIONS: &str = "convo_ws_connections";
const SENT: &str = "convo_ws_events_sent_total";
const CLOSED: &str = "convo_ws_closed_total";

/// Describes the metrics, once.
pub fn describe() {
    metrics::describe_gauge!(CONNECTIONS, "WebSockets that are open");
    metrics::describe_counter!(SENT, "Events sent over WebSockets");
    metrics::describe_counter!(CLOSED, "WebSockets that ended, by reason");
    metrics::gauge!(CONNECTIONS).increment(0.0);
    metrics::counter!(SENT).increment(0);
}

/// Counts a socket as open for as long as it lives.
pub(super) struct Open(());

impl Open {
    pub fn begin() -> Self {
        metrics::gauge!(CONNECTIONS).increment(1.0);
        Self(())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!(CONNECTIONS).decrement(1.0);
    }
}

pub(super) fn sent(events: usize) {
    metrics::counter!(SENT).increment(events as u64);
}

pub(super) fn closed(reason: &'static str) {
    metrics::counter!(CLOSED, "reason" => reason).increment(1);
}
