//! The program as its users see it: command lines in, standard output, standard error and exit code out.
//!
//! What the layers below do is tested there; these tests show that they are wired together, and hold the
//! program to its contract. Exit codes are those of [`kompoxops::exit_codes`].

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests stop the test as the tests themselves do"
)]

mod about;
mod bootstrap;
mod cloud;
mod cluster;
mod cluster_status;
mod configuration;
mod disks;
mod dns;
mod emulator;
#[cfg(unix)]
mod files;
mod flags;
mod foreign_text;
mod install;
mod interruption;
mod kubeconfig;
mod mounts;
mod proxy;
mod quickstart;
mod secrets;
mod snapshots;
mod sources;
#[cfg(unix)]
mod terminal;
mod volumes;
mod wrong_input;

use std::path::Path;

use kompox_tests::binary::TestEnvironment;
use serde_json::Value;

/// The program, built for these tests.
const PROGRAM: &str = env!("CARGO_BIN_EXE_kompoxops-under-test");

/// An environment with the app `shop` and an embedded Azure.
fn shop() -> TestEnvironment {
    TestEnvironment::new(PROGRAM)
}

/// The names of an object's members, in order.
fn members(object: &Value) -> Vec<&str> {
    let object = object
        .as_object()
        .unwrap_or_else(|| panic!("{object} is no object"));
    let mut names: Vec<&str> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn every_file_with_tests_is_declared() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let main = std::fs::read_to_string(directory.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_module = path.is_dir() || path.extension().is_some_and(|extension| extension == "rs");
        if is_module && name != "main" {
            assert!(
                main.contains(&format!("\nmod {name};\n")),
                "{name} is not declared"
            );
        }
    }
}
