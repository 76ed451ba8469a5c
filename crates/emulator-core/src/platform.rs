//! What differs by operating system: who may read the state files, and how a file is made durable.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// The file by which a state directory is recognised.
pub const IDENTITY: &str = "identity.json";
/// The file that keeps a second emulator out of a state directory.
pub const LOCK: &str = "lock";
/// The file that keeps a state directory, and the secrets in it, out of git.
const GITIGNORE: &str = ".gitignore";

/// Makes a directory that only its owner can enter, or takes one that is empty or a state directory already.
///
/// # Errors
/// Where it holds anything else; it is left as it is then.
pub fn private_state_dir(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    if !is_ours(path)? {
        return Err(io::Error::other(
            "it is not empty and was not made by an emulator; name a new or empty directory",
        ));
    }
    #[cfg(unix)]
    {
        // An existing directory keeps its mode with `create`; the secret inside needs it closed.
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    }
    match create_private(&path.join(GITIGNORE)) {
        Ok(mut file) => file.write_all(b"*\n"),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether a directory is empty, holds a state, or what a first start that was cut off leaves.
fn is_ours(path: &Path) -> io::Result<bool> {
    if std::fs::symlink_metadata(path.join(IDENTITY)).is_ok_and(|identity| identity.is_file()) {
        return Ok(true);
    }
    let begun = [
        OsStr::new(LOCK).to_owned(),
        OsStr::new(GITIGNORE).to_owned(),
        unfinished(Path::new(IDENTITY)).into(),
    ];
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if !begun.contains(&entry.file_name()) || !entry.file_type()?.is_file() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Opens a file for writing that only its owner can read, making it if needed. A link is refused.
pub fn open_private(path: &Path) -> io::Result<File> {
    match create_private(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    if std::fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::other("it is a link, and may lead anywhere; remove it"));
    }
    regular(path)?;
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// Reads a file of the state. More than a state needs is none.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    /// Keys and certificates take some kilobytes.
    const MOST: u64 = 1 << 20;
    regular(path)?;
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(bytes)
}

/// Refuses what may keep whoever opens it waiting. Nobody else writes in the directory of a state.
pub fn regular(path: &Path) -> io::Result<()> {
    if std::fs::metadata(path)?.is_file() {
        return Ok(());
    }
    Err(io::Error::other("it is not a regular file"))
}

/// Makes a new file that only its owner can read.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The name of a file while it is being written.
fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// Makes the file that shall replace `path`, and tells its name. What has that name by now, a file that was not
/// finished or a link, is removed. One process at a time may do this, which the lock sees to.
pub fn create_unfinished(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = unfinished(path);
    match std::fs::remove_file(&name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = create_private(&name)?;
    Ok((name, file))
}

/// Replaces a file as a whole: after a crash it holds the old bytes or the new ones, never a part.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (temporary, mut file) = create_unfinished(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    rename_durably(&temporary, path)
}

/// Renames a file, and on systems that need it makes the new name durable.
pub fn rename_durably(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    #[cfg(unix)]
    if let Some(parent) = to.parent() {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> Option<u32> {
        let metadata = fs::metadata(path).ok()?;
        Some(metadata.permissions().mode() & 0o777)
    }

    fn directory() -> io::Result<tempfile::TempDir> {
        let directory = tempfile::tempdir()?;
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
        Ok(directory)
    }

    #[test]
    fn a_directory_of_somebody_else_is_refused_and_left_open() {
        for name in ["thesis.txt", ".hidden", "lock.txt"] {
            let directory = directory().unwrap();
            fs::write(directory.path().join(name), "").unwrap();
            let error = private_state_dir(directory.path()).unwrap_err();
            assert!(error.to_string().contains("new or empty"), "{error}");
            assert_eq!(mode(directory.path()), Some(0o755));
        }
    }

    #[test]
    fn an_empty_directory_a_begun_one_and_a_state_are_closed() {
        for names in [
            &[][..],
            &["lock"],
            &["lock", "identity.json.new"],
            &["identity.json", "mine"],
        ] {
            let directory = directory().unwrap();
            for name in names {
                fs::write(directory.path().join(name), "").unwrap();
            }
            private_state_dir(directory.path()).unwrap();
            assert_eq!(mode(directory.path()), Some(0o700), "{names:?}");
        }
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let directory = directory().unwrap();
        let victim = directory.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        fs::set_permissions(&victim, fs::Permissions::from_mode(0o644)).unwrap();
        let state = directory.path().join("state");
        for link in ["state", "state.new"] {
            symlink(&victim, directory.path().join(link)).unwrap();
        }
        assert!(open_private(&state).is_err());
        write_private(&state, b"secret").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        assert_eq!((mode(&victim), mode(&state)), (Some(0o644), Some(0o600)));
        assert!(!state.is_symlink() && fs::read(&state).unwrap() == b"secret");
        // A link to nothing makes nothing.
        let dangling = directory.path().join("dangling");
        symlink(directory.path().join("nothing"), &dangling).unwrap();
        assert!(open_private(&dangling).is_err());
        assert!(!directory.path().join("nothing").exists());
    }
}
