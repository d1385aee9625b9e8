//! A filesystem of one's own: small enough to be filled, and to be made read-only under those who write to it.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{guardian, own};

/// An ext4 filesystem in a file, mounted; unmounted when dropped, and when the test process is gone.
pub struct Small {
    image: PathBuf,
    mount: PathBuf,
}

impl Small {
    /// Makes one of so many mebibytes.
    ///
    /// # Errors
    /// Why this machine does not let us: it takes root, loop devices and `mkfs.ext4`.
    pub fn make(mebibytes: u64) -> Result<Small, String> {
        let folder = guardian::folder();
        let (image, mount) = (folder.join("image"), folder.join("small"));
        let file = File::create(&image).map_err(|cause| cause.to_string())?;
        file.set_len(mebibytes << 20)
            .map_err(|cause| cause.to_string())?;
        std::fs::create_dir(&mount).map_err(|cause| cause.to_string())?;
        // Whom servers run as may pass through the folders above.
        for above in mount.ancestors().skip(1).take(2) {
            let open = Permissions::from_mode(0o711);
            std::fs::set_permissions(above, open).map_err(|cause| cause.to_string())?;
        }
        run(Command::new("mkfs.ext4")
            .args(["-q", "-m", "0"])
            .arg(&image))?;
        let small = Small { image, mount };
        small.attach()?;
        guardian::unmount_at_end(&small.mount);
        Ok(small)
    }

    /// A new folder on it that belongs to whom servers run as.
    pub fn room(&self, name: &str) -> PathBuf {
        let room = self.mount.join(name);
        std::fs::create_dir(&room).expect("a folder on a small filesystem");
        if let Some((user, group)) = own::account() {
            chown(&room, Some(user), Some(group)).expect("chown");
        }
        room
    }

    /// Writes a file of ballast until nothing more fits; whether anything was written.
    ///
    /// What others free meanwhile is taken by the next call.
    pub fn fill(&self) -> bool {
        let mut ballast = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.ballast())
            .expect("a file of ballast");
        let mut wrote = false;
        let mut size = 1 << 20;
        let block = vec![b'b'; size];
        while size >= 512 {
            match ballast.write(&block[..size]) {
                Ok(written) => wrote |= written > 0,
                Err(cause) if cause.kind() == ErrorKind::StorageFull => size /= 2,
                Err(cause) => panic!("ballast: {cause}"),
            }
        }
        wrote
    }

    /// Throws the ballast away.
    pub fn free(&self) {
        std::fs::remove_file(self.ballast()).expect("the ballast");
    }

    /// Makes it read-only at once, whoever has files open: what Linux does when a disk fails.
    pub fn abort(&self) {
        let aborted = run(Command::new("mount")
            .args(["-o", "remount,abort"])
            .arg(&self.mount));
        aborted.expect("read-only");
    }

    /// Makes it writable again after [`Small::abort`]; nobody may have it open.
    pub fn mend(&self) {
        run(Command::new("umount").arg(&self.mount)).expect("unmounted");
        self.attach().expect("mounted");
    }

    /// Mounts it so that nothing can be written, or as usual; nobody may have it open.
    pub fn writable(&self, writable: bool) {
        let how = if writable { "remount,rw" } else { "remount,ro" };
        let done = run(Command::new("mount").args(["-o", how]).arg(&self.mount));
        done.expect("mounted anew");
    }

    fn attach(&self) -> Result<(), String> {
        run(Command::new("mount")
            .args(["-o", "loop"])
            .arg(&self.image)
            .arg(&self.mount))?;
        let open = Permissions::from_mode(0o711);
        std::fs::set_permissions(&self.mount, open).map_err(|cause| cause.to_string())
    }

    fn ballast(&self) -> PathBuf {
        self.mount.join("ballast")
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.mount
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = run(Command::new("umount").arg("-l").arg(&self.mount));
    }
}

/// A filesystem of so many mebibytes; `None`, and a word on why, where this machine has none to give.
pub fn small_or_skipped(mebibytes: u64) -> Option<Small> {
    match Small::make(mebibytes) {
        Ok(small) => Some(small),
        Err(reason) => {
            println!("skipped: no filesystem of one's own: {reason}");
            None
        }
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|cause| format!("{name}: {cause}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name}: {}", said.trim()))
}
