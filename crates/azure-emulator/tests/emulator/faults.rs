//! The fault plan: when rules fire, and what each action does to a client.

use std::time::Duration;

use kompox_azure_emulator::{
    EmulatorError, FaultAction, FaultPlan, FaultRule, Options, Race, RacingWrite, ReplicationLag, When,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Azure, DISKS, disk, empty_disk, group, http};

async fn with(rules: impl IntoIterator<Item = FaultRule>) -> Azure {
    let azure = Azure::with_group(Options::default()).await;
    azure.disk("d1", empty_disk()).await;
    azure.emulator.set_faults(FaultPlan::new(rules)).unwrap();
    azure
}

#[tokio::test]
async fn a_rule_fires_after_some_and_so_often() {
    let busy = FaultAction::respond_retry_after(429, "TooManyRequests", 7);
    let azure = with([FaultRule::new("get", "**/DISKS/*", busy).after(1).times(2)]).await;
    azure.get(&disk("d1")).await.expect(200);
    for _ in 0..2 {
        let answer = azure.get(&disk("d1")).await.refused(429, "TooManyRequests");
        assert_eq!(answer.header("retry-after"), Some("7"));
        assert!(answer.header("x-ms-request-id").is_some());
    }
    azure.get(&disk("d1")).await.expect(200);
}

#[tokio::test]
async fn chance_is_the_same_for_the_same_seed() {
    let statuses = async |seed: u64| {
        let rule =
            FaultRule::new("GET", "**/disks/*", FaultAction::respond(503, "X", "x")).with_probability(0.5);
        let azure = with([]).await;
        azure
            .emulator
            .set_faults(FaultPlan {
                seed,
                rules: vec![rule],
            })
            .unwrap();
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.push(azure.get(&disk("d1")).await.status);
        }
        statuses
    };
    let first = statuses(7).await;
    assert_eq!(first, statuses(7).await);
    assert!(first.contains(&503) && first.contains(&200));
}

#[tokio::test]
async fn a_reset_before_loses_the_write_and_a_reset_after_only_its_answer() {
    let azure = with([
        FaultRule::new("PUT", "**/disks/lost", FaultAction::ResetBefore),
        FaultRule::new("PUT", "**/disks/kept", FaultAction::ResetAfter),
    ])
    .await;
    for name in ["lost", "kept"] {
        let body = Some(empty_disk().to_string());
        assert!(azure.try_send(Method::PUT, &disk(name), body, &[]).await.is_err());
    }
    azure.get(&disk("lost")).await.expect(404);
    azure.get(&disk("kept")).await.expect(200);
    let log = azure.emulator.requests();
    assert!(
        log.iter()
            .any(|request| request.path.contains("kept") && request.status.is_none())
    );
}

#[tokio::test]
async fn answers_can_be_cut_malformed_or_empty() {
    let azure = with([
        FaultRule::new("GET", "**/disks/d1", FaultAction::TruncateBody).times(1),
        FaultRule::new("GET", "**/disks/d1", FaultAction::MalformedBody).times(1),
        FaultRule::new("GET", "**/disks/d1", FaultAction::EmptyBody).times(1),
    ])
    .await;
    assert!(azure.try_send(Method::GET, &disk("d1"), None, &[]).await.is_err());
    let malformed = azure.get(&disk("d1")).await.expect(200);
    assert!(serde_json::from_str::<Value>(&malformed.text).is_err());
    assert_eq!(azure.get(&disk("d1")).await.expect(200).text, "");
    azure.get(&disk("d1")).await.expect(200);
}

#[tokio::test]
async fn a_hanging_request_never_ends_but_others_do() {
    let azure = with([FaultRule::new("GET", "**/disks/d1", FaultAction::Hang)]).await;
    let path = disk("d1");
    let hanging = azure.get(&path);
    assert!(
        tokio::time::timeout(Duration::from_millis(50), hanging)
            .await
            .is_err()
    );
    azure.get(&group("rg")).await.expect(200);
    azure.get(&disk("other")).await.expect(404);
}

#[tokio::test]
async fn replication_lag_denies_what_is_there() {
    let azure = with([
        FaultRule::new(
            "*",
            "**/disks/*",
            FaultAction::ReplicationLag(ReplicationLag::ResourceGroupNotFound),
        )
        .times(1),
        FaultRule::new(
            "GET",
            "**/disks/*",
            FaultAction::ReplicationLag(ReplicationLag::ResourceNotFound),
        )
        .times(1),
    ])
    .await;
    let answer = azure.get(&disk("d1")).await.refused(404, "ResourceGroupNotFound");
    assert_eq!(answer.message(), "Resource group 'rg' could not be found.");
    azure.get(&disk("d1")).await.refused(404, "ResourceNotFound");
    azure.get(&disk("d1")).await.expect(200);
}

#[tokio::test]
async fn another_writer_comes_before_or_after() {
    let race = |when, write| {
        FaultAction::Race(Race {
            when,
            id: None,
            write,
        })
    };
    let azure = with([
        FaultRule::new(
            "GET",
            "**/disks/d1",
            race(When::After, RacingWrite::Merge(json!({ "tags": { "a": "1" } }))),
        )
        .times(1),
        FaultRule::new(
            "GET",
            "**/disks/d2",
            race(When::Before, RacingWrite::Put(json!({ "tags": { "b": "2" } }))),
        )
        .times(1),
        FaultRule::new("DELETE", "**/disks/d1", race(When::Before, RacingWrite::Delete)),
    ])
    .await;
    assert!(azure.get(&disk("d1")).await.body.get("tags").is_none());
    assert_eq!(azure.get(&disk("d1")).await.body["tags"], json!({ "a": "1" }));
    assert_eq!(
        azure.get(&disk("d2")).await.expect(200).body["tags"],
        json!({ "b": "2" })
    );
    azure.delete(&disk("d1")).await.expect(204);
}

#[tokio::test]
async fn a_race_can_hit_another_resource_than_the_one_asked_for() {
    let azure = with([]).await;
    let race = Race {
        when: When::Before,
        id: Some(azure.disk_id("rival")),
        write: RacingWrite::Put(json!({ "location": "japaneast", "tags": { "kompox": "x" } })),
    };
    let rule = FaultRule::new("GET", "**/disks", FaultAction::Race(race))
        .after(1)
        .times(1);
    azure.emulator.set_faults(FaultPlan::new([rule])).unwrap();
    let list = format!("~/resourceGroups/rg/providers/Microsoft.Compute/disks?api-version={DISKS}");
    assert_eq!(azure.get(&list).await.names(), ["d1"]);
    assert_eq!(azure.get(&list).await.names(), ["d1", "rival"]);
}

#[tokio::test]
async fn delays_and_latency_overlap_and_are_in_the_log() {
    let azure = with([FaultRule::new(
        "GET",
        "**/disks/*",
        FaultAction::Delay { milliseconds: 60 },
    )])
    .await;
    azure.emulator.clear_requests();
    let path = disk("d1");
    let (a, b) = tokio::join!(azure.get(&path), azure.get(&path));
    assert_eq!((a.status, b.status), (200, 200));
    azure.emulator.set_latency(Duration::from_millis(30));
    azure.get(&group("rg")).await.expect(200);
    let log = azure.emulator.requests();
    assert!(log[0].overlaps(&log[1]));
    assert!(!log[1].overlaps(&log[2]));
    let took = |index: usize| log[index].ended.unwrap() - log[index].started;
    assert!(took(0) >= 60.0 && took(2) >= 30.0, "{log:?}");
}

#[tokio::test]
async fn a_plan_is_read_from_json_and_a_wrong_one_is_refused() {
    let azure = with([]).await;
    let endpoint = azure.emulator.connection().arm_endpoint.clone();
    let put = async |body: &str| {
        http(&azure.emulator)
            .put(format!("{endpoint}/_emulator/faults"))
            .body(body.to_owned())
            .send()
            .await
            .unwrap()
    };
    let plan = r#"{ "seed": 7, "rules": [
        { "name": "busy", "method": "GET|PUT", "pathRegex": "/disks/d1\\?api-version=2025", "count": 1,
          "action": { "respond": { "status": 503, "code": "Busy", "headers": { "Retry-After": "0" } } } },
        { "path": "**/never", "action": "hang" },
        { "path": "**/never", "action": { "operation": { "shape": "location", "outcome": "stuck", "retryAfter": "missing" } } },
        { "path": "**/never", "action": { "race": { "when": "before", "write": { "merge": { "tags": {} } } } } } ] }"#;
    assert_eq!(put(plan).await.status(), 204);
    azure.get(&disk("d1")).await.refused(503, "Busy");
    azure.get(&disk("d1")).await.expect(200);
    for wrong in [
        r#"{ "rules": [{ "action": "explode" }] }"#,
        r#"{ "rules": [{ "action": "hang", "paht": "x" }] }"#,
        r#"{ "rules": [{ "action": { "respond": { "status": 99 } } }] }"#,
        r#"{ "rules": [{ "action": "hang", "pathRegex": "(" }] }"#,
        r#"{ "rules": [{ "action": "hang", "probability": 2 }] }"#,
        "{",
    ] {
        assert_eq!(put(wrong).await.status(), 400, "{wrong}");
    }
    let refused = azure.emulator.set_faults(FaultPlan::new([
        FaultRule::new("GET", "*", FaultAction::Hang).with_probability(-1.0)
    ]));
    assert!(matches!(refused, Err(EmulatorError::FaultPlan(_))), "{refused:?}");
}

#[tokio::test]
async fn a_token_request_can_fail_too() {
    let azure = with([FaultRule::new(
        "POST",
        "**/oauth2/v2.0/token",
        FaultAction::respond(
            503,
            "temporarily_unavailable",
            "AADSTS90033: A transient error has occurred.",
        ),
    )])
    .await;
    let answer = azure.token(&[]).await.expect(503);
    assert_eq!(answer.body["error"], "temporarily_unavailable");
}
