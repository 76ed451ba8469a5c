//! Whatever a flag, a variable or a setting names, the program does not wait for it and does not read without end.

use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kompox_tests::binary::{Invocation, TestEnvironment};
use kompoxops::exit_codes::{DONE, FAILED};

use crate::shop;

/// Longer than a refusal takes on a machine that is busy, and shorter than waiting for the other end of a pipe.
const AT_ONCE: Duration = Duration::from_secs(60);

/// Who names a file, and a command that reads it.
type Reader = (
    &'static str,
    for<'e> fn(&'e TestEnvironment, &str) -> Invocation<'e>,
);

const PROVIDER: &str = ".kompox/kom/provider.yml";
const CLUSTER: &str = ".kompox/kom/cluster.yml";

fn settings<'e>(env: &'e TestEnvironment, file: &str, lines: &str) -> Invocation<'e> {
    let before = env.read(file);
    env.write("provider.yml", &before);
    let text: String = before
        .lines()
        .filter(|line| {
            let key = line.trim().split(':').next().unwrap();
            !key.starts_with("AZURE_") || !lines.contains(&format!("{key}:"))
        })
        .map(|line| format!("{line}\n"))
        .collect();
    env.write(file, &format!("{text}{lines}"));
    env.command("cluster status")
}

/// Everything that reads a file from outside. A new one belongs here.
const READERS: &[Reader] = &[
    ("AZURE_CA_FILE", |env, path| {
        settings(env, PROVIDER, &format!("    AZURE_CA_FILE: {path}\n"))
    }),
    ("AZURE_CLIENT_SECRET", |env, path| {
        settings(env, PROVIDER, &format!("    AZURE_CLIENT_SECRET: file:{path}\n"))
    }),
    ("AZURE_FEDERATED_TOKEN_FILE", |env, path| {
        let lines =
            format!("    AZURE_AUTH_METHOD: workload_identity\n    AZURE_FEDERATED_TOKEN_FILE: {path}\n");
        settings(env, PROVIDER, &lines)
    }),
    ("AZURE_AKS_PROXY_CA_FILE", |env, path| {
        let lines =
            format!("    AZURE_AKS_HTTPS_PROXY: http://proxy:3128\n    AZURE_AKS_PROXY_CA_FILE: {path}\n");
        settings(env, CLUSTER, &lines)
    }),
    ("SSL_CERT_FILE", |env, path| {
        env.command("disk list").env("SSL_CERT_FILE", path)
    }),
    ("--faults", |env, path| {
        env.command("emulator run --port 0 --faults").arg(path)
    }),
    ("--log-output", |env, path| {
        env.command("check --log-level debug --log-output").arg(path)
    }),
    ("--config", |env, path| env.command("check --config").arg(path)),
    ("--kom-app", |env, path| env.command("check --kom-app").arg(path)),
    ("--kom-path", |env, path| {
        env.command("check --kom-path").arg(path)
    }),
    ("KOMPOX_KOM_PATH", |env, path| {
        env.command("check").env("KOMPOX_KOM_PATH", path)
    }),
    (".kompox/config.yml", |env, path| {
        std::os::unix::fs::symlink(path, env.path(".kompox/config.yml")).unwrap();
        env.command("check")
    }),
    ("kompoxapp.yml", |env, path| {
        std::os::unix::fs::symlink(path, env.path("kompoxapp.yml")).unwrap();
        env.command("check")
    }),
];

/// Those that read the configuration itself.
const CONFIGURATION: &[&str] = &[
    "--config",
    "--kom-app",
    "--kom-path",
    "KOMPOX_KOM_PATH",
    ".kompox/config.yml",
    "kompoxapp.yml",
];

/// What is no regular file of a bearable size, and what it is called.
fn hostile(env: &TestEnvironment) -> Vec<(PathBuf, &'static str)> {
    let pipe = env.path("../pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let socket = env.path("../socket");
    drop(UnixListener::bind(&socket).unwrap());
    let huge = env.path("../huge");
    std::fs::File::create(&huge).unwrap().set_len(1 << 40).unwrap();
    let mut hostile = vec![
        (pipe, "named pipe"),
        (socket, "socket"),
        (env.path("../tmp"), "directory"),
        ("/dev/zero".into(), "device"),
        (huge, "is larger than"),
    ];
    if cfg!(target_os = "linux") {
        hostile.push(("/proc/version".into(), "interface of the kernel"));
    }
    hostile
}

#[test]
fn whatever_names_a_file_refuses_at_once_what_is_no_regular_one_and_says_who_named_what() {
    for (named, invoke) in READERS {
        let env = shop();
        for (path, what) in hostile(&env) {
            // A log grows, and a directory may hold a configuration.
            match (*named, what) {
                ("--log-output", "is larger than") | ("--kom-path" | "KOMPOX_KOM_PATH", "directory") => {
                    continue;
                }
                _ => {}
            }
            let shown = path.to_str().unwrap();
            let begun = Instant::now();
            let output = invoke(&env, shown).run();
            let told = output.everything();
            assert!(begun.elapsed() < AT_ONCE, "{named} {shown}: {told}");
            assert_eq!(output.code(), Some(i32::from(FAILED)), "{named} {shown}: {told}");
            assert!(told.contains(what), "{named} {shown}: {told}");
            let file = path.file_name().unwrap().to_str().unwrap();
            let (who, which) = (told.contains(named), told.contains(file));
            // What is wrong with a file of the configuration is told by its place.
            let enough = if CONFIGURATION.contains(named) {
                who || which
            } else {
                who && which
            };
            assert!(enough, "{named} {shown}: {told}");
            for link in [".kompox/config.yml", "kompoxapp.yml"] {
                let _ = std::fs::remove_file(env.path(link));
            }
        }
    }
}

#[test]
fn a_kubeconfig_and_its_lock_that_are_no_regular_files_are_refused_at_once() {
    let env = shop();
    env.run("cluster provision -q").assert_code(DONE);
    for (path, what) in hostile(&env) {
        let shown = path.to_str().unwrap();
        let begun = Instant::now();
        let merge = || env.command("cluster kubeconfig --merge --kubeconfig");
        let mut told = Vec::new();
        // Beside a file of the kernel there is no room for a lock.
        if what != "interface of the kernel" {
            told.push(merge().arg(shown).run().expect(FAILED).everything());
        }
        if what != "is larger than" {
            let lock = env.path("config.lock");
            std::os::unix::fs::symlink(&path, &lock).unwrap();
            told.push(merge().arg("config").run().expect(FAILED).everything());
            std::fs::remove_file(lock).unwrap();
            assert!(!env.path("config").exists());
        }
        assert!(begun.elapsed() < AT_ONCE, "{told:?}");
        for told in told {
            assert!(told.contains(what), "{shown}: {told}");
        }
    }
}

#[test]
fn a_file_that_ends_with_a_line_end_and_begins_with_a_byte_order_mark_means_the_same() {
    let env = shop();
    for file in [".kompox/secrets/client-secret", kompox_tests::binary::CA_FILE] {
        let plain = env.read(file);
        let bare = plain.strip_suffix('\n').unwrap_or(&plain).to_owned();
        for around in ["\u{feff}{}", "{}\n", "{}\r\n", "\u{feff}{}\r\n"] {
            env.write(file, &around.replace("{}", &bare));
            env.run("disk list -q").assert_code(DONE);
        }
        env.write(file, &plain);
    }
    // White space is part of a secret.
    let secret = env.read(".kompox/secrets/client-secret");
    for changed in [
        format!("{secret}\n\n"),
        format!("{secret} "),
        format!(" {secret}"),
    ] {
        env.write(".kompox/secrets/client-secret", &changed);
        assert!(
            env.run("disk list -q")
                .expect(FAILED)
                .everything()
                .contains("unauthenticated")
        );
    }
}
