//! Management locks.

use serde_json::{Value, json};

use crate::client::{Azure, disk, empty_disk, group};

fn lock(scope: &str, name: &str) -> String {
    format!("~/{scope}providers/Microsoft.Authorization/locks/{name}?api-version=2020-05-01")
}

fn level(level: &str) -> Value {
    json!({ "properties": { "level": level, "notes": "hands off" } })
}

const DISK: &str = "resourceGroups/rg/providers/Microsoft.Compute/disks/d1/";

#[tokio::test]
async fn cannot_delete_blocks_deletes_at_and_below_and_of_the_group_above() {
    let azure = Azure::with_group(Default::default()).await;
    azure.disk("d1", empty_disk()).await;
    for (scope, name) in [("resourceGroups/rg/", "g"), (DISK, "d"), ("", "s")] {
        azure
            .put(&lock(scope, name), level("CanNotDelete"))
            .await
            .expect(201);
        let answer = azure.delete(&disk("d1")).await.refused(409, "ScopeLocked");
        assert_eq!(
            answer.message(),
            format!(
                "The scope '{}' cannot perform delete operation because following scope(s) are locked: '{}'. Please \
                 remove the lock and try again.",
                azure.disk_id("d1"),
                azure.id(scope).trim_end_matches('/')
            )
        );
        azure.delete(&group("rg")).await.refused(409, "ScopeLocked");
        azure.patch(&disk("d1"), json!({ "tags": {} })).await.expect(202);
        azure
            .put(&lock(scope, name), level("CanNotDelete"))
            .await
            .expect(200);
        azure.delete(&lock(scope, name)).await.expect(200);
        azure.delete(&lock(scope, name)).await.expect(204);
    }
    azure.delete(&disk("d1")).await.expect(202);
}

#[tokio::test]
async fn read_only_blocks_writes_and_tags() {
    let azure = Azure::with_group(Default::default()).await;
    azure.disk("d1", empty_disk()).await;
    azure
        .put(&lock("resourceGroups/rg/", "l"), level("ReadOnly"))
        .await
        .expect(201);
    azure
        .patch(&disk("d1"), json!({ "tags": {} }))
        .await
        .refused(409, "ScopeLocked");
    azure
        .put(&disk("d2"), empty_disk())
        .await
        .refused(409, "ScopeLocked");
    azure
        .put(&group("rg"), json!({ "location": "japaneast" }))
        .await
        .refused(409, "ScopeLocked");
    let tags = format!("~/{DISK}providers/Microsoft.Resources/tags/default?api-version=2025-04-01");
    azure
        .put(&tags, json!({ "properties": { "tags": {} } }))
        .await
        .refused(409, "ScopeLocked");
    azure.get(&disk("d1")).await.expect(200);
}

#[tokio::test]
async fn locks_are_read_and_listed_around_a_scope() {
    let azure = Azure::with_group(Default::default()).await;
    azure.disk("d1", empty_disk()).await;
    azure.group("other").await;
    azure
        .put(&lock("resourceGroups/rg/", "g"), level("CanNotDelete"))
        .await
        .expect(201);
    azure
        .put(&lock(DISK, "d"), level("CanNotDelete"))
        .await
        .expect(201);
    azure
        .put(&lock("resourceGroups/other/", "o"), level("ReadOnly"))
        .await
        .expect(201);
    let body = azure.get(&lock(DISK, "d")).await.expect(200).body;
    assert_eq!(body["properties"]["level"], "CanNotDelete");
    let list =
        |scope: &str| format!("~/{scope}providers/Microsoft.Authorization/locks?api-version=2020-05-01");
    assert_eq!(azure.get(&list("resourceGroups/rg/")).await.names(), ["g", "d"]);
    assert_eq!(
        azure
            .get(&(list("resourceGroups/rg/") + "&$filter=atScope()"))
            .await
            .names(),
        ["g"]
    );
    assert_eq!(azure.get(&list("")).await.names().len(), 3);
    azure.get(&lock(DISK, "none")).await.refused(404, "LockNotFound");
    azure
        .put(&lock(DISK, "x"), level("Sometimes"))
        .await
        .refused(400, "InvalidLockLevel");
    let everything = azure.get("~/resources?api-version=2024-11-01").await;
    assert_eq!(everything.names(), ["d1"], "a lock is no resource of its own");
}
