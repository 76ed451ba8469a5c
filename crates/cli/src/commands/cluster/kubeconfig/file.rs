//! A kubeconfig file: read and written so that nothing of it is lost.

use std::io;
use std::path::{Path, PathBuf};

use kompox_domain::{Error, ErrorKind, Result};
use kompox_files::Unusable;
use kompox_kube::Kubeconfig;

use crate::lock::{Lock, beside};
use crate::os;

/// The largest file that is read. The reader refuses smaller ones already.
const MAX_BYTES: u64 = 16 << 20;
/// How many links are followed.
const MAX_LINKS: usize = 16;
/// How often it is begun anew when somebody who takes no lock writes at the same time.
const MAX_TRIES: usize = 5;

/// What becomes of a file.
pub(super) struct Edit {
    /// What it is to hold. None: it is left as it is.
    pub(super) text: Option<String>,
    /// Keep what it holds now beside it.
    pub(super) backup: bool,
}

/// What became of a file.
pub(super) struct Edited<T> {
    /// What the edit said about it.
    pub(super) told: T,
    /// Where what it held before is kept.
    pub(super) backup: Option<PathBuf>,
}

/// The path of the file itself, where `path` is a link. The link stays, and what it leads to is replaced.
pub(super) fn real(path: &Path) -> Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match std::fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            // Not a link, or nothing at all.
            Err(_) => return Ok(path),
        }
    }
    Err(Error::new(
        ErrorKind::InvalidInput,
        format!("{} is a link that leads nowhere", path.display()),
    ))
}

/// What a file holds; none where there is none.
///
/// # Errors
/// Whatever keeps it from being read: that is never the same as empty.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match kompox_files::read(path, MAX_BYTES) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Unusable::Missing | Unusable::Dangling) => Ok(None),
        Err(unusable) => Err(unusable
            .told_of(format!("the kubeconfig {}", path.display()))
            .with_hint("it was left as it is; mend that, or name another file")),
    }
}

/// The kubeconfig in a file.
///
/// # Errors
/// Whatever keeps it from being understood: that is never the same as empty.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Kubeconfig> {
    Kubeconfig::parse(bytes).map_err(|error| {
        error
            .with_hint("it was left as it is; mend it, or name another file")
            .context(format!("cannot use {}", path.display()))
    })
}

/// Replaces what a file holds, whole or not at all, while nobody else does.
///
/// # Errors
/// Those of the edit, which leaves the file as it is; whatever keeps it from being read, locked or written.
pub(super) async fn edit<T>(
    path: &Path,
    edit: impl Fn(Option<&[u8]>) -> Result<(Edit, T)>,
) -> Result<Edited<T>> {
    let file = real(path)?;
    let cannot = |error: io::Error| {
        Error::new(ErrorKind::Failed, format!("cannot write {}", file.display()))
            .with_source(error)
            .with_hint(
                "it was left as it is; check that you may write in that directory, and that there is room",
            )
    };
    if let Some(parent) = file.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        os::private_directory(parent).map_err(cannot)?;
    }
    // kubectl's lock stands beside the name that it was told.
    let _named = if file == path {
        None
    } else {
        Some(Lock::take(path).await?)
    };
    let _lock = Lock::take(&file).await?;
    for _ in 0..MAX_TRIES {
        let before = read(&file)?;
        let (Edit { text, backup }, told) = edit(before.as_deref())?;
        let Some(text) = text else {
            return Ok(Edited { told, backup: None });
        };
        let kept = match before.as_deref().filter(|_| backup) {
            Some(bytes) => {
                let path = beside(&file, ".kompox-backup");
                os::write_whole(&path, bytes).map_err(cannot)?;
                Some(path)
            }
            None => None,
        };
        // An editor, or a tool that takes no lock.
        if read(&file)? != before {
            continue;
        }
        os::write_whole(&file, text.as_bytes()).map_err(cannot)?;
        return Ok(Edited { told, backup: kept });
    }
    Err(Error::new(
        ErrorKind::Conflict,
        format!("another program keeps changing {}", file.display()),
    )
    .with_hint("it was left as it is; run it again when that has ended"))
}
