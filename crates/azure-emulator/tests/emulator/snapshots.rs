//! Snapshots: sources, families, and copies that take their time.

use kompox_azure_emulator::{Options, SnapshotCopy, Timing};
use serde_json::{Value, json};

use crate::client::{Azure, disk, empty_disk, snapshot};
use crate::disks::merge;

fn of(source: &str) -> Value {
    json!({ "location": "japaneast", "properties": {
        "creationData": { "createOption": "Copy", "sourceResourceId": source }, "incremental": true } })
}

async fn with_disk(timing: Timing, change: Value) -> Azure {
    let azure = Azure::with_group(Options {
        timing,
        ..Options::default()
    })
    .await;
    let mut body = empty_disk();
    merge(&mut body, &change);
    azure.disk("d1", body).await;
    azure
}

async fn take(azure: &Azure, name: &str, body: Value) -> Value {
    let accepted = azure.put(&snapshot(name), body).await.expect(202);
    assert_eq!(azure.finish(&accepted).await.body["status"], "Succeeded");
    azure.get(&snapshot(name)).await.expect(200).body
}

#[tokio::test]
async fn a_snapshot_knows_its_source_and_its_family() {
    let azure = with_disk(Timing::zero(), json!({})).await;
    let source = azure.get(&disk("d1")).await.body;
    let first = take(&azure, "s1", of(&azure.disk_id("D1"))).await;
    assert_eq!(first["sku"]["name"], "Standard_ZRS", "where the region has zones");
    let properties = &first["properties"];
    assert_eq!(
        properties["creationData"]["sourceResourceId"],
        azure.disk_id("d1")
    );
    assert_eq!(
        properties["creationData"]["sourceUniqueId"],
        source["properties"]["uniqueId"]
    );
    assert_eq!(properties["diskSizeGB"], 32);
    assert_eq!(properties["incremental"], true);
    assert_eq!(properties["completionPercent"], 100.0);
    let second = take(&azure, "s2", of(&azure.disk_id("d1"))).await;
    assert_eq!(
        second["properties"]["incrementalSnapshotFamilyId"],
        properties["incrementalSnapshotFamilyId"]
    );
    assert_ne!(second["properties"]["uniqueId"], properties["uniqueId"]);
}

#[tokio::test]
async fn a_snapshot_can_be_started_from_a_snapshot_and_outlives_its_disk() {
    let azure = with_disk(Timing::zero(), json!({})).await;
    let mut body = of(&azure.disk_id("d1"));
    body["properties"]["creationData"]["createOption"] = "CopyStart".into();
    let first = take(&azure, "s1", body).await;
    azure.delete(&disk("d1")).await.expect(202);
    let second = take(&azure, "s2", of(&azure.snapshot_id("s1"))).await;
    assert_eq!(
        second["properties"]["incrementalSnapshotFamilyId"],
        first["properties"]["incrementalSnapshotFamilyId"]
    );
    let mut restored = empty_disk();
    restored["properties"] =
        json!({ "creationData": { "createOption": "Copy", "sourceResourceId": azure.snapshot_id("s2") } });
    assert_eq!(azure.disk("d2", restored).await["properties"]["diskSizeGB"], 32);
}

#[tokio::test]
async fn succeeded_does_not_mean_usable_while_the_copy_goes_on() {
    let timing = Timing {
        snapshot_copy: SnapshotCopy::Reads(vec![10.0, 60.0]),
        ..Timing::zero()
    };
    let azure = with_disk(timing, json!({ "sku": { "name": "PremiumV2_LRS" } })).await;
    let first = take(&azure, "s1", of(&azure.disk_id("d1"))).await;
    assert_eq!(first["properties"]["provisioningState"], "Succeeded");
    assert_eq!(first["properties"]["completionPercent"], 10.0);
    assert_eq!(first["properties"]["snapshotAccessState"], "Pending");
    assert!(first.get("emulatorCopies").is_none());
    let mut restored = empty_disk();
    restored["sku"] = json!({ "name": "PremiumV2_LRS" });
    restored["properties"] =
        json!({ "creationData": { "createOption": "Copy", "sourceResourceId": azure.snapshot_id("s1") } });
    azure
        .put(&disk("d2"), restored.clone())
        .await
        .refused(409, "OperationNotAllowed");
    let percent = async || azure.get(&snapshot("s1")).await.body["properties"]["completionPercent"].clone();
    assert_eq!(percent().await, 60.0);
    assert_eq!(percent().await, 100.0);
    azure.put(&disk("d2"), restored).await.expect(202);
}

#[tokio::test]
async fn every_snapshot_copies_slowly_where_a_test_asks_for_it() {
    let timing = Timing {
        snapshot_copy: SnapshotCopy::Reads(vec![50.0]),
        snapshot_copy_every_sku: true,
        ..Timing::zero()
    };
    let azure = with_disk(timing, json!({})).await;
    assert_eq!(
        take(&azure, "s1", of(&azure.disk_id("d1"))).await["properties"]["completionPercent"],
        50.0
    );
}

#[tokio::test]
async fn what_azure_refuses_of_snapshots_is_refused() {
    let azure = with_disk(Timing::zero(), json!({ "sku": { "name": "UltraSSD_LRS" } })).await;
    let mut full = of(&azure.disk_id("d1"));
    full["properties"]["incremental"] = false.into();
    azure
        .put(&snapshot("s"), full)
        .await
        .refused(409, "OperationNotAllowed");
    azure
        .put(&snapshot("s"), of(&azure.disk_id("gone")))
        .await
        .refused(404, "ResourceNotFound");
    azure
        .put(&snapshot("-s"), of(&azure.disk_id("d1")))
        .await
        .refused(400, "InvalidParameter");
    let mut elsewhere = of(&azure.disk_id("d1"));
    elsewhere["location"] = "eastus".into();
    azure
        .put(&snapshot("s"), elsewhere)
        .await
        .refused(400, "InvalidParameter");
    azure
        .put(&snapshot("s"), of(&azure.disk_id("d1")))
        .await
        .expect(202);
    azure
        .patch(&snapshot("s"), json!({ "properties": { "incremental": false } }))
        .await
        .refused(409, "PropertyChangeNotAllowed");
    azure.delete(&snapshot("other")).await.expect(204);
}

#[tokio::test]
async fn a_disk_has_at_most_500_incremental_snapshots() {
    let azure = with_disk(Timing::zero(), json!({})).await;
    let one = take(&azure, "s", of(&azure.disk_id("d1"))).await;
    for number in 0..499 {
        let mut copy = one.clone();
        for name in ["id", "name"] {
            copy.as_object_mut().unwrap().remove(name);
        }
        azure
            .emulator
            .put_resource(&azure.snapshot_id(&format!("x{number}")), copy)
            .await
            .unwrap();
    }
    azure
        .put(&snapshot("more"), of(&azure.disk_id("d1")))
        .await
        .refused(409, "OperationNotAllowed");
    azure.delete(&snapshot("x7")).await.expect(202);
    azure
        .put(&snapshot("more"), of(&azure.disk_id("d1")))
        .await
        .expect(202);
}

#[tokio::test]
async fn seven_snapshots_in_five_minutes_are_enough_where_asked_for() {
    let azure = Azure::with_group(Options {
        snapshot_rate_limit: true,
        ..Options::default()
    })
    .await;
    azure.disk("d1", empty_disk()).await;
    for number in 0..7 {
        azure
            .put(&snapshot(&format!("s{number}")), of(&azure.disk_id("d1")))
            .await
            .expect(202);
    }
    azure
        .put(&snapshot("s7"), of(&azure.disk_id("d1")))
        .await
        .refused(409, "OperationNotAllowed");
}
