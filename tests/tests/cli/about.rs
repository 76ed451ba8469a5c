//! `version`, `completion`, help: what needs no configuration.

use insta::assert_snapshot;
use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::{DONE, USAGE};

use crate::{PROGRAM, members};

fn nothing() -> TestEnvironment {
    TestEnvironment::empty(PROGRAM)
}

#[test]
fn the_version_is_printed_in_every_format() {
    let env = nothing();
    let json = env.run("version -o json").expect(DONE).json();
    assert_eq!(members(&json), ["arch", "features", "os", "version"]);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(json["version"], version);
    assert!(
        json["features"]
            .as_array()
            .unwrap()
            .iter()
            .any(|name| name == "emulator")
    );
    assert_eq!(
        env.run("version -o name").expect(DONE).stdout,
        format!("{version}\n")
    );
    assert!(env.run("version -o yaml").expect(DONE).stdout.contains(version));
    let table = env.run("version -o table").expect(DONE);
    assert!(table.stdout.starts_with("VERSION   FEATURES"), "{table}");
    assert_eq!(
        env.run("--version").expect(DONE).stdout,
        format!("kompoxops {version}\n")
    );
}

#[test]
fn there_is_a_completion_for_every_shell() {
    let env = nothing();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = env.run(&format!("completion {shell}")).expect(DONE);
        assert!(script.stdout.contains("bootstrap"), "{shell}");
        assert_eq!(script.stderr, "");
    }
    assert_snapshot!(env.run("completion tcsh").expect(USAGE), @"
    ------- stderr -------
    error: invalid value 'tcsh' for '<SHELL>'
      [possible values: bash, elvish, fish, powershell, zsh]

      tip: a similar value exists: 'zsh'

    For more information, try '--help'.
    [exit status: 2]
    ");
}

#[test]
fn help_lists_the_commands_and_goes_to_standard_output() {
    let env = nothing();
    let help = env.run("--help").expect(DONE);
    for command in kompoxops::command().get_subcommands() {
        assert!(
            help.stdout.contains(&format!("\n  {} ", command.get_name())),
            "{help}"
        );
    }
    assert_eq!(help.stderr, "");
    // Without any argument help is what is missing, but nothing was done.
    let nothing = env.run("").expect(USAGE);
    assert!(nothing.stderr.contains("Usage: kompoxops"), "{nothing}");
    assert_eq!(nothing.stdout, "");
}

#[test]
fn every_command_lists_the_flags_on_every_command() {
    let env = nothing();
    let flags = [
        "-C, --chdir <DIR>",
        "--kompox-root <DIR>",
        "--kompox-dir <DIR>",
        "--kom-path <PATH>",
        "--kom-app <FILE>",
        "--config <FILE>",
        "--log-level <LEVEL>",
        "--log-format <FORMAT>",
        "--log-output <PATH>",
        "--color <WHEN>",
        "-q, --quiet",
        "--progress <HOW>",
        "--timeout <DURATION>",
        "-y, --yes",
    ];
    for command in [
        "disk create",
        "snapshot list",
        "check",
        "emulator run",
        "admin app get",
    ] {
        let help = env.run(&format!("{command} --help")).expect(DONE);
        for flag in flags {
            assert!(help.stdout.contains(flag), "{command} {flag}: {help}");
        }
    }
    for command in [
        "disk create",
        "snapshot list",
        "check",
        "admin app get",
        "version",
    ] {
        let help = env.run(&format!("{command} -h")).expect(DONE);
        assert!(help.stdout.contains("-o, --output <FORMAT>"), "{command}: {help}");
    }
    for command in ["disk assign", "snapshot restore"] {
        let help = env.run(&format!("{command} -h")).expect(DONE);
        for flag in [
            "-A, --app-id <ID>",
            "--app-name <NAME>",
            "--cluster-id <ID>",
            "--cluster-name <NAME>",
        ] {
            assert!(help.stdout.contains(flag), "{command} {flag}: {help}");
        }
    }
}
