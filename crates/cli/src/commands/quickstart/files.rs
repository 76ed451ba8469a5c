//! The directory of a quick start: the configuration of `examples/quickstart`, and what connects it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind as Io, Write as _};
use std::path::Path;

use kompox_domain::ErrorKind;

use crate::failure::Failure;
use crate::os;

/// Tells a quick start's directory from any other.
const MARKER: &str = ".kompox/quickstart";
const PROVIDER: &str = ".kompox/kom/provider.yml";
const SECRET: &str = ".kompox/secrets/azure-client-secret";
/// Where an embedded Azure listens; anything else in the provider is somebody's own.
const LOOPBACK: &str = "https://127.0.0.1:";

macro_rules! example {
    ($path:literal) => {
        (
            $path,
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../examples/quickstart/",
                $path
            )),
        )
    };
}

/// The example, file by file.
const FILES: &[(&str, &str)] = &[
    example!(".gitignore"),
    example!("README.md"),
    example!(".kompox/kom/workspace.yml"),
    example!(".kompox/kom/provider.yml"),
    example!(".kompox/kom/cluster.yml"),
    example!(".kompox/kom/app.yml"),
];

/// Makes the directory what it must be; what is there already stays as it is.
pub(super) fn prepare(directory: &Path) -> Result<(), Failure> {
    let shown = directory.display();
    let cannot = |error| {
        Failure::io(
            format!("cannot make {shown} a quick start directory"),
            error,
            "name a directory that you may write to: kompoxops quickstart DIR",
        )
    };
    fs::create_dir_all(directory).map_err(cannot)?;
    if !directory.join(MARKER).is_file() {
        if fs::read_dir(directory).map_err(cannot)?.next().is_some() {
            return Err(Failure::new(
                ErrorKind::InvalidInput,
                format!("{shown} is not empty and was not made by a quick start"),
                "name a new directory: kompoxops quickstart DIR",
            ));
        }
        // The marker comes first: a directory that was begun can be gone on with.
        fs::create_dir_all(directory.join(".kompox/secrets")).map_err(cannot)?;
        create_new(&directory.join(MARKER), "").map_err(cannot)?;
    }
    if directory.join(".kompox/config.yml").symlink_metadata().is_err() {
        kompox_config::init(directory, false)?;
    }
    for (path, contents) in FILES {
        match create_new(&directory.join(path), contents) {
            Err(error) if error.kind() != Io::AlreadyExists => return Err(cannot(error)),
            _ => {}
        }
    }
    let endpoint = read(&directory.join(PROVIDER))?;
    if endpoint_of(&endpoint).is_some_and(|endpoint| endpoint.starts_with(LOOPBACK)) {
        return Ok(());
    }
    Err(Failure::new(
        ErrorKind::Precondition,
        format!(
            "{shown}/{PROVIDER} does not name the embedded Azure any more, and a quick start must not touch another"
        ),
        "name a new directory: kompoxops quickstart DIR",
    ))
}

/// The text of a file of the configuration.
fn read(path: &Path) -> Result<String, Failure> {
    kompox_files::read_text(path, kompox_files::SMALL).map_err(|unusable| {
        let error = unusable.told_of(path.display());
        error
            .with_hint("correct it, or name a new directory: kompoxops quickstart DIR")
            .into()
    })
}

/// Makes a file that is not there, not even as a link that leads to nothing.
fn create_new(path: &Path, contents: &str) -> io::Result<()> {
    fs::File::create_new(path)?.write_all(contents.as_bytes())
}

/// Writes the endpoints, ids and secret of an embedded Azure into the configuration.
pub(super) fn connect(directory: &Path, settings: &BTreeMap<String, String>) -> Result<(), Failure> {
    let cannot = |error| {
        Failure::io(
            "cannot write the configuration",
            error,
            "make the directory writable and run it again",
        )
    };
    let secret = settings
        .get("AZURE_CLIENT_SECRET")
        .map(String::as_str)
        .unwrap_or_default();
    let secret_file = directory.join(SECRET);
    if let Some(parent) = secret_file.parent() {
        fs::create_dir_all(parent).map_err(cannot)?;
    }
    os::write_private(&secret_file, secret.as_bytes()).map_err(cannot)?;
    let provider = directory.join(PROVIDER);
    let text = read(&provider)?;
    let connected = with_settings(&text, settings);
    if connected != text {
        os::replace(&provider, connected.as_bytes()).map_err(cannot)?;
    }
    Ok(())
}

/// Removes the log of an earlier run, where there is one.
pub(super) fn remove_log(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != Io::NotFound => Err(Failure::io(
            "cannot write to the quick start directory",
            error,
            "make it writable",
        )),
        _ => Ok(()),
    }
}

/// The text of a provider with these values in place of those it has; comments and order stay.
fn with_settings(text: &str, settings: &BTreeMap<String, String>) -> String {
    let line = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        let (indent, rest) = line.split_at(indent);
        match rest.split_once(": ") {
            // The secret has a file of its own.
            Some((key, _)) if key != "AZURE_CLIENT_SECRET" && settings.contains_key(key) => {
                let value = settings.get(key).map(String::as_str).unwrap_or_default();
                format!("{indent}{key}: {}\n", quoted(value))
            }
            _ => format!("{line}\n"),
        }
    };
    text.lines().map(line).collect()
}

/// A YAML scalar: plain where nothing in it could mean something else.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    let begins = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    // Without spaces a colon means something only at the end.
    if begins && !value.ends_with(':') && value.chars().all(plain) {
        return value.to_owned();
    }
    // A JSON string is a YAML scalar.
    serde_json::Value::from(value).to_string()
}

fn endpoint_of(provider: &str) -> Option<&str> {
    let mut lines = provider.lines().map(str::trim);
    let value = lines.find_map(|line| line.strip_prefix("AZURE_RESOURCE_MANAGER_ENDPOINT:"))?;
    Some(value.trim().trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> BTreeMap<String, String> {
        [
            ("AZURE_SUBSCRIPTION_ID", "0b1c2d3e-0000-4000-8000-000000000000"),
            ("AZURE_CLIENT_SECRET", "hunter2"),
            ("AZURE_RESOURCE_MANAGER_ENDPOINT", "https://127.0.0.1:40123"),
            ("AZURE_CA_FILE", "/tmp/a b: c/ca.pem"),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
    }

    #[test]
    fn a_directory_is_made_once_and_then_left_as_it_is() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("new");
        prepare(&directory).unwrap();
        fs::write(directory.join(".kompox/kom/app.yml"), "# mine").unwrap();
        connect(&directory, &settings()).unwrap();
        prepare(&directory).unwrap();
        assert_eq!(
            fs::read_to_string(directory.join(".kompox/kom/app.yml")).unwrap(),
            "# mine"
        );
        assert_eq!(fs::read_to_string(directory.join(SECRET)).unwrap(), "hunter2");
        let provider = fs::read_to_string(directory.join(PROVIDER)).unwrap();
        assert!(
            provider.contains("AZURE_RESOURCE_MANAGER_ENDPOINT: https://127.0.0.1:40123\n"),
            "{provider}"
        );
        assert!(
            provider.contains("AZURE_CA_FILE: \"/tmp/a b: c/ca.pem\"\n"),
            "{provider}"
        );
        assert!(provider.contains("file:../secrets/azure-client-secret") && !provider.contains("hunter2"));
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_through_a_link() {
        use std::os::unix::fs::symlink;

        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("new");
        prepare(&directory).unwrap();
        let outside = parent.path().join("outside");
        for path in ["README.md", ".kompox/kom/app.yml"] {
            fs::remove_file(directory.join(path)).unwrap();
            symlink(&outside, directory.join(path)).unwrap();
        }
        prepare(&directory).unwrap();
        assert!(!outside.exists());
        fs::write(&outside, fs::read(directory.join(PROVIDER)).unwrap()).unwrap();
        let before = fs::read(&outside).unwrap();
        fs::remove_file(directory.join(PROVIDER)).unwrap();
        for path in [PROVIDER, SECRET] {
            symlink(&outside, directory.join(path)).unwrap();
        }
        connect(&directory, &settings()).unwrap();
        assert_eq!(fs::read(&outside).unwrap(), before);
        assert_eq!(fs::read_to_string(directory.join(SECRET)).unwrap(), "hunter2");
    }

    #[test]
    fn a_directory_of_somebody_else_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("thesis.txt"), "").unwrap();
        assert!(prepare(directory.path()).is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_provider_of_another_azure_is_not_touched() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("new");
        prepare(&directory).unwrap();
        fs::write(directory.join(PROVIDER), "AZURE_CLOUD: AzurePublic\n").unwrap();
        assert!(prepare(&directory).is_err());
    }

    #[test]
    fn the_example_is_a_configuration_without_findings() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/quickstart");
        let sources = kompox_config::Sources {
            current_dir: root.into(),
            // Named: whoever runs the tests need not be whose the sources are.
            kompox_root: Some(root.into()),
            ..kompox_config::Sources::default()
        };
        let loaded = kompox_config::load(&sources, &|_| None).unwrap();
        let drivers = crate::session::drivers().unwrap();
        assert_eq!(kompox_usecase::check::offline(&loaded.catalog, &drivers), []);
        assert_eq!(loaded.catalog.apps().len(), 1);
    }
}
