//! Kubeconfig files: read and written so that nothing of them is lost.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use kompox_domain::{Error, ErrorKind, Result};
use kompox_files::Unusable;
use kompox_kube::Kubeconfig;
use kompox_kube::kubeconfig::file_for_new_entries;

use crate::lock::Lock;
use crate::os::{self, InPlace, Rename, beside};

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

/// What became of the files.
pub(super) struct Edited<T> {
    /// What the edit said about it.
    pub(super) told: T,
    /// Where what they held before is kept.
    pub(super) backups: Vec<PathBuf>,
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

/// What each of the files holds.
///
/// # Errors
/// As [`read`].
pub(super) fn read_all(paths: &[PathBuf]) -> Result<Vec<Option<Vec<u8>>>> {
    paths.iter().map(|path| read(&real(path)?)).collect()
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

/// Replaces what files hold, each whole or not at all, while nobody else does. The edit is told what each holds, and
/// says for each what becomes of it.
///
/// # Errors
/// Those of the edit, which leaves the files as they are; whatever keeps one from being read, locked or written.
pub(super) async fn edit<T>(
    paths: &[PathBuf],
    edit: impl Fn(&[Option<Vec<u8>>]) -> Result<(Vec<Edit>, T)>,
) -> Result<Edited<T>> {
    edit_with(
        paths,
        edit,
        |from, to| std::fs::rename(from, to),
        os::write_in_place,
    )
    .await
}

async fn edit_with<T>(
    paths: &[PathBuf],
    edit: impl Fn(&[Option<Vec<u8>>]) -> Result<(Vec<Edit>, T)>,
    rename: Rename,
    in_place: InPlace,
) -> Result<Edited<T>> {
    for _ in 0..MAX_TRIES {
        let mut locked = Locked::take(paths).await?;
        let before = read_all(paths)?;
        let (edits, told) = edit(&before)?;
        let changes: Vec<Change<'_>> = paths
            .iter()
            .zip(&before)
            .zip(&edits)
            .filter_map(|((path, before), edit)| Change::of(path, before.as_deref(), edit))
            .collect::<Result<_>>()?;
        for change in &changes {
            locked.require(change.path)?;
        }
        let kept = changes
            .iter()
            .map(|change| change.keep(change.edit.backup))
            .collect::<Result<Vec<_>>>()?;
        // An editor, or a tool that takes no lock; or a file that was not there, and has no lock.
        if read_all(paths)? != before || !changes.iter().all(|change| locked.covers(change.path)) {
            continue;
        }
        let mut backups = Vec::new();
        for (change, kept) in changes.iter().zip(kept) {
            backups.extend(change.write(kept, rename, in_place)?);
        }
        return Ok(Edited { told, backups });
    }
    let shown = paths.iter().map(|path| path.display().to_string());
    let shown = shown.collect::<Vec<_>>().join(", ");
    Err(Error::new(
        ErrorKind::Conflict,
        format!("another program keeps changing {shown}"),
    )
    .with_hint("nothing was written; run it again when that has ended"))
}

/// The rights to write files, until they are dropped.
struct Locked<'a> {
    held: Vec<Lock>,
    covered: Vec<&'a PathBuf>,
    /// The files that cannot be locked, and why: they may still be read.
    refused: Vec<(&'a PathBuf, Error)>,
}

impl<'a> Locked<'a> {
    /// Locks each file that is there, and the one that would be made, as kubectl does.
    async fn take(paths: &'a [PathBuf]) -> Result<Self> {
        let files: Vec<PathBuf> = paths.iter().map(|path| real(path)).collect::<Result<_>>()?;
        let there = |file: &PathBuf| std::fs::symlink_metadata(file).is_ok();
        let new = file_for_new_entries(files.iter().map(there));
        let mut locked = Self {
            held: Vec::new(),
            covered: Vec::new(),
            refused: Vec::new(),
        };
        // kubectl's lock stands beside the name that it was told. In one order for all, so that nobody waits for each
        // other.
        let mut names = BTreeSet::new();
        for (index, (path, file)) in paths.iter().zip(&files).enumerate() {
            if index == new {
                make_directory_of(file)?;
            }
            if index == new || there(file) {
                names.extend([(path.clone(), path), (file.clone(), path)]);
            }
        }
        let mut taken = None;
        for (name, path) in names {
            locked.covered.push(path);
            if taken.as_ref() == Some(&name) {
                continue;
            }
            match Lock::take(&name).await {
                Ok(lock) => locked.held.push(lock),
                Err(error) if error.kind() == ErrorKind::Conflict => return Err(error),
                Err(error) => locked.refused.push((path, error)),
            }
            taken = Some(name);
        }
        Ok(locked)
    }

    /// Refuses a file whose lock could not be made.
    fn require(&mut self, path: &Path) -> Result<()> {
        match self.refused.iter().position(|(refused, _)| *refused == path) {
            Some(index) => Err(self.refused.swap_remove(index).1),
            None => Ok(()),
        }
    }

    fn covers(&self, path: &Path) -> bool {
        self.covered.iter().any(|covered| *covered == path)
    }
}

fn make_directory_of(file: &Path) -> Result<()> {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => {
            os::private_directory(parent).map_err(|error| cannot_write(file, error))
        }
        _ => Ok(()),
    }
}

fn cannot_write(file: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Failed, format!("cannot write {}", file.display()))
        .with_source(error)
        .with_hint("it was left as it is; check that you may write in that directory, and that there is room")
}

/// What the name of a backup ends with; those after the first have a number.
const BACKUP: &str = ".kompox-backup";
/// How many of them there may be.
const BACKUPS: usize = 99;

/// What is written to one file.
struct Change<'a> {
    /// The name that was told.
    path: &'a Path,
    /// The file itself.
    file: PathBuf,
    before: Option<&'a [u8]>,
    edit: &'a Edit,
    text: &'a str,
}

impl<'a> Change<'a> {
    fn of(path: &'a Path, before: Option<&'a [u8]>, edit: &'a Edit) -> Option<Result<Self>> {
        let text = edit.text.as_deref()?;
        Some(real(path).map(|file| Self {
            path,
            file,
            before,
            edit,
            text,
        }))
    }

    /// Keeps beside the file what it holds now; where that is said.
    fn keep(&self, wanted: bool) -> Result<Option<PathBuf>> {
        let Some(bytes) = self.before.filter(|_| wanted) else {
            return Ok(None);
        };
        let path = self.backup(bytes)?;
        os::write_whole(&path, bytes, |from, to| std::fs::rename(from, to))
            .map_err(|error| cannot_write(&self.file, error))?;
        Ok(Some(path))
    }

    /// Where these bytes are kept: nothing that an earlier backup holds is lost, since it may be all that is left of it.
    fn backup(&self, bytes: &[u8]) -> Result<PathBuf> {
        let names = std::iter::once(BACKUP.to_owned()).chain((2..=BACKUPS).map(|n| format!("{BACKUP}.{n}")));
        for name in names {
            let path = beside(&self.file, &name);
            let free = match std::fs::symlink_metadata(&path) {
                Err(error) => error.kind() == io::ErrorKind::NotFound,
                Ok(_) => kompox_files::read(&path, kompox_files::SMALL).is_ok_and(|kept| kept == bytes),
            };
            if free {
                return Ok(path);
            }
        }
        let backups = beside(&self.file, BACKUP);
        Err(Error::new(
            ErrorKind::Precondition,
            format!("there are {BACKUPS} backups of {} already", self.file.display()),
        )
        .with_hint(format!(
            "nothing was written; remove those that nobody needs: {} and the numbered ones beside it",
            backups.display()
        )))
    }

    /// Writes it, and says where what it held before is kept.
    fn write(&self, kept: Option<PathBuf>, rename: Rename, in_place: InPlace) -> Result<Option<PathBuf>> {
        match os::write_whole(&self.file, self.text.as_bytes(), rename) {
            Ok(()) => Ok(kept),
            Err(error) if os::keeps_its_name(&error) => self.write_in_place(kept, in_place),
            Err(error) => Err(cannot_write(&self.file, error)),
        }
    }

    /// Writes over what a mount point holds, which is not whole while that lasts: so there is always a backup.
    fn write_in_place(&self, kept: Option<PathBuf>, in_place: InPlace) -> Result<Option<PathBuf>> {
        let kept = match kept {
            Some(kept) => Some(kept),
            None => self.keep(true)?,
        };
        in_place(&self.file, self.text.as_bytes()).map_err(|error| {
            // Where this fails too, the backup still has it; and so has the file where writing could not even begin.
            let back = in_place(&self.file, self.before.unwrap_or_default());
            let is_as_before =
                back.is_ok() || read(&self.file).is_ok_and(|now| now.as_deref() == self.before);
            let error = cannot_write(&self.file, error);
            match kept.as_deref() {
                Some(kept) if !is_as_before => error.with_hint(format!(
                    "it is damaged: copy back what it held before, from {}",
                    kept.display()
                )),
                _ => error,
            }
        })?;
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What rename(2) answers where the name is a mount point.
    fn busy(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::ResourceBusy.into())
    }

    fn across(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::CrossesDevices.into())
    }

    fn refused(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(future)
    }

    /// Fails where a disk is full: when something of it is written.
    fn half_of_new(path: &Path, contents: &[u8]) -> io::Result<()> {
        if contents.starts_with(b"new") {
            std::fs::write(path, &contents[..contents.len() / 2])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        os::write_in_place(path, contents)
    }

    /// The same, and what was there cannot be put back.
    fn half_of_anything(path: &Path, contents: &[u8]) -> io::Result<()> {
        std::fs::write(path, &contents[..contents.len() / 2])?;
        Err(io::ErrorKind::StorageFull.into())
    }

    /// What open(2) answers for a mount that may only be read.
    fn read_only(_: &Path, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    /// Writes a text to one file. Looks at the lock while that goes on.
    fn write(path: &Path, text: &str, backup: bool, rename: Rename) -> Result<Edited<()>> {
        write_with(path, text, backup, rename, os::write_in_place)
    }

    fn write_with(
        path: &Path,
        text: &str,
        backup: bool,
        rename: Rename,
        in_place: InPlace,
    ) -> Result<Edited<()>> {
        let change = |_: &[Option<Vec<u8>>]| {
            assert!(beside(path, ".lock").exists());
            let text = Some(text.to_owned());
            Ok((vec![Edit { text, backup }], ()))
        };
        run(edit_with(&[path.to_owned()], change, rename, in_place))
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_mount_point_is_written_in_place_and_always_with_a_backup() {
        for (rename, backup) in [(busy as Rename, true), (busy, false), (across, true)] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("config");
            std::fs::write(&path, "something longer").unwrap();
            #[cfg(unix)]
            let inode = {
                use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
                std::fs::metadata(&path).unwrap().ino()
            };
            let edited = write(&path, "new", backup, rename).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), b"new");
            let kept = beside(&path, ".kompox-backup");
            assert_eq!(std::fs::read(&kept).unwrap(), b"something longer");
            assert_eq!(edited.backups, [kept]);
            assert_eq!(names(directory.path()), ["config", "config.kompox-backup"]);
            #[cfg(unix)]
            {
                use std::os::unix::fs::MetadataExt as _;
                let metadata = std::fs::metadata(&path).unwrap();
                assert_eq!((metadata.ino(), metadata.mode() & 0o777), (inode, 0o600));
            }
        }
    }

    #[test]
    fn a_mount_point_that_cannot_be_written_holds_what_it_held_or_the_backup_is_named() {
        for (in_place, left) in [
            (half_of_new as InPlace, "what was there"),
            (half_of_anything, "what wa"),
            (read_only, "what was there"),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("config");
            let before = "what was there";
            std::fs::write(&path, before).unwrap();
            let error = write_with(&path, "new", false, busy, in_place).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Failed);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), left);
            let kept = beside(&path, ".kompox-backup");
            assert_eq!(std::fs::read_to_string(&kept).unwrap(), before);
            let names_backup =
                kompox_domain::hint::in_words(error.hints()).contains(&kept.display().to_string());
            assert_eq!(names_backup, left != before, "{error:?}");
            assert_eq!(names(directory.path()), ["config", "config.kompox-backup"]);
        }
    }

    #[test]
    fn a_file_that_cannot_be_replaced_for_another_reason_is_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config");
        std::fs::write(&path, "old").unwrap();
        let error = write(&path, "new", false, refused).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Failed);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(names(directory.path()), ["config"]);
    }

    #[test]
    fn only_what_changes_is_written_and_what_comes_meanwhile_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let paths = ["a", "b", "c"].map(|name| directory.path().join(name));
        let [first, second, third] = &paths;
        std::fs::write(second, "old").unwrap();
        std::fs::write(third, "other").unwrap();
        let tries = std::cell::Cell::new(0);
        let edited = run(edit(&paths, |before| {
            tries.set(tries.get() + 1);
            if tries.get() == 1 {
                // Somebody who takes no lock.
                std::fs::write(first, "came").unwrap();
            }
            let came = before.first().is_some_and(Option::is_some);
            let edits = [came, true, false].map(|changes| Edit {
                text: changes.then(|| "new".to_owned()),
                backup: true,
            });
            Ok((edits.into(), ()))
        }))
        .unwrap();
        assert_eq!(tries.get(), 2);
        assert_eq!(edited.backups.len(), 2);
        assert_eq!(std::fs::read(first).unwrap(), b"new");
        assert_eq!(std::fs::read(beside(first, ".kompox-backup")).unwrap(), b"came");
        assert_eq!(std::fs::read(second).unwrap(), b"new");
        assert_eq!(std::fs::read(third).unwrap(), b"other");
        let names = names(directory.path());
        assert!(!names.iter().any(|name| name.ends_with(".lock")), "{names:?}");
    }

    #[test]
    fn a_file_that_is_only_read_needs_no_lock_and_one_that_is_written_does() {
        let directory = tempfile::tempdir().unwrap();
        // There is no room for «.lock» in this name.
        let unlockable = directory.path().join("n".repeat(252));
        let paths = [directory.path().join("config"), unlockable.clone()];
        for (written, works) in [([true, false], true), ([false, true], false)] {
            for path in &paths {
                std::fs::write(path, "old").unwrap();
            }
            let edits = || {
                written.map(|written| Edit {
                    text: written.then(|| "new".to_owned()),
                    backup: false,
                })
            };
            let result = run(edit(&paths, |_| Ok((edits().into(), ()))));
            assert_eq!(result.is_ok(), works);
            assert_eq!(std::fs::read(&unlockable).unwrap(), b"old");
        }
    }
}
