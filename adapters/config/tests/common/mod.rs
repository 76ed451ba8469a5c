//! A directory with files, and loads from it.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use kompox_domain::hint::in_words;
use std::fs;
use std::path::{Path, PathBuf};

use kompox_config::{ConfigErrors, Loaded, Sources, load};

/// KOM documents that hold together.
pub const VALID: &str = "\
apiVersion: ops.kompox.dev/v1alpha1
kind: Workspace
metadata:
  name: w
  annotations: {ops.kompox.dev/id: /ws/w}
---
apiVersion: ops.kompox.dev/v1alpha1
kind: Provider
metadata:
  name: p
  annotations:
    ops.kompox.dev/id: /ws/w/prv/p
spec:
  driver: aks
  settings:
    AZURE_LOCATION: japaneast
    AZURE_CLIENT_SECRET: file:secret.txt
---
apiVersion: ops.kompox.dev/v1alpha1
kind: Cluster
metadata:
  name: c
  annotations:
    ops.kompox.dev/id: /ws/w/prv/p/cls/c
spec:
  existing: true
  protection:
    provisioning: cannotDelete
  ingress:
    domain: example.com
    certificates:
      - name: one
        source: somewhere
---
apiVersion: ops.kompox.dev/v1alpha1
kind: App
metadata:
  name: a
  annotations:
    ops.kompox.dev/id: /ws/w/prv/p/cls/c/app/a
spec:
  deployment:
    zone: 1
  volumes:
    - name: db
      size: 32Gi
      options: {sku: Premium_LRS, iops: 4000, fast: true, code: 0123}
";

pub struct Dir(tempfile::TempDir);

impl Dir {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A directory whose `kom/app.yml` has this content.
    pub fn kom(content: impl AsRef<[u8]>) -> Self {
        let dir = Self::new();
        dir.write("kom/app.yml", content);
        dir
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub fn sources(&self) -> Sources {
        Sources {
            current_dir: self.path().to_owned(),
            ..Sources::default()
        }
    }

    /// Loads what lies in the directory.
    pub fn load(&self) -> Result<Loaded, ConfigErrors> {
        load(&self.sources(), &|_| None)
    }

    /// Loads with `--kom-path`.
    pub fn load_paths(&self, paths: &[&str]) -> Result<Loaded, ConfigErrors> {
        let sources = Sources {
            kom_paths: paths.iter().map(PathBuf::from).collect(),
            ..self.sources()
        };
        load(&sources, &|_| None)
    }

    /// Loads `kom/` and gives the errors, one on each line, with their hints.
    pub fn errors(&self) -> String {
        match self.load_paths(&["kom"]) {
            Ok(_) => "no error".to_owned(),
            Err(errors) => self.render(&errors),
        }
    }

    /// The errors as text that is the same in every run.
    pub fn render(&self, errors: &ConfigErrors) -> String {
        let lines: Vec<String> = errors
            .iter()
            .map(|error| match error.hints.as_slice() {
                [] => error.to_string(),
                hints => format!("{error}\n    {}", in_words(hints)),
            })
            .collect();
        let real = fs::canonicalize(self.path()).unwrap();
        lines
            .join("\n")
            .replace(real.to_str().unwrap(), "<dir>")
            .replace(self.path().to_str().unwrap(), "<dir>")
    }
}

/// [`VALID`] with one text replaced, which must be there.
pub fn changed(from: &str, to: &str) -> String {
    assert!(VALID.contains(from), "{from}");
    VALID.replacen(from, to, 1)
}
