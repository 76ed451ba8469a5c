//! Secrets of the environment and of files.

use std::fs::{self, File};
use std::io::Read;

use kompox_domain::{Error, ErrorKind, Result, Secret, SecretReader, SecretRef};

use crate::files::reason;
use crate::limits::SECRET_BYTES;

/// Reads secrets from the environment of this process and from files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SystemSecrets;

impl SecretReader for SystemSecrets {
    fn read(&self, reference: &SecretRef) -> Result<Secret> {
        // No message holds anything of the value, not even its length.
        let hint = match reference {
            SecretRef::Env(name) => format!("set the environment variable {name}"),
            SecretRef::File(_) => "write the value to that file, for nobody else to read".to_owned(),
        };
        let error = |what: String| {
            Error::new(ErrorKind::InvalidInput, format!("{reference} {what}")).with_hint(hint.as_str())
        };
        let text = match reference {
            SecretRef::Env(name) => {
                if name.is_empty() || name.contains(['=', '\0']) {
                    let error = error("is no variable's name".to_owned());
                    return Err(error.with_hint("write env: and the name of an environment variable"));
                }
                let value = std::env::var_os(name).ok_or_else(|| error("is not set".to_owned()))?;
                value
                    .into_string()
                    .map_err(|_| error("does not hold UTF-8".to_owned()))?
            }
            SecretRef::File(path) => {
                let failed = |failure: std::io::Error| error(reason(&failure));
                // Opening a pipe would wait for its other end.
                if !fs::metadata(path).map_err(failed)?.is_file() {
                    return Err(error("is not a regular file".to_owned()));
                }
                let mut bytes = Vec::new();
                let file = File::open(path).map_err(failed)?;
                file.take(SECRET_BYTES + 1)
                    .read_to_end(&mut bytes)
                    .map_err(failed)?;
                if bytes.len() as u64 > SECRET_BYTES {
                    let mib = SECRET_BYTES >> 20;
                    return Err(error(format!("is larger than {mib} MiB")));
                }
                String::from_utf8(bytes).map_err(|_| error("does not hold UTF-8".to_owned()))?
            }
        };
        let value = text.strip_suffix('\n').unwrap_or(&text);
        let value = value
            .strip_suffix('\r')
            .filter(|_| value.len() < text.len())
            .unwrap_or(value);
        if value.is_empty() {
            return Err(error("is empty".to_owned()));
        }
        Ok(Secret::new(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn file(content: &[u8]) -> Result<Secret> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        fs::write(&path, content).unwrap();
        SystemSecrets.read(&SecretRef::File(path))
    }

    #[test]
    fn one_line_break_at_the_end_is_not_part_of_a_secret() {
        for (content, value) in [
            ("a", "a"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("a\r", "a\r"),
        ] {
            assert_eq!(file(content.as_bytes()).unwrap().expose(), value, "{content:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused_without_a_word_of_it() {
        let huge = vec![b'x'; usize::try_from(SECRET_BYTES).unwrap() + 1];
        for content in [&b""[..], b"\n", b"hunter2\xff", &huge] {
            let error = file(content).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hunter2") && shown.len() < 2000, "{shown}");
        }
        let directory = SecretRef::File(std::env::temp_dir());
        let error = SystemSecrets.read(&directory).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let missing = SecretRef::File(PathBuf::from("no/such/file"));
        let error = SystemSecrets.read(&missing).unwrap_err().to_string();
        assert_eq!(error, "file:no/such/file does not exist");
    }

    #[test]
    fn a_variable_is_read_and_a_missing_one_is_named() {
        let set = SecretRef::Env("CARGO_PKG_NAME".to_owned());
        assert_eq!(SystemSecrets.read(&set).unwrap().expose(), "kompox-config");
        let error = SystemSecrets
            .read(&SecretRef::Env("KOMPOX_NOT_SET".to_owned()))
            .unwrap_err();
        assert_eq!(error.to_string(), "env:KOMPOX_NOT_SET is not set");
        for bad in ["", "A=B", "A\0B"] {
            let error = SystemSecrets.read(&SecretRef::Env(bad.to_owned())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{bad:?}");
        }
    }
}
