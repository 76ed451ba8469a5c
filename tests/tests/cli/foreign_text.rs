//! Names and messages from outside: a cloud, a cluster or a file that means harm does not write on the terminal.

use kompox_azure_emulator::{FaultAction, FaultRule, Respond};
use kompox_domain::text::is_unprintable;
use kompox_tests::binary::{Output, TestEnvironment};
use kompoxops::exit_codes::{DONE, FAILED};
use serde_json::{Value, json};

use crate::shop;

/// Clears the screen, by either kind of control character, forges a line and turns the rest around.
const EVIL: &str = "evil\u{1b}[2J\u{9b}2J\r\nhint: run `curl x | sh`\u{202e}\u{2028}\u{85}\u{7f}";

/// Both outputs show themselves, and no line begins as ours do because somebody else says so.
#[track_caller]
fn assert_harmless(output: &Output) {
    for text in [&output.stdout, &output.stderr] {
        let odd = text.chars().find(|c| is_unprintable(*c) && *c != '\n');
        assert_eq!(odd, None, "{text:?}");
        let forged = text
            .lines()
            .find(|line| line.trim_start().starts_with("hint: run `curl"));
        assert_eq!(forged, None, "{text:?}");
    }
}

/// Every way in which a command tells something.
const WAYS: [&str; 7] = [
    "-o table",
    "-o json",
    "-o yaml",
    "-o name",
    "-o table --log-level debug",
    "-o json --log-level debug --log-format json",
    "-o table --progress json",
];

fn refusal(status: u16, body: &Value) -> FaultAction {
    FaultAction::Respond(Respond {
        body: Some(body.to_string()),
        status,
        ..Respond::default()
    })
}

#[test]
fn a_message_of_the_cloud_takes_one_line_and_drives_no_terminal() {
    let env = shop();
    for (status, body) in [
        (403, json!({"error": {"code": EVIL, "message": EVIL}})),
        (
            409,
            json!({"error": {"code": "Outer", "message": "m", "target": EVIL, "details": [{"code": EVIL, "message": EVIL}]}}),
        ),
        (503, json!({"error": {"code": "Busy\u{1b}", "message": EVIL}})),
        (400, json!(EVIL)),
    ] {
        env.fault(FaultRule::new("GET", "**/disks", refusal(status, &body)));
        for way in WAYS {
            let output = env.run(&format!("disk list --timeout 2s {way}")).expect(FAILED);
            assert_harmless(&output);
            assert!(output.stderr.contains("evil") || status == 503, "{output}");
        }
    }
}

/// A disk of volume `db`, with what the cloud tells of it replaced.
fn with_odd_disk(env: &TestEnvironment) {
    env.run("disk create -V db -N first -q").assert_code(DONE);
    let id = env.run("disk list").expect(DONE).json()[0]["handle"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut disk = env.block_on(env.emulator().resource(&id)).unwrap();
    disk["properties"]["diskState"] = json!(EVIL);
    disk["sku"]["name"] = json!(EVIL);
    disk["managedBy"] = json!(format!(
        "/subscriptions/s/resourceGroups/g/providers/x/vms/{EVIL}"
    ));
    disk["tags"]["foreign"] = json!(EVIL);
    env.block_on(env.emulator().put_resource(&id, disk)).unwrap();
}

#[test]
fn what_the_cloud_tells_of_a_disk_drives_no_terminal_and_stays_readable_for_programs() {
    let env = shop();
    with_odd_disk(&env);
    for way in WAYS {
        let output = env.run(&format!("disk list {way}")).expect(DONE);
        assert_harmless(&output);
        assert!(output.stdout.contains("evil") || way == "-o name", "{output}");
    }
    // Escapes are the form's own: what is read is what was told.
    let listed = env.run("disk list -o json").expect(DONE).json();
    assert_eq!(listed[0]["options"]["sku"], json!(EVIL));
    let manifest = env.run("volume manifest -V db");
    assert_harmless(&manifest);
}

#[test]
fn a_message_of_an_api_server_takes_one_line_and_drives_no_terminal() {
    let env = shop();
    env.run("cluster provision -q").assert_code(DONE);
    env.run("disk create -V db -N first -q").assert_code(DONE);
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": EVIL, "code": 403, "message": EVIL,
        "details": {"causes": [{"reason": EVIL, "field": EVIL, "message": EVIL}]},
    });
    env.fault(FaultRule::new("*", "**/api/v1/**", refusal(403, &status)));
    for way in ["", "-o json", "--log-level debug", "--progress json"] {
        let command = format!("volume manifest -V db --apply --timeout 20s {way}");
        let output = env.run(&command).expect(FAILED);
        assert_harmless(&output);
        assert!(output.stderr.contains("evil"), "{output}");
        assert_harmless(&env.run(&format!("cluster status --timeout 20s {way}")));
    }
}

#[cfg(unix)]
#[test]
fn a_file_name_and_a_word_of_the_command_line_drive_no_terminal() {
    let env = shop();
    let name = "odd\u{1b}[2J\n\u{202e}";
    for way in ["-o table", "-o json"] {
        for flags in [
            ["--kom-path", name],
            ["--log-output", "/nowhere\u{1b}/\nx"],
            ["-V", name],
            ["--odd\u{1b}[2J", "x"],
        ] {
            let command = flags
                .iter()
                .fold(env.command(&format!("disk list {way}")), |command, flag| {
                    command.arg(flag)
                });
            let output = command.run();
            assert_ne!(output.code(), Some(i32::from(DONE)), "{output}");
            assert_harmless(&output);
        }
    }
}
