//! `volume manifest --apply`, and disks that a cluster still has a volume for.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::{DONE, FAILED};
use serde_json::Value;

use crate::shop;

const NAMESPACE: &str = "kompox-shop-9b4aae";
const APPLY: &str = "volume manifest -V db --apply";

/// The shop with its cluster, and a disk of volume `db`.
fn open() -> TestEnvironment {
    let env = shop();
    env.run("cluster provision -q").assert_code(DONE);
    env.run("disk create -V db -N first -q").assert_code(DONE);
    env
}

fn cluster(env: &TestEnvironment) -> String {
    let group = format!(
        "/subscriptions/{}/resourceGroups/rg-main",
        env.connection().subscription_id
    );
    let of_group = env.block_on(env.emulator().resources(&group));
    let mut ids = of_group
        .iter()
        .filter_map(|resource| resource["id"].as_str())
        .filter(|id| {
            id.rsplit_once("/managedClusters/")
                .is_some_and(|(_, name)| !name.contains('/'))
        });
    ids.next().unwrap().to_owned()
}

/// Names and phases of the persistent volumes or claims in the cluster.
fn phases(env: &TestEnvironment, resource: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let objects = env
        .block_on(env.emulator().kubernetes_objects(&cluster(env), resource))
        .unwrap();
    objects
        .iter()
        .map(|object| {
            (
                text(&object["metadata"]["name"]),
                text(&object["status"]["phase"]),
            )
        })
        .collect()
}

fn remove(env: &TestEnvironment, resource: &str, name: &str) {
    let namespace = (resource == "persistentvolumeclaims").then_some(NAMESPACE);
    let emulator = env.emulator();
    let removed = env.block_on(emulator.remove_kubernetes_object(&cluster(env), resource, namespace, name));
    assert!(removed.unwrap());
}

#[test]
fn applying_makes_what_is_missing_tells_it_and_does_nothing_the_second_time() {
    let env = open();
    let first = env.run(&format!("{APPLY} --progress plain")).expect(DONE);
    // Volume and claim are made at the same time: either may be first.
    let (stdout, stderr) = (
        env.redactor().redact(&first.stdout),
        env.redactor().redact(&first.stderr),
    );
    let told: BTreeSet<&str> = stderr.lines().collect();
    for object in [
        "Namespace kompox-shop-9b4aae",
        "PersistentVolume kompox-db-9b4aae-[HASH]",
        "PersistentVolumeClaim kompox-shop-9b4aae/kompox-db-9b4aae-[HASH]",
    ] {
        for end in ["started", "done in [DURATION]"] {
            let line = format!("create {object}: {end}");
            assert!(told.contains(line.as_str()), "{line} is not in {told:?}");
        }
    }
    assert_snapshot!(stdout, @r#"
    {
      "id": "/ws/demo/prv/azure/cls/main/app/shop",
      "name": "shop",
      "cluster": "main",
      "namespace": "kompox-shop-9b4aae",
      "empty": false,
      "changes": [
        {
          "action": "create",
          "resource": "Namespace kompox-shop-9b4aae",
          "reason": "for the claims of the app"
        },
        {
          "action": "create",
          "resource": "PersistentVolume kompox-db-9b4aae-[HASH]",
          "reason": "mounts disk first"
        },
        {
          "action": "create",
          "resource": "PersistentVolumeClaim kompox-shop-9b4aae/kompox-db-9b4aae-[HASH]",
          "reason": "mounts disk first"
        }
      ]
    }
    "#);
    assert_eq!(phases(&env, "persistentvolumeclaims")[0].1, "Bound");
    assert_snapshot!(env.run(&format!("{APPLY} -o yaml")).expect(DONE), @r"
    id: /ws/demo/prv/azure/cls/main/app/shop
    name: shop
    cluster: main
    namespace: kompox-shop-9b4aae
    empty: true
    changes: []
    [exit status: 0]
    ");
    // What is printed is the same as what was applied.
    let printed = env.run("volume manifest -V db -o json -q").expect(DONE).json();
    assert_eq!(
        printed["items"][0]["metadata"]["name"].as_str(),
        Some(phases(&env, "persistentvolumes")[0].0.as_str())
    );
}

#[test]
fn on_a_terminal_it_is_a_table() {
    let env = open();
    let (shown, code) = env
        .command(&format!("{APPLY} --progress none --color never"))
        .spawn_on_terminal()
        .wait();
    assert_eq!(code, Some(i32::from(DONE)));
    assert_snapshot!(env.redactor().redact(&shown).replace('\r', ""), @r"
    ACTION   OBJECT                                                             REASON
    create   Namespace kompox-shop-9b4aae                                       for the claims of the app
    create   PersistentVolume kompox-db-9b4aae-[HASH]                           mounts disk first
    create   PersistentVolumeClaim kompox-shop-9b4aae/kompox-db-9b4aae-[HASH]   mounts disk first
    ");
    let (shown, _) = env
        .command(&format!("{APPLY} --progress none --color never"))
        .spawn_on_terminal()
        .wait();
    assert_snapshot!(env.redactor().redact(&shown).replace('\r', ""), @"cluster main mounts the volumes of app shop already: nothing to do");
}

#[test]
fn another_assigned_disk_has_a_pair_of_its_own_and_the_old_disk_goes_once_its_pair_is_removed() {
    let env = open();
    env.run(&format!("{APPLY} -q")).assert_code(DONE);
    let old = phases(&env, "persistentvolumes")[0].0.clone();
    env.run("snapshot create -V db -N before -q").assert_code(DONE);
    env.run("snapshot restore -V db -N before --disk-name again --assign -q")
        .assert_code(DONE);
    assert_snapshot!(env.run(&format!("{APPLY} --progress none")).expect(DONE), @r#"
    {
      "id": "/ws/demo/prv/azure/cls/main/app/shop",
      "name": "shop",
      "cluster": "main",
      "namespace": "kompox-shop-9b4aae",
      "empty": false,
      "changes": [
        {
          "action": "create",
          "resource": "PersistentVolume kompox-db-9b4aae-[HASH]",
          "reason": "mounts disk again"
        },
        {
          "action": "create",
          "resource": "PersistentVolumeClaim kompox-shop-9b4aae/kompox-db-9b4aae-[HASH]",
          "reason": "mounts disk again"
        },
        {
          "action": "keep",
          "resource": "PersistentVolume kompox-db-9b4aae-[HASH]",
          "reason": "mounts disk first, which is not the assigned one; to remove it: kubectl delete pvc -n kompox-shop-9b4aae kompox-db-9b4aae-[HASH] && kubectl delete pv kompox-db-9b4aae-[HASH]"
        }
      ]
    }
    [exit status: 0]
    "#);
    assert_eq!(phases(&env, "persistentvolumes").len(), 2);
    assert!(
        phases(&env, "persistentvolumeclaims")
            .iter()
            .all(|(_, phase)| phase == "Bound")
    );
    assert_snapshot!(env.run("disk delete -V db -N first --progress none").expect(FAILED), @"
    ------- stderr -------
    error: cannot delete disk first of volume db (precondition)
      caused by: cluster main still has a volume for disk first: PersistentVolume kompox-db-9b4aae-[HASH] (of claim kompox-shop-9b4aae/kompox-db-9b4aae-[HASH])
    hint: delete it there first, once nothing uses it: kubectl --context kompox-main-3d0d77 delete pvc -n kompox-shop-9b4aae kompox-db-9b4aae-[HASH] --ignore-not-found && kubectl --context kompox-main-3d0d77 delete pv kompox-db-9b4aae-[HASH]; force does not lift this
    [exit status: 1]
    ");
    // As the hint says.
    remove(&env, "persistentvolumeclaims", &old);
    remove(&env, "persistentvolumes", &old);
    env.run("disk delete -V db -N first").assert_code(DONE);
    let again = env.run(&format!("{APPLY} --progress none")).expect(DONE).json();
    assert_eq!(
        (
            again["empty"].as_bool(),
            again["changes"].as_array().unwrap().len()
        ),
        (Some(true), 0)
    );
}

#[test]
fn without_a_cluster_or_a_disk_nothing_is_applied_and_it_says_what_to_do() {
    let env = shop();
    env.run("disk create -V db -N first -q").assert_code(DONE);
    assert_snapshot!(env.run(&format!("{APPLY} --progress none")).expect(FAILED), @"
    ------- stderr -------
    error: cannot let cluster main mount the volumes of app shop (notFound)
      caused by: cluster /ws/demo/prv/azure/cls/main is not there yet
    hint: provision it: kompoxops cluster provision
    [exit status: 1]
    ");
    assert_snapshot!(env.run("volume manifest --apply --progress none").expect(FAILED), @"
    ------- stderr -------
    error: cannot mount volume uploads (precondition)
      caused by: volume uploads has no disk
    hint: make one: kompoxops disk create --bootstrap
    [exit status: 1]
    ");
}

#[test]
fn a_disk_is_deleted_with_a_warning_where_the_cluster_does_not_answer() {
    let env = open();
    env.run(&format!("{APPLY} -q")).assert_code(DONE);
    let emulator = env.emulator();
    env.block_on(emulator.set_kubernetes_answering(&cluster(&env), false))
        .unwrap();
    let deleted = env
        .run("disk delete -V db -N first --force --progress none")
        .expect(DONE);
    assert_eq!(deleted.json()["deleted"], true);
    let warning =
        "warning: it was not checked whether cluster main still has a volume for disk first: nobody listens";
    assert!(deleted.stderr.starts_with(warning), "{deleted}");
}
