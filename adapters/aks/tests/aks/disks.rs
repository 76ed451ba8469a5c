//! Disks: what §7 of the contract says of list, create and delete, and the faults of the original.

use kompox_azure_emulator::{Options, RequestKind};
use kompox_domain::Hint;
use kompox_domain::driver::DiskCreate;
use kompox_domain::hint::in_words;
use kompox_domain::options::OptionValue;
use kompox_domain::volume::DiskRecord;
use kompox_domain::{ErrorKind, Source, VolumeOptions, Zone};
use serde_json::json;

use crate::support::{World, gib, new_disk, sku};

#[tokio::test]
async fn b1_the_first_disk_is_assigned_and_later_ones_are_not() {
    let world = World::new().await;
    let first = world.create("db", "one").await.unwrap();
    let second = world.create("db", "two").await.unwrap();
    assert!(first.assigned && !second.assigned);
    assert_eq!(world.assigned("db").await, ["one"]);
    let tags = world.raw("disks", "db", "one").await.unwrap()["tags"].clone();
    assert_eq!(tags["managed-by"], "kompox");
    assert_eq!(tags["kompox-app"], "ws1/prv1/app1");
    assert_eq!(tags["kompox-volume"], "db-034d4d");
    assert_eq!(tags["kompox-disk-name"], "one");
    assert_eq!(tags["kompox-disk-assigned"], "true");
    assert_eq!(tags["kompox-disk-assigned-at"].as_str().unwrap().len(), 26);
    let second = world.raw("disks", "db", "two").await.unwrap();
    assert_eq!(second["tags"]["kompox-disk-assigned"], "false");
    assert_eq!(second["tags"].get("kompox-disk-assigned-at"), None);
}

#[tokio::test]
async fn b2_b3_options_of_volume_and_command_reach_azure_also_when_the_volume_has_none() {
    let world = World::new().await;
    let mut options: VolumeOptions = sku("PremiumV2_LRS");
    options = options.overridden_by(
        &[
            ("iops".to_owned(), OptionValue::Integer(4000)),
            ("mbps".to_owned(), OptionValue::Integer(200)),
        ]
        .into_iter()
        .collect(),
    );
    let request = DiskCreate {
        options,
        zone: Some("1".to_owned()),
        ..new_disk("one")
    };
    let disk = world.create_with("db", request).await.unwrap();
    let raw = world.raw("disks", "db", "one").await.unwrap();
    assert_eq!(raw["sku"]["name"], "PremiumV2_LRS");
    assert_eq!(raw["properties"]["diskIOPSReadWrite"], 4000);
    assert_eq!(raw["properties"]["diskMBpsReadWrite"], 200);
    assert_eq!(
        disk.record.options.get("sku"),
        Some(&OptionValue::Text("PremiumV2_LRS".to_owned()))
    );
    assert_eq!(
        world.raw("disks", "db", "one").await.unwrap()["zones"],
        json!(["1"])
    );
    // Without options: the default.
    world.create("data", "one").await.unwrap();
    assert_eq!(
        world.raw("disks", "data", "one").await.unwrap()["sku"]["name"],
        "Premium_LRS"
    );
}

#[tokio::test]
async fn an_option_that_is_not_known_is_refused_before_any_request() {
    let world = World::new().await;
    let options = [("skus".to_owned(), OptionValue::Text("x".to_owned()))]
        .into_iter()
        .collect();
    let error = world
        .create_with(
            "db",
            DiskCreate {
                options,
                ..new_disk("one")
            },
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.hints(), [Hint::text("did you mean sku?")]);
    assert!(world.emulator.requests().is_empty());
}

#[tokio::test]
async fn b4_a_size_is_rounded_up_to_gibibytes() {
    let mut world = World::new().await;
    world.app.app.volumes.get_mut(0).unwrap().size = "1.5Gi".parse().unwrap();
    assert_eq!(world.create("db", "one").await.unwrap().record.size, Some(gib(2)));
}

#[tokio::test]
async fn b5_both_spellings_of_a_zone_make_the_same_disk() {
    let world = World::new().await;
    for (name, zone) in [("one", "2"), ("two", "japaneast-2")] {
        let disk = world
            .create_with(
                "db",
                DiskCreate {
                    zone: Some(zone.to_owned()),
                    ..new_disk(name)
                },
            )
            .await
            .unwrap();
        assert_eq!(disk.record.zone.unwrap().number(), 2);
        assert_eq!(
            world.raw("disks", "db", name).await.unwrap()["zones"],
            json!(["2"])
        );
    }
    let error = world
        .create_with(
            "db",
            DiskCreate {
                zone: Some("westus-1".to_owned()),
                ..new_disk("x")
            },
        )
        .await
        .unwrap_err();
    assert!(error.to_string().contains("westus"), "{error}");
}

#[tokio::test]
async fn a_name_in_use_is_a_conflict_and_nothing_is_written() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    let before = world.raw("disks", "db", "one").await;
    world.emulator.clear_requests();
    assert_eq!(
        world.create("db", "one").await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
    assert!(
        !world
            .emulator
            .requests()
            .iter()
            .any(|request| request.kind == RequestKind::Write)
    );
    assert_eq!(world.raw("disks", "db", "one").await, before);
}

#[tokio::test]
async fn b15_a_missing_disk_or_group_is_deleted_already_and_the_assigned_one_is_kept() {
    let world = World::new().await;
    world.delete("db", "one", false).await.unwrap();
    world.create("db", "one").await.unwrap();
    world.create("db", "two").await.unwrap();
    let error = world.delete("db", "one", false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert!(in_words(error.hints()).contains("with force"));
    world.delete("db", "two", false).await.unwrap();
    world.delete("db", "two", false).await.unwrap();
    world.delete("db", "one", true).await.unwrap();
    assert!(world.disks("db").await.unwrap().is_empty());
}

#[tokio::test]
async fn b15_an_attached_disk_is_not_deleted_even_by_force_and_the_machine_is_named() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world
        .emulator
        .attach_disk(&world.id("disks", "db", "one"), "/vm/web-1")
        .await
        .unwrap();
    for force in [false, true] {
        let error = world.delete("db", "one", force).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition);
        assert!(error.to_string().to_lowercase().contains("/vm/web-1"), "{error}");
    }
    let disk = world.disks("db").await.unwrap().remove(0);
    assert_eq!(disk.record.state.as_deref(), Some("Attached"));
    assert_eq!(disk.record.attached_to.len(), 1);
}

#[tokio::test]
async fn b17_making_a_disk_gives_nobody_a_role() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    assert!(
        !world
            .emulator
            .requests()
            .iter()
            .any(|request| request.path.to_lowercase().contains("roleassignments"))
    );
}

#[tokio::test]
async fn a_disk_is_made_from_a_disk_a_snapshot_or_any_resource_and_is_at_least_as_large() {
    let mut world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.snapshot("db", "snap").await.unwrap();
    world.app.app.volumes.get_mut(0).unwrap().size = gib(2);
    let id = world.id("snapshots", "db", "snap");
    let sources = [
        Source::Disk("one".parse().unwrap()),
        Source::Snapshot("snap".parse().unwrap()),
        Source::Resource(id.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions")),
    ];
    for (index, source) in sources.into_iter().enumerate() {
        let request = DiskCreate {
            source: Some(source),
            ..new_disk(&format!("copy{index}"))
        };
        let disk = world.create_with("db", request).await.unwrap();
        assert_eq!(disk.record.size, Some(gib(4)));
        assert!(!disk.assigned);
    }
    for source in [
        Source::Disk("nosuch".parse().unwrap()),
        Source::Snapshot("nosuch".parse().unwrap()),
        Source::Resource(world.id("disks", "db", "nosuch")),
    ] {
        let request = DiskCreate {
            source: Some(source),
            ..new_disk("x")
        };
        assert_eq!(
            world.create_with("db", request).await.unwrap_err().kind(),
            ErrorKind::NotFound
        );
    }
    let request = DiskCreate {
        source: Some(Source::Resource("/subscriptions/s".to_owned())),
        ..new_disk("x")
    };
    assert_eq!(
        world.create_with("db", request).await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
}

#[tokio::test]
async fn every_page_of_a_listing_is_read_and_the_newest_comes_first() {
    let world = World::with(Options {
        page_size: 2,
        ..Options::default()
    })
    .await;
    for index in 0..5 {
        world.create("db", &format!("d{index}")).await.unwrap();
    }
    let names: Vec<String> = world
        .disks("db")
        .await
        .unwrap()
        .iter()
        .map(|disk| disk.record.name.to_string())
        .collect();
    assert_eq!(names, ["d4", "d3", "d2", "d1", "d0"]);
}

#[tokio::test]
async fn kubernetes_is_told_the_class_of_a_disk_volume_and_files_are_refused() {
    let world = World::new().await;
    let class = world
        .driver
        .volumes()
        .unwrap()
        .volume_class(&world.app, world.volume("db"))
        .unwrap();
    assert_eq!(
        (class.storage_class, class.csi_driver),
        ("managed-csi", "disk.csi.azure.com")
    );
    assert_eq!(
        (class.fs_type, class.access_modes),
        ("ext4", ["ReadWriteOnce"].as_slice())
    );
    assert_eq!(
        (class.reclaim_policy, class.volume_mode),
        ("Retain", "Filesystem")
    );
    let error = world
        .driver
        .volumes()
        .unwrap()
        .volume_class(&world.app, world.volume("share"))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        world.create("share", "one").await.unwrap_err().kind(),
        ErrorKind::Unsupported
    );
    assert!(world.emulator.requests().is_empty());
}

#[tokio::test]
async fn the_csi_driver_is_told_the_id_the_zone_as_nodes_name_it_and_what_is_not_cached() {
    let world = World::new().await;
    let mut disk = world.create("db", "one").await.unwrap().record;
    let requests = world.emulator.requests().len();
    let mount = |disk: &DiskRecord| {
        world
            .driver
            .volumes()
            .unwrap()
            .disk_mount(&world.app, world.volume("db"), disk)
    };
    disk.zone = Some(Zone::parse("2", "japaneast").unwrap());
    let zonal = mount(&disk).unwrap();
    assert_eq!(zonal.handle, disk.handle);
    assert_eq!(zonal.attributes.len(), 0);
    assert_eq!(
        zonal.node_labels.into_iter().collect::<Vec<_>>(),
        [(
            "topology.disk.csi.azure.com/zone".to_owned(),
            vec!["japaneast-2".to_owned()]
        )]
    );
    disk.zone = None;
    assert_eq!(
        mount(&disk)
            .unwrap()
            .node_labels
            .into_values()
            .collect::<Vec<_>>(),
        [vec![String::new()]],
        "outside all zones it goes to nodes that are in none"
    );
    disk.options = sku("StandardSSD_ZRS");
    assert!(
        mount(&disk).unwrap().node_labels.is_empty(),
        "in all zones it goes anywhere"
    );
    for (name, caching) in [
        ("Premium_ZRS", None),
        ("PremiumV2_LRS", Some("None")),
        ("UltraSSD_LRS", Some("None")),
    ] {
        disk.options = sku(name);
        let attributes = mount(&disk).unwrap().attributes;
        let found = attributes.get("cachingMode").map(String::as_str);
        assert_eq!(
            (found, attributes.len()),
            (caching, usize::from(caching.is_some())),
            "{name}"
        );
    }
    let share = world
        .driver
        .volumes()
        .unwrap()
        .disk_mount(&world.app, world.volume("share"), &disk);
    assert_eq!(share.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(world.emulator.requests().len(), requests);
}
