//! `disk create --bootstrap`.

use insta::assert_snapshot;
use kompox_azure_emulator::{FaultAction, FaultRule, RequestKind, Respond};
use kompoxops::exit_codes::{DONE, FAILED};

use crate::{members, shop};

#[test]
fn every_volume_gets_its_first_disk_and_a_second_run_changes_nothing() {
    let env = shop();
    assert_snapshot!(env.run("disk create --bootstrap -o table -q").expect(DONE), @"
    VOLUME    OUTCOME   DISK                         ASSIGNED   SIZE
    db        created   [ULID-1..................]   yes        4Gi
    uploads   created   [ULID-2..................]   yes        8Gi
    [exit status: 0]
    ");
    env.emulator().clear_requests();
    assert_snapshot!(env.run("disk create --bootstrap -o table -q").expect(DONE), @"
    VOLUME    OUTCOME     DISK                         ASSIGNED   SIZE
    db        unchanged   [ULID-1..................]   yes        4Gi
    uploads   unchanged   [ULID-2..................]   yes        8Gi
    [exit status: 0]
    ");
    let requests = env.emulator().requests();
    assert!(requests.iter().all(|request| request.method != "PUT"));
    assert_snapshot!(env.run("disk create --bootstrap -o name").expect(DONE), @"
    [ULID-1..................]
    [ULID-2..................]
    [exit status: 0]
    ");
}

#[test]
fn outcomes_in_json_name_volume_disk_and_error() {
    let env = shop();
    let outcomes = env.run("disk create --bootstrap -q").expect(DONE).json();
    assert_eq!(members(&outcomes[0]), ["disk", "error", "outcome", "volumeName"]);
    assert_eq!(outcomes[1]["disk"]["assigned"], true);
    assert_eq!(outcomes[1]["outcome"], "created");
}

#[test]
fn a_volume_whose_disks_are_not_assigned_does_not_keep_the_others_from_theirs() {
    let env = shop();
    env.run("disk create -V db -N one -q").assert_code(DONE);
    env.run("disk create -V db -N two -q").assert_code(DONE);
    // The assigned one goes, which leaves a disk that only the user can judge.
    env.run("disk delete -V db -N one --force -q").assert_code(DONE);
    assert_snapshot!(env.run("disk create --bootstrap -o table -q").expect(FAILED), @"
    VOLUME    OUTCOME   DISK                         ASSIGNED   SIZE
    db        failed    -                            -          -
    uploads   created   [ULID-1..................]   yes        8Gi
    ------- stderr -------
    error: 1 of 2 volumes could not be given an assigned disk; the others have one (precondition)
      caused by: volume db has disks of which none is assigned (disks: two)
    hint: choose one: kompoxops disk assign -V db -N <disk>
    [exit status: 1]
    ");
    let again = env.run("disk create --bootstrap -o json -q").expect(FAILED);
    assert_eq!(again.json()[0]["error"]["kind"], "precondition");
    assert_eq!(again.json()[1]["outcome"], "unchanged");
    assert_eq!(again.error()["kind"], "precondition");

    env.run("disk assign -V db -N two -q").assert_code(DONE);
    assert_snapshot!(env.run("disk create --bootstrap -o table -q").expect(DONE), @"
    VOLUME    OUTCOME     DISK                         ASSIGNED   SIZE
    db        unchanged   two                          yes        4Gi
    uploads   unchanged   [ULID-1..................]   yes        8Gi
    [exit status: 0]
    ");
}

#[test]
fn a_volume_that_azure_refuses_is_made_up_for_by_running_it_again() {
    let env = shop();
    let refusal = FaultAction::fail_late(
        "DiskServiceInternalError",
        "An internal disk service error occurred.",
    );
    env.fault(FaultRule::new("PUT", "**/disks/uploads-*", refusal).times(1));
    let first = env.run("disk create --bootstrap -o json -q").expect(FAILED);
    assert_eq!(first.json()[0]["outcome"], "created");
    assert_eq!(first.json()[1]["outcome"], "failed");
    let told = first.error();
    assert_eq!(
        told["message"],
        "1 of 2 volumes could not be given an assigned disk; the others have one"
    );
    assert_eq!(told["code"], "DiskServiceInternalError");
    let hint = told["hint"].as_str().unwrap();
    assert!(
        hint.contains("see whether disk") && hint.contains(": kompoxops disk list -V uploads"),
        "{hint}"
    );
    let second = env.run("disk create --bootstrap -q").expect(DONE).json();
    assert_eq!(second[0]["outcome"], "unchanged");
    assert_eq!(second[1]["disk"]["assigned"], true);
}

#[test]
fn what_is_no_list_of_disks_makes_no_second_ones() {
    let env = shop();
    env.run("disk create --bootstrap -q").assert_code(DONE);
    for body in [
        "{}",
        "[]",
        r#"{"value":null}"#,
        r#"{"value":[{"name":"db-9b4aae-one"}]}"#,
        r#"{"error":{"code":"InternalServerError","message":"Oops."}}"#,
    ] {
        let answer = Respond {
            status: 200,
            body: Some(body.to_owned()),
            ..Respond::default()
        };
        env.fault(FaultRule::new("GET", "**/disks", FaultAction::Respond(answer)));
        env.emulator().clear_requests();
        let told = env.run("disk create --bootstrap -o json -q").expect(FAILED);
        let error = told.error();
        assert_eq!(
            (&error["kind"], &error["outcome"]),
            (&"unavailable".into(), &"notDone".into()),
            "{body}: {told}"
        );
        let requests = env.emulator().requests();
        assert!(
            requests.iter().all(|request| request.kind != RequestKind::Write),
            "{body}: {requests:?}"
        );
    }
    env.fault(FaultRule::new("*", "/nowhere", FaultAction::Hang));
    let disks = env.run("disk list -o name").expect(DONE);
    assert_eq!(disks.stdout.lines().count(), 2, "{disks}");
}
