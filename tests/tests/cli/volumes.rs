//! `volume manifest`.

use insta::assert_snapshot;
use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::{DONE, FAILED, USAGE};
use serde_json::json;

use crate::shop;

fn with_disks(disks: &[(&str, &str)]) -> TestEnvironment {
    let env = shop();
    for (volume, name) in disks {
        env.run(&format!("disk create -V {volume} -N {name} -q"))
            .assert_code(DONE);
    }
    env
}

#[test]
fn every_volume_has_a_persistent_volume_and_a_claim_ready_for_kubectl() {
    let env = with_disks(&[("db", "first"), ("uploads", "only")]);
    let printed = env.run("volume manifest --progress none").expect(DONE);
    assert_snapshot!(printed, @r#"
    apiVersion: v1
    kind: PersistentVolume
    metadata:
      annotations:
        ops.kompox.dev/app-id: /ws/demo/prv/azure/cls/main/app/shop
      labels:
        app.kubernetes.io/managed-by: kompoxops
        ops.kompox.dev/app: shop
        ops.kompox.dev/disk: first
        ops.kompox.dev/volume: db
      name: kompox-db-9b4aae-[HASH]
    spec:
      accessModes:
      - ReadWriteOnce
      capacity:
        storage: 4Gi
      claimRef:
        apiVersion: v1
        kind: PersistentVolumeClaim
        name: kompox-db-9b4aae-[HASH]
        namespace: kompox-shop-9b4aae
      csi:
        driver: disk.csi.azure.com
        fsType: ext4
        volumeHandle: /subscriptions/[SUBSCRIPTION......................]/resourcegroups/rg-shop/providers/microsoft.compute/disks/db-9b4aae-first
      nodeAffinity:
        required:
          nodeSelectorTerms:
          - matchExpressions:
            - key: topology.disk.csi.azure.com/zone
              operator: In
              values:
              - japaneast-1
      persistentVolumeReclaimPolicy: Retain
      storageClassName: managed-csi
      volumeMode: Filesystem
    ---
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata:
      annotations:
        ops.kompox.dev/app-id: /ws/demo/prv/azure/cls/main/app/shop
      labels:
        app.kubernetes.io/managed-by: kompoxops
        ops.kompox.dev/app: shop
        ops.kompox.dev/disk: first
        ops.kompox.dev/volume: db
      name: kompox-db-9b4aae-[HASH]
      namespace: kompox-shop-9b4aae
    spec:
      accessModes:
      - ReadWriteOnce
      resources:
        requests:
          storage: 4Gi
      storageClassName: managed-csi
      volumeMode: Filesystem
      volumeName: kompox-db-9b4aae-[HASH]
    ---
    apiVersion: v1
    kind: PersistentVolume
    metadata:
      annotations:
        ops.kompox.dev/app-id: /ws/demo/prv/azure/cls/main/app/shop
      labels:
        app.kubernetes.io/managed-by: kompoxops
        ops.kompox.dev/app: shop
        ops.kompox.dev/disk: only
        ops.kompox.dev/volume: uploads
      name: kompox-uploads-9b4aae-[HASH]
    spec:
      accessModes:
      - ReadWriteOnce
      capacity:
        storage: 8Gi
      claimRef:
        apiVersion: v1
        kind: PersistentVolumeClaim
        name: kompox-uploads-9b4aae-[HASH]
        namespace: kompox-shop-9b4aae
      csi:
        driver: disk.csi.azure.com
        fsType: ext4
        volumeHandle: /subscriptions/[SUBSCRIPTION......................]/resourcegroups/rg-shop/providers/microsoft.compute/disks/uploads-9b4aae-only
      nodeAffinity:
        required:
          nodeSelectorTerms:
          - matchExpressions:
            - key: topology.disk.csi.azure.com/zone
              operator: In
              values:
              - japaneast-1
      persistentVolumeReclaimPolicy: Retain
      storageClassName: managed-csi
      volumeMode: Filesystem
    ---
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata:
      annotations:
        ops.kompox.dev/app-id: /ws/demo/prv/azure/cls/main/app/shop
      labels:
        app.kubernetes.io/managed-by: kompoxops
        ops.kompox.dev/app: shop
        ops.kompox.dev/disk: only
        ops.kompox.dev/volume: uploads
      name: kompox-uploads-9b4aae-[HASH]
      namespace: kompox-shop-9b4aae
    spec:
      accessModes:
      - ReadWriteOnce
      resources:
        requests:
          storage: 8Gi
      storageClassName: managed-csi
      volumeMode: Filesystem
      volumeName: kompox-uploads-9b4aae-[HASH]
    ------- stderr -------
    to apply this, add --apply, or pipe it into: kubectl --context kompox-main-3d0d77 apply -f -
    kubectl needs the namespace before: kubectl --context kompox-main-3d0d77 create namespace kompox-shop-9b4aae
    [exit status: 0]
    "#);
    // Nothing in it depends on when it is printed, or on what is asked besides.
    assert_eq!(
        env.run("volume manifest -o yaml -q").expect(DONE).stdout,
        printed.stdout
    );
    assert_eq!(
        env.run("volume manifest -V uploads -V db -V db -q")
            .expect(DONE)
            .stdout,
        printed.stdout
    );
}

#[test]
fn a_restored_disk_has_a_pair_of_its_own_and_going_back_gives_the_old_one() {
    let env = with_disks(&[("db", "first")]);
    let names = || {
        let list = env.run("volume manifest -V db -o json").expect(DONE).json();
        let items = list["items"].as_array().unwrap();
        let names: Vec<String> = items
            .iter()
            .map(|item| item["metadata"]["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(names[0], names[1]);
        names[0].clone()
    };
    let before = names();
    env.run("snapshot create -V db -N before -q").assert_code(DONE);
    env.run("snapshot restore -V db -N before --disk-name again --assign -q")
        .assert_code(DONE);
    let after = names();
    assert_ne!(before, after);
    env.run("disk assign -V db -N first -q").assert_code(DONE);
    assert_eq!(names(), before);
}

#[test]
fn json_is_a_list_and_another_namespace_is_that_of_claim_and_reference() {
    let env = with_disks(&[("db", "first")]);
    assert_snapshot!(env.run("volume manifest -V db --namespace prod -o json").expect(DONE), @r#"
    {
      "apiVersion": "v1",
      "kind": "List",
      "items": [
        {
          "apiVersion": "v1",
          "kind": "PersistentVolume",
          "metadata": {
            "annotations": {
              "ops.kompox.dev/app-id": "/ws/demo/prv/azure/cls/main/app/shop"
            },
            "labels": {
              "app.kubernetes.io/managed-by": "kompoxops",
              "ops.kompox.dev/app": "shop",
              "ops.kompox.dev/disk": "first",
              "ops.kompox.dev/volume": "db"
            },
            "name": "kompox-db-9b4aae-[HASH]"
          },
          "spec": {
            "accessModes": [
              "ReadWriteOnce"
            ],
            "capacity": {
              "storage": "4Gi"
            },
            "claimRef": {
              "apiVersion": "v1",
              "kind": "PersistentVolumeClaim",
              "name": "kompox-db-9b4aae-[HASH]",
              "namespace": "prod"
            },
            "csi": {
              "driver": "disk.csi.azure.com",
              "fsType": "ext4",
              "volumeHandle": "/subscriptions/[SUBSCRIPTION......................]/resourcegroups/rg-shop/providers/microsoft.compute/disks/db-9b4aae-first"
            },
            "nodeAffinity": {
              "required": {
                "nodeSelectorTerms": [
                  {
                    "matchExpressions": [
                      {
                        "key": "topology.disk.csi.azure.com/zone",
                        "operator": "In",
                        "values": [
                          "japaneast-1"
                        ]
                      }
                    ]
                  }
                ]
              }
            },
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "managed-csi",
            "volumeMode": "Filesystem"
          }
        },
        {
          "apiVersion": "v1",
          "kind": "PersistentVolumeClaim",
          "metadata": {
            "annotations": {
              "ops.kompox.dev/app-id": "/ws/demo/prv/azure/cls/main/app/shop"
            },
            "labels": {
              "app.kubernetes.io/managed-by": "kompoxops",
              "ops.kompox.dev/app": "shop",
              "ops.kompox.dev/disk": "first",
              "ops.kompox.dev/volume": "db"
            },
            "name": "kompox-db-9b4aae-[HASH]",
            "namespace": "prod"
          },
          "spec": {
            "accessModes": [
              "ReadWriteOnce"
            ],
            "resources": {
              "requests": {
                "storage": "4Gi"
              }
            },
            "storageClassName": "managed-csi",
            "volumeMode": "Filesystem",
            "volumeName": "kompox-db-9b4aae-[HASH]"
          }
        }
      ]
    }
    ------- stderr -------
    to apply this, add --apply, or pipe it into: kubectl --context kompox-main-3d0d77 apply -f -
    kubectl needs the namespace before: kubectl --context kompox-main-3d0d77 create namespace prod
    [exit status: 0]
    "#);
}

#[test]
fn a_disk_without_a_zone_goes_to_nodes_without_one_and_one_in_all_zones_to_any() {
    let env = shop();
    env.edit(".kompox/kom/app.yml", "  deployment:\n    zone: \"1\"\n", "");
    let uploads = "    - name: uploads\n      size: 8Gi\n";
    let archive = "    - name: archive\n      size: 8Gi\n";
    env.edit(".kompox/kom/app.yml", uploads, &format!("{uploads}{archive}"));
    env.run("disk create -V db -N plain -q").assert_code(DONE);
    for (line, sku) in [
        ("disk create -V uploads -N fast -Z 2 -q -O", "PremiumV2_LRS"),
        ("disk create -V archive -N everywhere -q -O", "StandardSSD_ZRS"),
    ] {
        env.command(line)
            .arg(format!("{{\"sku\":\"{sku}\"}}"))
            .run()
            .assert_code(DONE);
    }
    let list = env.run("volume manifest -o json").expect(DONE).json();
    let spec = |index: usize| &list["items"][index]["spec"];
    let zones = |index: usize| {
        let term = &spec(index)["nodeAffinity"]["required"]["nodeSelectorTerms"][0];
        term["matchExpressions"][0]["values"].clone()
    };
    assert_eq!(zones(0), json!([""]));
    assert_eq!(spec(0)["csi"].get("volumeAttributes"), None);
    assert_eq!(
        spec(2)["csi"]["volumeAttributes"],
        json!({ "cachingMode": "None" })
    );
    assert_eq!(zones(2), json!(["japaneast-2"]));
    assert_eq!(spec(4).get("nodeAffinity"), None);
}

#[test]
fn it_takes_one_listing_and_no_cluster() {
    let env = with_disks(&[("db", "first"), ("uploads", "only")]);
    let before = env.emulator().requests().len();
    env.run("volume manifest").assert_code(DONE);
    let requests = env.emulator().requests();
    let asked: Vec<&str> = requests[before..]
        .iter()
        .filter(|request| request.path.starts_with("/subscriptions/"))
        .map(|request| request.method.as_str())
        .collect();
    assert_eq!(asked, ["GET"]);
}

#[test]
fn whatever_is_wrong_is_told_at_once_and_nothing_is_printed() {
    let env = with_disks(&[("db", "first")]);
    assert_snapshot!(env.run("volume manifest").expect(FAILED), @"
    ------- stderr -------
    error: cannot mount volume uploads (precondition)
      caused by: volume uploads has no disk
    hint: make one: kompoxops disk create --bootstrap
    [exit status: 1]
    ");
    env.run("disk create -V uploads -N one -q").assert_code(DONE);
    env.run("disk delete -V uploads -N one --force -q")
        .assert_code(DONE);
    env.run("disk delete -V db -N first --force -q").assert_code(DONE);
    env.run("disk create -V db -N second -q").assert_code(DONE);
    env.run("disk create -V db -N third -q").assert_code(DONE);
    env.run("disk delete -V db -N second --force -q")
        .assert_code(DONE);
    assert_snapshot!(env.run("volume manifest -V uploads -V db -V upload").expect(FAILED), @"
    ------- stderr -------
    error: none of 3 volumes can be mounted (precondition)
      caused by:
        1: cannot mount volume db: volume db has disks of which none is assigned (disks: third)
        2: cannot mount volume uploads: volume uploads has no disk
        3: app /ws/demo/prv/azure/cls/main/app/shop has no volume upload
    hint: choose one: kompoxops disk assign -V db -N <disk>; make one: kompoxops disk create --bootstrap; did you mean uploads? volumes: db, uploads
    [exit status: 1]
    ");
    let refused = env.run("volume manifest -o yaml").expect(FAILED);
    assert_eq!(refused.stdout, "");
    assert!(refused.stderr.starts_with("{\"error\":{"), "{refused}");
}

#[test]
fn file_shares_namespaces_and_flags_that_cannot_be_are_refused() {
    let env = with_disks(&[("db", "first")]);
    env.edit(
        ".kompox/kom/app.yml",
        "      size: 8Gi\n",
        "      size: 8Gi\n      type: files\n",
    );
    assert_snapshot!(env.run("volume manifest").expect(FAILED), @"
    ------- stderr -------
    error: cannot mount volume uploads (unsupported)
      caused by: volume uploads is of type files, which driver aks does not support
    hint: leave `type` out, or write `type: disk`
    [exit status: 1]
    ");
    assert_eq!(
        env.run("volume manifest -V db")
            .expect(DONE)
            .stdout
            .matches("\n---\n")
            .count(),
        1
    );
    assert_snapshot!(env.run("volume manifest -V db --namespace My_Shop").expect(USAGE), @r#"
    ------- stderr -------
    error: invalid value 'My_Shop' for '--namespace <NAMESPACE>': name "My_Shop" is not valid: use 1 to 63 lower-case letters, digits and '-', starting and ending with a letter or digit

    For more information, try '--help'.
    [exit status: 2]
    "#);
    assert_snapshot!(env.run("volume manifest -V db -o table").expect(USAGE), @"
    ------- stderr -------
    error: invalid value 'table' for '--output <FORMAT>'
      [possible values: yaml, json]

    For more information, try '--help'.
    [exit status: 2]
    ");
}

#[test]
fn an_app_without_volumes_has_nothing_to_apply() {
    let env = shop();
    let volumes = "  volumes:\n    - name: db\n      size: 4Gi\n    - name: uploads\n      size: 8Gi\n";
    env.edit(".kompox/kom/app.yml", volumes, "");
    assert_snapshot!(env.run("volume manifest").expect(DONE), @"
    ------- stderr -------
    app shop has no volumes
    [exit status: 0]
    ");
    assert_eq!(
        env.run("volume manifest -o json").expect(DONE).json()["items"],
        json!([])
    );
}
