//! What differs by operating system: how a file is opened without waiting, and what is no regular file.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use crate::unusable::Kind;

/// What is known of who may write a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Whose it is.
    pub owner: u32,
    /// Whether everybody may write it.
    pub everybody: bool,
    /// Whether what is in the directory is moved and removed only by its owner.
    pub sticky: bool,
}

/// Keeps opening from waiting, as a named pipe does, and a terminal from becoming that of this process.
#[cfg(unix)]
pub(crate) fn not_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;

    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
}

/// Lets reading and writing wait as usual.
#[cfg(unix)]
pub(crate) fn wait_again(file: &File) -> io::Result<()> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    Ok(fcntl_setfl(file, fcntl_getfl(file)? - OFlags::NONBLOCK)?)
}

#[cfg(not(unix))]
pub(crate) fn wait_again(_: &File) -> io::Result<()> {
    Ok(())
}

// Elsewhere what would wait is known by its name.
#[cfg(not(unix))]
pub(crate) fn not_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Looks at what lies there, without opening it.
#[cfg(not(windows))]
pub(crate) fn look(path: &Path) -> io::Result<Metadata> {
    std::fs::metadata(path)
}

/// Looks at what lies there. That alone opens it, so the names of devices and pipes are refused before.
#[cfg(windows)]
pub(crate) fn look(path: &Path) -> io::Result<Metadata> {
    use std::path::{Component, Prefix};

    let is_pipe = |name: &std::ffi::OsStr| name.eq_ignore_ascii_case("pipe");
    if let Some(Component::Prefix(prefix)) = path.components().next() {
        let refused = match prefix.kind() {
            Prefix::DeviceNS(_) => true,
            Prefix::Verbatim(name) => is_pipe(name),
            Prefix::UNC(_, share) | Prefix::VerbatimUNC(_, share) => is_pipe(share),
            _ => false,
        };
        if refused {
            let what = crate::Unusable::NotRegular(Kind::Device);
            return Err(io::Error::new(io::ErrorKind::Unsupported, what));
        }
    }
    std::fs::metadata(path)
}

/// What it is, where it is no regular file.
pub(crate) fn kind(metadata: &Metadata) -> Option<Kind> {
    let kind = metadata.file_type();
    if kind.is_file() {
        return None;
    }
    if kind.is_dir() {
        return Some(Kind::Directory);
    }
    Some(special(kind))
}

#[cfg(unix)]
fn special(kind: std::fs::FileType) -> Kind {
    use std::os::unix::fs::FileTypeExt as _;

    if kind.is_fifo() {
        Kind::Pipe
    } else if kind.is_socket() {
        Kind::Socket
    } else if kind.is_char_device() || kind.is_block_device() {
        Kind::Device
    } else {
        Kind::Other
    }
}

#[cfg(not(unix))]
fn special(_: std::fs::FileType) -> Kind {
    Kind::Other
}

/// Who this process runs as.
#[cfg(unix)]
pub(crate) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Who may write something.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it is not known")]
pub(crate) fn access(metadata: &Metadata) -> Option<Access> {
    use std::os::unix::fs::MetadataExt as _;

    let mode = metadata.mode();
    Some(Access {
        owner: metadata.uid(),
        everybody: mode & 0o002 != 0,
        sticky: mode & 0o1000 != 0,
    })
}

// Elsewhere there are lists of rights, which would take a library of its own to read.
#[cfg(not(unix))]
pub(crate) const fn user() -> u32 {
    0
}

#[cfg(not(unix))]
pub(crate) const fn access(_: &Metadata) -> Option<Access> {
    None
}

/// Whether the kernel makes up what is read: `/proc/kmsg` calls itself a regular file, waits for the next message, and
/// takes it away from others.
#[cfg(target_os = "linux")]
pub(crate) fn is_of_the_kernel(file: &File) -> bool {
    // <https://man7.org/linux/man-pages/man2/statfs.2.html>
    const DEBUGFS_MAGIC: u64 = 0x6462_6720;
    const TRACEFS_MAGIC: u64 = 0x7472_6163;
    const PROC_SUPER_MAGIC: u64 = 0x9fa0;
    rustix::fs::fstatfs(file).is_ok_and(|system| {
        let magic = u64::try_from(system.f_type).unwrap_or_default();
        [PROC_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC].contains(&magic)
    })
}

// Elsewhere there is nothing of the kind.
#[cfg(not(target_os = "linux"))]
pub(crate) const fn is_of_the_kernel(_: &File) -> bool {
    false
}
