//! `kompoxops init`: the beginning of a configuration.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kompox_domain::{Error, ErrorKind, Result};

const CONFIG: &str = "\
# What kompoxops needs to know about this project.
version: 1
# Where the KOM files are, relative to this directory. Without it: kom
# komPath:
#   - kom
";
/// Secrets are where the examples put them: credentials that a configuration names with `file:`, and kubeconfigs.
const GITIGNORE: &str = "/logs/\n/secrets/\n";
/// What earlier versions wrote in its place.
const EARLIER_GITIGNORE: &str = "/logs/";

/// Makes `.kompox` in a directory: `config.yml`, `kom/`, `logs/` and `.gitignore`. Says what it wrote or made.
///
/// Directories that are there stay, and so does a `.gitignore`, unless it is as an earlier version of this program wrote
/// it: that learns what is to be ignored besides. With `force` `config.yml` is written anew.
///
/// # Errors
/// [`Conflict`](ErrorKind::Conflict) where `config.yml` is there and `force` is not given; nothing is written then.
/// [`InvalidInput`](ErrorKind::InvalidInput) where a file or directory cannot be made.
pub fn init(dir: &Path, force: bool) -> Result<Vec<PathBuf>> {
    let kompox = dir.join(".kompox");
    let config = kompox.join("config.yml");
    if !force && config.symlink_metadata().is_ok() {
        return Err(exists(&config));
    }
    let mut made = Vec::new();
    for directory in [kompox.clone(), kompox.join("kom"), kompox.join("logs")] {
        if !directory.is_dir() {
            fs::create_dir_all(&directory).map_err(|error| failed(&directory, error))?;
            made.push(directory);
        }
    }
    match write(&config, CONFIG, force) {
        Ok(()) => made.push(config),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists(&config)),
        Err(error) => return Err(failed(&config, error)),
    }
    let gitignore = kompox.join(".gitignore");
    match write(&gitignore, GITIGNORE, false) {
        Ok(()) => made.push(gitignore),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if is_earlier(&gitignore) {
                write(&gitignore, GITIGNORE, true).map_err(|error| failed(&gitignore, error))?;
                made.push(gitignore);
            }
        }
        Err(error) => return Err(failed(&gitignore, error)),
    }
    Ok(made)
}

/// Whether a `.gitignore` is what an earlier version of this program wrote, and nobody has touched it since. Git may
/// have changed its line ends.
fn is_earlier(gitignore: &Path) -> bool {
    let is_file = gitignore.symlink_metadata().is_ok_and(|found| found.is_file());
    is_file
        && kompox_files::read(gitignore, kompox_files::SMALL)
            .is_ok_and(|text| text.trim_ascii_end() == EARLIER_GITIGNORE.as_bytes())
}

fn write(path: &Path, content: &str, replace: bool) -> io::Result<()> {
    if !replace {
        return File::create_new(path)?.write_all(content.as_bytes());
    }
    // A link is replaced, not followed, and a file is never half written.
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.new", std::process::id()));
    // Left by an earlier process with the same number, if by anybody.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::create_new(&temporary)?;
    let written = file.write_all(content.as_bytes()).and_then(|()| {
        drop(file);
        fs::rename(&temporary, path)
    });
    if written.is_err() {
        // The error that counts is the first.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn exists(path: &Path) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!("{} is there already", path.display()),
    )
    .with_hint("use -f to write it anew")
}

fn failed(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("cannot make {}", path.display())).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_init_refuses_and_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let made = init(dir.path(), false).unwrap();
        assert_eq!(made.len(), 5);
        assert!(made.iter().all(|path| path.exists()));
        let ignored = fs::read_to_string(dir.path().join(".kompox/.gitignore")).unwrap();
        assert_eq!(ignored.lines().collect::<Vec<_>>(), ["/logs/", "/secrets/"]);
        let config = dir.path().join(".kompox/config.yml");
        fs::write(&config, "version: 1 # mine\n").unwrap();
        let error = init(dir.path(), false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert_eq!(fs::read_to_string(&config).unwrap(), "version: 1 # mine\n");
    }

    #[test]
    fn what_an_earlier_version_wrote_learns_to_ignore_secrets_and_what_others_wrote_stays() {
        for (before, after) in [
            ("/logs/\n", GITIGNORE),
            ("/logs/\r\n", GITIGNORE),
            ("/logs/", GITIGNORE),
            (GITIGNORE, GITIGNORE),
            ("/logs/\n/mine/\n", "/logs/\n/mine/\n"),
            ("", ""),
        ] {
            let dir = tempfile::tempdir().unwrap();
            init(dir.path(), false).unwrap();
            let gitignore = dir.path().join(".kompox/.gitignore");
            fs::write(&gitignore, before).unwrap();
            let made = init(dir.path(), true).unwrap();
            assert_eq!(fs::read_to_string(&gitignore).unwrap(), after, "{before:?}");
            assert_eq!(made.contains(&gitignore), before != after, "{before:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_gitignore_that_is_a_link_is_somebody_elses() {
        let dir = tempfile::tempdir().unwrap();
        init(dir.path(), false).unwrap();
        let (victim, gitignore) = (dir.path().join("victim"), dir.path().join(".kompox/.gitignore"));
        fs::write(&victim, "/logs/\n").unwrap();
        fs::remove_file(&gitignore).unwrap();
        std::os::unix::fs::symlink(&victim, &gitignore).unwrap();
        init(dir.path(), true).unwrap();
        assert!(gitignore.is_symlink());
        assert_eq!(fs::read_to_string(&victim).unwrap(), "/logs/\n");
    }

    #[test]
    fn with_force_the_config_is_written_anew_and_the_rest_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        init(dir.path(), false).unwrap();
        let kompox = dir.path().join(".kompox");
        fs::write(kompox.join("kom/app.yml"), "mine").unwrap();
        fs::write(kompox.join(".gitignore"), "mine").unwrap();
        fs::write(kompox.join("config.yml"), "mine").unwrap();
        assert_eq!(init(dir.path(), true).unwrap(), [kompox.join("config.yml")]);
        assert_eq!(fs::read_to_string(kompox.join("kom/app.yml")).unwrap(), "mine");
        assert_eq!(fs::read_to_string(kompox.join(".gitignore")).unwrap(), "mine");
        assert_eq!(fs::read_to_string(kompox.join("config.yml")).unwrap(), CONFIG);
    }

    #[cfg(unix)]
    #[test]
    fn with_force_a_link_is_replaced_and_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        init(dir.path(), false).unwrap();
        let victim = dir.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        let config = dir.path().join(".kompox/config.yml");
        fs::remove_file(&config).unwrap();
        std::os::unix::fs::symlink(&victim, &config).unwrap();
        init(dir.path(), true).unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        assert!(!config.is_symlink() && fs::read_to_string(&config).unwrap() == CONFIG);
        assert_eq!(fs::read_dir(dir.path().join(".kompox")).unwrap().count(), 4);
    }

    #[test]
    fn a_file_in_the_way_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".kompox"), "").unwrap();
        let error = init(dir.path(), false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(".kompox"), "{error}");
    }
}
