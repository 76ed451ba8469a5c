//! The tags API and the limits of tags.

use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, OperationFault, Options, Timing};
use serde_json::{Map, Value, json};
use std::time::Duration;

use crate::client::{Azure, disk, empty_disk};

fn tags(scope: &str) -> String {
    format!("~/{scope}providers/Microsoft.Resources/tags/default?api-version=2025-04-01")
}

const DISK: &str = "resourceGroups/rg/providers/Microsoft.Compute/disks/d1/";

fn patch(operation: &str, tags: Value) -> Value {
    json!({ "operation": operation, "properties": { "tags": tags } })
}

async fn with_disk(options: Options) -> Azure {
    let azure = Azure::with_group(options).await;
    let mut body = empty_disk();
    body["tags"] = json!({ "Keep": "me", "Old": "1" });
    azure.disk("d1", body).await;
    azure
}

#[tokio::test]
async fn merge_replace_and_delete_do_what_they_say() {
    let azure = with_disk(Options::default()).await;
    let read = async || azure.get(&disk("d1")).await.body["tags"].clone();
    let answer = azure
        .patch(&tags(DISK), patch("Merge", json!({ "OLD": "2", "New": "3" })))
        .await
        .expect(200);
    assert_eq!(answer.body["name"], "default");
    assert_eq!(
        answer.body["properties"]["tags"],
        json!({ "Keep": "me", "Old": "2", "New": "3" })
    );
    assert_eq!(
        read().await,
        json!({ "Keep": "me", "Old": "2", "New": "3" }),
        "names keep their first casing"
    );
    azure
        .patch(&tags(DISK), patch("Delete", json!({ "new": "3", "keep": "YOU" })))
        .await
        .expect(200);
    assert_eq!(
        read().await,
        json!({ "Keep": "me", "Old": "2" }),
        "values are compared exactly"
    );
    azure
        .patch(&tags(DISK), patch("Replace", json!({ "keep": "x" })))
        .await
        .expect(200);
    assert_eq!(read().await, json!({ "Keep": "x" }));
    azure
        .put(&tags(DISK), json!({ "properties": { "tags": { "z": "1" } } }))
        .await
        .expect(200);
    assert_eq!(
        azure.get(&tags(DISK)).await.body["properties"]["tags"],
        json!({ "z": "1" })
    );
    azure.delete(&tags(DISK)).await.expect(200);
    assert_eq!(read().await, json!({}));
    azure
        .patch(&tags(DISK), patch("Frobnicate", json!({})))
        .await
        .refused(400, "InvalidTagsPatchOperation");
}

#[tokio::test]
async fn groups_and_subscriptions_have_tags_too() {
    let azure = with_disk(Options::default()).await;
    for scope in ["resourceGroups/rg/", ""] {
        azure
            .patch(&tags(scope), patch("merge", json!({ "a": "1" })))
            .await
            .expect(200);
        assert_eq!(
            azure.get(&tags(scope)).await.body["properties"]["tags"],
            json!({ "a": "1" })
        );
    }
    azure
        .get(&tags("resourceGroups/gone/"))
        .await
        .refused(404, "ResourceGroupNotFound");
    azure
        .get(&tags("resourceGroups/rg/providers/Microsoft.Compute/disks/no/"))
        .await
        .refused(404, "ResourceNotFound");
}

#[tokio::test]
async fn the_limits_hold_wherever_tags_are_written() {
    let azure = with_disk(Options::default()).await;
    let many: Map<String, Value> = (0..49).map(|n| (format!("n{n}"), "v".into())).collect();
    azure
        .patch(&tags(DISK), patch("Merge", Value::Object(many)))
        .await
        .refused(400, "InvalidTags");
    let cases = [
        (json!({ "a/b": "x" }), "InvalidTagNameCharacters"),
        (json!({ "a<": "x" }), "InvalidTagNameCharacters"),
        (json!({ "": "x" }), "InvalidTagName"),
        (json!({ "x".repeat(513): "x" }), "InvalidTagName"),
        (json!({ "a": "x".repeat(257) }), "InvalidTagValue"),
        (json!({ "a": 1 }), "InvalidRequestContent"),
    ];
    for (wrong, code) in cases {
        azure
            .patch(&tags(DISK), patch("Merge", wrong.clone()))
            .await
            .refused(400, code);
        azure
            .patch(&disk("d1"), json!({ "tags": wrong }))
            .await
            .refused(400, code);
    }
    azure
        .patch(
            &tags(DISK),
            patch("Merge", json!({ "x".repeat(512): "x".repeat(256) })),
        )
        .await
        .expect(200);
}

#[tokio::test]
async fn a_slow_merge_takes_effect_at_its_end_and_loses_nothing_written_meanwhile() {
    let timing = Timing {
        tags: Some(Duration::ZERO),
        polls: 1,
        ..Timing::zero()
    };
    let azure = with_disk(Options {
        timing,
        ..Options::default()
    })
    .await;
    let slow = azure
        .patch(&tags(DISK), patch("Merge", json!({ "a": "1" })))
        .await
        .expect(202);
    azure
        .emulator
        .put_resource(
            &azure.disk_id("d1"),
            json!({ "location": "japaneast", "tags": { "b": "2" } }),
        )
        .await
        .unwrap();
    let location = slow.header("location").unwrap();
    azure.get(location).await.expect(202);
    let done = azure.get(location).await.expect(200);
    assert_eq!(done.body["properties"]["tags"], json!({ "a": "1", "b": "2" }));
}

#[tokio::test]
async fn a_fault_plan_makes_a_single_merge_slow() {
    let azure = with_disk(Options::default()).await;
    let slow = FaultAction::Operation(OperationFault {
        polls: Some(1),
        ..OperationFault::default()
    });
    azure
        .emulator
        .set_faults(FaultPlan::new([
            FaultRule::new("PATCH", "**/tags/default", slow).times(1)
        ]))
        .unwrap();
    let accepted = azure
        .patch(&tags(DISK), patch("Merge", json!({ "a": "1" })))
        .await
        .expect(202);
    assert_eq!(azure.finish(&accepted).await.body["status"], "Succeeded");
    azure
        .patch(&tags(DISK), patch("Merge", json!({ "a": "2" })))
        .await
        .expect(200);
}

#[tokio::test]
async fn the_names_in_use_are_counted() {
    let azure = with_disk(Options::default()).await;
    let mut body = empty_disk();
    body["tags"] = json!({ "keep": "you", "old": "1" });
    azure.disk("d2", body).await;
    let path = "~/tagNames?api-version=2024-11-01";
    let answer = azure.get(path).await.expect(200);
    let counted: Vec<Value> = answer.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| {
            let values = name["values"].as_array().unwrap().iter();
            let values: Vec<Value> = values
                .map(|value| json!([value["tagValue"], value["count"]["value"]]))
                .collect();
            json!([name["tagName"], name["count"]["value"], values])
        })
        .collect();
    assert_eq!(
        counted,
        [
            json!(["Keep", 2, [["me", 1], ["you", 1]]]),
            json!(["Old", 2, [["1", 2]]])
        ],
        "names count without case, values exactly"
    );
    azure.post(path).await.refused(405, "HttpMethodNotSupported");
}
