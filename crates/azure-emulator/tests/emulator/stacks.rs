//! Deployment Stacks at subscription scope.

use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, OperationFault, OperationShape, Options};
use serde_json::{Value, json};

use crate::client::{Azure, empty_disk, group as group_path};
use crate::deployed::{
    DELETE_ALL, definition, disk, group, ids, nested, operation, stack, stack_path, storage,
    subscription_template, two_disks, watched,
};

fn disk_path(group: &str, name: &str) -> String {
    format!("~/resourceGroups/{group}/providers/Microsoft.Compute/disks/{name}?api-version=2025-01-02")
}

async fn with_faults(rules: impl IntoIterator<Item = FaultRule>) -> Azure {
    Azure::start(Options {
        faults: FaultPlan::new(rules),
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn a_stack_goes_through_its_states_and_manages_what_it_made() {
    let azure = Azure::start(watched()).await;
    let mut body = definition(two_disks(), "delete", "detach");
    body["tags"] = json!({ "k": "v" });
    let accepted = azure.put(&stack("s"), body).await.expect(201);
    assert_eq!(accepted.body["properties"]["provisioningState"], "initializing");
    assert!(accepted.body["properties"].get("template").is_none());
    let monitor = accepted.header("azure-asyncoperation").unwrap();
    assert!(
        monitor.contains("/locations/japaneast/deploymentStackOperationStatus/"),
        "{monitor}"
    );
    let (states, done) = azure.follow("s").await;
    assert_eq!(states, ["validating", "deploying", "succeeded"]);
    let properties = &done["properties"];
    assert_eq!(ids(&properties["resources"]), ["a", "app", "b"]);
    assert!(
        properties["resources"]
            .as_array()
            .unwrap()
            .iter()
            .all(|entry| entry["status"] == "managed")
    );
    assert!(properties["duration"].as_str().unwrap().starts_with("PT"));
    assert_eq!(done["tags"], json!({ "k": "v" }));
    assert!(properties.get("template").is_none());
    let deployment = properties["deploymentId"].as_str().unwrap();
    assert!(
        deployment.contains("/providers/Microsoft.Resources/deployments/s-"),
        "{deployment}"
    );
    let status = azure.get(monitor).await.expect(200);
    assert_eq!(status.body["status"], "succeeded");
    let listed = azure
        .get(&stack_path("", "").replace("/?", "?"))
        .await
        .expect(200);
    assert_eq!(listed.names(), ["s"]);
    azure.get(&disk_path("app", "b")).await.expect(200);
}

#[tokio::test]
async fn the_template_comes_back_from_export_only() {
    let azure = Azure::new().await;
    azure
        .put_stack("s", definition(two_disks(), "delete", "detach"))
        .await;
    let exported = azure.post(&stack_path("s", "/exportTemplate")).await.expect(200);
    assert_eq!(exported.body["template"], two_disks());
    azure
        .post(&stack_path("none", "/exportTemplate"))
        .await
        .refused(404, "ResourceNotFound");
}

#[tokio::test]
async fn what_is_dropped_from_the_template_is_deleted_or_detached() {
    let azure = Azure::new().await;
    azure
        .put_stack("s", definition(two_disks(), "delete", "detach"))
        .await;
    let one = storage(json!([disk("a", &[])]));
    let deleted = azure.put_stack("s", definition(one, "delete", "detach")).await;
    let properties = &deleted["properties"];
    assert_eq!(ids(&properties["resources"]), ["a", "app"]);
    assert_eq!(ids(&properties["deletedResources"]), ["b"]);
    azure.get(&disk_path("app", "b")).await.expect(404);
    let none = subscription_template(json!([]));
    let detached = azure.put_stack("s", definition(none, "detach", "detach")).await;
    let properties = &detached["properties"];
    assert_eq!(ids(&properties["resources"]), Vec::<&str>::new());
    assert_eq!(ids(&properties["detachedResources"]), ["a", "app"]);
    assert_eq!(ids(&properties["deletedResources"]), Vec::<&str>::new());
    azure.get(&disk_path("app", "a")).await.expect(200);
}

#[tokio::test]
async fn deletions_of_a_put_are_a_state_of_their_own() {
    let azure = Azure::start(watched()).await;
    azure
        .put_stack("s", definition(two_disks(), "delete", "detach"))
        .await;
    azure
        .put(&stack("s"), definition(storage(json!([])), "delete", "detach"))
        .await
        .expect(200);
    let (states, _) = azure.follow("s").await;
    assert_eq!(
        states,
        ["validating", "deploying", "deletingResources", "succeeded"]
    );
}

#[tokio::test]
async fn deleting_a_stack_deletes_what_it_is_told_to_and_detaches_the_rest() {
    let azure = Azure::start(watched()).await;
    let body = || definition(two_disks(), "delete", "delete");
    azure.put_stack("s", body()).await;
    // Whoever says nothing detaches, whatever the stack was made with.
    let (_, gone) = azure.delete_stack("s", "").await;
    assert_eq!(gone, Value::Null);
    azure.get(&disk_path("app", "a")).await.expect(200);
    azure.put_stack("s", body()).await;
    let (_, gone) = azure.delete_stack("s", "&unmanageAction.Resources=delete").await;
    assert_eq!(gone, Value::Null);
    azure.get(&disk_path("app", "a")).await.expect(404);
    azure.get(&group_path("app")).await.expect(200);
    azure.put_stack("s", body()).await;
    azure
        .put(&disk_path("app", "foreign"), empty_disk())
        .await
        .expect(202);
    let accepted = azure
        .delete(&format!("{}{DELETE_ALL}", stack("s")))
        .await
        .expect(202);
    let location = accepted.header("location").unwrap().to_owned();
    assert!(location.contains("/operationresults/"), "{location}");
    let (states, _) = azure.follow("s").await;
    assert_eq!(states, ["deleting", "deletingResources"]);
    azure.get(&location).await.expect(200);
    // With the group goes what the stack never knew.
    azure.get(&group_path("app")).await.expect(404);
    azure.delete(&stack("s")).await.expect(204);
}

#[tokio::test]
async fn deletes_go_from_the_dependent_to_what_it_depends_on_and_groups_last() {
    let azure = Azure::start(watched()).await;
    let assignment = json!({
        "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01",
        "name": "[guid('x')]", "scope": "Microsoft.Compute/disks/b", "dependsOn": ["b"],
        "properties": { "principalType": "ServicePrincipal",
            "principalId": "aaaaaaaa-0000-4000-8000-000000000001",
            "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', \
                                 '7f951dda-4ed3-4680-a7ca-43fe172d538d')]" } });
    let template = subscription_template(json!([
        group("app"),
        nested("first", "app", &["app"], json!([disk("a", &[])])),
        nested("second", "app", &["first"], json!([disk("b", &[]), assignment])),
    ]));
    let made = azure
        .put_stack("s", definition(template, "delete", "delete"))
        .await;
    assert_eq!(made["properties"]["provisioningState"], "succeeded", "{made}");
    let disappeared = std::sync::Arc::new(std::sync::Mutex::new(Vec::<Vec<String>>::new()));
    let seen = disappeared.clone();
    let app = azure.id("resourceGroups/app");
    azure
        .emulator
        .watch(azure.id("").trim_end_matches('/'), move |resources| {
            let there = resources
                .iter()
                .filter(|resource| resource["id"].as_str().is_some_and(|id| id.starts_with(&app)))
                .filter(|resource| resource["type"] != "Microsoft.Resources/deployments")
                .map(|resource| resource["name"].as_str().unwrap().to_owned())
                .collect();
            seen.lock().unwrap().push(there);
        })
        .unwrap();
    azure.delete_stack("s", DELETE_ALL).await;
    let counts: Vec<usize> = disappeared.lock().unwrap().iter().map(Vec::len).collect();
    assert!(counts.windows(2).all(|pair| pair[0] >= pair[1]), "{counts:?}");
    let order: Vec<Vec<String>> = disappeared.lock().unwrap().clone();
    let gone = |name: &str| {
        order
            .iter()
            .position(|there| !there.iter().any(|other| other == name))
            .unwrap()
    };
    assert!(gone("b") < gone("a") && gone("a") < gone("app"), "{order:?}");
}

#[tokio::test]
async fn a_lock_keeps_a_resource_and_the_stack_that_manages_it() {
    let azure = Azure::new().await;
    azure
        .put_stack("s", definition(two_disks(), "delete", "delete"))
        .await;
    let lock = "~/resourceGroups/app/providers/Microsoft.Compute/disks/a/providers/Microsoft.Authorization/locks/l\
                ?api-version=2020-05-01";
    azure
        .put(lock, json!({ "properties": { "level": "CanNotDelete" } }))
        .await
        .expect(201);
    let (answer, failed) = azure.delete_stack("s", DELETE_ALL).await;
    let properties = &failed["properties"];
    assert_eq!(properties["provisioningState"], "failed");
    assert_eq!(
        properties["error"]["code"],
        "DeploymentStackDeleteResourcesFailed"
    );
    assert_eq!(properties["error"]["details"][0]["code"], "ScopeLocked");
    assert_eq!(ids(&properties["failedResources"]), ["a"]);
    assert_eq!(properties["failedResources"][0]["error"]["code"], "ScopeLocked");
    assert_eq!(ids(&properties["resources"]), ["a", "app"]);
    assert_eq!(ids(&properties["deletedResources"]), ["b"]);
    let of_a = properties["resources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["status"] == "deleteFailed");
    assert!(of_a.is_some_and(|entry| entry["id"].as_str().unwrap().ends_with("/a")));
    let result = azure.get(answer.header("location").unwrap()).await;
    result.refused(409, "DeploymentStackDeleteResourcesFailed");
    // Once the lock is gone, asking again goes through.
    azure.delete(lock).await.expect(200);
    let (_, gone) = azure.delete_stack("s", DELETE_ALL).await;
    assert_eq!(gone, Value::Null);
    azure.get(&group_path("app")).await.expect(404);
}

#[tokio::test]
async fn the_cause_of_a_failure_is_at_the_end_of_the_operations() {
    let azure = with_faults([FaultRule::new(
        "PUT",
        "**/disks/b",
        FaultAction::respond(400, "SkuNotAvailable", "There is none."),
    )])
    .await;
    let failed = azure
        .put_stack("s", definition(two_disks(), "delete", "detach"))
        .await;
    let properties = &failed["properties"];
    assert_eq!(properties["provisioningState"], "failed");
    let error = &properties["error"];
    assert_eq!(error["code"], "DeploymentStackDeploymentFailed");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("One or more resources could not be deployed. Correlation id: '")
    );
    let detail = &error["details"][0];
    assert_eq!(detail["code"], "DeploymentFailed");
    assert_eq!(detail["target"], properties["deploymentId"]);
    assert_eq!(detail["details"], json!([]));
    assert_eq!(ids(&properties["failedResources"]), ["b"]);
    assert_eq!(ids(&properties["resources"]), ["a", "app"]);
    let name = properties["deploymentId"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap();
    let top = azure.operations("", name).await;
    let nested = operation(&top, "storage");
    assert_eq!(nested["provisioningState"], "Failed");
    assert_eq!(nested["statusCode"], "Conflict");
    assert_eq!(
        nested["targetResource"]["resourceType"],
        "Microsoft.Resources/deployments"
    );
    assert_eq!(operation(&top, "app")["provisioningState"], "Succeeded");
    let below = azure.operations("resourceGroups/app/", "storage").await;
    let leaf = operation(&below, "b");
    assert_eq!(leaf["statusCode"], "BadRequest");
    assert_eq!(
        leaf["statusMessage"]["error"],
        json!({ "code": "SkuNotAvailable", "message": "There is none." })
    );
    assert_eq!(operation(&below, "a")["statusCode"], "OK");
    // The next PUT goes on from there.
    azure.emulator.set_faults(FaultPlan::default()).unwrap();
    let done = azure
        .put_stack("s", definition(two_disks(), "delete", "detach"))
        .await;
    assert_eq!(done["properties"]["provisioningState"], "succeeded");
    assert!(done["properties"].get("error").is_none());
    assert_eq!(done["properties"]["failedResources"], json!([]));
}

#[tokio::test]
async fn an_operation_that_fails_late_or_is_stuck_holds_the_stack() {
    let azure = with_faults([FaultRule::new(
        "PUT",
        "**/disks/a",
        FaultAction::fail_late("OverconstrainedAllocation", "Full."),
    )
    .times(1)])
    .await;
    let failed = azure
        .put_stack("s", definition(two_disks(), "delete", "detach"))
        .await;
    assert_eq!(ids(&failed["properties"]["failedResources"]), ["a"]);
    let error = &failed["properties"]["failedResources"][0]["error"];
    assert_eq!(error["code"], "ResourceDeploymentFailure");
    assert_eq!(error["details"][0]["code"], "OverconstrainedAllocation");
    // What depends on it was never started.
    let below = azure.operations("resourceGroups/app/", "storage").await;
    assert_eq!(below.len(), 1);
    azure.get(&disk_path("app", "b")).await.expect(404);
    azure
        .emulator
        .set_faults(FaultPlan::new([FaultRule::new(
            "PUT",
            "**/disks/a",
            FaultAction::Hang,
        )]))
        .unwrap();
    azure
        .put(&stack("s"), definition(two_disks(), "delete", "detach"))
        .await
        .expect(200);
    for _ in 0..5 {
        let stack = azure.get(&stack("s")).await.expect(200);
        assert_eq!(stack.body["properties"]["provisioningState"], "deploying");
    }
    azure
        .put(&stack("s"), definition(two_disks(), "delete", "detach"))
        .await
        .refused(409, "DeploymentStackInNonTerminalState");
    azure
        .delete(&stack("s"))
        .await
        .refused(409, "DeploymentStackInNonTerminalState");
}

#[tokio::test]
async fn what_somebody_else_deleted_counts_as_deleted_and_what_somebody_else_made_is_taken_over() {
    let azure = Azure::new().await;
    azure.group("app").await;
    azure.put(&disk_path("app", "a"), empty_disk()).await.expect(202);
    let made = azure
        .put_stack("s", definition(two_disks(), "delete", "delete"))
        .await;
    assert_eq!(ids(&made["properties"]["resources"]), ["a", "app", "b"]);
    azure.delete(&disk_path("app", "b")).await.expect(202);
    azure.get(&disk_path("app", "b")).await.expect(404);
    let left = azure
        .put_stack("s", definition(storage(json!([])), "delete", "delete"))
        .await;
    assert_eq!(ids(&left["properties"]["deletedResources"]), ["a", "b"]);
    azure
        .emulator
        .remove_resource(&azure.id("resourceGroups/app"))
        .await
        .unwrap();
    let (_, gone) = azure.delete_stack("s", DELETE_ALL).await;
    assert_eq!(gone, Value::Null);
}

#[tokio::test]
async fn a_stack_says_what_it_lacks() {
    let azure = Azure::new().await;
    let good = || definition(two_disks(), "delete", "detach");
    let without = |path: &str| {
        let mut body = good();
        let (above, name) = path.rsplit_once('/').unwrap();
        body.pointer_mut(above)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(name);
        body
    };
    for path in [
        "/location",
        "/properties",
        "/properties/template",
        "/properties/actionOnUnmanage",
        "/properties/actionOnUnmanage/resources",
        "/properties/denySettings",
    ] {
        let answer = azure.put(&stack("s"), without(path)).await;
        let answer = answer.refused(400, "DeploymentStackInvalidDeploymentStackDefinition");
        assert!(
            answer.message().contains(path.rsplit('/').next().unwrap()),
            "{}",
            answer.message()
        );
    }
    let mut body = good();
    body["properties"]["denySettings"]["mode"] = "denyDelete".into();
    azure.put(&stack("s"), body).await.refused(501, "NotImplemented");
    azure
        .put(&stack("s"), definition(two_disks(), "detach", "delete"))
        .await
        .refused(400, "DeploymentStackInvalidDeploymentStackDefinition");
    azure
        .put(&stack("a%20b"), good())
        .await
        .refused(400, "InvalidDeploymentStackName");
    azure
        .put(&stack(&"x".repeat(91)), good())
        .await
        .refused(400, "InvalidDeploymentStackName");
    azure.put_stack("s", good()).await;
    let mut moved = good();
    moved["location"] = "eastus".into();
    azure
        .put(&stack("s"), moved)
        .await
        .refused(409, "InvalidDeploymentStackLocation");
    azure
        .delete(&format!("{}&unmanageAction.ResourceGroups=delete", stack("s")))
        .await
        .refused(400, "DeploymentStackInvalidDeploymentStackDefinition");
    azure.get(&stack("none")).await.refused(404, "ResourceNotFound");
    let old = stack("s").replace("2025-07-01", "2022-08-01");
    azure.get(&old).await.refused(400, "NoRegisteredProviderFound");
}

#[tokio::test]
async fn a_template_that_is_wrong_fails_the_stack_and_its_validation_says_so_before() {
    let azure = Azure::new().await;
    let wrong = || {
        definition(
            subscription_template(json!([disk("[nope()]", &[])])),
            "delete",
            "detach",
        )
    };
    let post = async |body: Value| {
        let path = stack_path("s", "/validate");
        let accepted = azure
            .send(reqwest::Method::POST, &path, Some(&body))
            .await
            .expect(202);
        azure.get(accepted.header("location").unwrap()).await
    };
    let answer = post(wrong()).await.refused(400, "InvalidTemplate");
    assert!(
        answer.message().contains("'nope' is not valid"),
        "{}",
        answer.message()
    );
    let unknown = json!({ "type": "Microsoft.Nope/things", "apiVersion": "2020-01-01", "name": "x" });
    let answer = post(definition(
        subscription_template(json!([unknown])),
        "delete",
        "detach",
    ))
    .await;
    let answer = answer.refused(400, "InvalidTemplateDeployment");
    assert_eq!(
        answer.body["error"]["details"][0]["code"],
        "InvalidResourceNamespace"
    );
    let of_no_version = |mut resource: Value| {
        resource["apiVersion"] = "2019-12-24".into();
        json!([resource])
    };
    for template in [
        storage(of_no_version(disk("a", &[]))),
        subscription_template(of_no_version(group("app"))),
    ] {
        let answer = post(definition(template, "delete", "detach")).await;
        let answer = answer.refused(400, "InvalidTemplateDeployment");
        assert_eq!(
            answer.body["error"]["details"][0]["code"],
            "NoRegisteredProviderFound"
        );
    }
    let good = post(definition(two_disks(), "delete", "detach"))
        .await
        .expect(200);
    assert_eq!(ids(&good.body["properties"]["validatedResources"]), ["app"]);
    azure.get(&stack("s")).await.expect(404);
    let failed = azure.put_stack("s", wrong()).await;
    let error = &failed["properties"]["error"];
    assert_eq!(error["code"], "DeploymentStackDeploymentFailed");
    assert_eq!(error["details"][0]["code"], "InvalidTemplate");
}

#[tokio::test]
async fn rights_on_stacks_deployments_and_resources_are_asked_for_apart() {
    let azure = Azure::new().await;
    let allow = |actions: &[&str]| {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        azure.emulator.restrict_caller(Some(actions));
    };
    let body = || definition(two_disks(), "delete", "delete");
    allow(&["Microsoft.Resources/deploymentStacks/read"]);
    azure
        .put(&stack("s"), body())
        .await
        .refused(403, "AuthorizationFailed");
    let stacks = [
        "Microsoft.Resources/deploymentStacks/*",
        "Microsoft.Resources/deployments/*",
    ];
    allow(&stacks[..1]);
    let failed = azure.put_stack("s", body()).await;
    assert_eq!(
        failed["properties"]["error"]["details"][0]["code"],
        "AuthorizationFailed"
    );
    allow(&[
        stacks[0],
        stacks[1],
        "Microsoft.Resources/subscriptions/resourceGroups/*",
    ]);
    let accepted = azure
        .send(
            reqwest::Method::POST,
            &stack_path("s", "/validate"),
            Some(&body()),
        )
        .await
        .expect(202);
    azure.emulator.restrict_caller(None);
    let answer = azure.get(accepted.header("location").unwrap()).await;
    let answer = answer.refused(403, "InvalidTemplateDeployment");
    assert_eq!(answer.body["error"]["details"].as_array().unwrap().len(), 2);
    let made = azure.put_stack("s", body()).await;
    assert_eq!(made["properties"]["provisioningState"], "succeeded");
    allow(&stacks);
    let (_, failed) = azure.delete_stack("s", DELETE_ALL).await;
    assert_eq!(ids(&failed["properties"]["failedResources"]), ["a", "b"]);
    assert_eq!(
        failed["properties"]["failedResources"][0]["error"]["code"],
        "AuthorizationFailed"
    );
}

#[tokio::test]
async fn tags_outputs_and_parameters_are_those_of_the_last_put() {
    let azure = Azure::new().await;
    let mut template = two_disks();
    template["parameters"] = json!({ "NAME": { "type": "string" }, "secret": { "type": "secureString" } });
    template["outputs"] = json!({
        "AZURE_NAME": { "type": "string", "value": "[parameters('name')]" },
        "hidden": { "type": "securestring", "value": "[parameters('secret')]" },
        "where": { "type": "string", "value": "[deployment().location]" } });
    let mut body = definition(template, "delete", "detach");
    body["properties"]["parameters"] = json!({ "NAME": { "value": "n" }, "secret": { "value": "s3cret" } });
    body["tags"] = json!({ "a": "1" });
    let made = azure.put_stack("s", body.clone()).await;
    assert_eq!(
        made["properties"]["outputs"],
        json!({ "azurE_NAME": { "type": "String", "value": "n" }, "hidden": { "type": "SecureString" },
                "where": { "type": "String", "value": "japaneast" } })
    );
    assert_eq!(
        made["properties"]["parameters"],
        json!({ "NAME": { "type": "string", "value": "n" }, "secret": { "type": "secureString" } })
    );
    assert!(!made.to_string().contains("s3cret"));
    body["tags"] = json!({ "b": "2" });
    let again = azure.put_stack("s", body).await;
    assert_eq!(again["tags"], json!({ "b": "2" }));
    assert_ne!(
        again["properties"]["correlationId"],
        made["properties"]["correlationId"]
    );
    assert_ne!(
        again["properties"]["deploymentId"],
        made["properties"]["deploymentId"]
    );
}

/// A stack with one parameter, which names the sku of its disk.
fn of_sku(sku: &str) -> Value {
    let mut one = disk("a", &[]);
    one["sku"]["name"] = sku.into();
    let mut template = storage(json!([one]));
    template["parameters"] =
        json!({ "sku": { "type": "string" }, "rest": { "type": "int", "defaultValue": 1 } });
    let mut body = definition(template, "delete", "detach");
    body["properties"]["parameters"] = json!({ "sku": { "value": sku } });
    body
}

#[tokio::test]
async fn what_a_stack_was_given_is_told_at_once_and_stays_when_the_operation_fails() {
    let azure = Azure::start(watched()).await;
    let given = |sku: &str| json!({ "sku": { "type": "string", "value": sku } });
    let accepted = azure.put(&stack("s"), of_sku("Premium_LRS")).await.expect(201);
    assert_eq!(accepted.body["properties"]["parameters"], given("Premium_LRS"));
    let (_, made) = azure.follow("s").await;
    assert_eq!(made["properties"]["parameters"], given("Premium_LRS"));
    let accepted = azure.put(&stack("s"), of_sku("Nope_LRS")).await.expect(200);
    assert_eq!(accepted.body["properties"]["parameters"], given("Nope_LRS"));
    let (_, failed) = azure.follow("s").await;
    assert_eq!(failed["properties"]["provisioningState"], "failed");
    assert_eq!(failed["properties"]["parameters"], given("Nope_LRS"));
}

#[tokio::test]
async fn secrets_are_in_no_answer_of_a_stack_and_what_its_template_does_not_know_has_no_type() {
    let azure = Azure::new().await;
    let mut template = two_disks();
    template["parameters"] = json!({ "secret": { "type": "secureObject" } });
    let mut body = definition(template, "delete", "detach");
    body["properties"]["parameters"] =
        json!({ "SECRET": { "value": { "k": "s3cret" } }, "other": { "value": 1 } });
    let accepted = azure.put(&stack("s"), body).await.expect(201);
    assert!(!accepted.text.contains("s3cret"));
    assert_eq!(
        accepted.body["properties"]["parameters"],
        json!({ "SECRET": { "type": "secureObject" }, "other": { "value": 1 } })
    );
}

#[tokio::test]
async fn nothing_about_stacks_says_when_to_look_again_unless_the_settings_want_it() {
    for (announced, expected) in [(None, None), (Some(7), Some("7"))] {
        let mut options = watched();
        options.timing.stack_retry_after = announced;
        let azure = Azure::start(options).await;
        let validation = azure
            .send(
                reqwest::Method::POST,
                &stack_path("s", "/validate"),
                Some(&definition(two_disks(), "delete", "detach")),
            )
            .await
            .expect(202);
        assert_eq!(validation.header("retry-after"), expected);
        let location = validation.header("location").unwrap();
        assert!(
            location.contains(
                "/providers/Microsoft.Resources/locations/japaneast/deploymentStackOperationResults/"
            ),
            "{location}"
        );
        let running = azure.get(location).await.expect(202);
        assert_eq!(running.header("retry-after"), expected);
        let accepted = azure
            .put(&stack("s"), definition(two_disks(), "delete", "detach"))
            .await
            .expect(201);
        assert_eq!(accepted.header("retry-after"), expected);
        let monitor = accepted.header("azure-asyncoperation").unwrap();
        let running = azure.get(monitor).await.expect(200);
        assert_eq!(running.header("retry-after"), expected);
    }
}

#[tokio::test]
async fn a_monitor_of_a_stack_has_id_name_and_status_and_in_the_end_an_error() {
    let azure = Azure::start(watched()).await;
    let members = |answer: &Value| {
        let mut names: Vec<String> = answer.as_object().unwrap().keys().cloned().collect();
        names.sort_unstable();
        names
    };
    let accepted = azure.put(&stack("s"), of_sku("Nope_LRS")).await.expect(201);
    let monitor = accepted.header("azure-asyncoperation").unwrap();
    let running = azure.get(monitor).await.expect(200).body;
    assert_eq!(members(&running), ["id", "name", "status"]);
    azure.follow("s").await;
    let over = azure.get(monitor).await.expect(200).body;
    assert_eq!(members(&over), ["error", "id", "name", "status"]);
    assert_eq!(over["status"], "failed");
}

#[tokio::test]
async fn letting_everything_go_takes_no_time() {
    let azure = Azure::start(watched()).await;
    azure
        .put_stack("s", definition(two_disks(), "delete", "delete"))
        .await;
    let answer = azure.delete(&stack("s")).await.expect(200);
    assert_eq!(
        (answer.header("location"), answer.header("azure-asyncoperation")),
        (None, None)
    );
    azure.get(&stack("s")).await.refused(404, "ResourceNotFound");
    azure.get(&disk_path("app", "a")).await.expect(200);
}

#[tokio::test]
async fn a_deletion_is_told_of_by_its_location_or_as_a_fault_plan_wants() {
    for (shape, expected) in [
        (None, (false, true)),
        (Some(OperationShape::Location), (false, true)),
        (Some(OperationShape::AzureAsyncOperation), (true, false)),
        (Some(OperationShape::Both), (true, true)),
    ] {
        let azure = Azure::start(watched()).await;
        azure
            .put_stack("s", definition(two_disks(), "delete", "delete"))
            .await;
        let fault = OperationFault {
            shape,
            ..OperationFault::default()
        };
        let rule = FaultRule::new("DELETE", "**/deploymentStacks/*", FaultAction::Operation(fault));
        azure.emulator.set_faults(FaultPlan::new([rule])).unwrap();
        let accepted = azure
            .delete(&format!("{}{DELETE_ALL}", stack("s")))
            .await
            .expect(202);
        let headers =
            ["azure-asyncoperation", "location"].map(|name| accepted.header(name).map(str::to_owned));
        assert_eq!(
            (headers[0].is_some(), headers[1].is_some()),
            expected,
            "{shape:?}"
        );
        assert_eq!(accepted.header("retry-after"), None);
        let [status, location] = headers;
        azure.follow("s").await;
        if let Some(url) = status {
            assert_eq!(azure.get(&url).await.expect(200).body["status"], "succeeded");
        }
        if let Some(url) = location {
            azure.get(&url).await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_stack_is_answered_as_its_api_version_knows_it() {
    let azure = Azure::new().await;
    let answered = async |version: &str, body: Value| {
        let path = stack("s").replace("2025-07-01", version);
        let accepted = azure.put(&path, body).await;
        azure.follow("s").await;
        accepted.body["properties"].clone()
    };
    let mut body = definition(two_disks(), "delete", "detach");
    let old = answered("2024-03-01", body.clone()).await;
    assert_eq!(
        old["actionOnUnmanage"],
        json!({ "resources": "delete", "resourceGroups": "detach", "managementGroups": "detach" })
    );
    assert!(old.get("bypassStackOutOfSyncError").is_none());
    let new = answered("2025-07-01", body.clone()).await;
    assert_eq!(new["actionOnUnmanage"]["resourcesWithoutDeleteSupport"], "fail");
    assert_eq!(new["bypassStackOutOfSyncError"], false);
    assert!(new.get("validationLevel").is_none());
    body["properties"]["validationLevel"] = "ProviderNoRbac".into();
    body["properties"]["bypassStackOutOfSyncError"] = true.into();
    body["properties"]["actionOnUnmanage"]["resourcesWithoutDeleteSupport"] = "detach".into();
    let given = answered("2025-07-01", body.clone()).await;
    assert_eq!(
        given["actionOnUnmanage"]["resourcesWithoutDeleteSupport"],
        "detach"
    );
    assert_eq!(given["validationLevel"], "ProviderNoRbac");
    assert_eq!(given["bypassStackOutOfSyncError"], true);
    body["properties"]["actionOnUnmanage"]["resourcesWithoutDeleteSupport"] = "keep".into();
    azure
        .put(&stack("s"), body)
        .await
        .refused(400, "DeploymentStackInvalidDeploymentStackDefinition");
}

#[tokio::test]
async fn a_stack_whose_record_was_stored_by_hand_is_deleted_like_any_other() {
    let azure = Azure::with_group(Options::default()).await;
    azure.disk("d", empty_disk()).await;
    let id = azure.id("providers/Microsoft.Resources/deploymentStacks/s");
    let body = json!({ "location": "japaneast", "properties": { "provisioningState": "failed", "resources": [
        { "id": azure.disk_id("d"), "status": "managed" }, { "id": azure.id("resourceGroups/rg"), "status": "managed" }] } });
    azure.emulator.put_resource(&id, body).await.unwrap();
    let (_, gone) = azure.delete_stack("s", DELETE_ALL).await;
    assert_eq!(gone, Value::Null);
    azure.get(&group_path("rg")).await.expect(404);
}
