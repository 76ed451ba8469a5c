//! Opens and reads files from outside: regular ones only, within a bound, and without waiting.
//!
//! A path from a flag, a variable or a configuration may lead to anything. Opening a named pipe waits for its other
//! end, `/dev/zero` never ends, a tape rewinds. So what lies there is looked at before it is opened, and again
//! afterwards, since it may have been exchanged in between; the opening itself never waits.

mod os;
pub mod trust;
mod unusable;
mod value;

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

pub use unusable::{Kind, Unusable};
pub use value::{is_utf16, value, without_bom};

/// The largest secret, token or certificate file that is read, in bytes.
pub const SMALL: u64 = 1 << 20;

/// Reads a file as it is. A link is followed.
///
/// # Errors
/// Whatever keeps it from being read; also that it is no regular file, or has more than `most` bytes.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, Unusable> {
    let mut bytes = Vec::new();
    // It may grow while it is read.
    opened(path, most)?
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| Unusable::at(path, error))?;
    if bytes.len() as u64 > most {
        return Err(Unusable::TooLarge { most });
    }
    Ok(bytes)
}

/// Whether a file could be read: for libraries that read it by themselves.
///
/// # Errors
/// Those of [`read`], as far as they can be told without reading.
pub fn check_at(path: &Path, most: u64) -> Result<(), Unusable> {
    opened(path, most).map(drop)
}

fn opened(path: &Path, most: u64) -> Result<File, Unusable> {
    let failed = |error| Unusable::at(path, error);
    check(&os::look(path).map_err(failed)?, most)?;
    let mut options = OpenOptions::new();
    let file = os::not_waiting(options.read(true)).open(path).map_err(failed)?;
    check_opened(&file, path, most)?;
    Ok(file)
}

/// Reads a file of text as it is, without a byte order mark.
///
/// # Errors
/// Those of [`read`]; also that it is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> Result<String, Unusable> {
    let bytes = read(path, most)?;
    if is_utf16(&bytes) {
        return Err(Unusable::Utf16);
    }
    let text = String::from_utf8(bytes).map_err(|_| Unusable::NotUtf8)?;
    Ok(without_bom(&text).to_owned())
}

/// Reads a file that holds one value and nothing else, such as a token or certificates in PEM form: without a byte
/// order mark, and without one line end at the end. Nothing else is taken off.
///
/// # Errors
/// Those of [`read`]; also that it is UTF-16.
pub fn read_value(path: &Path, most: u64) -> Result<Vec<u8>, Unusable> {
    let bytes = read(path, most)?;
    if is_utf16(&bytes) {
        return Err(Unusable::Utf16);
    }
    Ok(value::value_bytes(&bytes).to_vec())
}

/// The same, as text.
///
/// # Errors
/// Those of [`read_value`]; also that it is not UTF-8.
pub fn read_text_value(path: &Path, most: u64) -> Result<String, Unusable> {
    String::from_utf8(read_value(path, most)?).map_err(|_| Unusable::NotUtf8)
}

/// Opens a file that exists, as the options say. A link is followed.
///
/// # Errors
/// Whatever keeps it from being opened; also that it is no regular file.
pub fn open(path: &Path, options: &OpenOptions) -> io::Result<File> {
    let refused = |what: Unusable| io::Error::new(io::ErrorKind::InvalidInput, format!("it {what}"));
    check(&os::look(path)?, u64::MAX).map_err(refused)?;
    let file = os::not_waiting(&mut options.clone()).open(path)?;
    check_opened(&file, path, u64::MAX).map_err(refused)?;
    os::wait_again(&file)?;
    Ok(file)
}

/// Opens whatever lies there without waiting for anybody: for what this process has open already, by its other name.
///
/// # Errors
/// Whatever keeps it from being opened; also that nobody reads from the other end of a pipe.
pub fn open_any(path: &Path, options: &OpenOptions) -> io::Result<File> {
    let file = os::not_waiting(&mut options.clone()).open(path)?;
    os::wait_again(&file)?;
    Ok(file)
}

/// Whether what lies there may be read, as far as can be told without opening it.
///
/// # Errors
/// That it is no regular file, or has more than `most` bytes.
pub fn check(metadata: &Metadata, most: u64) -> Result<(), Unusable> {
    if let Some(kind) = os::kind(metadata) {
        return Err(Unusable::NotRegular(kind));
    }
    if metadata.len() > most {
        return Err(Unusable::TooLarge { most });
    }
    Ok(())
}

/// The same of what was opened, which need not be what was looked at.
fn check_opened(file: &File, path: &Path, most: u64) -> Result<(), Unusable> {
    let metadata = file.metadata().map_err(|error| Unusable::at(path, error))?;
    check(&metadata, most)?;
    if os::is_of_the_kernel(file) {
        return Err(Unusable::NotRegular(Kind::Kernel));
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// What was a file when it was looked at may be a pipe when it is opened.
    #[test]
    fn what_was_exchanged_after_the_look_is_refused_without_waiting() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        for path in [pipe.as_path(), Path::new("/dev/zero"), directory.path()] {
            let file = os::not_waiting(OpenOptions::new().read(true)).open(path).unwrap();
            let refused = check_opened(&file, path, 1).unwrap_err();
            assert!(matches!(refused, Unusable::NotRegular(_)), "{path:?}: {refused}");
        }
    }
}
