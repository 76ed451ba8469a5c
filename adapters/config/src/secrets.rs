//! Secrets of the environment and of files.

use kompox_domain::{Error, ErrorKind, Result, Secret, SecretReader, SecretRef};
use kompox_files::Unusable;

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
            Error::new(ErrorKind::InvalidInput, format!("{reference} {what}")).with_hint(hint.clone())
        };
        let value = match reference {
            SecretRef::Env(name) => {
                if name.is_empty() || name.contains(['=', '\0']) {
                    let error = error("is no variable's name".to_owned());
                    return Err(error.with_hint("write env: and the name of an environment variable"));
                }
                let value = std::env::var_os(name).ok_or_else(|| error("is not set".to_owned()))?;
                let text = value.to_str();
                let text = text.ok_or_else(|| error(Unusable::NotUtf8.to_string()))?;
                kompox_files::value(text).to_owned()
            }
            SecretRef::File(path) => kompox_files::read_text_value(path, kompox_files::SMALL)
                .map_err(|unusable: Unusable| error(unusable.in_full()))?,
        };
        if value.is_empty() {
            return Err(error("is empty".to_owned()));
        }
        Ok(Secret::new(value))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn file(content: &[u8]) -> Result<Secret> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(&path, content).unwrap();
        SystemSecrets.read(&SecretRef::File(path))
    }

    #[test]
    fn one_byte_order_mark_and_one_line_end_are_not_part_of_a_secret_and_white_space_is() {
        for (content, value) in [
            ("a", "a"),
            ("\u{feff}a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            (" a b\t\n", " a b\t"),
        ] {
            assert_eq!(file(content.as_bytes()).unwrap().expose(), value, "{content:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused_without_a_word_of_it() {
        let huge = vec![b'x'; usize::try_from(kompox_files::SMALL).unwrap() + 1];
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
