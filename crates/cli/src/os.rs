//! What differs by operating system: requests to stop, private files, processes of one's own group.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Opens a file for appending that nobody else may read, and makes it where it is missing. A link is refused, and
/// whatever is no regular file, except what this process has open already, such as `/dev/stderr`.
pub(crate) fn append_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    private(&mut options);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    if is_of_this_process(path) {
        return kompox_files::open_any(path, OpenOptions::new().append(true));
    }
    if std::fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::other(
            "it is a link; name the file that it leads to, or remove it",
        ));
    }
    let file = kompox_files::open(path, OpenOptions::new().append(true))?;
    // The mode above counts only when the file is new.
    restrict(&file)?;
    Ok(file)
}

/// Whether a path stands for what this process has open already, for its terminal, or for nothing at all.
fn is_of_this_process(path: &Path) -> bool {
    const OPEN: [&str; 5] = [
        "/dev/stdin",
        "/dev/stdout",
        "/dev/stderr",
        "/dev/tty",
        "/dev/null",
    ];
    OPEN.iter().any(|open| path == Path::new(open))
        || path
            .parent()
            .is_some_and(|parent| parent == Path::new("/dev/fd") || parent == Path::new("/proc/self/fd"))
}

/// Calls a function when standard input ends: when whoever started this process has gone, in whatever way. The system
/// closes the other end of a pipe also after a kill, on every operating system.
pub(crate) fn when_stdin_closes(gone: impl FnOnce() + Send + 'static) -> io::Result<()> {
    // A thread, because a pending read would keep a runtime from ending.
    let watch = move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        gone();
    };
    std::thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(watch)
        .map(drop)
}

/// Writes a file that nobody else may read, in place of what has its name.
#[cfg(feature = "emulator")]
pub(crate) fn write_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    private(&mut options);
    replace_with(options, path, &unfinished(path), contents, |from, to| {
        std::fs::rename(from, to)
    })
}

/// Writes a file in place of what has its name; a link is replaced, not followed.
#[cfg(feature = "emulator")]
pub(crate) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    replace_with(
        OpenOptions::new(),
        path,
        &unfinished(path),
        contents,
        |from, to| std::fs::rename(from, to),
    )
}

/// The path of a file beside another one, with this at the end of its name.
pub(crate) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

#[cfg(feature = "emulator")]
fn unfinished(path: &Path) -> PathBuf {
    beside(path, &format!(".{}.new", std::process::id()))
}

/// Gives a finished file the name of the one that it replaces: [`std::fs::rename`], but in tests.
pub(crate) type Rename = fn(&Path, &Path) -> io::Result<()>;

/// Writes a file that nobody but its owner may read, whole or not at all. Only one process may do so at a time: what
/// another one began and did not end is replaced.
pub(crate) fn write_whole(path: &Path, contents: &[u8], rename: Rename) -> io::Result<()> {
    let mut options = OpenOptions::new();
    private(&mut options);
    let temporary = beside(path, ".kompox-new");
    replace_with(options, path, &temporary, contents, rename)?;
    sync_directory(path)
}

/// Whether a name cannot be given to another file, as that of a mount point: a container is often given its kubeconfig
/// so. rename(2): EBUSY, and EXDEV where file systems see it that way.
pub(crate) fn keeps_its_name(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ResourceBusy | io::ErrorKind::CrossesDevices
    )
}

/// Writes over what a file holds: [`write_in_place`], but in tests.
pub(crate) type InPlace = fn(&Path, &[u8]) -> io::Result<()>;

/// Writes over what a file holds, and makes it private. It is not whole until this ends.
pub(crate) fn write_in_place(path: &Path, contents: &[u8]) -> io::Result<()> {
    use io::Write as _;

    let mut file = OpenOptions::new().write(true).open(path)?;
    // Before there is anything new in it.
    restrict(&file)?;
    file.write_all(contents)?;
    file.set_len(contents.len().try_into().map_err(io::Error::other)?)?;
    file.sync_all()
}

/// Writes a new file that nobody else may read.
pub(crate) fn write_new_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    use io::Write as _;

    let mut options = OpenOptions::new();
    private(&mut options);
    options
        .write(true)
        .create_new(true)
        .open(path)?
        .write_all(contents)
}

fn replace_with(
    mut options: OpenOptions,
    path: &Path,
    temporary: &Path,
    contents: &[u8],
    rename: Rename,
) -> io::Result<()> {
    use io::Write as _;

    // Left by an earlier process, if by anybody.
    match std::fs::remove_file(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = options.write(true).create_new(true).open(temporary)?;
    let written = file
        .write_all(contents)
        .and_then(|()| keep_owner(&file, path))
        .and_then(|()| file.sync_all())
        .and_then(|()| {
            drop(file);
            rename(temporary, path)
        });
    if written.is_err() {
        // The error that counts is the first.
        let _ = std::fs::remove_file(temporary);
    }
    written
}

/// Gives a file the owner of the one that it will replace: whoever runs this with more rights than they need must not
/// lock themselves out.
#[cfg(unix)]
fn keep_owner(file: &File, replaced: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};

    let Ok(before) = std::fs::symlink_metadata(replaced) else {
        return Ok(());
    };
    let now = file.metadata()?;
    if before.is_symlink() || (before.uid(), before.gid()) == (now.uid(), now.gid()) {
        return Ok(());
    }
    // The group is of no consequence to a file that only its owner may read.
    if before.uid() == now.uid() {
        return Ok(());
    }
    fchown(file, Some(before.uid()), Some(before.gid()))
}

// Elsewhere the directory says who may read what is in it.
#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes the new name of a file durable.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

// Elsewhere a directory cannot be opened, and the system does it by itself.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes a directory and those above it where they are missing, for its owner alone.
pub(crate) fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A file whose being there keeps others out.
#[derive(Debug)]
pub(crate) struct LockFile {
    /// Held open: that is how others know that its maker lives.
    _file: File,
    #[cfg(unix)]
    path: PathBuf,
}

#[cfg(unix)]
impl Drop for LockFile {
    fn drop(&mut self) {
        // Before the file is closed, so that nobody takes over what is about to go.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Makes a lock file. None where there is one that somebody holds.
///
/// Ours is locked by the system too, for as long as its maker lives; one that is not was left behind, and is taken
/// over. kubectl's has no permissions at all, by which it is told from ours, and is nobody's but kubectl's.
#[cfg(unix)]
pub(crate) fn try_lock(path: &Path) -> io::Result<Option<LockFile>> {
    use std::fs::TryLockError;

    let mut options = OpenOptions::new();
    options.write(true);
    let mut new = options.clone();
    private(&mut new);
    let (file, made) = match new.create_new(true).open(path) {
        Ok(file) => (file, true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            match kompox_files::open(path, &options) {
                Ok(file) => (file, false),
                Err(error) => {
                    return match error.kind() {
                        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Ok(None),
                        _ => Err(error),
                    };
                }
            }
        }
        Err(error) => return Err(error),
    };
    if !made && file.metadata()?.permissions().readonly() {
        return Ok(None);
    }
    let locked = match file.try_lock() {
        Ok(()) => is_at(&file, path),
        Err(TryLockError::WouldBlock) => false,
        // A file system without locks: only having made it counts.
        Err(TryLockError::Error(_)) => made,
    };
    Ok(locked.then(|| LockFile {
        _file: file,
        path: path.to_owned(),
    }))
}

/// Whether a file is still what its path leads to.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

/// Makes a lock file. None where there is one. The system removes it when its maker ends, however that ends.
#[cfg(windows)]
pub(crate) fn try_lock(path: &Path) -> io::Result<Option<LockFile>> {
    use std::os::windows::fs::OpenOptionsExt as _;

    const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .custom_flags(FILE_FLAG_DELETE_ON_CLOSE);
    match options.open(path) {
        Ok(file) => Ok(Some(LockFile { _file: file })),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::AlreadyExists | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
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

    let metadata = file.metadata()?;
    // Only its owner may change it, and others need not where there is nothing to change.
    if !metadata.file_type().is_file() || metadata.permissions().mode() & 0o777 == 0o600 {
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
    }

    #[test]
    fn a_log_goes_to_regular_files_and_to_what_is_open_already_and_to_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        append_private(Path::new("/dev/null")).unwrap();
        for path in [
            Path::new("/dev/zero"),
            Path::new("/proc/version"),
            directory.path(),
        ] {
            assert!(!is_of_this_process(path));
            append_private(path).unwrap_err();
        }
        for path in ["/dev/stderr", "/dev/fd/3", "/proc/self/fd/3"] {
            assert!(is_of_this_process(Path::new(path)));
        }
        assert!(!is_of_this_process(Path::new("/dev/shm/log")));
    }
}
