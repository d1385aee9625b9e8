//! Servers and folders of this test process end with it, even when it is killed.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// Reads `+ PID`, `- PID` and `m MOUNT`; when its input ends it kills what is left, unmounts and removes the folder.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
pids=' ' mounts=
while read -r sign pid; do
    case $sign in
        +) pids="$pids$pid " ;;
        -) pids="${pids%% $pid *} ${pids#* $pid }" ;;
        m) mounts="$mounts $pid" ;;
    esac
done
for pid in $pids; do kill -s KILL "$pid"; done
for mount in $mounts; do umount -l "$mount"; done
rm -rf -- "$1"
"#;

struct Guardian {
    pipe: Mutex<ChildStdin>,
    folder: PathBuf,
    _shell: Child,
}

fn guardian() -> &'static Guardian {
    static GUARDIAN: OnceLock<Guardian> = OnceLock::new();
    GUARDIAN.get_or_init(|| {
        let folder = tempfile::Builder::new()
            .prefix("convo-tests-")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(&folder)
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("/bin/sh");
        Guardian {
            pipe: Mutex::new(shell.stdin.take().expect("a pipe")),
            folder,
            _shell: shell,
        }
    })
}

fn tell(sign: char, pid: impl std::fmt::Display) {
    let mut pipe = guardian().pipe.lock().expect("the guardian's pipe");
    writeln!(pipe, "{sign} {pid}").expect("the guardian lives");
}

/// From now on this child is killed when the test process is gone.
pub fn watch(child: &Child) {
    tell('+', child.id());
}

/// This child has ended and was waited for.
pub fn forget(child: &Child) {
    tell('-', child.id());
}

/// This folder of ours is unmounted when the test process is gone, before it is removed; its path has no white space.
pub fn unmount_at_end(mount: &Path) {
    tell('m', mount.display());
}

/// A new private folder; it is removed when the test process is gone.
pub fn folder() -> PathBuf {
    tempfile::Builder::new()
        .tempdir_in(&guardian().folder)
        .expect("a temporary folder")
        .keep()
}
