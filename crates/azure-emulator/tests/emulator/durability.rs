//! State on disk: what was acknowledged is there after any end.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use kompox_azure_emulator::{Emulator, EmulatorError, Options, Timing};
use serde_json::{Value, json};

use crate::client::{Azure, disk, empty_disk, group};

fn options(directory: &std::path::Path) -> Options {
    Options {
        state_dir: Some(directory.to_owned()),
        ..Options::default()
    }
}

#[tokio::test]
async fn identity_port_and_resources_survive_an_abrupt_end() {
    let directory = tempfile::tempdir().unwrap();
    let azure = Azure::with_group(options(directory.path())).await;
    azure.disk("d1", empty_disk()).await;
    let token = azure.access_token().to_owned();
    let before = serde_json::to_value(azure.emulator.connection()).unwrap();
    let ca = std::fs::read(&azure.emulator.connection().ca_file).unwrap();
    drop(azure);
    let mut azure = Azure::start(options(directory.path())).await;
    assert_eq!(serde_json::to_value(azure.emulator.connection()).unwrap(), before);
    assert_eq!(std::fs::read(&azure.emulator.connection().ca_file).unwrap(), ca);
    azure.set_token(&token);
    assert_eq!(
        azure.get(&disk("d1")).await.expect(200).body["properties"]["provisioningState"],
        "Succeeded"
    );
    azure.emulator.expire_tokens().await.unwrap();
    azure.emulator.shutdown().await;
    let mut azure = Azure::start(options(directory.path())).await;
    azure.set_token(&token);
    azure
        .get(&disk("d1"))
        .await
        .refused(401, "ExpiredAuthenticationToken");
}

#[tokio::test]
async fn an_operation_under_way_goes_on_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let slow = Options {
        timing: Timing::looks(2),
        ..options(directory.path())
    };
    let azure = Azure::with_group(slow.clone()).await;
    let accepted = azure.put(&disk("d1"), empty_disk()).await.expect(202);
    drop(azure);
    let azure = Azure::start(slow).await;
    let url = accepted.header("azure-asyncoperation").unwrap();
    assert_eq!(azure.get(url).await.expect(200).body["status"], "InProgress");
    assert_eq!(azure.finish(&accepted).await.body["status"], "Succeeded");
}

#[tokio::test]
async fn two_emulators_do_not_share_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let first = Emulator::start(options(directory.path())).await.unwrap();
    let error = Emulator::start(options(directory.path())).await.unwrap_err();
    assert!(matches!(error, EmulatorError::StateInUse(_)), "{error}");
    first.shutdown().await;
    Emulator::start(options(directory.path())).await.unwrap();
}

#[tokio::test]
async fn a_damaged_identity_is_an_error_that_shows_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("identity.json"),
        "{\"clientSecret\": \"hush\", \"port\": \"hush\"}",
    )
    .unwrap();
    let error = Emulator::start(options(directory.path())).await.unwrap_err();
    assert!(matches!(error, EmulatorError::StateDamaged { .. }));
    assert!(!format!("{error} {error:?}").contains("hush"));
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_state() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let azure = Azure::with_group(options(&state)).await;
    azure.disk("d1", empty_disk()).await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for entry in std::fs::read_dir(&state).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[tokio::test]
async fn a_directory_of_somebody_else_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("thesis.txt"), "").unwrap();
    let error = Emulator::start(options(directory.path())).await.unwrap_err();
    assert!(matches!(error, EmulatorError::StateDirectory { .. }), "{error}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_bulk_of_disks_survives() {
    let directory = tempfile::tempdir().unwrap();
    let emulator = Emulator::start(options(directory.path())).await.unwrap();
    emulator.seed_disks(5_000).await.unwrap();
    drop(emulator);
    let emulator = Emulator::start(options(directory.path())).await.unwrap();
    let last = format!(
        "/subscriptions/{}/resourceGroups/seed/providers/Microsoft.Compute/disks/disk-04999",
        emulator.connection().subscription_id
    );
    assert_eq!(
        emulator.resource(&last).await.unwrap()["tags"],
        json!({ "seed": "4999" })
    );
}

/// Serves in a process of its own, to be killed by the test below; does nothing when run with the others.
#[tokio::test]
async fn serve_until_killed() {
    let Some(directory) = std::env::var_os("KOMPOX_EMULATOR_TEST_STATE") else {
        return;
    };
    let _emulator = Emulator::start(options(directory.as_ref())).await.unwrap();
    writeln!(std::io::stdout(), "\nready").unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_kill_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    // Makes the identity, so that the client can be told before the process starts.
    let emulator = Emulator::start(options(directory.path())).await.unwrap();
    let connection = emulator.connection().clone();
    let client = crate::client::http(&emulator);
    let azure = Azure::with(emulator).await;
    azure.group("rg").await;
    let token = azure.access_token().to_owned();
    drop(azure);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "durability::serve_until_killed"])
        .env("KOMPOX_EMULATOR_TEST_STATE", directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "ready"));
    let mut acknowledged = Vec::new();
    let url = |name: &str| {
        let path = disk(name);
        format!(
            "{}/subscriptions/{}/{}",
            connection.arm_endpoint,
            connection.subscription_id,
            &path[2..]
        )
    };
    let mut writes = tokio::task::JoinSet::new();
    for number in 0..40 {
        let name = format!("d{number}");
        let request = client
            .put(url(&name))
            .bearer_auth(&token)
            .body(empty_disk().to_string());
        writes.spawn(async move {
            request
                .send()
                .await
                .ok()
                .filter(|answer| answer.status() == 202)
                .map(|_| name)
        });
    }
    while let Some(written) = writes.join_next().await {
        acknowledged.extend(written.unwrap());
        if acknowledged.len() == 20 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged.len() >= 20);
    let azure = Azure::start(options(directory.path())).await;
    azure.get(&group("rg")).await.expect(200);
    for name in &acknowledged {
        let body = azure.get(&disk(name)).await.expect(200).body;
        assert_eq!(body["properties"]["provisioningState"], "Succeeded");
    }
    let list = azure.get(&disk("").replace("/?", "?")).await.expect(200);
    for entry in list.body["value"].as_array().unwrap() {
        assert_ne!(
            entry["properties"]["uniqueId"],
            Value::Null,
            "nothing is half-written"
        );
    }
}
