//! What differs by operating system: requests to stop, private files, processes of one's own group.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a file for appending that nobody else may read, and makes it where it is missing.
pub(crate) fn append_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    private(&mut options);
    let file = options.open(path)?;
    // The mode above counts only when the file is new.
    restrict(&file)?;
    Ok(file)
}

/// Writes a file that nobody else may read.
#[cfg(feature = "emulator")]
pub(crate) fn write_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    use io::Write as _;

    let mut options = OpenOptions::new();
    options.write(true).create(true);
    private(&mut options);
    let mut file = options.open(path)?;
    // Before anything is written: the file may have been there, and readable.
    restrict(&file)?;
    file.set_len(0)?;
    file.write_all(contents)
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;

    options.mode(0o600);
}

#[cfg(unix)]
fn restrict(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    if !file.metadata()?.file_type().is_file() {
        return Ok(());
    }
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

// Elsewhere a new file is as private as the directory of its owner.
#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

#[cfg(not(unix))]
fn restrict(_: &File) -> io::Result<()> {
    Ok(())
}

/// Keeps a child process from getting the Ctrl-C that the terminal sends to the whole group.
#[cfg(all(unix, feature = "emulator"))]
pub(crate) fn own_group(command: &mut tokio::process::Command) {
    command.process_group(0);
}

/// Keeps a child process from getting the Ctrl-C that the terminal sends to the whole group.
#[cfg(all(windows, feature = "emulator"))]
pub(crate) fn own_group(command: &mut tokio::process::Command) {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
}

/// Requests to stop this process: Ctrl-C and SIGTERM. One that comes while nobody waits is not lost.
#[cfg(unix)]
pub(crate) struct StopRequests {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopRequests {
    /// Listens from now on.
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The next request.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Requests to stop this process: Ctrl-C. One that comes while nobody waits is not lost.
#[cfg(windows)]
pub(crate) struct StopRequests(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl StopRequests {
    /// Listens from now on.
    pub(crate) fn listen() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    /// The next request.
    pub(crate) async fn next(&mut self) {
        self.0.recv().await;
    }
}

#[cfg(all(test, unix, feature = "emulator"))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_that_was_readable_is_private_afterwards() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        std::fs::write(&path, "something longer").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        write_private(&path, b"s").unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"s");
    }
}
