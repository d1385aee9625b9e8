//! Stops the servers when this process is gone, however it went.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Reads process groups from its standard input, one a line; when the input ends (this process ended,
/// killed or not) it interrupts them for up to five seconds
/// (again and again: what runs between two steps of a start may miss one), kills what is left and removes the folder.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
groups=
while read -r group; do groups="$groups $group"; done
for group in $groups; do
    tries=0
    while kill -s INT -- "-$group" && [ "$tries" -lt 100 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    kill -s KILL -- "-$group"
done
rm -rf -- "$1"
"#;

/// A shell of its own process group that outlives this process by a moment.
pub struct Guardian {
    shell: Child,
    servers: Vec<Child>,
}

impl Guardian {
    /// Starts it; from now on the folder is removed when this process is gone.
    pub fn over(folder: &Path) -> Result<Guardian, String> {
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(folder)
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|cause| format!("/bin/sh: {cause}"))?;
        Ok(Guardian {
            shell,
            servers: Vec::new(),
        })
    }

    /// Starts a server in a process group of its own and guards it; says where to find it for questions.
    pub fn start(&mut self, mut command: Command) -> Result<usize, String> {
        let server = command
            .process_group(0)
            .spawn()
            .map_err(|cause| format!("/bin/sh: {cause}"))?;
        let line = format!("{}\n", server.id());
        self.servers.push(server);
        let pipe = self.shell.stdin.as_mut().ok_or("the guardian is gone")?;
        pipe.write_all(line.as_bytes())
            .map_err(|cause| format!("the guardian is gone: {cause}"))?;
        Ok(self.servers.len() - 1)
    }

    /// Whether a server has ended by itself.
    pub fn has_ended(&mut self, server: usize) -> bool {
        self.servers
            .get_mut(server)
            .is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // An ended server still counts as running for the guardian until its parent has asked for its status.
        while matches!(self.shell.try_wait(), Ok(None)) {
            for server in &mut self.servers {
                let _ = server.try_wait();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
