//! Logical sectors: what is asked for, what a copy can be made as, and what is told.

use kompox_azure_emulator::RequestKind;
use kompox_domain::driver::{DiskCreate, SnapshotCreate, SnapshotRestore};
use kompox_domain::hint::in_words;
use kompox_domain::options::OptionValue;
use kompox_domain::volume::{VolumeDisk, VolumeSnapshot};
use kompox_domain::{Error, ErrorKind, Result, Source, VolumeOptions};
use serde_json::{Value, json};

use crate::support::{GROUP, World, new_disk, restored, sku};

fn options(name: &str, sector_size: Option<i64>) -> VolumeOptions {
    let sectors = sector_size.map(|size| ("sectorSize".to_owned(), OptionValue::Integer(size)));
    sku(name).overridden_by(&sectors.into_iter().collect())
}

async fn disk(
    world: &World,
    name: &str,
    options: VolumeOptions,
    source: Option<Source>,
) -> Result<VolumeDisk> {
    let request = DiskCreate {
        options,
        source,
        zone: Some("1".to_owned()),
        ..new_disk(name)
    };
    world.create_with("db", request).await
}

async fn restore(world: &World, snapshot: &str, name: &str, options: VolumeOptions) -> Result<VolumeDisk> {
    let request = SnapshotRestore {
        options,
        zone: Some("1".to_owned()),
        ..restored(snapshot, name)
    };
    world.restore_with("db", request).await
}

async fn snapshot(world: &World, name: &str, disk: &str) -> VolumeSnapshot {
    let request = SnapshotCreate {
        name: name.parse().unwrap(),
        source: Some(Source::Disk(disk.parse().unwrap())),
    };
    world.snapshot_with("db", request).await.unwrap()
}

async fn sent(world: &World, name: &str) -> Value {
    let raw = world.raw("disks", "db", name).await.unwrap();
    raw["properties"]["creationData"]["logicalSectorSize"].clone()
}

fn wrote(world: &World) -> bool {
    let requests = world.emulator.requests();
    requests.iter().any(|request| request.kind == RequestKind::Write)
}

/// A disk of the family without a choice, and one of each sector size of the one with, each with a snapshot.
async fn sources() -> World {
    let world = World::new().await;
    for (name, options) in [
        ("fixed", sku("StandardSSD_LRS")),
        ("small", options("PremiumV2_LRS", Some(512))),
        ("large", options("UltraSSD_LRS", None)),
    ] {
        disk(&world, name, options, None).await.unwrap();
        snapshot(&world, name, name).await;
    }
    world
}

#[tokio::test]
async fn the_option_reaches_azure_and_without_it_the_default_is_asked_for_where_there_is_a_choice() {
    let world = World::new().await;
    for (name, options, asked, told) in [
        ("one", options("PremiumV2_LRS", None), json!(4096), 4096),
        ("two", options("PremiumV2_LRS", Some(512)), json!(512), 512),
        ("three", options("UltraSSD_LRS", Some(4096)), json!(4096), 4096),
        ("four", sku("Premium_LRS"), Value::Null, 512),
        ("five", sku("Standard_LRS"), Value::Null, 512),
    ] {
        let made = disk(&world, name, options, None).await.unwrap();
        assert_eq!(sent(&world, name).await, asked, "{name}");
        assert_eq!(made.record.sector_size, Some(told), "{name}");
        let option = made.record.options.get("sectorSize").cloned();
        let shown = (!asked.is_null()).then_some(OptionValue::Integer(told.into()));
        assert_eq!(option, shown, "{name}: what was chosen is an option of the disk");
    }
    let listed = world.disks("db").await.unwrap();
    assert!(
        listed.iter().all(|disk| disk.record.sector_size.is_some()),
        "{listed:?}"
    );
}

#[tokio::test]
async fn an_option_that_the_sku_does_not_take_is_refused_before_any_request() {
    let world = World::new().await;
    for options in [
        options("Premium_LRS", Some(512)),
        options("PremiumV2_LRS", Some(777)),
    ] {
        let error = disk(&world, "one", options, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("sectorSize"), "{error}");
        assert!(!error.hints().is_empty());
    }
    assert!(world.emulator.requests().is_empty());
}

#[tokio::test]
async fn every_copy_that_azure_can_make_is_sent_so_that_it_can_and_every_other_is_refused_before_a_write() {
    let world = sources().await;
    let mut number = 0;
    for (source, sku, asked, expected) in [
        ("fixed", "PremiumV2_LRS", None, Some(json!(512))),
        ("fixed", "UltraSSD_LRS", None, Some(json!(512))),
        ("fixed", "UltraSSD_LRS", Some(512), Some(json!(512))),
        ("fixed", "Premium_LRS", None, Some(Value::Null)),
        ("small", "Premium_LRS", None, Some(Value::Null)),
        ("small", "PremiumV2_LRS", None, Some(json!(512))),
        ("small", "UltraSSD_LRS", Some(4096), None),
        ("large", "PremiumV2_LRS", None, Some(json!(4096))),
        ("large", "UltraSSD_LRS", Some(4096), Some(json!(4096))),
        ("large", "UltraSSD_LRS", Some(512), None),
        ("large", "Premium_LRS", None, None),
        ("large", "StandardSSD_LRS", None, None),
    ] {
        let ids = [
            world.id("disks", "db", source),
            world.id("snapshots", "db", source),
        ];
        let sources = [
            Source::Disk(source.parse().unwrap()),
            Source::Snapshot(source.parse().unwrap()),
            Source::Resource(ids[0].clone()),
            Source::Resource(ids[1].clone()),
        ];
        for source in sources.map(Some).into_iter().chain([None]) {
            number += 1;
            let name = format!("copy{number}");
            world.emulator.clear_requests();
            let result = match &source {
                Some(source) => disk(&world, &name, options(sku, asked), Some(source.clone())).await,
                None => {
                    restore(
                        &world,
                        ids[1].rsplit('-').next().unwrap(),
                        &name,
                        options(sku, asked),
                    )
                    .await
                }
            };
            let case = format!("{source:?} as {sku} with {asked:?}");
            match &expected {
                Some(expected) => {
                    result.unwrap_or_else(|error| panic!("{case}: {error:?}"));
                    assert_eq!(sent(&world, &name).await, *expected, "{case}");
                }
                None => {
                    let error: Error = result.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{case}: {error}");
                    assert!(
                        in_words(error.hints()).contains("copy the files"),
                        "{case}: {:?}",
                        error.hints()
                    );
                    assert!(!wrote(&world), "{case}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_snapshot_tells_the_sectors_of_its_disk_where_azure_does() {
    let world = sources().await;
    let mut told: Vec<(String, Option<u32>)> = world
        .snapshots("db")
        .await
        .unwrap()
        .into_iter()
        .map(|snapshot| (snapshot.name.to_string(), snapshot.sector_size))
        .collect();
    told.sort();
    let expected = [("fixed", None), ("large", Some(4096)), ("small", Some(512))];
    assert_eq!(told, expected.map(|(name, size)| (name.to_owned(), size)));
}

#[tokio::test]
async fn a_disk_that_was_converted_tells_no_sectors_and_is_copied_as_what_it_was() {
    let world = World::new().await;
    disk(&world, "one", sku("Premium_LRS"), None).await.unwrap();
    let id = world.id("disks", "db", "one");
    let mut raw = world.emulator.resource(&id).await.unwrap();
    raw["sku"]["name"] = "PremiumV2_LRS".into();
    world.emulator.put_resource(&id, raw).await.unwrap();
    assert_eq!(world.disks("db").await.unwrap()[0].record.sector_size, None);
    let source = Some(Source::Disk("one".parse().unwrap()));
    disk(&world, "two", sku("PremiumV2_LRS"), source).await.unwrap();
    assert_eq!(sent(&world, "two").await, 512);
}

#[tokio::test]
async fn a_restore_that_goes_on_with_a_disk_of_other_sectors_is_refused() {
    let world = sources().await;
    restore(&world, "small", "again", sku("PremiumV2_LRS"))
        .await
        .unwrap();
    let id = world.id("disks", "db", "again");
    let mut raw = world.emulator.resource(&id).await.unwrap();
    raw["properties"]["creationData"]["logicalSectorSize"] = json!(4096);
    world.emulator.put_resource(&id, raw).await.unwrap();
    let request = SnapshotRestore {
        resume: true,
        options: sku("PremiumV2_LRS"),
        zone: Some("1".to_owned()),
        ..restored("small", "again")
    };
    let error = world.restore_with("db", request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("sector size"), "{error}");
}

#[tokio::test]
async fn a_snapshot_of_what_lies_in_all_zones_lies_in_all_zones() {
    let world = World::new().await;
    let request = DiskCreate {
        options: sku("Premium_ZRS"),
        ..new_disk("everywhere")
    };
    world.create_with("db", request).await.unwrap();
    disk(&world, "here", sku("Premium_LRS"), None).await.unwrap();
    for (name, expected) in [("everywhere", "Standard_ZRS"), ("here", "Standard_LRS")] {
        let taken = snapshot(&world, name, name).await;
        assert_eq!(
            taken.options.get("sku"),
            Some(&OptionValue::Text(expected.to_owned()))
        );
        let raw = world.raw("snapshots", "db", name).await.unwrap();
        assert_eq!(raw["sku"]["name"], expected);
        let copies = [
            Source::Snapshot(name.parse().unwrap()),
            Source::Resource(world.id("snapshots", "db", name)),
        ];
        for (number, source) in copies.into_iter().enumerate() {
            let copy = SnapshotCreate {
                name: format!("{name}{number}").parse().unwrap(),
                source: Some(source),
            };
            let copy = world.snapshot_with("db", copy).await.unwrap();
            assert_eq!(
                copy.options.get("sku"),
                Some(&OptionValue::Text(expected.to_owned()))
            );
        }
    }
    assert!(world.emulator.resource(&world.group_id(GROUP)).await.is_some());
}
