//! Disks when something is in the way: permissions, locks, deadlines, replicas that lag, settings that are wrong.

use kompox_azure_emulator::{
    FaultAction, FaultRule, OperationFault, Outcome, Race, RacingWrite, ReplicationLag, RequestKind, Respond,
    When,
};
use kompox_domain::Hint;
use kompox_domain::hint::in_words;
use kompox_domain::{ErrorKind, Mode};
use serde_json::json;

use crate::support::{GROUP, World, app, driver, gib, new_disk};

#[tokio::test]
async fn a_disk_that_is_attached_between_look_and_delete_is_refused_by_azure_and_the_machine_is_named() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.create("db", "two").await.unwrap();
    let attach = json!({"managedBy": "/vm/web-1", "properties": {"diskState": "Attached"}});
    world.fault(FaultRule::new(
        "DELETE",
        "**/disks/*",
        FaultAction::Race(Race {
            when: When::Before,
            id: None,
            write: RacingWrite::Merge(attach),
        }),
    ));
    let error = world.delete("db", "two", false).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Precondition, Some("OperationNotAllowed"))
    );
    assert!(error.to_string().contains("/vm/web-1"), "{error}");
}

#[tokio::test]
async fn b13_an_operation_that_outlasts_the_deadline_is_told_as_such_and_the_next_run_sees_what_it_left() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    let stuck = OperationFault {
        outcome: Outcome::Stuck,
        ..OperationFault::default()
    };
    world.fault(FaultRule::new("PUT", "**/disks/*", FaultAction::Operation(stuck)));
    let cx = world.deadline(std::time::Duration::from_secs(2));
    let error = world
        .driver
        .volumes()
        .unwrap()
        .disk_create(&cx, &world.app, world.volume("db"), &new_disk("two"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("under way in Azure"), "{error}");
    assert_eq!(world.disks("db").await.unwrap().len(), 2);
    assert_eq!(world.assigned("db").await, ["one"]);
}

/// A listing that is answered so.
fn listing(kind: &str, body: String) -> FaultRule {
    let answer = Respond {
        status: 200,
        body: Some(body),
        ..Respond::default()
    };
    FaultRule::new("GET", &format!("**/{kind}"), FaultAction::Respond(answer))
}

#[tokio::test]
async fn an_answer_that_is_no_list_is_never_taken_for_an_empty_one() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.create("db", "two").await.unwrap();
    world.snapshot("db", "s").await.unwrap();
    let nameless = json!({"value": [{"id": world.id("disks", "db", "one")}]}).to_string();
    let without_id = json!({"value": [{"name": "db-034d4d-one"}]}).to_string();
    for body in [
        "{}".to_owned(),
        "[]".to_owned(),
        r#"{"value":null}"#.to_owned(),
        r#"{"value":[7]}"#.to_owned(),
        r#"{"error":{"code":"InternalServerError","message":"Oops."}}"#.to_owned(),
        nameless,
        without_id,
    ] {
        for kind in ["disks", "snapshots"] {
            world.fault(listing(kind, body.clone()));
            world.emulator.clear_requests();
            let mut done = vec![("restore", world.restore("db", "s", "three").await.err())];
            if kind == "disks" {
                done.extend([
                    ("list", world.disks("db").await.err()),
                    ("create", world.create("db", "three").await.err()),
                    ("assign", world.assign("db", "two").await.err()),
                    ("delete", world.delete("db", "two", false).await.err()),
                    ("snapshot", world.snapshot("db", "t").await.err()),
                ]);
            } else {
                done.extend([
                    ("snapshots", world.snapshots("db").await.err()),
                    ("snapshot", world.snapshot("db", "t").await.err()),
                    ("delete", world.delete_snapshot("db", "s").await.err()),
                ]);
            }
            for (what, error) in done {
                let error = error.unwrap_or_else(|| panic!("{kind} {body}: {what} succeeded"));
                assert_eq!(
                    error.kind(),
                    ErrorKind::Unavailable,
                    "{kind} {body}: {what}: {error}"
                );
            }
            let writes = world.emulator.requests();
            let mut writes = writes.iter().filter(|request| request.kind == RequestKind::Write);
            assert!(writes.next().is_none(), "{kind} {body}");
        }
    }
    world.fault(FaultRule::new("*", "/nowhere", FaultAction::Hang));
    assert_eq!(world.disks("db").await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_200_that_is_no_resource_group_does_not_say_that_there_is_one() {
    for body in [
        "{}",
        "[]",
        r#"{"error":{"code":"InternalServerError","message":"Oops."}}"#,
    ] {
        let world = World::new().await;
        let answer = Respond {
            status: 200,
            body: Some(body.to_owned()),
            ..Respond::default()
        };
        // The group is not there, and only this answer says that it is.
        let path = world.group_id(GROUP);
        world.fault(FaultRule::new("GET", &path, FaultAction::Respond(answer)));
        world.emulator.clear_requests();
        let created = world.create("db", "one").await.unwrap_err();
        assert_eq!(created.kind(), ErrorKind::Unavailable, "{body}: {created}");
        let listed = world.disks("db").await.unwrap_err();
        assert_eq!(listed.kind(), ErrorKind::Unavailable, "{body}: {listed}");
        let requests = world.emulator.requests();
        assert!(
            requests.iter().all(|request| request.kind != RequestKind::Write),
            "{body}: {requests:?}"
        );
    }
}

/// A copy may be asked for without a size, as azure-rest-api-specs shows ("Create a managed disk by copying a snapshot"),
/// and until it is made Azure tells no more than it was told.
#[tokio::test]
async fn what_is_being_made_and_has_no_size_yet_is_listed_beside_the_others() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.snapshot("db", "s").await.unwrap();
    for (kind, item, like, percent) in [
        ("disks", "copied", "one", None),
        ("snapshots", "copied", "s", None),
        ("snapshots", "copying", "s", Some(40.0)),
    ] {
        let mut body = world.raw(kind, "db", like).await.unwrap();
        let id = world.id(kind, "db", item);
        let name = id.rsplit('/').next().unwrap();
        body["id"] = id.as_str().into();
        body["name"] = name.into();
        body["tags"]["kompox-disk-assigned"] = "false".into();
        let properties = body["properties"].as_object_mut().unwrap();
        for only_later in ["diskSizeGB", "diskSizeBytes", "diskState"] {
            properties.remove(only_later);
        }
        match percent {
            // Its copy is under way: the snapshot was made, what is in it was not.
            Some(percent) => properties.insert("completionPercent".to_owned(), json!(percent)),
            None => {
                properties.remove("timeCreated");
                properties.remove("uniqueId");
                properties.insert("provisioningState".to_owned(), "Updating".into())
            }
        };
        world.emulator.put_resource(&id, body).await.unwrap();
    }
    let disks = world.disks("db").await.unwrap();
    let mut named: Vec<_> = disks
        .iter()
        .map(|disk| (disk.record.name.to_string(), disk.record.size))
        .collect();
    named.sort();
    assert_eq!(
        named,
        [("copied".to_owned(), None), ("one".to_owned(), Some(gib(4)))]
    );
    let snapshots = world.snapshots("db").await.unwrap();
    let mut named: Vec<_> = snapshots
        .iter()
        .map(|snapshot| (snapshot.name.to_string(), snapshot.size))
        .collect();
    named.sort();
    let expected = [("copied", None), ("copying", None), ("s", Some(gib(4)))];
    assert_eq!(named, expected.map(|(name, size)| (name.to_owned(), size)));
    // The others work as ever, and these are refused by their state.
    world.create("db", "two").await.unwrap();
    world.assign("db", "two").await.unwrap();
    world.restore("db", "s", "three").await.unwrap();
    for snapshot in ["copied", "copying"] {
        let error = world.restore("db", snapshot, "four").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition, "{snapshot}: {error}");
    }
    assert_eq!(
        world.assign("db", "copied").await.unwrap_err().kind(),
        ErrorKind::Precondition
    );
    world.delete_snapshot("db", "copying").await.unwrap();
    world.delete("db", "copied", false).await.unwrap();
}

/// What was made has a size: what says otherwise is no answer of Azure's.
#[tokio::test]
async fn what_was_made_and_has_no_size_cannot_be_read() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    let mut body = world.raw("disks", "db", "one").await.unwrap();
    let properties = body["properties"].as_object_mut().unwrap();
    properties.remove("diskSizeGB");
    properties.remove("diskSizeBytes");
    world
        .emulator
        .put_resource(&world.id("disks", "db", "one"), body)
        .await
        .unwrap();
    assert!(
        world
            .disks("db")
            .await
            .unwrap_err()
            .to_string()
            .contains("disk one")
    );
}

#[tokio::test]
async fn a_disk_that_stands_on_two_pages_is_one_disk() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.create("db", "two").await.unwrap();
    let one = world.raw("disks", "db", "one").await.unwrap();
    let group = world.group_id(GROUP);
    let endpoint = &world.emulator.connection().arm_endpoint;
    let next = format!(
        "{}{group}/providers/Microsoft.Compute/disks?api-version=2025-01-02&page=2",
        endpoint.trim_end_matches('/')
    );
    let first = json!({"value": [one], "nextLink": next}).to_string();
    world.fault(listing("disks", first).times(1));
    let disks = world.disks("db").await.unwrap();
    assert_eq!(disks.len(), 2, "{disks:?}");
}

#[tokio::test]
async fn a_strange_disk_of_somebody_else_breaks_no_listing() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    let id = world.id("disks", "db", "one").replace("034d4d-one", "other");
    let strange =
        json!({"id": id, "name": "db-other", "location": 7, "zones": "x", "tags": [], "properties": 5});
    let one = world.raw("disks", "db", "one").await.unwrap();
    world.fault(listing("disks", json!({"value": [strange, one]}).to_string()));
    assert_eq!(world.disks("db").await.unwrap().len(), 1);
}

/// A replica that does not know what was just made, so often.
fn lag(path: &str, times: u32) -> FaultRule {
    let lag = FaultAction::ReplicationLag(ReplicationLag::ResourceNotFound);
    FaultRule::new("GET", path, lag).times(times)
}

#[tokio::test]
async fn what_was_just_made_is_looked_for_again_where_a_replica_lags_behind() {
    let world = World::new().await;
    let everything = lag("**/providers/Microsoft.Compute/*/*", 5);
    world.fault(everything.clone());
    world.create("db", "one").await.unwrap();
    world.fault(everything.clone());
    world.create("db", "two").await.unwrap();
    world.fault(everything.clone());
    world.snapshot("db", "s").await.unwrap();
    world.fault(everything);
    world.restore("db", "s", "three").await.unwrap();
    assert_eq!(world.assigned("db").await, ["one"]);
}

#[tokio::test]
async fn a_list_that_does_not_have_what_was_just_made_is_read_again() {
    let world = World::new().await;
    let empty = Respond {
        status: 200,
        body: Some(json!({"value": []}).to_string()),
        ..Respond::default()
    };
    let list = FaultRule::new("GET", "**/disks", FaultAction::Respond(empty));
    world.fault(list.clone().after(1).times(3));
    let made = world.create("db", "one").await.unwrap();
    assert!(made.assigned);
    world.fault(FaultRule::new("*", "/nowhere", FaultAction::Hang));
    world.create("db", "two").await.unwrap();
    world.fault(list.after(1).times(3));
    assert!(world.assign("db", "two").await.unwrap().assigned);
    assert_eq!(world.assigned("db").await, ["two"]);
}

#[tokio::test]
async fn a_disk_that_was_made_and_is_never_listed_is_told_so() {
    let world = World::new().await;
    let empty = Respond {
        status: 200,
        body: Some(json!({"value": []}).to_string()),
        ..Respond::default()
    };
    world.fault(FaultRule::new("GET", "**/disks", FaultAction::Respond(empty)).after(1));
    let error = world.create("db", "one").await.unwrap_err();
    assert!(
        error.to_string().contains("was made, but it is not there"),
        "{error}"
    );
}

#[tokio::test]
async fn a_listing_never_believes_a_missing_group_without_asking_the_group() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    let lag = FaultAction::ReplicationLag(ReplicationLag::ResourceGroupNotFound);
    world.fault(FaultRule::new("GET", "**/disks", lag.clone()).times(2));
    assert_eq!(world.disks("db").await.unwrap().len(), 1);
    world.fault(FaultRule::new("GET", "**/disks", lag.clone()).times(2));
    world.create("db", "two").await.unwrap();
    world.fault(FaultRule::new("DELETE", "**/disks/*", lag).times(2));
    world.delete("db", "two", false).await.unwrap();
    assert!(world.raw("disks", "db", "two").await.is_none());
}

#[tokio::test]
async fn a_group_made_just_now_may_not_be_known_everywhere_yet() {
    let world = World::new().await;
    let lag = FaultAction::ReplicationLag(ReplicationLag::ResourceGroupNotFound);
    world.fault(FaultRule::new("PUT", "**/disks/*", lag).times(3));
    assert!(world.create("db", "one").await.unwrap().assigned);
}

#[tokio::test]
async fn a_read_that_fails_is_never_taken_for_nothing_there() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.fault(FaultRule::new(
        "GET",
        "**/disks",
        FaultAction::respond(403, "AuthorizationFailed", "No."),
    ));
    assert_eq!(
        world.disks("db").await.unwrap_err().kind(),
        ErrorKind::PermissionDenied
    );
    assert_eq!(
        world.create("db", "two").await.unwrap_err().kind(),
        ErrorKind::PermissionDenied
    );
    assert_eq!(
        world.delete("db", "one", true).await.unwrap_err().kind(),
        ErrorKind::PermissionDenied
    );
}

#[tokio::test]
async fn without_group_and_prefix_the_error_names_both_ways_out() {
    let world = World::new().await;
    let mut app = app("app1", GROUP);
    app.app.settings = kompox_domain::Settings::default();
    let driver = driver(&world.emulator, &app, &[]).unwrap();
    let error = driver
        .volumes()
        .unwrap()
        .disk_list(&world.cx, &app, &app.app.volumes[..1])
        .await
        .unwrap_err();
    let hint = in_words(error.hints());
    assert!(
        hint.contains("AZURE_RESOURCE_GROUP_NAME") && hint.contains("AZURE_RESOURCE_PREFIX"),
        "{hint}"
    );
}

#[tokio::test]
async fn a_missing_permission_names_the_action_and_what_to_do() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    let read = [
        "Microsoft.Compute/disks/read",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
    ];
    world
        .emulator
        .restrict_caller(Some(read.map(str::to_owned).to_vec()));
    let error = world.create("db", "two").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::PermissionDenied, Some("AuthorizationFailed"))
    );
    assert!(
        error.to_string().contains("Microsoft.Compute/disks/write"),
        "{error}"
    );
    assert!(in_words(error.hints()).contains("role"));
}

#[tokio::test]
async fn a_lock_is_named_and_is_not_mistaken_for_success() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.create("db", "two").await.unwrap();
    let lock = format!(
        "{}/providers/Microsoft.Authorization/locks/keep",
        world.group_id(GROUP)
    );
    world
        .emulator
        .put_resource(&lock, json!({"properties": {"level": "CanNotDelete"}}))
        .await
        .unwrap();
    let error = world.delete("db", "two", false).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Precondition, Some("ScopeLocked"))
    );
    assert!(world.raw("disks", "db", "two").await.is_some());
}

#[tokio::test]
async fn every_operation_works_with_exactly_the_permissions_that_are_listed_for_it() {
    use kompox_aks::permissions::actions;
    use kompox_domain::Operation as Op;
    let world = World::new().await;
    let allow = |operation| {
        world.emulator.restrict_caller(Some(
            actions(operation, Mode::Apply)
                .iter()
                .map(|action| (*action).to_owned())
                .collect(),
        ));
    };
    allow(Op::DiskCreate);
    world.create("db", "one").await.unwrap();
    world.create("db", "two").await.unwrap();
    allow(Op::DiskList);
    world.disks("db").await.unwrap();
    allow(Op::DiskAssign);
    world.assign("db", "two").await.unwrap();
    allow(Op::SnapshotCreate);
    world.snapshot("db", "snap").await.unwrap();
    allow(Op::SnapshotList);
    world.snapshots("db").await.unwrap();
    allow(Op::SnapshotRestore);
    world.restore("db", "snap", "three").await.unwrap();
    allow(Op::SnapshotDelete);
    world.delete_snapshot("db", "snap").await.unwrap();
    allow(Op::DiskDelete);
    world.delete("db", "one", false).await.unwrap();
}

#[tokio::test]
async fn a_misspelt_setting_of_app_or_cluster_is_refused_before_any_request() {
    let world = World::new().await;
    let mut misspelt = app("app1", GROUP);
    misspelt.app.settings = crate::support::settings([("AZURE_RESOURCE_GROUP_NMAE", "data")]);
    let driver = driver(&world.emulator, &misspelt, &[("AZURE_RESOURCE_PREFIX", "p")]).unwrap();
    let error = driver
        .volumes()
        .unwrap()
        .disk_list(&world.cx, &misspelt, &misspelt.app.volumes[..1])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(
        error.hints(),
        [Hint::text("did you mean AZURE_RESOURCE_GROUP_NAME?")]
    );
    assert!(world.emulator.requests().is_empty());
}
