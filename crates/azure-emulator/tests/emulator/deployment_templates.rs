//! What deployments make of templates: scopes, expressions, conditions and references, and what makes no sense.

use kompox_azure_emulator::Options;
use serde_json::{Value, json};

use crate::client::{Azure, DISKS, GROUPS, disk as disk_path, empty_disk, group as group_path};
use crate::deployed::{
    DELETE_ALL, RG, at_subscription, definition, deployment, disk, group, group_template, ids, incremental,
    nested, operation, subscription_template, two_disks, watched,
};

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
async fn a_template_with_symbolic_names_is_deployed_and_refers_to_what_is_there_already() {
    let azure = Azure::with_group(Options::default()).await;
    azure.disk("there", empty_disk()).await;
    let mut copied = disk("copied", &["made"]);
    copied["tags"] = json!({ "deployer": "[deployer().objectId]" });
    copied["properties"]["diskSizeGB"] = "[reference('there').diskSizeGB]".into();
    let existing =
        json!({ "existing": true, "type": "Microsoft.Compute/disks", "apiVersion": DISKS, "name": "there" });
    let mut many = disk("[concat('disk', copyIndex())]", &["copied"]);
    many["copy"] = json!({ "name": "loop", "count": 2 });
    let mut template = group_template(json!({
        "made": disk("made", &[]), "copied": copied, "there": existing, "many": many,
        "last": disk("last", &["many"]),
    }));
    template["languageVersion"] = "2.0".into();
    template["outputs"] = json!({
        "size": { "type": "int", "value": "[reference('many[1]').diskSizeGB]" },
        "location": { "type": "string", "value": format!("[reference('there', '{DISKS}', 'full').location]") },
        "who": { "type": "object", "value": "[deployer()]" } });
    let done = azure.deploy(RG, "d", incremental(template)).await;
    let properties = &done["properties"];
    assert_eq!(properties["provisioningState"], "Succeeded", "{done}");
    assert_eq!(properties["outputs"]["size"]["value"], 32);
    assert_eq!(properties["outputs"]["location"]["value"], "japaneast");
    let who = &properties["outputs"]["who"]["value"];
    assert_eq!(who["tenantId"], azure.emulator.connection().tenant_id);
    assert_eq!(who["userPrincipalName"], "");
    let copied = azure.get(&disk_path("copied")).await.expect(200).body;
    assert_eq!(copied["tags"]["deployer"], who["objectId"]);
    // What was there already is nothing that the deployment made.
    let made = ids(&properties["outputResources"]);
    assert_eq!(made, ["copied", "disk0", "disk1", "last", "made"]);
    let operations = azure.operations(RG, "d").await;
    assert!(
        operations
            .iter()
            .all(|operation| operation["properties"]["targetResource"]["resourceName"] != "there"),
        "{operations:?}"
    );
}

#[tokio::test]
async fn what_is_there_already_is_not_managed_by_a_stack_and_must_be_there() {
    let azure = Azure::with_group(Options::default()).await;
    let there = |name: &str| {
        let existing = json!({
            "existing": true, "type": "Microsoft.Resources/resourceGroups", "apiVersion": "2024-11-01", "name": name });
        let mut template = subscription_template(json!({ "mine": group("app"), "theirs": existing }));
        template["languageVersion"] = "2.0".into();
        template["outputs"] = json!({
            "where": { "type": "string", "value": "[reference('theirs', '2024-11-01', 'full').location]" } });
        definition(template, "delete", "delete")
    };
    let made = azure.put_stack("s", there("rg")).await;
    assert_eq!(made["properties"]["provisioningState"], "succeeded", "{made}");
    assert_eq!(ids(&made["properties"]["resources"]), ["app"]);
    azure.delete_stack("s", DELETE_ALL).await;
    azure.get(&group_path("rg")).await.expect(200);
    let failed = azure.put_stack("s", there("none")).await;
    assert_eq!(failed["properties"]["provisioningState"], "failed");
    assert!(failed.to_string().contains("was not found"), "{failed}");
}
