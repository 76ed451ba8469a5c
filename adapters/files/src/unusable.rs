//! Why a file cannot be used, as the rest of a sentence that begins with who named it and its path.

use std::fmt;
use std::io;
use std::path::Path;

use kompox_domain::{Error, ErrorKind};

/// Why a file cannot be used. The text is the rest of a sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// There is nothing by this name.
    #[error("does not exist")]
    Missing,
    /// There is a link by this name, and nothing where it leads.
    #[error("is a link that leads to nothing")]
    Dangling,
    /// The links lead back to each other.
    #[error("is a loop of links")]
    Loop,
    /// The system does not let us.
    #[error("may not be read")]
    Denied,
    /// No file can have this name.
    #[error("is no path")]
    NoPath,
    /// It is something else.
    #[error("is {0}, not a regular file")]
    NotRegular(Kind),
    /// It has more bytes than are read.
    #[error("is larger than {}", Size(*.most))]
    TooLarge {
        /// How many are.
        most: u64,
    },
    /// It is text in another encoding, by its byte order mark.
    #[error("is UTF-16, not UTF-8")]
    Utf16,
    /// It is no text.
    #[error("does not hold UTF-8")]
    NotUtf8,
    /// Anything else that the system says.
    #[error("cannot be read")]
    Io(#[source] io::Error),
}

/// What is no regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A directory.
    Directory,
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
    /// A device, of characters or of blocks.
    Device,
    /// What the kernel tells or is told, in the form of a file.
    Kernel,
    /// None of these.
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "a directory",
            Self::Pipe => "a named pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Kernel => "an interface of the kernel",
            Self::Other => "something else",
        })
    }
}

impl Unusable {
    /// What an error of the system means for a path.
    #[must_use]
    pub fn at(path: &Path, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound if path.is_symlink() => Self::Dangling,
            _ => error.into(),
        }
    }

    /// The text together with what the system says, for messages without a chain of causes.
    #[must_use]
    pub fn in_full(&self) -> String {
        match self {
            Self::Io(error) => format!("{self}: {error}"),
            _ => self.to_string(),
        }
    }

    /// The error of a port: what was named, for example `AZURE_CA_FILE ca.pem`, and why it cannot be used.
    #[must_use]
    pub fn told_of(self, named: impl fmt::Display) -> Error {
        let error = Error::new(ErrorKind::InvalidInput, format!("{named} {self}"));
        match self {
            Self::Io(source) => error.with_source(source),
            _ => error,
        }
    }
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Denied,
            io::ErrorKind::InvalidInput => Self::NoPath,
            _ if is_link_loop(&error) => Self::Loop,
            _ => Self::Io(error),
        }
    }
}

/// The kind for it is not stable yet; its name is the same everywhere.
fn is_link_loop(error: &io::Error) -> bool {
    format!("{:?}", error.kind()) == "FilesystemLoop"
}

/// A number of bytes as it is told: in whole units.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => write!(f, "{} MiB", bytes >> 20),
            bytes if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => write!(f, "{} KiB", bytes >> 10),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}
