//! Long-running operations in every published shape, and all the ways they go wrong.

use kompox_azure_emulator::{
    FaultAction, FaultPlan, FaultRule, MonitorError, OperationFault, OperationShape, Options, Outcome,
    RetryAfter,
};
use serde_json::json;

use crate::client::{Answer, Azure, DISKS, disk, empty_disk, group};

async fn with(fault: OperationFault) -> Azure {
    let azure = Azure::with_group(Options::default()).await;
    let rule = FaultRule::new("*", "**/disks/*", FaultAction::Operation(fault));
    azure.emulator.set_faults(FaultPlan::new([rule])).unwrap();
    azure
}

fn shape(shape: OperationShape) -> OperationFault {
    OperationFault {
        shape: Some(shape),
        polls: Some(1),
        ..OperationFault::default()
    }
}

fn headers(answer: &Answer) -> (bool, bool) {
    (
        answer.header("azure-asyncoperation").is_some(),
        answer.header("location").is_some(),
    )
}

#[tokio::test]
async fn the_headers_are_those_of_the_shape() {
    for (wanted, expected) in [
        (OperationShape::Both, (true, true)),
        (OperationShape::AzureAsyncOperation, (true, false)),
        (OperationShape::Location, (false, true)),
    ] {
        let azure = with(shape(wanted)).await;
        let accepted = azure.put(&disk("d"), empty_disk()).await.expect(202);
        assert_eq!(headers(&accepted), expected);
        assert_eq!(accepted.body["properties"]["provisioningState"], "Updating");
    }
}

#[tokio::test]
async fn the_body_alone_can_tell() {
    let azure = with(shape(OperationShape::Body)).await;
    let accepted = azure.put(&disk("d"), empty_disk()).await.expect(201);
    assert_eq!(headers(&accepted), (false, false));
    let state = async || azure.get(&disk("d")).await.body["properties"]["provisioningState"].clone();
    assert_eq!(state().await, "Updating");
    assert_eq!(state().await, "Succeeded");
    azure.put(&disk("d"), empty_disk()).await.expect(200);
}

#[tokio::test]
async fn a_200_can_be_empty_and_a_write_can_be_done_at_once() {
    let azure = with(shape(OperationShape::EmptyOk)).await;
    let answer = azure.put(&disk("d"), empty_disk()).await.expect(200);
    assert_eq!((answer.text.as_str(), headers(&answer)), ("", (false, false)));
    let azure = with(shape(OperationShape::Synchronous)).await;
    let answer = azure.put(&disk("d"), empty_disk()).await.expect(201);
    assert_eq!(answer.body["properties"]["provisioningState"], "Succeeded");
    azure.delete(&disk("d")).await.expect(200);
    azure.get(&disk("d")).await.expect(404);
}

#[tokio::test]
async fn a_failure_comes_late_by_monitor_by_location_and_on_the_resource() {
    let fault = OperationFault {
        outcome: Outcome::Fail {
            code: "InternalError".to_owned(),
            message: "Oops.".to_owned(),
        },
        ..OperationFault::default()
    };
    let azure = with(fault).await;
    let accepted = azure.put(&disk("d"), empty_disk()).await.expect(202);
    let status = azure
        .get(accepted.header("azure-asyncoperation").unwrap())
        .await
        .expect(200);
    assert_eq!(status.body["status"], "Failed");
    assert_eq!((status.code(), status.message()), ("InternalError", "Oops."));
    azure
        .get(accepted.header("location").unwrap())
        .await
        .refused(409, "InternalError");
    assert_eq!(
        azure.get(&disk("d")).await.body["properties"]["provisioningState"],
        "Failed"
    );
}

#[tokio::test]
async fn a_failed_update_changes_nothing_and_a_failed_delete_deletes_nothing() {
    let azure = Azure::with_group(Options::default()).await;
    let mut body = empty_disk();
    body["tags"] = json!({ "a": "1" });
    azure.disk("d", body).await;
    let rule = FaultRule::new("PATCH|DELETE", "**/disks/*", FaultAction::fail_late("X", "x"));
    azure.emulator.set_faults(FaultPlan::new([rule])).unwrap();
    azure
        .patch(&disk("d"), json!({ "tags": { "a": "2" } }))
        .await
        .expect(202);
    assert_eq!(azure.get(&disk("d")).await.body["tags"], json!({ "a": "1" }));
    azure.delete(&disk("d")).await.expect(202);
    assert_eq!(
        azure.get(&disk("d")).await.body["properties"]["provisioningState"],
        "Failed"
    );
}

#[tokio::test]
async fn an_operation_can_be_canceled_or_never_end() {
    let azure = with(OperationFault {
        outcome: Outcome::Cancel,
        ..OperationFault::default()
    })
    .await;
    let accepted = azure.put(&disk("d"), empty_disk()).await.expect(202);
    assert_eq!(azure.finish(&accepted).await.body["status"], "Canceled");
    let azure = with(OperationFault {
        outcome: Outcome::Stuck,
        ..OperationFault::default()
    })
    .await;
    let accepted = azure.put(&disk("d"), empty_disk()).await.expect(202);
    for _ in 0..20 {
        let status = azure
            .get(accepted.header("azure-asyncoperation").unwrap())
            .await
            .expect(200);
        assert_eq!(status.body["status"], "InProgress");
        azure.get(accepted.header("location").unwrap()).await.expect(202);
    }
}

#[tokio::test]
async fn a_monitor_can_fail_a_few_times_and_vanish_at_the_end() {
    let monitor_error = Some(MonitorError {
        status: 500,
        count: 2,
    });
    let azure = with(OperationFault {
        monitor_error,
        ..OperationFault::default()
    })
    .await;
    let accepted = azure.put(&disk("d"), empty_disk()).await.expect(202);
    let url = accepted.header("azure-asyncoperation").unwrap();
    azure.get(url).await.expect(500);
    azure.get(url).await.expect(500);
    assert_eq!(azure.get(url).await.expect(200).body["status"], "Succeeded");
    let azure = with(OperationFault {
        expire: true,
        polls: Some(1),
        ..OperationFault::default()
    })
    .await;
    let accepted = azure.put(&disk("d"), empty_disk()).await.expect(202);
    azure.get(accepted.header("location").unwrap()).await.expect(202);
    azure.get(accepted.header("location").unwrap()).await.expect(404);
    azure.get(&disk("d")).await.expect(200);
}

#[tokio::test]
async fn headers_can_be_missing_odd_or_huge() {
    let retry = async |retry_after: RetryAfter| {
        let azure = with(OperationFault {
            retry_after,
            ..OperationFault::default()
        })
        .await;
        azure
            .put(&disk("d"), empty_disk())
            .await
            .header("retry-after")
            .map(str::to_owned)
    };
    assert_eq!(retry(RetryAfter::Missing).await, None);
    assert_eq!(retry(RetryAfter::Seconds(17)).await.as_deref(), Some("17"));
    assert_eq!(
        retry(RetryAfter::Raw("soon".to_owned())).await.as_deref(),
        Some("soon")
    );
    let azure = with(OperationFault {
        garbage_urls: true,
        ..OperationFault::default()
    })
    .await;
    let accepted = azure.put(&disk("d"), empty_disk()).await.expect(202);
    assert!(!accepted.header("location").unwrap().starts_with("http"));
    let azure = with(OperationFault {
        url_bytes: 8192,
        ..OperationFault::default()
    })
    .await;
    let accepted = azure.put(&disk("d"), empty_disk()).await.expect(202);
    assert!(accepted.header("location").unwrap().len() >= 8192);
    assert_eq!(azure.finish(&accepted).await.body["status"], "Succeeded");
}

#[tokio::test]
async fn nobody_guesses_an_operation() {
    let azure = Azure::with_group(Options::default()).await;
    let guess = "11111111-1111-4111-8111-111111111111";
    for path in [
        format!(
            "~/providers/Microsoft.Compute/locations/japaneast/DiskOperations/{guess}?api-version={DISKS}"
        ),
        format!("~/operationresults/{guess}?api-version={DISKS}"),
    ] {
        azure.get(&path).await.refused(404, "NotFound");
    }
    // An operation is found under its own path only.
    let accepted = azure.put(&disk("d"), empty_disk()).await.expect(202);
    let url = accepted.header("location").unwrap();
    let id = url.split('?').next().unwrap().rsplit('/').next().unwrap();
    azure
        .get(&format!("~/operationresults/{id}?api-version={DISKS}"))
        .await
        .refused(404, "NotFound");
}

#[tokio::test]
async fn a_group_delete_can_get_stuck() {
    let azure = Azure::with_group(Options::default()).await;
    let stuck = OperationFault {
        outcome: Outcome::Stuck,
        ..OperationFault::default()
    };
    let rule = FaultRule::new("DELETE", "**/resourcegroups/*", FaultAction::Operation(stuck));
    azure.emulator.set_faults(FaultPlan::new([rule])).unwrap();
    let accepted = azure.delete(&group("rg")).await.expect(202);
    azure.get(accepted.header("location").unwrap()).await.expect(202);
    azure.get(&group("rg")).await.expect(200);
}

#[tokio::test]
async fn an_operation_takes_its_time() {
    let azure = with(OperationFault {
        milliseconds: Some(40),
        ..OperationFault::default()
    })
    .await;
    let begun = std::time::Instant::now();
    let accepted = azure.put(&disk("d"), empty_disk()).await.expect(202);
    let url = accepted.header("azure-asyncoperation").unwrap();
    while azure.get(url).await.expect(200).body["status"] == "InProgress" {
        assert!(begun.elapsed().as_secs() < 10);
    }
    assert!(begun.elapsed().as_millis() >= 40);
    assert_eq!(
        azure.get(&disk("d")).await.body["properties"]["provisioningState"],
        "Succeeded"
    );
}

#[tokio::test]
async fn a_second_delete_waits_for_the_same_end() {
    let azure = with(OperationFault {
        polls: Some(3),
        ..OperationFault::default()
    })
    .await;
    azure.disk("d", empty_disk()).await;
    let first = azure.delete(&disk("d")).await.expect(202);
    let second = azure.delete(&disk("d")).await.expect(202);
    assert_eq!(azure.finish(&second).await.body["status"], "Succeeded");
    assert_eq!(azure.finish(&first).await.body["status"], "Succeeded");
}
