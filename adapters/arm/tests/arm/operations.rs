//! Long-running operations in every published shape, and every way in which they fail.

use kompox_domain::hint::in_words;
use std::time::{Duration, Instant};

use kompox_arm::{ArmError, ArmRequest};
use kompox_azure_emulator::{
    FaultAction, FaultPlan, FaultRule, MonitorError, OperationFault, OperationShape, Options, Outcome,
    ReplicationLag, RequestKind, RetryAfter, Timing,
};
use kompox_domain::progress::Unfinished as _;
use kompox_domain::{Error, ErrorKind};
use serde_json::json;

use crate::support::{World, state};

const SHAPES: [OperationShape; 6] = [
    OperationShape::Both,
    OperationShape::AzureAsyncOperation,
    OperationShape::Location,
    OperationShape::Body,
    OperationShape::EmptyOk,
    OperationShape::Synchronous,
];

fn shaped(method: &str, fault: OperationFault) -> FaultRule {
    FaultRule::new(method, "**/disks/*", FaultAction::Operation(fault))
}

#[tokio::test]
async fn a_put_in_every_published_shape_ends_with_the_resource() {
    let world = World::new().await;
    for (index, shape) in SHAPES.into_iter().enumerate() {
        world.fault(shaped(
            "PUT",
            OperationFault {
                shape: Some(shape),
                polls: Some(2),
                ..OperationFault::default()
            },
        ));
        let response = world
            .run(&world.put_disk(&format!("d{index}")))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(state(&response), "Succeeded", "{shape:?}");
    }
}

#[tokio::test]
async fn a_delete_in_every_published_shape_ends_when_the_resource_is_gone() {
    let world = World::new().await;
    for (index, shape) in SHAPES.into_iter().enumerate() {
        let name = format!("d{index}");
        world.fault(shaped("GET", OperationFault::default()));
        world.run(&world.put_disk(&name)).await.unwrap();
        world.fault(shaped(
            "DELETE",
            OperationFault {
                shape: Some(shape),
                polls: Some(2),
                ..OperationFault::default()
            },
        ));
        let id = world.disk_id(&name);
        world.run(&ArmRequest::delete(world.url(&id))).await.unwrap();
        // A 200 without a body ends a delete: there is nothing left to ask.
        if shape != OperationShape::EmptyOk {
            assert!(world.emulator.resource(&id).await.is_none(), "{shape:?}");
        }
    }
}

#[tokio::test]
async fn an_operation_that_fails_late_is_a_failure_with_its_code_in_every_shape() {
    let world = World::new().await;
    for (index, shape) in SHAPES.into_iter().enumerate() {
        if shape == OperationShape::Synchronous {
            continue;
        }
        let outcome = Outcome::Fail {
            code: "DiskServiceInternalError".to_owned(),
            message: "Oops.".to_owned(),
        };
        world.fault(shaped(
            "PUT",
            OperationFault {
                shape: Some(shape),
                outcome,
                polls: Some(1),
                ..OperationFault::default()
            },
        ));
        let error = world
            .run(&world.put_disk(&format!("d{index}")))
            .await
            .unwrap_err();
        assert!(
            matches!(error, ArmError::Operation { .. }),
            "{shape:?}: {error:?}"
        );
        let error = Error::from(error);
        assert_eq!(error.kind(), ErrorKind::Failed, "{shape:?}");
        assert!(error.correlation_id().is_some(), "{shape:?}");
        // Without a monitor only the state of the resource tells.
        if !matches!(shape, OperationShape::Body | OperationShape::EmptyOk) {
            assert_eq!(error.code(), Some("DiskServiceInternalError"), "{shape:?}");
        }
    }
}

/// The 404 of a replica that does not know the resource yet.
fn lag(times: Option<u32>) -> FaultRule {
    let lag = FaultAction::ReplicationLag(ReplicationLag::ResourceNotFound);
    let rule = FaultRule::new("GET", "**/providers/Microsoft.Compute/*/*", lag);
    FaultRule { count: times, ..rule }
}

#[tokio::test]
async fn what_was_accepted_exists_also_where_a_replica_does_not_know_it_yet() {
    let world = World::new().await;
    for (index, shape) in SHAPES.into_iter().enumerate() {
        let fault = OperationFault {
            shape: Some(shape),
            polls: Some(2),
            ..OperationFault::default()
        };
        for (method, kind) in [("PUT", "disks"), ("PUT", "snapshots"), ("PATCH", "disks")] {
            let disk = world.disk_id(&format!("d{index}"));
            let body = match (method, kind) {
                ("PUT", "disks") => json!({"location": "japaneast", "sku": {"name": "Premium_LRS"},
                    "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}}),
                ("PUT", _) => json!({"location": "japaneast", "properties": {"incremental": true,
                    "creationData": {"createOption": "Copy", "sourceResourceId": disk}}}),
                _ => json!({"tags": {"a": "b"}}),
            };
            let url = world.url(&disk.replace("/disks/", &format!("/{kind}/")));
            let request = match method {
                "PUT" => ArmRequest::put(url, &body),
                _ => ArmRequest::merge(url, &body),
            };
            let operation = FaultAction::Operation(fault.clone());
            let shaped = FaultRule::new(method, "**/providers/Microsoft.Compute/*/*", operation);
            let plan = FaultPlan::new([shaped, lag(Some(4))]);
            world.emulator.set_faults(plan).unwrap();
            let done = world.run(&request.unwrap()).await;
            let response = done.unwrap_or_else(|error| panic!("{shape:?} {method} {kind}: {error:?}"));
            assert_eq!(
                state(&response.unwrap()),
                "Succeeded",
                "{shape:?} {method} {kind}"
            );
        }
    }
}

#[tokio::test]
async fn what_was_accepted_and_never_shows_is_not_told_as_missing_or_undone() {
    let world = World::new().await;
    world.fault(lag(None));
    let error = world.run(&world.put_disk("d")).await.unwrap_err();
    assert!(error.may_still_run(), "{error:?}");
    assert!(error.to_string().contains("was accepted"), "{error}");
}

#[tokio::test]
async fn a_monitor_that_is_not_known_at_first_is_asked_again() {
    let world = World::new().await;
    for shape in [OperationShape::AzureAsyncOperation, OperationShape::Location] {
        let unknown = |polls| OperationFault {
            shape: Some(shape),
            polls: Some(polls),
            monitor_error: Some(MonitorError {
                status: 404,
                count: 2,
            }),
            ..OperationFault::default()
        };
        world.fault(shaped("PUT", unknown(2)));
        world.run(&world.put_disk("d")).await.unwrap();
        // Of a merge of tags nothing but the monitor tells how it stands.
        let tags = format!(
            "{}/providers/Microsoft.Resources/tags/default",
            world.disk_id("d")
        );
        let url = world.arm.url(&tags, "2025-04-01").unwrap();
        let body = json!({"operation": "Merge", "properties": {"tags": {"a": "b"}}});
        let merge = ArmRequest::merge(url, &body).unwrap().resource_tells_nothing();
        world.fault(FaultRule::new(
            "PATCH",
            "**/tags/default",
            FaultAction::Operation(unknown(2)),
        ));
        let done = world.run(&merge).await;
        assert!(done.is_ok(), "{shape:?}: {done:?}");
    }
}

#[tokio::test]
async fn a_canceled_operation_is_a_failure() {
    let world = World::new().await;
    world.fault(shaped(
        "PUT",
        OperationFault {
            outcome: Outcome::Cancel,
            ..OperationFault::default()
        },
    ));
    let error = world.run(&world.put_disk("d")).await.unwrap_err();
    assert!(
        matches!(&error, ArmError::Operation { state, .. } if state == "Canceled"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_stuck_operation_ends_at_the_deadline_and_not_later() {
    let world = World::new().await;
    world.fault(shaped(
        "PUT",
        OperationFault {
            outcome: Outcome::Stuck,
            ..OperationFault::default()
        },
    ));
    let begin = Instant::now();
    let error = world
        .run_in(&world.deadline(Duration::from_millis(300)), &world.put_disk("d"))
        .await
        .unwrap_err();
    assert!(error.is_deadline() && error.may_have_taken_effect(), "{error:?}");
    assert_eq!(Error::from(error).kind(), ErrorKind::Timeout);
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_wait_that_would_pass_the_deadline_is_not_begun() {
    let world = World::new().await;
    let fault = OperationFault {
        retry_after: RetryAfter::Seconds(3600),
        polls: Some(1),
        ..OperationFault::default()
    };
    world.fault(shaped("PUT", fault));
    let begin = Instant::now();
    let error = world
        .run_in(&world.deadline(Duration::from_secs(60)), &world.put_disk("d"))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error.last(),
            ArmError::Deadline {
                retry_after: Some(_),
                ..
            }
        ),
        "{error:?}"
    );
    assert!(in_words(Error::from(error).hints()).contains("3600 s"));
    assert!(begin.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_monitor_is_not_asked_before_retry_after_has_passed() {
    let world = World::new().await;
    world.fault(shaped(
        "PUT",
        OperationFault {
            retry_after: RetryAfter::Seconds(1),
            polls: Some(1),
            ..OperationFault::default()
        },
    ));
    world.run(&world.put_disk("d")).await.unwrap();
    let (writes, polls) = (world.logged(RequestKind::Write), world.logged(RequestKind::Poll));
    let (write, poll) = (writes.first().unwrap(), polls.first().unwrap());
    assert!(poll.started - write.ended.unwrap() >= 999.0, "{poll:?} {write:?}");
}

#[tokio::test]
async fn a_missing_or_nonsensical_retry_after_is_no_obstacle() {
    let world = World::new().await;
    for (index, retry_after) in [
        RetryAfter::Missing,
        RetryAfter::Raw("soon".to_owned()),
        RetryAfter::Raw("-7".to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        world.fault(shaped(
            "PUT",
            OperationFault {
                retry_after,
                polls: Some(1),
                ..OperationFault::default()
            },
        ));
        let response = world
            .run(&world.put_disk(&format!("d{index}")))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(state(&response), "Succeeded");
    }
}

#[tokio::test]
async fn a_monitor_that_fails_says_nothing_about_the_operation() {
    let world = World::new().await;
    for (index, status) in [500_u16, 503, 429, 403, 404].into_iter().enumerate() {
        for shape in [OperationShape::AzureAsyncOperation, OperationShape::Both] {
            let monitor_error = Some(MonitorError { status, count: 2 });
            world.fault(shaped(
                "PUT",
                OperationFault {
                    shape: Some(shape),
                    monitor_error,
                    polls: Some(1),
                    ..OperationFault::default()
                },
            ));
            let response = world
                .run(&world.put_disk(&format!("d{index}-{shape:?}")))
                .await
                .unwrap()
                .unwrap();
            assert_eq!(state(&response), "Succeeded", "{status} {shape:?}");
        }
    }
}

#[tokio::test]
async fn a_monitor_that_expired_makes_the_resource_tell() {
    let world = World::new().await;
    for (index, shape) in [OperationShape::AzureAsyncOperation, OperationShape::Location]
        .into_iter()
        .enumerate()
    {
        let name = format!("d{index}");
        let fault = OperationFault {
            shape: Some(shape),
            expire: true,
            ..OperationFault::default()
        };
        world.fault(shaped("PUT|DELETE", fault));
        let response = world.run(&world.put_disk(&name)).await.unwrap().unwrap();
        assert_eq!(state(&response), "Succeeded", "{shape:?}");
        world
            .run(&ArmRequest::delete(world.url(&world.disk_id(&name))))
            .await
            .unwrap();
        assert!(world.emulator.resource(&world.disk_id(&name)).await.is_none());
    }
}

#[tokio::test]
async fn a_monitor_address_that_is_no_url_is_left_aside_and_a_very_long_one_is_used() {
    let world = World::new().await;
    world.fault(shaped(
        "PUT",
        OperationFault {
            garbage_urls: true,
            polls: Some(1),
            ..OperationFault::default()
        },
    ));
    assert_eq!(
        state(&world.run(&world.put_disk("d1")).await.unwrap().unwrap()),
        "Succeeded"
    );
    world.fault(shaped(
        "PUT",
        OperationFault {
            url_bytes: 5000,
            polls: Some(1),
            ..OperationFault::default()
        },
    ));
    assert_eq!(
        state(&world.run(&world.put_disk("d2")).await.unwrap().unwrap()),
        "Succeeded"
    );
    assert!(
        world
            .logged(RequestKind::Poll)
            .iter()
            .any(|poll| poll.path.len() > 4000)
    );
}

#[tokio::test]
async fn an_address_on_another_host_never_gets_our_token() {
    let world = World::new().await;
    let headers = [
        (
            "Azure-AsyncOperation".to_owned(),
            "https://evil.example/op".to_owned(),
        ),
        ("Location".to_owned(), "https://evil.example/op".to_owned()),
    ];
    let answer = kompox_azure_emulator::Respond {
        status: 202,
        headers: headers.into_iter().collect(),
        body: Some(String::new()),
        ..Default::default()
    };
    world.run(&world.put_disk("d")).await.unwrap();
    world.fault(FaultRule::new("PUT", "**/disks/*", FaultAction::Respond(answer)));
    // The resource itself is asked instead.
    let response = world.run(&world.put_disk("d")).await.unwrap().unwrap();
    assert_eq!(state(&response), "Succeeded");
}

#[tokio::test]
async fn a_token_that_expires_in_the_middle_is_renewed() {
    let world = World::with(Options {
        timing: Timing::looks(3),
        ..Options::default()
    })
    .await;
    world.emulator.expire_tokens().await.unwrap();
    let response = world.run(&world.put_disk("d")).await.unwrap().unwrap();
    assert_eq!(state(&response), "Succeeded");
    assert!(!world.logged(RequestKind::Token).is_empty());
}
