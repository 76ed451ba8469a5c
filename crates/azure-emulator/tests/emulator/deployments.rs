//! Deployments and their operations, without a stack around them.

use std::time::Duration;

use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, OperationFault, Options, Outcome, Timing};
use serde_json::json;

use crate::client::{Azure, disk as disk_path};
use crate::deployed::{RG, deployment, disk, group_template, ids, incremental, nested, operation, watched};

async fn with_faults(rules: impl IntoIterator<Item = FaultRule>) -> Azure {
    Azure::with_group(Options {
        faults: FaultPlan::new(rules),
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn a_deployment_goes_from_accepted_to_succeeded_and_tells_what_it_made() {
    let azure = Azure::with_group(watched()).await;
    let mut template = group_template(json!([disk("a", &[]), disk("b", &["a"])]));
    template["outputs"] = json!({ "size": { "type": "int", "value": "[reference('a').diskSizeGB]" } });
    let accepted = azure
        .put(&deployment(RG, "d", ""), incremental(template))
        .await
        .expect(201);
    assert_eq!(accepted.body["properties"]["provisioningState"], "Accepted");
    let monitor = accepted.header("azure-asyncoperation").unwrap().to_owned();
    assert!(monitor.contains("/deployments/d/operationStatuses/"), "{monitor}");
    let mut states = Vec::new();
    loop {
        let status = azure.get(&monitor).await.expect(200).body["status"]
            .as_str()
            .unwrap()
            .to_owned();
        if states.last() != Some(&status) {
            states.push(status.clone());
        }
        if status == "Succeeded" {
            break;
        }
        assert!(states.len() < 5, "{states:?}");
    }
    assert_eq!(states, ["Accepted", "Running", "Succeeded"]);
    let done = azure.get(&deployment(RG, "d", "")).await.expect(200);
    let properties = &done.body["properties"];
    assert_eq!(
        properties["outputs"],
        json!({ "size": { "type": "Int", "value": 32 } })
    );
    assert_eq!(ids(&properties["outputResources"]), ["a", "b"]);
    assert_eq!(properties["dependencies"][0]["dependsOn"][0]["resourceName"], "a");
    let again = azure
        .put(&deployment(RG, "d", ""), incremental(group_template(json!([]))))
        .await
        .expect(200);
    assert_eq!(again.body["properties"]["provisioningState"], "Accepted");
    azure
        .put(&deployment(RG, "d", ""), incremental(group_template(json!([]))))
        .await
        .refused(409, "DeploymentActive");
}

#[tokio::test]
async fn operations_are_listed_page_by_page_and_one_by_one() {
    let azure = Azure::with_group(Options {
        page_size: 2,
        ..Options::default()
    })
    .await;
    let template = group_template(json!([disk("a", &[]), disk("b", &[]), disk("c", &[])]));
    azure.deploy(RG, "d", incremental(template)).await;
    let first = azure.get(&deployment(RG, "d", "/operations")).await.expect(200);
    assert_eq!(first.body["value"].as_array().unwrap().len(), 2);
    let second = azure
        .get(first.body["nextLink"].as_str().unwrap())
        .await
        .expect(200);
    let rest = second.body["value"].as_array().unwrap();
    assert_eq!(rest.len(), 2);
    assert!(second.body.get("nextLink").is_none());
    // The evaluation of the outputs is an operation that has no target.
    assert_eq!(
        rest[1]["properties"]["provisioningOperation"],
        "EvaluateDeploymentOutput"
    );
    assert!(rest[1]["properties"].get("targetResource").is_none());
    let one = &rest[0];
    let name = one["operationId"].as_str().unwrap();
    let read = azure
        .get(&deployment(RG, "d", &format!("/operations/{name}")))
        .await
        .expect(200);
    assert_eq!(read.body, *one);
    let properties = &one["properties"];
    assert_eq!(properties["provisioningState"], "Succeeded");
    assert_eq!(properties["statusCode"], "OK");
    assert_eq!(properties["targetResource"]["id"], azure.disk_id("c"));
    assert_eq!(
        properties["targetResource"]["resourceType"],
        "Microsoft.Compute/disks"
    );
    assert!(properties["duration"].as_str().unwrap().starts_with("PT"));
    azure
        .get(&deployment(RG, "d", "/operations/0000"))
        .await
        .refused(404, "DeploymentOperationNotFound");
}

#[tokio::test]
async fn a_failure_stops_what_depends_on_it_and_nothing_else() {
    let azure = with_faults([FaultRule::new(
        "PUT",
        "**/disks/bad",
        FaultAction::respond(409, "QuotaExceeded", "No more."),
    )])
    .await;
    let template = group_template(json!([
        disk("bad", &[]),
        disk("after-bad", &["bad"]),
        disk("after-that", &["after-bad"]),
        disk("good", &[]),
        disk("after-good", &["good"]),
    ]));
    let failed = azure.deploy(RG, "d", incremental(template)).await;
    let error = &failed["properties"]["error"];
    assert_eq!(error["code"], "DeploymentFailed");
    assert_eq!(
        error["target"],
        azure.id(&format!("{RG}providers/Microsoft.Resources/deployments/d"))
    );
    assert_eq!(
        error["details"],
        json!([{ "code": "QuotaExceeded", "message": "No more." }])
    );
    let operations = azure.operations(RG, "d").await;
    assert_eq!(operations.len(), 3);
    assert_eq!(operation(&operations, "bad")["statusCode"], "Conflict");
    assert_eq!(
        operation(&operations, "after-good")["provisioningState"],
        "Succeeded"
    );
    azure.get(&disk_path("after-good")).await.expect(200);
    azure.get(&disk_path("after-bad")).await.expect(404);
}

#[tokio::test]
async fn what_depends_on_a_failed_nested_deployment_is_not_started() {
    let azure = with_faults([FaultRule::new(
        "PUT",
        "**/disks/deep",
        FaultAction::fail_late("AllocationFailed", "Full."),
    )])
    .await;
    let inner = nested("inner", "rg", &[], json!([disk("deep", &[])]));
    let template = group_template(json!([
        nested("outer", "rg", &[], json!([inner])),
        nested("later", "rg", &["outer"], json!([disk("never", &[])])),
    ]));
    let failed = azure.deploy(RG, "top", incremental(template)).await;
    let mut error = &failed["properties"]["error"];
    let mut codes = Vec::new();
    loop {
        codes.push(error["code"].as_str().unwrap());
        match error["details"].get(0) {
            Some(next) => error = next,
            None => break,
        }
    }
    assert_eq!(
        codes,
        [
            "DeploymentFailed",
            "ResourceDeploymentFailure",
            "DeploymentFailed",
            "ResourceDeploymentFailure",
            "DeploymentFailed",
            "ResourceDeploymentFailure",
            "AllocationFailed"
        ]
    );
    azure
        .get(&deployment(RG, "later", ""))
        .await
        .refused(404, "DeploymentNotFound");
    let leaf = azure.operations(RG, "inner").await;
    let leaf = operation(&leaf, "deep");
    assert_eq!(leaf["statusMessage"]["status"], "Failed");
    assert_eq!(
        leaf["statusMessage"]["error"]["details"][0]["code"],
        "AllocationFailed"
    );
    let correlation = |name: &'static str| {
        let azure = &azure;
        async move { azure.get(&deployment(RG, name, "")).await.body["properties"]["correlationId"].clone() }
    };
    assert_eq!(correlation("inner").await, correlation("top").await);
}

#[tokio::test]
async fn a_canceled_deployment_starts_nothing_more() {
    let azure = Azure::with_group(watched()).await;
    let template = group_template(json!([disk("a", &[]), disk("b", &["a"])]));
    azure
        .put(&deployment(RG, "d", ""), incremental(template))
        .await
        .expect(201);
    azure.get(&deployment(RG, "d", "")).await.expect(200);
    azure.post(&deployment(RG, "d", "/cancel")).await.expect(204);
    for _ in 0..5 {
        let found = azure.get(&deployment(RG, "d", "")).await.expect(200);
        assert_eq!(found.body["properties"]["provisioningState"], "Canceled");
    }
    azure.get(&disk_path("b")).await.expect(404);
    azure
        .post(&deployment(RG, "d", "/cancel"))
        .await
        .refused(409, "DeploymentCannotBeCancelled");
    azure
        .post(&deployment(RG, "none", "/cancel"))
        .await
        .refused(404, "DeploymentNotFound");
}

#[tokio::test]
async fn a_deployment_registers_the_providers_it_needs_if_its_caller_may() {
    let azure = Azure::with_group(Options::default()).await;
    azure
        .emulator
        .set_registered("Microsoft.Compute", false)
        .await
        .unwrap();
    let template = || incremental(group_template(json!([disk("a", &[])])));
    let actions = ["Microsoft.Resources/*", "Microsoft.Compute/disks/*"];
    azure
        .emulator
        .restrict_caller(Some(actions.map(str::to_owned).to_vec()));
    let answer = azure.put(&deployment(RG, "d", ""), template()).await;
    let answer = answer.refused(400, "InvalidTemplateDeployment");
    assert_eq!(
        answer.body["error"]["details"][0]["code"],
        "MissingSubscriptionRegistration"
    );
    azure.emulator.restrict_caller(None);
    let done = azure.deploy(RG, "d", template()).await;
    assert_eq!(done["properties"]["provisioningState"], "Succeeded");
    let provider = azure
        .get("~/providers/Microsoft.Compute?api-version=2021-04-01")
        .await
        .expect(200);
    assert_eq!(provider.body["registrationState"], "Registered");
}

#[tokio::test]
async fn validation_and_export_change_nothing() {
    let azure = Azure::with_group(Options::default()).await;
    let template = group_template(json!([disk("a", &[])]));
    let validate = deployment(RG, "d", "/validate");
    let body = incremental(template.clone());
    let good = azure
        .send(reqwest::Method::POST, &validate, Some(&body))
        .await
        .expect(200);
    assert_eq!(ids(&good.body["properties"]["validatedResources"]), ["a"]);
    azure.get(&disk_path("a")).await.expect(404);
    azure.get(&deployment(RG, "d", "")).await.expect(404);
    let bad = incremental(group_template(json!([disk("[nope()]", &[])])));
    azure
        .send(reqwest::Method::POST, &validate, Some(&bad))
        .await
        .refused(400, "InvalidTemplate");
    azure.deploy(RG, "d", body).await;
    let exported = azure
        .post(&deployment(RG, "d", "/exportTemplate"))
        .await
        .expect(200);
    assert_eq!(exported.body, json!({ "template": template }));
}

#[tokio::test]
async fn faults_of_a_deployment_itself_hold_it_too() {
    let stuck = OperationFault {
        outcome: Outcome::Stuck,
        ..OperationFault::default()
    };
    let azure = with_faults([
        FaultRule::new("PUT", "**/deployments/stuck", FaultAction::Operation(stuck)),
        FaultRule::new(
            "PUT",
            "**/deployments/late",
            FaultAction::fail_late("Late", "It was late."),
        ),
        // What is about connections, and what is for any method, is for clients.
        FaultRule::new("PUT", "**/disks/*", FaultAction::ResetBefore),
        FaultRule::new("*", "**/disks/*", FaultAction::respond(500, "Never", "Not here.")),
    ])
    .await;
    let template = || incremental(group_template(json!([disk("a", &[])])));
    let late = azure.deploy(RG, "late", template()).await;
    assert_eq!(late["properties"]["error"]["code"], "Late");
    azure
        .put(&deployment(RG, "stuck", ""), template())
        .await
        .expect(201);
    for _ in 0..5 {
        let found = azure.get(&deployment(RG, "stuck", "")).await.expect(200);
        assert_eq!(found.body["properties"]["provisioningState"], "Running");
    }
    azure.emulator.set_faults(FaultPlan::default()).unwrap();
    azure.get(&disk_path("a")).await.expect(200);
}

#[tokio::test]
async fn a_deployment_whose_group_goes_ends_with_it() {
    let azure = Azure::with_group(watched()).await;
    let template = group_template(json!([disk("a", &[])]));
    let accepted = azure
        .put(&deployment(RG, "d", ""), incremental(template))
        .await
        .expect(201);
    azure
        .emulator
        .remove_resource(&azure.id("resourceGroups/rg"))
        .await
        .unwrap();
    let status = azure
        .get(accepted.header("azure-asyncoperation").unwrap())
        .await
        .expect(200);
    assert_eq!(status.body["status"], "Canceled");
    assert_eq!(status.body["error"]["code"], "DeploymentNotFound");
}

#[tokio::test]
async fn a_deployment_takes_the_time_it_is_told_to() {
    let azure = Azure::with_group(Options {
        timing: Timing {
            deployment: Duration::from_millis(30),
            disk: Duration::from_millis(30),
            ..Timing::zero()
        },
        ..Options::default()
    })
    .await;
    let begun = std::time::Instant::now();
    let template = group_template(json!([disk("a", &[]), disk("b", &["a"])]));
    let path = deployment(RG, "d", "");
    azure.put(&path, incremental(template)).await.expect(201);
    while azure.get(&path).await.body["properties"]["provisioningState"] != "Succeeded" {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(
        begun.elapsed() >= Duration::from_millis(90),
        "{:?}",
        begun.elapsed()
    );
}
