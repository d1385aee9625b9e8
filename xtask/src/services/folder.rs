//! The folder in which the servers keep everything.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use super::account::Account;

/// A folder of this run; the guardian removes it.
pub struct Folder {
    path: PathBuf,
    account: Option<Account>,
}

impl Folder {
    /// A new one under the system's temporary folder, short enough for a socket's path.
    pub fn create() -> Result<Folder, String> {
        let age = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |age| age.subsec_nanos());
        let name = format!("convo-test-{}-{age:08x}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
            .map_err(|cause| format!("{}: {cause}", path.display()))?;
        Ok(Folder {
            path,
            account: Account::unprivileged()?,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A new private folder in it, which belongs to whom the servers run as.
    pub fn room(&self, name: &str) -> Result<PathBuf, String> {
        let room = self.path.join(name);
        fs::create_dir(&room)
            .and_then(|()| fs::set_permissions(&room, fs::Permissions::from_mode(0o700)))
            .map_err(|cause| format!("{}: {cause}", room.display()))?;
        if let Some(account) = self.account {
            account.own(&room)?;
        }
        Ok(room)
    }

    /// A shell that runs a script as whom the servers run as, in `room`; its output goes to `log` there.
    pub fn shell(&self, room: &Path, script: &str) -> Result<Command, String> {
        let log = room.join("log");
        let file = fs::File::create(&log).map_err(|cause| format!("{}: {cause}", log.display()))?;
        let again = file
            .try_clone()
            .map_err(|cause| format!("{}: {cause}", log.display()))?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", script, "sh"])
            .current_dir(room)
            .stdin(std::process::Stdio::null())
            .stdout(file)
            .stderr(again);
        if let Some(account) = self.account {
            account.run(&mut command);
        }
        Ok(command)
    }
}
