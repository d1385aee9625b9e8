//! One table, with what a figure must be read beside.

use convo_tests::Kind;

use crate::measure::Measured;
use crate::store::Rates;

/// One measurement.
pub struct Row {
    pub kind: Kind,
    pub what: &'static str,
    pub clients: usize,
    pub measured: Measured,
    pub load: String,
}

/// All measurements of a run.
pub struct Table {
    pub rows: Vec<Row>,
    /// What the raw store reached, where it was measured.
    pub store: Vec<(Kind, Rates)>,
}

const HEAD: &str = "database   what                  clients  per second   p50 ms   p99 ms  p999 ms  commits/s  per commit  server µs  writer µs  of healthz  of store  refused  load";

impl Table {
    pub fn new() -> Table {
        println!("{HEAD}");
        Table {
            rows: Vec::new(),
            store: Vec::new(),
        }
    }

    /// Prints everything again, now with each figure's share of the same server's `/healthz`, and of what the raw store
    /// takes in batches of the same size.
    pub fn print(&self) {
        println!("\n{HEAD}");
        for row in &self.rows {
            println!(
                "{}",
                row.with_shares(self.of_healthz(row), self.of_store(row))
            );
        }
    }

    fn of_healthz(&self, row: &Row) -> Option<f64> {
        let mut rows = self.rows.iter();
        let healthz = rows.find(|other| other.kind == row.kind && other.what == "healthz")?;
        Some(row.measured.per_second / healthz.measured.per_second)
    }

    fn of_store(&self, row: &Row) -> Option<f64> {
        let (_, rates) = self.store.iter().find(|(kind, _)| *kind == row.kind)?;
        let one = &row.measured;
        let writes = one.commits_per_second * one.commands_per_commit > one.per_second / 2.0;
        Some(one.per_second / rates.at(one.commands_per_commit).filter(|_| writes)?)
    }
}

impl Row {
    pub fn line(&self) -> String {
        self.with_shares(None, None)
    }

    fn with_shares(&self, of_healthz: Option<f64>, of_store: Option<f64>) -> String {
        let one = &self.measured;
        let ratio = |share: Option<f64>| share.map_or(String::new(), |share| format!("{share:.3}"));
        let [of_healthz, of_store] = [of_healthz, of_store].map(ratio);
        format!(
            "{:<10} {:<21} {:>7}  {:>10.0}  {:>7.2}  {:>7.2}  {:>7.2}  {:>9.0}  {:>10.1}  {:>9.0}  {:>9.0}  {of_healthz:>10}  {of_store:>8}  {:>7}  {}",
            format!("{:?}", self.kind),
            self.what,
            self.clients,
            one.per_second,
            one.p50.as_secs_f64() * 1e3,
            one.p99.as_secs_f64() * 1e3,
            one.p999.as_secs_f64() * 1e3,
            one.commits_per_second,
            one.commands_per_commit,
            one.server,
            one.writer,
            one.refused,
            self.load,
        )
    }
}

/// The load average of the last minute, where the system tells it.
pub fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// What this machine is.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, name)| name);
    let now = chrono::Utc::now().format("%Y-%m-%d %H:%M UTC");
    format!(
        "{now}; {cores} cores, {model}; load average {}",
        load_average()
    )
}
