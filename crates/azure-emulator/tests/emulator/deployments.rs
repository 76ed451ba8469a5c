//! Deployments and their operations, without a stack around them.

use std::time::Duration;

use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, OperationFault, Options, Outcome, Timing};
use serde_json::{Value, json};

use crate::client::{Azure, GROUPS, disk as disk_path, empty_disk, group as group_path};
use crate::deployed::{
    deployment, disk, group, group_template, ids, nested, operation, subscription_template, two_disks,
    watched,
};

const RG: &str = "resourceGroups/rg/";

fn incremental(template: Value) -> Value {
    json!({ "properties": { "mode": "Incremental", "template": template } })
}

fn at_subscription(template: Value) -> Value {
    json!({ "location": "japaneast", "properties": { "mode": "Incremental", "template": template } })
}

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
async fn expressions_of_nested_deployments_see_their_own_scope_or_that_around() {
    let azure = Azure::with_group(Options::default()).await;
    azure
        .put(&group_path("other"), json!({ "location": "eastus" }))
        .await
        .expect(201);
    let template = |scope: &str, parameters: Value| {
        let mut nested = nested("nested", "other", &[], json!([]));
        let properties = &mut nested["properties"];
        properties["expressionEvaluationOptions"]["scope"] = scope.into();
        properties["parameters"] = parameters;
        properties["template"]["outputs"] = json!({
            "name": { "type": "string", "value": "[variables('name')]" },
            "group": { "type": "string", "value": "[resourceGroup().name]" } });
        if scope == "inner" {
            properties["template"]["parameters"] = json!({ "name": { "type": "string" } });
            properties["template"]["variables"] = json!({ "name": "[concat('inner-', parameters('name'))]" });
        }
        let mut template = group_template(json!([nested]));
        template["variables"] = json!({ "name": "outer" });
        template["outputs"] = json!({
            "name": { "type": "string", "value": "[reference('nested').outputs.name.value]" },
            "group": { "type": "string", "value": "[reference('nested').outputs.group.value]" } });
        incremental(template)
    };
    let outputs = async |body: Value| {
        let done = azure.deploy(RG, "d", body).await;
        let outputs = &done["properties"]["outputs"];
        format!("{} {}", outputs["name"]["value"], outputs["group"]["value"])
    };
    let given = json!({ "name": { "value": "[variables('name')]" } });
    assert_eq!(
        outputs(template("inner", given.clone())).await,
        r#""inner-outer" "other""#
    );
    assert_eq!(outputs(template("outer", json!({}))).await, r#""outer" "rg""#);
    let refused = azure
        .put(&deployment(RG, "e", ""), template("outer", given))
        .await;
    refused.refused(400, "InvalidTemplateDeployment");
}

#[tokio::test]
async fn conditions_loops_and_assignments_at_scopes_are_deployed() {
    let azure = Azure::with_group(Options::default()).await;
    let mut many = disk("[concat('disk', copyIndex(1))]", &[]);
    many["copy"] = json!({ "name": "many", "count": "[parameters('count')]" });
    many["tags"] = json!({ "none": "[null()]", "n": "[string(copyIndex())]" });
    let mut never = disk("never", &[]);
    never["condition"] = "[not(true())]".into();
    let after = disk("after", &["never", "many"]);
    let assignment = json!({
        "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01",
        "scope": "Microsoft.Compute/disks/after", "dependsOn": ["after"],
        "name": "[guid(resourceId('Microsoft.Compute/disks', 'after'), 'x')]",
        "properties": {
            "principalId": "aaaaaaaa-0000-4000-8000-000000000001", "principalType": "ServicePrincipal",
            "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', \
                                 '7f951dda-4ed3-4680-a7ca-43fe172d538d')]" } });
    let mut template = group_template(json!([many, never, after, assignment]));
    template["parameters"] = json!({ "count": { "type": "int", "defaultValue": 2 } });
    let done = azure.deploy(RG, "d", incremental(template)).await;
    assert_eq!(done["properties"]["provisioningState"], "Succeeded", "{done}");
    let first = azure.get(&disk_path("disk1")).await.expect(200);
    // What evaluates to null is not there.
    assert_eq!(first.body["tags"], json!({ "n": "0" }));
    azure.get(&disk_path("disk2")).await.expect(200);
    azure.get(&disk_path("never")).await.expect(404);
    let assignments = format!(
        "{}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=atScope()",
        azure.disk_id("after")
    );
    assert_eq!(azure.get(&assignments).await.expect(200).names().len(), 1);
}

#[tokio::test]
async fn a_group_and_what_is_in_it_come_from_one_template() {
    let azure = Azure::new().await;
    let done = azure.deploy("", "d", at_subscription(two_disks())).await;
    assert_eq!(done["properties"]["provisioningState"], "Succeeded");
    assert_eq!(done["location"], "japaneast");
    let made = azure.get(&group_path("app")).await.expect(200);
    assert_eq!(made.body["tags"], json!({ "managed-by": "tests" }));
    // Deployments are listed where they are, and are no resources of the group.
    let list = |scope: &str| deployment(scope, "", "").replace("/?", "?");
    assert_eq!(azure.get(&list("")).await.names(), ["d"]);
    assert_eq!(azure.get(&list("resourceGroups/app/")).await.names(), ["storage"]);
    let resources = azure
        .get(&format!("~/resourceGroups/app/resources?api-version={GROUPS}"))
        .await;
    assert_eq!(resources.names(), ["a", "b"]);
    // Without the dependency the nested deployment finds no group.
    let template = subscription_template(json!([nested("s", "gone", &[], json!([])), group("gone")]));
    let failed = azure.deploy("", "d", at_subscription(template)).await;
    assert_eq!(
        failed["properties"]["error"]["details"][0]["code"],
        "ResourceGroupNotFound"
    );
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_it_starts() {
    let azure = Azure::with_group(Options::default()).await;
    let put = async |body: Value| azure.put(&deployment(RG, "d", ""), body).await;
    put(json!({})).await.refused(400, "InvalidRequestContent");
    put(json!({ "properties": { "mode": "Incremental" } }))
        .await
        .refused(400, "InvalidTemplate");
    put(json!({ "properties": { "template": group_template(json!([])) } }))
        .await
        .refused(400, "InvalidRequestContent");
    let mut body = incremental(group_template(json!([])));
    body["properties"]["mode"] = "Complete".into();
    put(body).await.refused(501, "NotImplemented");
    put(at_subscription(group_template(json!([]))))
        .await
        .refused(400, "InvalidDeployment");
    azure
        .put(
            &deployment("", "d", ""),
            incremental(subscription_template(json!([]))),
        )
        .await
        .refused(400, "InvalidDeployment");
    put(incremental(subscription_template(json!([]))))
        .await
        .refused(400, "InvalidTemplate");
    let mut body = incremental(group_template(json!([])));
    body["properties"]["parameters"] = json!({ "x": { "value": 1 } });
    let answer = put(body).await.refused(400, "InvalidTemplate");
    assert!(
        answer
            .message()
            .starts_with("Deployment template validation failed: 'The template parameters 'x'")
    );
    let unknown = json!({ "type": "Microsoft.Compute/spaceships", "apiVersion": "2025-01-02", "name": "x" });
    let answer = put(incremental(group_template(json!([unknown])))).await;
    let answer = answer.refused(400, "InvalidTemplateDeployment");
    assert_eq!(answer.body["error"]["details"][0]["code"], "InvalidResourceType");
    azure
        .put(
            &deployment("resourceGroups/none/", "d", ""),
            incremental(group_template(json!([]))),
        )
        .await
        .refused(404, "ResourceGroupNotFound");
    azure
        .get(&deployment(RG, "d", ""))
        .await
        .refused(404, "DeploymentNotFound");
    azure
        .deploy("", "d", at_subscription(subscription_template(json!([]))))
        .await;
    let mut elsewhere = at_subscription(subscription_template(json!([])));
    elsewhere["location"] = "eastus".into();
    azure
        .put(&deployment("", "d", ""), elsewhere)
        .await
        .refused(409, "InvalidDeploymentLocation");
    azure.delete(&deployment("", "d", "")).await.expect(204);
    azure.get(&deployment("", "d", "")).await.expect(404);
}

#[tokio::test]
async fn expressions_that_fail_while_it_runs_fail_their_resource_or_the_outputs() {
    let azure = Azure::with_group(Options::default()).await;
    let mut bad = disk("bad", &[]);
    bad["properties"]["diskSizeGB"] = "[reference('good').nope]".into();
    let template = group_template(json!([disk("good", &[]), bad]));
    azure.deploy(RG, "d", incremental(template)).await;
    let operations = azure.operations(RG, "d").await;
    let error = &operation(&operations, "bad")["statusMessage"]["error"];
    assert_eq!(error["code"], "InvalidTemplate");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("property 'nope' doesn't exist"),
        "{error}"
    );
    let mut template = group_template(json!([]));
    template["outputs"] = json!({ "x": { "type": "string", "value": "[reference('nobody').x]" } });
    let failed = azure.deploy(RG, "d", incremental(template.clone())).await;
    let error = &failed["properties"]["error"];
    assert_eq!(error["code"], "DeploymentOutputEvaluationFailed");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("could not find template resource"),
        "{error}"
    );
    let missing = "[reference(resourceId('Microsoft.Compute/disks', 'none'), '2025-01-02').x]";
    template["outputs"]["x"]["value"] = missing.into();
    let failed = azure.deploy(RG, "d", incremental(template.clone())).await;
    assert_eq!(failed["properties"]["provisioningState"], "Failed");
    azure.disk("there", empty_disk()).await;
    let full = "[reference(resourceId('Microsoft.Compute/disks', 'there'), '2025-01-02', 'Full').sku.name]";
    template["outputs"]["x"]["value"] = full.into();
    let done = azure.deploy(RG, "d", incremental(template)).await;
    assert_eq!(done["properties"]["outputs"]["x"]["value"], "Premium_LRS");
}

#[tokio::test]
async fn a_reference_that_nothing_makes_wait_is_refused_rather_than_left_to_chance() {
    let azure = Azure::with_group(watched()).await;
    let mut reader = disk("reader", &[]);
    reader["properties"]["diskSizeGB"] =
        "[reference(resourceId('Microsoft.Compute/disks', 'read'), '2025-01-02').diskSizeGB]".into();
    let template = group_template(json!([disk("read", &[]), reader]));
    azure.deploy(RG, "d", incremental(template)).await;
    let operations = azure.operations(RG, "d").await;
    let error = &operation(&operations, "reader")["statusMessage"]["error"];
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("before it is deployed"),
        "{error}"
    );
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
async fn outputs_of_a_nested_deployment_in_the_outer_scope_refer_to_nothing() {
    let azure = Azure::with_group(Options::default()).await;
    let mut nested = nested("nested", "rg", &[], json!([disk("a", &[])]));
    nested["properties"]["expressionEvaluationOptions"]["scope"] = "outer".into();
    nested["properties"]["template"]["outputs"] =
        json!({ "x": { "type": "int", "value": "[reference('a').diskSizeGB]" } });
    let answer = azure
        .put(
            &deployment(RG, "d", ""),
            incremental(group_template(json!([nested]))),
        )
        .await
        .refused(400, "InvalidTemplate");
    assert!(
        answer
            .message()
            .contains("'reference' is not expected at this location"),
        "{}",
        answer.message()
    );
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
