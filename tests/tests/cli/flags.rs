//! The flags on every command have the effect that their help promises.

use insta::assert_snapshot;
use kompox_azure_emulator::{FaultAction, FaultRule};
use kompoxops::exit_codes::{DONE, FAILED};
use serde_json::Value;

use crate::shop;

/// Every line as JSON.
fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn progress_can_be_lines_json_or_nothing() {
    let env = shop();
    assert_snapshot!(env.run("disk create -V db -N a -o name --progress plain").expect(DONE), @"
    a
    ------- stderr -------
    create resource group rg-shop: started
    create resource group rg-shop: done in [DURATION]
    create disk db-9b4aae-a: started
    create disk db-9b4aae-a: Updating
    create disk db-9b4aae-a: done in [DURATION]
    [exit status: 0]
    ");
    assert_snapshot!(env.run("disk create -V db -N b -o name --progress json").expect(DONE), @r#"
    b
    ------- stderr -------
    {"event":"started","time":"[TIME]","step":1,"what":"create disk db-9b4aae-b"}
    {"event":"progress","time":"[TIME]","step":1,"state":"Updating","percent":null}
    {"event":"ended","time":"[TIME]","step":1,"outcome":"done","seconds":[SECONDS]}
    [exit status: 0]
    "#);
    assert_snapshot!(env.run("disk create -V db -N c -o name --progress none").expect(DONE), @"
    c
    [exit status: 0]
    ");
    // Without a terminal lines are what `auto` means.
    assert_snapshot!(env.run("disk create -V db -N d -o name --progress auto").expect(DONE), @"
    d
    ------- stderr -------
    create disk db-9b4aae-d: started
    create disk db-9b4aae-d: Updating
    create disk db-9b4aae-d: done in [DURATION]
    [exit status: 0]
    ");
}

#[test]
fn every_line_of_json_progress_is_an_object_with_event_and_time() {
    let env = shop();
    let busy = FaultAction::respond_retry_after(503, "ServerBusy", 0);
    env.fault(FaultRule::new("GET", "**/disks", busy).times(1));
    let output = env
        .run("disk create --bootstrap -o json --progress json")
        .expect(DONE);
    let events = lines(&output.stderr);
    assert!(
        events
            .iter()
            .all(|event| event["event"].is_string() && event["time"].is_string())
    );
    for kind in ["started", "progress", "ended", "retrying"] {
        assert!(
            events.iter().any(|event| event["event"] == kind),
            "{kind}: {output}"
        );
    }
    // The error at the end is one more line.
    let failed = env
        .run("disk assign -V db -N x -o json --progress json")
        .expect(FAILED);
    assert_eq!(lines(&failed.stderr).last().unwrap()["error"]["kind"], "notFound");
}

#[test]
fn quiet_says_nothing_on_success_and_still_tells_errors() {
    let env = shop();
    for line in [
        "disk create --bootstrap",
        "disk list -o table",
        "disk create -V db -N x",
        "disk assign -V db -N x",
        "snapshot create -V db -N x",
        "snapshot list",
        "snapshot restore -V db -N x --disk-name y",
        "snapshot delete -V db -N x",
        "disk delete -V db -N y",
        "snapshot list -o table",
        "check",
        "admin app list",
        "version",
    ] {
        assert_eq!(env.run(&format!("{line} -q")).expect(DONE).stderr, "", "{line}");
    }
    assert_eq!(env.run("disk list -o table --quiet").expect(DONE).stderr, "");
    let failed = env.run("disk list -V nope -q").expect(FAILED);
    assert!(failed.stderr.contains("has no volume nope"), "{failed}");
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let env = shop();
    let coloured = |flags: &str| {
        let output = env
            .command(&format!("disk list -V nope {flags}"))
            .without_env("NO_COLOR")
            .run()
            .expect(FAILED);
        output.stderr.contains("\u{1b}[")
    };
    assert!(!coloured(""));
    assert!(!coloured("--color auto"));
    assert!(!coloured("--color never"));
    assert!(coloured("--color always"));
    let usage = env.run("disk lst --color always");
    assert!(usage.stderr.contains("\u{1b}["), "{usage}");
}

#[test]
fn the_log_goes_to_standard_error_a_file_or_nowhere() {
    let env = shop();
    let to_stderr = env.run("disk list --log-level debug").expect(DONE);
    assert!(to_stderr.stderr.contains("DEBUG"), "{to_stderr}");
    assert_eq!(
        env.run("disk list --log-level debug --log-output none")
            .expect(DONE)
            .stderr,
        ""
    );
    assert_eq!(env.run("disk list --log-level off").expect(DONE).stderr, "");
    let dash = env.run("disk list --log-output -").expect(DONE);
    assert!(
        dash.stderr.contains("INFO") && !dash.stderr.contains("DEBUG"),
        "{dash}"
    );

    env.run("disk list --log-output log --log-level info")
        .assert_code(DONE);
    let first = env.read("log");
    assert!(first.contains("INFO") && !first.contains("DEBUG"), "{first}");
    env.run("disk list --log-output log --log-level debug")
        .assert_code(DONE);
    let second = env.read("log");
    assert!(second.starts_with(&first) && second.contains("DEBUG"), "{second}");
    assert_snapshot!(env.run("disk list --log-output no/such/directory/log").expect(FAILED), @"
    ------- stderr -------
    error: cannot write the log to --log-output no/such/directory/log (invalidInput)
      caused by: [OS ERROR]
    hint: name a file in a directory that exists, or `-` for standard error
    [exit status: 1]
    ");
}

#[test]
fn json_log_lines_are_json_and_an_error_is_among_them() {
    let env = shop();
    env.run("disk assign -V db -N x --log-output log --log-level trace --log-format json")
        .assert_code(FAILED);
    let log = lines(&env.read("log"));
    assert!(
        log.iter()
            .any(|line| line["level"] == "ERROR" && line["kind"] == "notFound")
    );
    let human = env
        .run("disk list --log-output - --log-format human")
        .expect(DONE);
    assert!(!human.stderr.starts_with('{'), "{human}");
}

#[cfg(unix)]
#[test]
fn the_log_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let env = shop();
    let mode = || std::fs::metadata(env.path("log")).unwrap().permissions().mode() & 0o777;
    env.run("disk list --log-output log").assert_code(DONE);
    assert_eq!(mode(), 0o600);
    // One that others could read before, too.
    std::fs::set_permissions(env.path("log"), PermissionsExt::from_mode(0o644)).unwrap();
    env.run("disk list --log-output log").assert_code(DONE);
    assert_eq!(mode(), 0o600);
}

#[test]
fn yes_is_accepted_where_nobody_can_be_asked() {
    let env = shop();
    env.run("disk create -V db -N a -q").assert_code(DONE);
    env.run("disk create -V db -N b -q -y").assert_code(DONE);
    // Without a terminal there is no question to answer.
    env.run("disk delete -V db -N b -q").assert_code(DONE);
    env.run("disk delete -V db -N a -q --force --yes")
        .assert_code(DONE);
}
