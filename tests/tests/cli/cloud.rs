//! What Azure refuses, and what keeps us from it: every message says what to do.

use insta::assert_snapshot;
use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule};
use kompox_tests::binary::{CA_FILE, TestEnvironment};
use kompoxops::exit_codes::{DONE, FAILED};
use serde_json::json;

use crate::shop;

#[test]
fn a_missing_permission_is_named() {
    let env = shop();
    let read_only = [
        "Microsoft.Compute/disks/read",
        "Microsoft.Compute/snapshots/read",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
    ];
    env.run("disk create -V db -N first -q").assert_code(DONE);
    env.emulator()
        .restrict_caller(Some(read_only.map(str::to_owned).to_vec()));
    env.run("disk list").assert_code(DONE);
    assert_snapshot!(env.run("disk create -V db -N second").expect(FAILED), @"
    ------- stderr -------
    warning: it was not checked whether cluster main may attach the disks of this app: The client '[UUID-1............................]' with object id '[UUID-2............................]' does not have authorization to perform action 'Microsoft.ContainerService/managedClusters/read' over scope '/subscriptions/[SUBSCRIPTION......................]/resourceGroups/rg-main' or the scope is invalid. If access was recently granted, please refresh your credentials.
    create disk db-9b4aae-second: started
    create disk db-9b4aae-second: failed after [DURATION]
    error: cannot create disk second of volume db (permissionDenied)
      caused by: The client '[UUID-1............................]' with object id '[UUID-2............................]' does not have authorization to perform action 'Microsoft.Compute/disks/write' over scope '/subscriptions/[SUBSCRIPTION......................]/resourceGroups/rg-shop/providers/Microsoft.Compute/disks/db-9b4aae-second' or the scope is invalid. If access was recently granted, please refresh your credentials.
      code: AuthorizationFailed
      correlation id: [UUID-3............................]
    hint: ask for a role that holds the action named above; a role given just now takes some minutes to work
    [exit status: 1]
    ");
    for line in ["snapshot create -V db -N x", "disk delete -V db -N first --force"] {
        let told = env.run(&format!("{line} -o json")).expect(FAILED).error();
        assert_eq!(told["kind"], "permissionDenied");
        assert_eq!(told["code"], "AuthorizationFailed");
        assert!(told["correlationId"].is_string());
        assert!(
            told["hint"].as_str().unwrap().starts_with("ask for a role"),
            "{told}"
        );
    }
}

#[test]
fn a_wrong_secret_is_said_to_be_one_and_nothing_was_done() {
    let env = shop();
    env.write(".kompox/secrets/client-secret", "wrong-hunter2");
    let output = env.run("disk create -V db -N first").expect(FAILED);
    assert!(!output.everything().contains("hunter2"));
    assert_snapshot!(output, @"
    ------- stderr -------
    error: cannot create disk first of volume db (unauthenticated)
      caused by:
        1: cannot sign in to Azure
        2: ClientSecretCredential authentication failed. AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '[UUID-1............................]'. Trace ID: [UUID-2............................] Correlation ID: [UUID-3............................] Timestamp: [TIME] To troubleshoot, visit https://aka.ms/azsdk/rust/identity/troubleshoot#client-secret
      correlation id: [UUID-4............................]
    hint: the client secret is wrong or has expired; make a new one and put it where AZURE_CLIENT_SECRET points
    [exit status: 1]
    ");
    assert_eq!(
        env.run("disk list -o json").expect(FAILED).error()["kind"],
        "unauthenticated"
    );
}

#[test]
fn an_azure_that_is_gone_or_not_trusted_is_a_clear_failure_with_a_hint_about_the_network() {
    let (mut env, distrusting) = (shop(), shop());
    distrusting.write(CA_FILE, &env.read(CA_FILE));
    env.stop_emulator();
    // Side by side, because both are patient.
    let line = "disk create -V db -N first --progress none";
    let (gone, untrusted) = (env.command(line).spawn(), distrusting.command(line).spawn());
    let output = gone.wait().expect(FAILED);
    // Before anything was written nobody needs to look whether it was done.
    assert!(!output.stderr.contains("cannot tell"), "{output}");
    assert!(
        output.hint().contains("check the network, HTTPS_PROXY"),
        "{output}"
    );
    assert_snapshot!(output, @"
    ------- stderr -------
    error: cannot create disk first of volume db (unavailable)
      caused by:
        1: cannot sign in to Azure
        2: ClientSecretCredential authentication failed. failed to execute `reqwest` request To troubleshoot, visit https://aka.ms/azsdk/rust/identity/troubleshoot#client-secret
        3: error sending request for url (https://127.0.0.1:[PORT]/[UUID-1............................]/oauth2/v2.0/token)
        4: client error (Connect)
        5: tcp connect error
        6: [OS ERROR]
      correlation id: [UUID-2............................]
    hint: the sign-in service cannot be reached; check the network, HTTPS_PROXY and NO_PROXY, and AZURE_CA_FILE
    [exit status: 1]
    ");
    let output = untrusted.wait().expect(FAILED);
    assert!(output.hint().contains("AZURE_CA_FILE"), "{output}");
    assert!(!output.stderr.contains("cannot tell"), "{output}");
    assert_snapshot!(output, @"
    ------- stderr -------
    error: cannot create disk first of volume db (unavailable)
      caused by:
        1: cannot sign in to Azure
        2: ClientSecretCredential authentication failed. failed to execute `reqwest` request To troubleshoot, visit https://aka.ms/azsdk/rust/identity/troubleshoot#client-secret
        3: error sending request for url (https://127.0.0.1:[PORT]/[UUID-1............................]/oauth2/v2.0/token)
        4: client error (Connect)
        5: invalid peer certificate: BadSignature
      correlation id: [UUID-2............................]
    hint: the certificate of the sign-in service is not trusted; name the CA of a private cloud or proxy in AZURE_CA_FILE
    [exit status: 1]
    ");
}

#[test]
fn a_ca_file_that_is_not_there_is_told_before_anybody_is_asked() {
    let env = shop();
    std::fs::remove_file(env.path(CA_FILE)).unwrap();
    assert_snapshot!(env.run("disk list").expect(FAILED), @"
    ------- stderr -------
    error: cannot use provider /ws/demo/prv/azure (invalidInput)
      caused by: AZURE_CA_FILE [ROOT]/work/.kompox/ca.pem does not exist
    hint: give a file with one or more certificates in PEM form
    [exit status: 1]
    ");
}

#[test]
fn a_write_that_may_have_been_done_says_how_to_find_out() {
    let env = shop();
    let failed = FaultAction::fail_late("AllocationFailed", "Allocation failed.");
    env.fault(FaultRule::new("PUT", "**/disks/*", failed));
    assert_snapshot!(env.run("disk create -V db -N first").expect(FAILED), @"
    ------- stderr -------
    create resource group rg-shop: started
    create resource group rg-shop: done in [DURATION]
    create disk db-9b4aae-first: started
    create disk db-9b4aae-first: Updating
    create disk db-9b4aae-first: failed after [DURATION]
    error: cannot create disk first of volume db (failed)
      caused by: Azure ended the operation as Failed: Allocation failed.
      code: AllocationFailed
      correlation id: [UUID-1............................]
    hint: correct what the causes name and run it again; the correlation id finds the request in Azure's activity log; see whether disk first exists: kompoxops disk list -V db
    [exit status: 1]
    ");
}

/// The first tag merge meets `lost`, and every write after it is refused.
fn lost_then_refused(env: &TestEnvironment, lost: FaultAction) {
    let refusal = FaultAction::respond(429, "TooManyRequests", "Slow down.");
    env.emulator()
        .set_faults(FaultPlan::new([
            FaultRule::new("PATCH", "**", lost).times(1),
            FaultRule::new("PUT|PATCH|DELETE", "**", refusal)
                .once_fired(0)
                .clients_only(),
        ]))
        .unwrap();
}

#[test]
fn what_was_done_though_its_answer_was_lost_and_the_repetition_refused_ends_well_and_says_so() {
    let env = shop();
    env.run("disk create -V db -N first -q").assert_code(DONE);
    env.run("disk create -V db -N second -q").assert_code(DONE);
    lost_then_refused(&env, FaultAction::ResetAfter);
    let told = env.run("disk assign -V db -N second -o json --progress json");
    // The mark took effect, and clearing the other one is refused: nobody may say that nothing was done.
    let error = told.expect(FAILED).error();
    assert_eq!(error["outcome"], "unknown", "{error}");
    assert_eq!(error["kind"], "throttled");
    env.emulator().set_faults(FaultPlan::default()).unwrap();
    let listed = env.run("disk list -V db").expect(DONE).json();
    let assigned = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|disk| disk["assigned"] == true);
    assert_eq!(assigned.unwrap()["name"], "second");

    lost_then_refused(&env, FaultAction::ResetAfter);
    // One write only: what the lost answer was about.
    let output = env
        .run("disk assign -V db -N second --progress plain")
        .expect(DONE);
    assert!(
        output
            .stderr
            .contains("was lost; the disk list shows that it took effect"),
        "{output}"
    );
}

#[test]
fn what_was_lost_and_then_refused_is_told_as_unknown_and_what_was_only_refused_as_not_done() {
    let env = shop();
    env.run("disk create -V db -N first -q").assert_code(DONE);
    env.run("disk create -V db -N second -q").assert_code(DONE);
    lost_then_refused(&env, FaultAction::ResetBefore);
    let error = env
        .run("disk assign -V db -N second -o json")
        .expect(FAILED)
        .error();
    assert_eq!(
        (&error["outcome"], &error["kind"]),
        (&json!("unknown"), &json!("throttled")),
        "{error}"
    );
    let refusal = FaultAction::respond(403, "AuthorizationFailed", "No.");
    let rule = FaultRule::new("PATCH", "**", refusal);
    env.emulator().set_faults(FaultPlan::new([rule])).unwrap();
    let error = env
        .run("disk assign -V db -N second -o json")
        .expect(FAILED)
        .error();
    assert_eq!(
        (&error["outcome"], &error["kind"]),
        (&json!("notDone"), &json!("permissionDenied")),
        "{error}"
    );
}

#[test]
fn an_error_of_azure_is_passed_on_with_its_code_and_the_correlation_id() {
    let env = shop();
    let refusal = FaultAction::respond(409, "OperationNotAllowed", "Exceeding approved quota.");
    env.fault(FaultRule::new("PUT", "**/disks/*", refusal));
    assert_snapshot!(env.run("disk create -V db -N first -o json --progress none").expect(FAILED), @r#"
    ------- stderr -------
    {"error":{"kind":"quotaExceeded","outcome":"notDone","message":"cannot create disk first of volume db","causes":["Exceeding approved quota."],"code":"OperationNotAllowed","correlationId":"[UUID-1............................]","hint":"ask Azure for more quota, or delete disks and snapshots that are not needed","failures":[]}}
    [exit status: 1]
    "#);
}

#[test]
fn what_passes_by_is_tried_again_and_told() {
    let env = shop();
    let busy = FaultAction::respond_retry_after(503, "ServerBusy", 0);
    env.fault(FaultRule::new("GET", "**/disks", busy).times(1));
    let output = env.run("disk list").expect(DONE);
    assert!(output.stderr.contains(": again in "), "{output}");
}
