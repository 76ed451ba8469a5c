//! `disk list`, `disk create`, `disk assign`, `disk delete`.

use insta::assert_snapshot;
use kompoxops::exit_codes::{DONE, FAILED};
use serde_json::json;

use crate::{members, shop};

#[test]
fn the_first_disk_of_a_volume_is_assigned_and_shown_in_full() {
    let env = shop();
    assert_snapshot!(env.run("disk create -V db -N first -o json").expect(DONE), @r#"
    {
      "name": "first",
      "volumeName": "db",
      "assigned": true,
      "size": 4294967296,
      "sectorSize": 512,
      "zone": "1",
      "options": {
        "iops": 120,
        "mbps": 25,
        "sku": "Premium_LRS"
      },
      "handle": "/subscriptions/[SUBSCRIPTION......................]/resourcegroups/rg-shop/providers/microsoft.compute/disks/db-9b4aae-first",
      "createdAt": "[TIME]",
      "updatedAt": null,
      "state": "Unattached",
      "provisioningState": "Succeeded",
      "attachedTo": []
    }
    ------- stderr -------
    create resource group rg-shop: started
    create resource group rg-shop: done in [DURATION]
    create disk db-9b4aae-first: started
    create disk db-9b4aae-first: Updating
    create disk db-9b4aae-first: done in [DURATION]
    [exit status: 0]
    "#);
}

#[test]
fn a_disk_in_json_has_the_fields_of_the_contract_in_lists_too() {
    let env = shop();
    let contract = [
        "assigned",
        "attachedTo",
        "createdAt",
        "handle",
        "name",
        "options",
        "provisioningState",
        "sectorSize",
        "size",
        "state",
        "updatedAt",
        "volumeName",
        "zone",
    ];
    let made = env.run("disk create -V db -N first").expect(DONE).json();
    assert_eq!(members(&made), contract);
    let listed = env.run("disk list").expect(DONE).json();
    assert_eq!(members(&listed[0]), contract);
    assert_eq!(listed[0], made);
    assert_eq!(made["size"], json!(4_u64 << 30));
}

#[test]
fn disks_are_listed_in_every_format() {
    let env = shop();
    env.run("disk create -V db -N first -q").assert_code(DONE);
    env.run("disk create -V db -N second -q").assert_code(DONE);
    env.run("disk create -V uploads -N only -q").assert_code(DONE);
    assert_snapshot!(env.run("disk list -o table").expect(DONE), @"
    NAME     VOLUME    ASSIGNED   SIZE   ZONE   OPTIONS                            STATE        ATTACHED-TO   AGE
    only     uploads   yes        8Gi    1      iops=120,mbps=25,sku=Premium_LRS   Unattached   -             [AGE]
    second   db        no         4Gi    1      iops=120,mbps=25,sku=Premium_LRS   Unattached   -             [AGE]
    first    db        yes        4Gi    1      iops=120,mbps=25,sku=Premium_LRS   Unattached   -             [AGE]
    [exit status: 0]
    ");
    assert_snapshot!(env.run("disk list -o name").expect(DONE), @"
    only
    second
    first
    [exit status: 0]
    ");
    assert_snapshot!(env.run("disk list -V uploads -o yaml").expect(DONE), @r#"
    - name: only
      volumeName: uploads
      assigned: true
      size: 8589934592
      sectorSize: 512
      zone: "1"
      options:
        iops: 120
        mbps: 25
        sku: Premium_LRS
      handle: >-
        /subscriptions/[SUBSCRIPTION......................]/resourcegroups/rg-shop/providers/microsoft.compute/disks/uploads-9b4aae-only
      createdAt: "[TIME]"
      updatedAt: null
      state: Unattached
      provisioningState: Succeeded
      attachedTo: []
    [exit status: 0]
    "#);
    // Without a terminal JSON is what `auto` means.
    let auto = env.run("disk list -o auto").expect(DONE);
    assert_eq!(auto.stdout, env.run("disk list -o json").expect(DONE).stdout);
    assert_eq!(auto.stdout, env.run("disk list").expect(DONE).stdout);
}

#[test]
fn an_empty_list_is_an_empty_list_to_machines_and_advice_to_humans() {
    let env = shop();
    assert_snapshot!(env.run("disk list -o json").expect(DONE), @"
    []
    [exit status: 0]
    ");
    assert_snapshot!(env.run("disk list -o yaml").expect(DONE), @"
    []
    [exit status: 0]
    ");
    assert_snapshot!(env.run("disk list -o name").expect(DONE), @"[exit status: 0]");
    assert_snapshot!(env.run("disk list -o table").expect(DONE), @"
    ------- stderr -------
    app shop has no disks; `kompoxops disk create --bootstrap` makes one for each volume
    [exit status: 0]
    ");
    assert_snapshot!(env.run("disk list -V db -o table").expect(DONE), @"
    ------- stderr -------
    volume db has no disks; `kompoxops disk create -V db` makes one
    [exit status: 0]
    ");
}

#[test]
fn assigning_switches_and_deleting_spares_the_disk_in_use() {
    let env = shop();
    env.run("disk create -V db -N blue -q").assert_code(DONE);
    env.run("disk create -V db --disk-name green -q")
        .assert_code(DONE);
    assert_snapshot!(env.run("disk assign -V db -N green -o table").expect(DONE), @"
    NAME    VOLUME   ASSIGNED   SIZE   ZONE   OPTIONS                            STATE        ATTACHED-TO   AGE
    green   db       yes        4Gi    1      iops=120,mbps=25,sku=Premium_LRS   Unattached   -             [AGE]
    ------- stderr -------
    tag disk db-9b4aae-green: started
    tag disk db-9b4aae-green: done in [DURATION]
    tag disk db-9b4aae-blue: started
    tag disk db-9b4aae-blue: done in [DURATION]
    [exit status: 0]
    ");
    assert_snapshot!(env.run("disk list -V db -o table -q").expect(DONE), @"
    NAME    VOLUME   ASSIGNED   SIZE   ZONE   OPTIONS                            STATE        ATTACHED-TO   AGE
    green   db       yes        4Gi    1      iops=120,mbps=25,sku=Premium_LRS   Unattached   -             [AGE]
    blue    db       no         4Gi    1      iops=120,mbps=25,sku=Premium_LRS   Unattached   -             [AGE]
    [exit status: 0]
    ");
    assert_snapshot!(env.run("disk delete -V db -N green").expect(FAILED), @"
    ------- stderr -------
    error: cannot delete disk green of volume db (precondition)
      caused by: disk green is the assigned one of volume db
    hint: assign another disk first; or delete it all the same and leave none assigned with --force
    [exit status: 1]
    ");
    assert_snapshot!(env.run("disk delete -V db -N blue -o table").expect(DONE), @"
    ------- stderr -------
    delete disk db-9b4aae-blue: started
    delete disk db-9b4aae-blue: Accepted
    delete disk db-9b4aae-blue: done in [DURATION]
    disk blue of volume db is deleted
    [exit status: 0]
    ");
    assert_snapshot!(env.run("disk delete -V db --disk-name green --force -o json").expect(DONE), @r#"
    {
      "name": "green",
      "volumeName": "db",
      "deleted": true
    }
    ------- stderr -------
    delete disk db-9b4aae-green: started
    delete disk db-9b4aae-green: Accepted
    delete disk db-9b4aae-green: done in [DURATION]
    [exit status: 0]
    "#);
    // Gone is gone.
    assert_snapshot!(env.run("disk delete -V db -N green -o name").expect(DONE), @"
    green
    [exit status: 0]
    ");
    assert_eq!(env.run("disk list").expect(DONE).json(), json!([]));
}

#[test]
fn a_disk_without_a_name_gets_a_new_one_that_is_printed() {
    let env = shop();
    let name = |output: kompox_tests::binary::Output| output.stdout.trim_end().to_owned();
    let first = name(env.run("disk create -V db -o name -q").expect(DONE));
    let second = name(env.run("disk create -V db -o name -q").expect(DONE));
    assert_eq!((first.len(), second.len()), (26, 26));
    assert!(first < second);
    // Newest first.
    let listed = env.run("disk list -V db -o name").expect(DONE).stdout;
    assert_eq!(listed, format!("{second}\n{first}\n"));
}

#[test]
fn zone_options_and_source_reach_the_disk() {
    let env = shop();
    let first = env
        .command("disk create -V db -N fast -Z japaneast-2 -O")
        .arg(r#"{"sku":"PremiumV2_LRS","iops":4000,"mbps":200,"sectorSize":512}"#)
        .run()
        .expect(DONE)
        .json();
    assert_eq!(first["zone"], "2");
    assert_eq!(
        first["options"],
        json!({ "sku": "PremiumV2_LRS", "iops": 4000, "mbps": 200, "sectorSize": 512 })
    );
    env.run("snapshot create -V db -N before -q").assert_code(DONE);
    for (name, source) in [("a", "before"), ("b", "snapshot:before"), ("c", "disk:fast")] {
        let line = format!("disk create -V db -N {name} -S {source} -Z 2 -q");
        env.run(&line).assert_code(DONE);
    }
    let id = env.run("disk list -V db").expect(DONE).json()[0]["handle"].clone();
    let copy = env
        .command("disk create -V uploads -N copy -S")
        .arg(id.as_str().unwrap())
        .run()
        .expect(DONE)
        .json();
    assert_eq!(copy["volumeName"], "uploads");
    let puts = env.emulator().requests();
    let copies = puts
        .iter()
        .filter(|request| request.method == "PUT" && request.path.contains("/disks/"));
    assert_eq!(copies.count(), 5);
}

#[test]
fn what_a_machine_holds_is_neither_deleted_nor_hidden() {
    let env = shop();
    let disk = env.run("disk create -V db -N first").expect(DONE).json();
    let vm = env.resource_id("virtualMachines", "vm-1");
    env.block_on(env.emulator().attach_disk(disk["handle"].as_str().unwrap(), &vm))
        .unwrap();
    assert_snapshot!(env.run("disk list -o table").expect(DONE), @"
    NAME    VOLUME   ASSIGNED   SIZE   ZONE   OPTIONS                            STATE      ATTACHED-TO   AGE
    first   db       yes        4Gi    1      iops=120,mbps=25,sku=Premium_LRS   Attached   vm-1          [AGE]
    [exit status: 0]
    ");
    let refused = env.run("disk delete -V db -N first --force").expect(FAILED);
    assert!(refused.stderr.contains("disk first is attached to"), "{refused}");
    assert_eq!(
        refused.hint(),
        "stop whatever uses it, and wait until it is detached"
    );
}
