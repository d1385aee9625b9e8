//! A child process whose output is read as it comes.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use crate::guardian;
use crate::wait::DEADLINE;

/// A running program; killed when dropped.
pub struct Process {
    child: Child,
    stdout: Output,
    stderr: Output,
    ended: bool,
}

/// What a stream has said so far; `watch` counts the lines and closes at its end.
struct Output {
    text: Arc<Mutex<String>>,
    lines: watch::Receiver<usize>,
}

impl Process {
    /// Starts it with its output caught.
    pub fn start(mut command: Command) -> Process {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|cause| panic!("{:?}: {cause}", command.get_program()));
        guardian::watch(&child);
        Process {
            stdout: Output::of(child.stdout.take().expect("stdout")),
            stderr: Output::of(child.stderr.take().expect("stderr")),
            child,
            ended: false,
        }
    }

    /// Everything on standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.text.lock().expect("output").clone()
    }

    /// Everything on standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.text.lock().expect("output").clone()
    }

    /// Waits for a line of standard output from which `find` reads something; `None` when the stream ends first.
    pub async fn line<T>(&self, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        let mut lines = self.stdout.lines.clone();
        loop {
            if let Some(found) = self.stdout().lines().find_map(&find) {
                return Some(found);
            }
            let changed = tokio::time::timeout(DEADLINE, lines.changed()).await;
            if changed.expect("no such line in time").is_err() {
                return self.stdout().lines().find_map(&find);
            }
        }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        let ended = matches!(self.child.try_wait(), Ok(Some(_)));
        if ended {
            self.reap();
        }
        ended
    }

    /// Sends a signal by name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("/bin/sh")
            .args(["-c", "kill -s \"$1\" \"$2\"", "sh", name])
            .arg(self.child.id().to_string())
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "signal {name}");
    }

    /// Time it has spent on processors so far; `None` where the system does not tell.
    pub fn on_cpu(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // Behind the name in brackets; user and system time are fields 14 and 15, in hundredths.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace().skip(11);
        let user: u64 = fields.next()?.parse().ok()?;
        let system: u64 = fields.next()?.parse().ok()?;
        Some(Duration::from_millis((user + system) * 10))
    }

    /// Waits for the end of the process.
    pub async fn end(&mut self) -> ExitStatus {
        for lines in [&mut self.stdout.lines, &mut self.stderr.lines] {
            let closed = async { while lines.changed().await.is_ok() {} };
            tokio::time::timeout(DEADLINE, closed)
                .await
                .expect("the process did not end in time");
        }
        self.reap()
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        if !self.ended {
            let _ = self.child.kill();
            self.reap();
        }
    }

    fn reap(&mut self) -> ExitStatus {
        let status = self.child.wait().expect("the status of a child");
        if !self.ended {
            self.ended = true;
            guardian::forget(&self.child);
        }
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Output {
    fn of(stream: impl Read + Send + 'static) -> Output {
        let text = Arc::new(Mutex::new(String::new()));
        let (sender, lines) = watch::channel(0);
        let sink = Arc::clone(&text);
        std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                let said = String::from_utf8_lossy(&line).into_owned();
                sink.lock().expect("output").push_str(&said);
                sender.send_modify(|count| *count += 1);
                line.clear();
            }
        });
        Output { text, lines }
    }
}
