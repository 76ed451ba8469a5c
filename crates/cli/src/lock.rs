//! Who may write a kubeconfig file: one at a time, of all programs that keep to kubectl's way.
//!
//! kubectl makes `<file>.lock` and fails where it is there already. So do we, but wait a little. What kubectl leaves
//! behind when it is killed stays until somebody removes it; what we leave behind is taken over, or goes by itself.

use std::path::Path;
use std::time::Duration;

use kompox_domain::{Error, ErrorKind, Result};

use crate::duration;
use crate::os::{self, LockFile, beside};

/// How long is waited for others. Who keeps to the rules is done in milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// The wait between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// The right to write a file, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _held: LockFile,
}

impl Lock {
    /// Waits for it, a while. Dropped, the waiting ends.
    ///
    /// # Errors
    /// When somebody holds it too long, or it cannot be made.
    pub(crate) async fn take(file: &Path) -> Result<Self> {
        Self::take_within(PATIENCE, file).await
    }

    async fn take_within(patience: Duration, file: &Path) -> Result<Self> {
        let path = beside(file, ".lock");
        let begin = tokio::time::Instant::now();
        loop {
            match os::try_lock(&path) {
                Ok(Some(held)) => return Ok(Self { _held: held }),
                Ok(None) if begin.elapsed() < patience => tokio::time::sleep(PAUSE).await,
                Ok(None) => return Err(held_by_another(&path)),
                Err(error) => {
                    return Err(
                        Error::new(ErrorKind::Failed, format!("cannot make {}", path.display()))
                            .with_source(error)
                            .with_hint("check that you may write in that directory"),
                    );
                }
            }
        }
    }
}

fn held_by_another(path: &Path) -> Error {
    let age = std::fs::symlink_metadata(path)
        .and_then(|metadata| metadata.modified())
        .ok()
        .and_then(|modified| modified.elapsed().ok())
        .map(|age| format!(", for {}", duration::human(age)))
        .unwrap_or_default();
    let path = path.display();
    Error::new(
        ErrorKind::Conflict,
        format!("{path} is held by another program{age}"),
    )
    .with_hint(format!(
        "wait for it; if none is running, it was left behind: rm -f {path}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(100);

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(future)
    }

    #[test]
    fn a_lock_keeps_others_out_until_it_is_dropped_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config");
        run(async {
            let held = Lock::take_within(SHORT, &file).await.unwrap();
            assert!(directory.path().join("config.lock").exists());
            let error = Lock::take_within(SHORT, &file).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Conflict);
            assert!(format!("{:?}", error.hints()).contains("config.lock"));
            drop(held);
            drop(Lock::take_within(SHORT, &file).await.unwrap());
        });
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_killed_process_of_ours_left_is_taken_over_and_what_kubectl_left_is_not() {
        use std::os::unix::fs::OpenOptionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config");
        let path = directory.path().join("config.lock");
        run(async {
            std::fs::File::create(&path).unwrap();
            drop(Lock::take_within(SHORT, &file).await.unwrap());
            assert!(!path.exists());
            // kubectl: os.OpenFile(name, os.O_CREATE|os.O_EXCL, 0)
            let mut options = std::fs::OpenOptions::new();
            options
                .write(true)
                .create_new(true)
                .mode(0o0)
                .open(&path)
                .unwrap();
            assert!(Lock::take_within(SHORT, &file).await.is_err());
        });
        assert!(path.exists());
    }
}
