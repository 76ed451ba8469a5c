//! `snapshot list`, `snapshot create`, `snapshot delete`, `snapshot restore`.

use insta::assert_snapshot;
use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::{DONE, FAILED};
use serde_json::json;

use crate::{members, shop};

fn with_a_disk() -> TestEnvironment {
    let env = shop();
    env.run("disk create -V db -N first -q").assert_code(DONE);
    env
}

#[test]
fn a_snapshot_is_of_the_assigned_disk_and_shown_in_full() {
    let env = with_a_disk();
    assert_snapshot!(env.run("snapshot create -V db -N before -o json").expect(DONE), @r#"
    {
      "name": "before",
      "volumeName": "db",
      "size": 4294967296,
      "sectorSize": null,
      "options": {
        "sku": "Standard_LRS"
      },
      "handle": "/subscriptions/[SUBSCRIPTION......................]/resourcegroups/rg-shop/providers/microsoft.compute/snapshots/db-9b4aae-before",
      "createdAt": "[TIME]",
      "updatedAt": null,
      "sourceDisk": "first",
      "completionPercent": 100.0,
      "provisioningState": "Succeeded"
    }
    ------- stderr -------
    create snapshot db-9b4aae-before: started
    create snapshot db-9b4aae-before: Updating
    create snapshot db-9b4aae-before: done in [DURATION]
    [exit status: 0]
    "#);
}

#[test]
fn a_snapshot_in_json_has_the_fields_of_the_contract_in_lists_too() {
    let env = with_a_disk();
    let contract = [
        "completionPercent",
        "createdAt",
        "handle",
        "name",
        "options",
        "provisioningState",
        "sectorSize",
        "size",
        "sourceDisk",
        "updatedAt",
        "volumeName",
    ];
    let taken = env.run("snapshot create -V db").expect(DONE).json();
    assert_eq!(members(&taken), contract);
    let listed = env.run("snapshot list").expect(DONE).json();
    assert_eq!(members(&listed[0]), contract);
    assert_eq!(listed[0], taken);
}

#[test]
fn snapshots_are_listed_in_every_format() {
    let env = with_a_disk();
    env.run("snapshot create -V db -N before -q").assert_code(DONE);
    assert_snapshot!(env.run("snapshot list -o table").expect(DONE), @"
    NAME     VOLUME   SIZE   SOURCE-DISK   COMPLETE   AGE
    before   db       4Gi    first         100%       [AGE]
    [exit status: 0]
    ");
    assert_snapshot!(env.run("snapshot list -V db -o yaml").expect(DONE), @r#"
    - name: before
      volumeName: db
      size: 4294967296
      sectorSize: null
      options:
        sku: Standard_LRS
      handle: >-
        /subscriptions/[SUBSCRIPTION......................]/resourcegroups/rg-shop/providers/microsoft.compute/snapshots/db-9b4aae-before
      createdAt: "[TIME]"
      updatedAt: null
      sourceDisk: first
      completionPercent: 100.0
      provisioningState: Succeeded
    [exit status: 0]
    "#);
    assert_snapshot!(env.run("snapshot list -o name").expect(DONE), @"
    before
    [exit status: 0]
    ");
    assert_eq!(env.run("snapshot list -V uploads").expect(DONE).json(), json!([]));
}

#[test]
fn an_empty_list_is_an_empty_list_to_machines_and_advice_to_humans() {
    let env = shop();
    assert_snapshot!(env.run("snapshot list -o json").expect(DONE), @"
    []
    [exit status: 0]
    ");
    assert_snapshot!(env.run("snapshot list -o name").expect(DONE), @"[exit status: 0]");
    assert_snapshot!(env.run("snapshot list -o table").expect(DONE), @"
    ------- stderr -------
    app shop has no snapshots; `kompoxops snapshot create -V <volume>` takes one
    [exit status: 0]
    ");
    assert_snapshot!(env.run("snapshot list -V db -o table").expect(DONE), @"
    ------- stderr -------
    volume db has no snapshots; `kompoxops snapshot create -V db` takes one
    [exit status: 0]
    ");
}

#[test]
fn a_volume_without_an_assigned_disk_has_nothing_to_take_a_snapshot_of() {
    let env = shop();
    assert_snapshot!(env.run("snapshot create -V db -N before").expect(FAILED), @"
    ------- stderr -------
    error: cannot create snapshot before of volume db (notFound)
      caused by: volume db has no assigned disk
    hint: make a disk first: kompoxops disk create -V db
    [exit status: 1]
    ");
}

#[test]
fn a_snapshot_may_be_taken_of_another_disk() {
    let env = with_a_disk();
    env.run("disk create -V db -N second -q").assert_code(DONE);
    let taken = env
        .run("snapshot create -V db --snap-name x -S disk:second")
        .expect(DONE);
    assert_eq!(taken.json()["sourceDisk"], "second");
    let taken = env.run("snapshot create -V db -N y -S second").expect(DONE);
    assert_eq!(taken.json()["sourceDisk"], "second");
}

#[test]
fn a_restored_disk_is_assigned_only_when_that_is_asked_for() {
    let env = with_a_disk();
    env.run("snapshot create -V db -N before -q").assert_code(DONE);
    assert_snapshot!(
        env.run("snapshot restore -V db -N before --disk-name beside -o table -q").expect(DONE), @"
    NAME     VOLUME   ASSIGNED   SIZE   ZONE   OPTIONS                            STATE        ATTACHED-TO   AGE
    beside   db       no         4Gi    1      iops=120,mbps=25,sku=Premium_LRS   Unattached   -             [AGE]
    [exit status: 0]
    ");
    assert_snapshot!(
        env.run("snapshot restore -V db --snap-name before --disk-name again --assign -o table").expect(DONE), @"
    NAME    VOLUME   ASSIGNED   SIZE   ZONE   OPTIONS                            STATE        ATTACHED-TO   AGE
    again   db       yes        4Gi    1      iops=120,mbps=25,sku=Premium_LRS   Unattached   -             [AGE]
    ------- stderr -------
    create disk db-9b4aae-again: started
    create disk db-9b4aae-again: Updating
    create disk db-9b4aae-again: done in [DURATION]
    tag disk db-9b4aae-again: started
    tag disk db-9b4aae-again: done in [DURATION]
    tag disk db-9b4aae-first: started
    tag disk db-9b4aae-first: done in [DURATION]
    [exit status: 0]
    ");
    assert_snapshot!(env.run("disk list -V db -o table").expect(DONE), @"
    NAME     VOLUME   ASSIGNED   SIZE   ZONE   OPTIONS                            STATE        ATTACHED-TO   AGE
    again    db       yes        4Gi    1      iops=120,mbps=25,sku=Premium_LRS   Unattached   -             [AGE]
    beside   db       no         4Gi    1      iops=120,mbps=25,sku=Premium_LRS   Unattached   -             [AGE]
    first    db       no         4Gi    1      iops=120,mbps=25,sku=Premium_LRS   Unattached   -             [AGE]
    [exit status: 0]
    ");
}

#[test]
fn a_restore_takes_zone_and_options() {
    let env = with_a_disk();
    env.run("snapshot create -V db -N before -q").assert_code(DONE);
    let restored = env
        .command("snapshot restore -V db -N before -Z 3 -O")
        .arg(r#"{"sku":"StandardSSD_LRS"}"#)
        .run()
        .expect(DONE)
        .json();
    assert_eq!(restored["zone"], "3");
    assert_eq!(restored["options"]["sku"], "StandardSSD_LRS");
    assert_eq!(restored["name"].as_str().unwrap().len(), 26);
}

#[test]
fn a_missing_snapshot_names_those_there_are() {
    let env = with_a_disk();
    env.run("snapshot create -V db -N before -q").assert_code(DONE);
    assert_snapshot!(env.run("snapshot restore -V db -N befor").expect(FAILED), @"
    ------- stderr -------
    error: cannot restore snapshot befor of volume db as disk [ULID-1..................] (notFound)
      caused by: volume db has no snapshot befor
    hint: did you mean before?
    [exit status: 1]
    ");
}

#[test]
fn deleting_a_snapshot_can_be_repeated() {
    let env = with_a_disk();
    env.run("snapshot create -V db -N before -q").assert_code(DONE);
    assert_snapshot!(env.run("snapshot delete -V db -N before -o table").expect(DONE), @"
    ------- stderr -------
    delete snapshot db-9b4aae-before: started
    delete snapshot db-9b4aae-before: Accepted
    delete snapshot db-9b4aae-before: done in [DURATION]
    snapshot before of volume db is deleted
    [exit status: 0]
    ");
    assert_snapshot!(env.run("snapshot delete -V db -N before -o json").expect(DONE), @r#"
    {
      "name": "before",
      "volumeName": "db",
      "deleted": false
    }
    [exit status: 0]
    "#);
    assert_snapshot!(env.run("snapshot delete -V db --snap-name before -o name").expect(DONE), @"
    before
    [exit status: 0]
    ");
}
