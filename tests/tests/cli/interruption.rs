//! Operations that are cut short: by a deadline, by Ctrl-C, by a reader who goes away.

use insta::assert_snapshot;
use kompox_azure_emulator::{FaultAction, FaultRule, OperationFault, Outcome, RetryAfter};
use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::{DONE, FAILED};

use crate::shop;

/// An Azure in which no disk is ever finished.
fn stuck() -> TestEnvironment {
    let env = shop();
    let never = OperationFault {
        outcome: Outcome::Stuck,
        retry_after: RetryAfter::Seconds(1),
        ..OperationFault::default()
    };
    env.fault(FaultRule::new("PUT", "**/disks/*", FaultAction::Operation(never)));
    env
}

#[test]
fn a_deadline_in_the_middle_says_how_to_go_on() {
    let env = stuck();
    let output = env
        .run("disk create -V db -N first --timeout 5s --progress none")
        .expect(FAILED);
    assert!(output.hint().contains("kompoxops disk list -V db"), "{output}");
    assert_snapshot!(output, @"
    ------- stderr -------
    error: cannot tell whether this was done: create disk first of volume db (timeout)
      caused by: there was not enough time while PUT /subscriptions/[SUBSCRIPTION......................]/resourceGroups/rg-shop/providers/Microsoft.Compute/disks/db-9b4aae-first was still under way in Azure
      correlation id: [UUID-1............................]
    hint: Azure asks to wait 1 s; give it more time with --timeout; see whether disk first exists: kompoxops disk list -V db
    [exit status: 1]
    ");
    // The command that is named shows where it stands.
    let listed = env.run("disk list -V db -o json").expect(DONE).json();
    assert_eq!(listed[0]["name"], "first");
    assert_eq!(listed[0]["assigned"], true);
}

#[test]
fn a_deadline_before_anything_was_written_is_a_clear_failure() {
    let env = shop();
    env.fault(FaultRule::new("GET", "**/disks", FaultAction::Hang));
    let output = env
        .run("disk create -V db -N first --timeout 1s -o json --progress none")
        .expect(FAILED);
    let told = output.error();
    assert_eq!(told["kind"], "timeout");
    assert_eq!(told["message"], "cannot create disk first of volume db");
    assert!(told["hint"].as_str().unwrap().contains("--timeout"), "{told}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_says_what_still_runs_and_how_to_see_its_end() {
    use kompoxops::exit_codes::INTERRUPTED;

    let interrupted_by = |signal: &str| {
        let env = stuck();
        let mut running = env.command("disk create -V db -N first").spawn();
        running.wait_for_stderr("create disk db-9b4aae-first: Updating");
        running.signal(signal);
        running.wait().expect(INTERRUPTED).to_string()
    };
    let by_ctrl_c = interrupted_by("INT");
    assert_snapshot!(by_ctrl_c, @"
    ------- stderr -------
    create resource group rg-shop: started
    create resource group rg-shop: done in [DURATION]
    create disk db-9b4aae-first: started
    create disk db-9b4aae-first: Updating
    create disk db-9b4aae-first: left after [DURATION], it may still run
    interrupted; this may still run in Azure: create disk db-9b4aae-first
    hint: see how it ends with: kompoxops disk list -V db
    [exit status: 130]
    ");
    assert_eq!(interrupted_by("TERM"), by_ctrl_c);
}

#[cfg(unix)]
#[test]
fn ctrl_c_before_anything_was_written_says_that_nothing_runs() {
    use kompoxops::exit_codes::INTERRUPTED;

    let env = shop();
    let busy = FaultAction::respond_retry_after(503, "ServerBusy", 60);
    env.fault(FaultRule::new("GET", "**/disks", busy));
    let mut running = env.command("disk create -V db -N first -o json").spawn();
    running.wait_for_stderr("again in");
    running.signal("INT");
    let told = running.wait().expect(INTERRUPTED).error();
    assert_eq!(told["kind"], "interrupted");
    assert_eq!(told["message"], "interrupted; nothing is under way in Azure");
    assert_eq!(
        told["hint"],
        "run it again, or look with: kompoxops disk list -V db"
    );
}

#[test]
fn a_reader_who_goes_away_is_no_error() {
    let env = shop();
    for line in [
        "completion bash",
        "disk list",
        "version",
        "admin app list",
        "check",
        "--help",
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = env.command(line).spawn_with_stdout(writer.into()).wait();
        assert_eq!(output.expect(DONE).stderr, "", "{line}");
    }
}

#[test]
fn a_verdict_counts_also_where_nobody_reads_it() {
    let env = shop();
    let unread = |line: &str| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = env.command(line).spawn_with_stdout(writer.into()).wait();
        output.expect(FAILED)
    };
    for name in ["one", "two"] {
        env.run(&format!("disk create -V db -N {name} -q"))
            .assert_code(DONE);
    }
    env.run("disk delete -V db -N one --force -q").assert_code(DONE);
    let told = unread("disk create --bootstrap -o json -q").error();
    assert_eq!(told["kind"], "precondition");
    env.edit(".kompox/kom/provider.yml", "AZURE_LOCATION", "AZURE_LOCATOIN");
    for format in ["json", "yaml", "name", "table"] {
        assert_eq!(unread(&format!("check -o {format}")).stderr, "", "{format}");
    }
}

#[test]
fn progress_says_that_what_a_deadline_left_behind_may_still_run() {
    let env = stuck();
    let events = env
        .run("disk create -V db -N first --timeout 5s --progress json")
        .expect(FAILED)
        .stderr;
    assert!(events.contains(r#""outcome":"abandoned""#), "{events}");
    assert!(!events.contains(r#""outcome":"failed""#), "{events}");
    let lines = env
        .run("disk create -V uploads -N first --timeout 5s --progress plain")
        .expect(FAILED)
        .stderr;
    assert!(lines.contains("it may still run"), "{lines}");
}
