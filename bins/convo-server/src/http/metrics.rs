//! What Prometheus reads: counts and durations in base units; no ids and no addresses in labels.

use std::sync::{Mutex, PoisonError};

use convo_app::meters;
use convo_app::writer::BATCH_COMMANDS;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::access_log::Answered;
use crate::gauges;

/// Media type of the text format.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const REQUESTS: &str = "convo_http_requests_total";
const DURATION: &str = "convo_http_request_duration_seconds";
const IN_FLIGHT: &str = "convo_http_requests_in_flight";
const PANICS: &str = "convo_panics_total";
const FAILED_CHECKS: &str = "convo_failed_checks_total";
const RATE_LIMITED: &str = "convo_rate_limited_total";
const BUILD_INFO: &str = "convo_build_info";

/// Upper bounds of the histograms in seconds.
const BUCKETS: [f64; 12] = [
    0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// Upper bounds of the histogram of commands in one commit.
const COMMANDS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// The one handle of this process; the lock makes sure that only one recorder is ever installed.
static HANDLE: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

/// Installs the recorder of this process, once; later calls hand out the same one.
///
/// # Errors
/// [`BuildError`] when another recorder was installed before.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let mut installed = HANDLE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*installed {
        return Ok(handle.clone());
    }
    let handle = PrometheusBuilder::new()
        .set_buckets(&BUCKETS)?
        .set_buckets_for_metric(Matcher::Full(BATCH_COMMANDS.to_owned()), &COMMANDS)?
        .install_recorder()?;
    metrics::describe_counter!(REQUESTS, "Requests answered, by method, route and status");
    metrics::describe_histogram!(
        DURATION,
        "Seconds from the head of a request to the head of its answer"
    );
    metrics::describe_gauge!(IN_FLIGHT, "Requests being answered");
    metrics::describe_counter!(PANICS, "Requests that ended in a panic");
    metrics::describe_counter!(
        FAILED_CHECKS,
        "Failed checks of API keys and webhook signatures"
    );
    metrics::describe_counter!(RATE_LIMITED, "Failed checks answered with 429");
    for check in ["api_key", "webhook_signature", "link"] {
        metrics::counter!(FAILED_CHECKS, "check" => check).increment(0);
        metrics::counter!(RATE_LIMITED, "check" => check).increment(0);
    }
    metrics::counter!(PANICS).increment(0);
    metrics::gauge!(IN_FLIGHT).increment(0.0);
    meters::begin();
    gauges::describe();
    crate::ws::describe();
    metrics::describe_gauge!(BUILD_INFO, "1, with the version as a label");
    metrics::gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(installed.insert(handle).clone())
}

/// Counts a request that was answered.
pub fn answered(answered: &Answered) {
    let status = answered.status.as_str().to_owned();
    metrics::counter!(REQUESTS, "method" => answered.method, "route" => answered.route.clone(), "status" => status).increment(1);
    metrics::histogram!(DURATION, "method" => answered.method, "route" => answered.route.clone())
        .record(answered.took.as_secs_f64());
}

/// Counts a panic.
pub fn panicked() {
    metrics::counter!(PANICS).increment(1);
}

/// Counts a failed check of `what` (`api_key`, `webhook_signature` or `link`), and whether it was limited.
pub fn failed_check(what: &'static str, limited: bool) {
    metrics::counter!(FAILED_CHECKS, "check" => what).increment(1);
    if limited {
        metrics::counter!(RATE_LIMITED, "check" => what).increment(1);
    }
}

/// Counts a request as being answered for as long as it lives.
pub struct InFlight(());

impl InFlight {
    /// Begins.
    #[must_use]
    pub fn begin() -> Self {
        metrics::gauge!(IN_FLIGHT).increment(1.0);
        Self(())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        metrics::gauge!(IN_FLIGHT).decrement(1.0);
    }
}
