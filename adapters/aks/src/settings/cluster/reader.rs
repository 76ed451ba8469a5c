//! Reading settings one by one, with everything that is wrong kept.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kompox_domain::settings::{SettingValue, Settings};
use kompox_domain::{Error, ErrorKind, Hint, SecretReader};

use super::values::{self, Parsed};

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    message: String,
    hints: Vec<Hint>,
}

impl Problem {
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn to_error(&self) -> Error {
        Error::new(ErrorKind::InvalidInput, self.message.clone()).with_hints(self.hints.iter().cloned())
    }
}

/// What is known of the text of a setting.
enum Given {
    Absent,
    /// It stands where it is not read now.
    Elsewhere,
    Text(String),
}

/// Reads the settings of one cluster.
pub(super) struct Reader<'a> {
    settings: &'a Settings,
    /// None: what stands elsewhere is not read.
    secrets: Option<&'a dyn SecretReader>,
    pub(super) problems: Vec<Problem>,
}

/// How large a file of certificates may be.
const CA_MAX: u64 = 256 * 1024;

impl<'a> Reader<'a> {
    pub(super) const fn new(settings: &'a Settings, secrets: Option<&'a dyn SecretReader>) -> Self {
        Self {
            settings,
            secrets,
            problems: Vec::new(),
        }
    }

    /// Tells that something is wrong.
    pub(super) fn problem(&mut self, message: String, hint: impl Into<Hint>) {
        self.problems.push(Problem {
            message,
            hints: vec![hint.into()],
        });
    }

    /// Tells an error of somebody else.
    pub(super) fn problem_of(&mut self, error: &Error) {
        self.problems.push(Problem {
            message: error.to_string(),
            hints: error.hints().to_vec(),
        });
    }

    /// Whether the setting is there and not empty, wherever its value stands.
    pub(super) fn is_given(&self, key: &str) -> bool {
        match self.settings.get(key) {
            None => false,
            Some(SettingValue::Plain(text)) => !text.trim().is_empty(),
            Some(SettingValue::Reference(_)) => true,
        }
    }

    /// Whether the value stands elsewhere and was not read: then nothing can be said about what it means for others.
    pub(super) fn is_unread(&self, key: &str) -> bool {
        self.secrets.is_none() && matches!(self.settings.get(key), Some(SettingValue::Reference(_)))
    }

    /// A setting as it stands in the configuration.
    pub(super) fn setting(&self, key: &str) -> Option<&'a SettingValue> {
        self.settings.get(key)
    }

    /// The keys that are there.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.settings.iter().map(|(key, _)| key)
    }

    fn given(&mut self, key: &'static str) -> Given {
        let text = match (self.settings.get(key), self.secrets) {
            (None, _) => return Given::Absent,
            (Some(SettingValue::Reference(_)), None) => return Given::Elsewhere,
            (Some(SettingValue::Plain(text)), _) => text.trim().to_owned(),
            (Some(value), Some(secrets)) => match value.resolve(secrets) {
                Ok(secret) => secret.expose().trim().to_owned(),
                Err(error) => {
                    self.problems.push(Problem {
                        message: format!("cannot read setting {key}: {error}"),
                        hints: error.hints().to_vec(),
                    });
                    return Given::Elsewhere;
                }
            },
        };
        if text.is_empty() {
            Given::Absent
        } else {
            Given::Text(text)
        }
    }

    /// The value of a setting that is there, can be read now, and is one.
    pub(super) fn value<T>(&mut self, key: &'static str, parse: impl FnOnce(&str) -> Parsed<T>) -> Option<T> {
        let Given::Text(text) = self.given(key) else {
            return None;
        };
        match parse(&text) {
            Ok(value) => Some(value),
            Err((message, hint)) => {
                self.problem(format!("setting {key} {message}"), hint);
                None
            }
        }
    }

    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        self.value(key, values::boolean).unwrap_or(default)
    }

    /// The certificates in the file that a setting names, PEM in base64. Without secrets the file is not read either.
    pub(super) fn certificates(&mut self, key: &'static str) -> Option<String> {
        let path = self.value(key, |text| Ok(text.to_owned()))?;
        self.secrets?;
        let shown = format!("the file {path:?} of setting {key}");
        let hint = "name a file with certificates in PEM form";
        match kompox_files::read_value(Path::new(&path), CA_MAX) {
            Err(unusable) => self.problem(format!("{shown} {}", unusable.in_full()), hint),
            Ok(text) if !contains(&text, b"-----BEGIN CERTIFICATE-----") => {
                self.problem(format!("{shown} holds no certificate"), hint);
            }
            Ok(text) if contains(&text, b"PRIVATE KEY-----") => {
                self.problem(
                    format!("{shown} holds a private key, which would go to every node"),
                    hint,
                );
            }
            Ok(text) => return Some(STANDARD.encode(text)),
        }
        None
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
