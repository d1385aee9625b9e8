//! What the disk gives, so that commits can be read beside it.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, Instant};

use convo_tests::guardian;

/// Appends of 4 KiB, each followed by fdatasync, per second, where the databases lie.
pub fn fsyncs() -> f64 {
    let path = guardian::folder().join("fsync");
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("a file");
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < Duration::from_secs(2) {
        file.write_all(&[0; 4096]).expect("written");
        file.sync_data().expect("synced");
        count += 1;
    }
    f64::from(count) / began.elapsed().as_secs_f64()
}
