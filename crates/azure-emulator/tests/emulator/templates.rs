//! What a template's expressions see when it is deployed.

use kompox_azure_emulator::Options;
use serde_json::{Value, json};

use crate::client::Azure;
use crate::deployed::{group_template, subscription_template};

/// Deploys a template of outputs only and returns their values.
async fn outputs(azure: &Azure, scope: &str, outputs: &[(&str, &str)]) -> Value {
    let mut template = if scope.is_empty() {
        subscription_template(json!([]))
    } else {
        group_template(json!([]))
    };
    template["outputs"] = outputs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!({ "type": "string", "value": value })))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let mut body = json!({ "properties": { "mode": "Incremental", "template": template } });
    if scope.is_empty() {
        body["location"] = "eastus".into();
    }
    let done = azure.deploy(scope, "d", body).await;
    assert_eq!(done["properties"]["provisioningState"], "Succeeded", "{done}");
    done["properties"]["outputs"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, output)| (name.clone(), output["value"].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[tokio::test]
async fn a_template_sees_where_it_is_deployed_by_whom_and_as_what() {
    let azure = Azure::with_group(Options::default()).await;
    let connection = azure.emulator.connection().clone();
    let at_subscription = outputs(
        &azure,
        "",
        &[
            ("subscription", "[subscription().id]"),
            ("tenant", "[tenant().tenantId]"),
            ("sameTenant", "[subscription().tenantId]"),
            ("name", "[deployment().name]"),
            ("location", "[deployment().location]"),
            ("arm", "[environment().resourceManager]"),
            ("vaults", "[environment().suffixes.keyVaultDns]"),
            (
                "role",
                "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'x')]",
            ),
        ],
    )
    .await;
    let subscription = azure.id("");
    let subscription = subscription.trim_end_matches('/');
    assert_eq!(
        at_subscription,
        json!({
            "subscription": subscription,
            "tenant": connection.tenant_id,
            "sameTenant": connection.tenant_id,
            "name": "d",
            "location": "eastus",
            "arm": format!("{}/", connection.arm_endpoint),
            "vaults": "vault.azure.net",
            "role": format!("{subscription}/providers/Microsoft.Authorization/roleDefinitions/x"),
        })
    );
    let in_group = outputs(
        &azure,
        "resourceGroups/rg/",
        &[
            ("group", "[resourceGroup().name]"),
            ("location", "[resourceGroup().location]"),
            ("id", "[resourceId('Microsoft.Compute/disks', 'x')]"),
        ],
    )
    .await;
    assert_eq!(
        in_group,
        json!({ "group": "rg", "location": "japaneast", "id": azure.disk_id("x") })
    );
}

#[tokio::test]
async fn names_and_assignments_come_out_as_in_azure_every_time() {
    let azure = Azure::with_group(Options::default()).await;
    let expressions = [
        ("unique", "[uniqueString('test')]"),
        ("joined", "[uniqueString('hello', 'world')]"),
        ("guid", "[guid('a', 'b')]"),
    ];
    let first = outputs(&azure, "", &expressions).await;
    assert_eq!(first["unique"], "rbgf3xv4ufgzg");
    assert_eq!(first["joined"], "a7wkljktk6wne");
    assert_eq!(first["guid"], "2d796349-8c7e-55ec-9624-54ece82ed031");
    assert_eq!(outputs(&azure, "", &expressions).await, first);
}
