//! What differs by operating system: requests to stop, private files, processes of one's own group.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a file for appending that nobody else may read, and makes it where it is missing. A link is refused,
/// except one of the system's own, such as `/dev/stderr`.
pub(crate) fn append_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    private(&mut options);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    if std::fs::symlink_metadata(path)?.is_symlink() && !is_of_the_system(path) {
        return Err(io::Error::other(
            "it is a link; name the file that it leads to, or remove it",
        ));
    }
    let file = OpenOptions::new().append(true).open(path)?;
    // The mode above counts only when the file is new.
    restrict(&file)?;
    Ok(file)
}

/// Whether nobody but the system makes the links in a file's directory.
fn is_of_the_system(path: &Path) -> bool {
    let parent = path.parent().unwrap_or(path);
    parent == Path::new("/dev") || parent == Path::new("/dev/fd") || parent.starts_with("/proc")
}

/// Writes a file that nobody else may read, in place of what has its name.
#[cfg(feature = "emulator")]
pub(crate) fn write_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    private(&mut options);
    replace_with(options, path, contents)
}

/// Writes a file in place of what has its name; a link is replaced, not followed.
#[cfg(feature = "emulator")]
pub(crate) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    replace_with(OpenOptions::new(), path, contents)
}

#[cfg(feature = "emulator")]
fn replace_with(mut options: OpenOptions, path: &Path, contents: &[u8]) -> io::Result<()> {
    use io::Write as _;

    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.new", std::process::id()));
    // Left by an earlier process with the same number, if by anybody.
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = options.write(true).create_new(true).open(&temporary)?;
    let written = file.write_all(contents).and_then(|()| {
        drop(file);
        std::fs::rename(&temporary, path)
    });
    if written.is_err() {
        // The error that counts is the first.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// The terminal that standard input comes from, to write to.
#[cfg(unix)]
pub(crate) fn terminal() -> io::Result<File> {
    let open = |path| OpenOptions::new().write(true).open(path);
    // Standard input may be another terminal than the one that controls this process.
    open("/dev/stdin").or_else(|_| open("/dev/tty"))
}

/// The terminal that standard input comes from, to write to.
#[cfg(windows)]
pub(crate) fn terminal() -> io::Result<File> {
    OpenOptions::new().write(true).open("CONOUT$")
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
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        use std::os::unix::fs::symlink;

        let directory = tempfile::tempdir().unwrap();
        let victim = directory.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        for write in [write_private, replace] {
            let link = directory.path().join("link");
            symlink(&victim, &link).unwrap();
            write(&link, b"s").unwrap();
            assert!(!link.is_symlink() && std::fs::read(&link).unwrap() == b"s");
            std::fs::remove_file(link).unwrap();
        }
        let link = directory.path().join("log");
        symlink(&victim, &link).unwrap();
        assert!(append_private(&link).is_err());
        let dangling = directory.path().join("dangling");
        symlink(directory.path().join("nothing"), &dangling).unwrap();
        assert!(append_private(&dangling).is_err());
        assert!(!directory.path().join("nothing").exists());
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    }

    #[test]
    fn a_log_is_appended_to_and_made_private() {
        use io::Write as _;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        for line in ["one\n", "two\n"] {
            append_private(&path).unwrap().write_all(line.as_bytes()).unwrap();
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), b"one\ntwo\n");
        assert!(is_of_the_system(Path::new("/dev/stderr")));
        assert!(!is_of_the_system(Path::new("/dev/shm/log")));
    }
}
