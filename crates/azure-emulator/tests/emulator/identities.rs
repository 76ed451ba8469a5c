//! User-assigned identities, their federated credentials, and role assignments to them.

use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, OperationFault, Options, Timing};
use serde_json::{Value, json};

use crate::client::{Azure, group};

const ISSUER: &str = "https://japaneast.oic.prod-aks.azure.com/t/g/";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

fn identity(name: &str) -> String {
    format!(
        "~/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}?api-version=2023-01-31"
    )
}

fn credential(identity: &str, name: &str) -> String {
    format!(
        "~/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}\
         /federatedIdentityCredentials{name}?api-version=2024-11-30"
    )
}

fn subject(subject: &str) -> Value {
    json!({ "properties": {
        "issuer": ISSUER, "subject": subject, "audiences": ["api://AzureADTokenExchange"] } })
}

async fn with_identity() -> Azure {
    let azure = Azure::with_group(Options::default()).await;
    azure
        .put(&identity("id-1"), json!({ "location": "japaneast" }))
        .await
        .expect(201);
    azure
}

#[tokio::test]
async fn an_identity_made_again_is_another_principal() {
    let azure = with_identity().await;
    let first = azure.get(&identity("id-1")).await.expect(200).body;
    assert_eq!(
        first["properties"]["tenantId"],
        azure.emulator.connection().tenant_id.as_str()
    );
    let tagged = json!({ "location": "japaneast", "tags": { "a": "b" } });
    let same = azure.put(&identity("id-1"), tagged).await.expect(200).body;
    assert_eq!(same["properties"], first["properties"]);
    assert_eq!(same["properties"].get("provisioningState"), None);
    azure.delete(&identity("id-1")).await.expect(200);
    let again = azure
        .put(&identity("id-1"), json!({ "location": "japaneast" }))
        .await
        .expect(201)
        .body;
    assert_ne!(
        again["properties"]["principalId"],
        first["properties"]["principalId"]
    );
    assert_ne!(again["properties"]["clientId"], first["properties"]["clientId"]);
}

#[tokio::test]
async fn a_credential_needs_its_identity_and_goes_with_it() {
    let azure = with_identity().await;
    azure
        .put(&credential("id-2", "/web"), subject("a"))
        .await
        .refused(404, "ParentResourceNotFound");
    let made = azure
        .put(&credential("id-1", "/web"), subject("a"))
        .await
        .expect(201);
    assert_eq!(made.body["properties"], subject("a")["properties"]);
    assert_eq!(made.body.get("location"), None);
    azure
        .put(&credential("id-1", "/web"), subject("a"))
        .await
        .expect(200);
    assert_eq!(azure.get(&credential("id-1", "")).await.names(), ["web"]);
    let listed = azure.get("~/resources?api-version=2021-04-01").await.expect(200);
    assert_eq!(listed.names(), ["id-1"]);
    azure.delete(&identity("id-1")).await.expect(200);
    azure
        .put(&identity("id-1"), json!({ "location": "japaneast" }))
        .await
        .expect(201);
    assert!(azure.get(&credential("id-1", "")).await.names().is_empty());
}

#[tokio::test]
async fn what_azure_refuses_of_credentials_is_refused() {
    let azure = with_identity().await;
    for missing in ["issuer", "subject", "audiences"] {
        let mut body = subject("a");
        body["properties"][missing] = Value::Null;
        azure
            .put(&credential("id-1", "/web"), body)
            .await
            .refused(400, "BadRequest");
    }
    azure
        .put(&credential("id-1", "/a.b"), subject("a"))
        .await
        .refused(400, "BadRequest");
    for number in 0..20 {
        azure
            .put(
                &credential("id-1", &format!("/c-{number}")),
                subject(&format!("s{number}")),
            )
            .await
            .expect(201);
    }
    azure
        .put(&credential("id-1", "/c-20"), subject("s20"))
        .await
        .refused(400, "BadRequest");
    azure
        .put(&credential("id-1", "/c-1"), subject("s0"))
        .await
        .refused(409, "Conflict");
}

#[tokio::test]
async fn writes_on_one_identity_one_after_the_other_are_no_conflict() {
    let timing = Timing {
        polls: 3,
        ..Timing::realistic()
    };
    let azure = Azure::with_group(Options {
        timing,
        ..Options::default()
    })
    .await;
    azure
        .put(&identity("id-1"), json!({ "location": "japaneast" }))
        .await
        .expect(201);
    azure
        .put(&credential("id-1", "/web"), subject("a"))
        .await
        .expect(201);
    azure
        .put(&credential("id-1", "/api"), subject("b"))
        .await
        .expect(201);
    azure.delete(&credential("id-1", "/web")).await.expect(200);
}

#[tokio::test]
async fn two_writes_on_one_identity_at_once_are_a_conflict() {
    let azure = with_identity().await;
    let slow = FaultAction::Operation(OperationFault {
        polls: Some(1),
        ..OperationFault::default()
    });
    azure
        .emulator
        .set_faults(FaultPlan::new([FaultRule::new("PUT", "**/slow", slow)]))
        .unwrap();
    azure
        .put(&credential("id-1", "/slow"), subject("a"))
        .await
        .expect(201);
    let answer = azure
        .put(&credential("id-1", "/web"), subject("b"))
        .await
        .refused(
            409,
            "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
        );
    assert!(answer.message().contains("/userassignedidentities/id-1'"));
    azure.get(&credential("id-1", "/slow")).await.expect(200);
    azure
        .put(&credential("id-1", "/web"), subject("b"))
        .await
        .expect(201);
}

#[tokio::test]
async fn the_directory_knows_the_principals_of_identities_and_those_it_was_told_of() {
    const TOLD: &str = "aaaaaaaa-0000-4000-8000-000000000001";
    const UNKNOWN: &str = "bbbbbbbb-0000-4000-8000-000000000002";
    let azure = with_identity().await;
    azure.emulator.add_principal(TOLD).await.unwrap();
    let principal = azure.get(&identity("id-1")).await.body["properties"]["principalId"]
        .as_str()
        .unwrap()
        .to_owned();
    let assign = async |name: char, principal: &str| {
        let path = format!(
            "~/resourceGroups/rg/providers/Microsoft.Authorization/roleAssignments/\
             {name}1111111-2222-4333-8444-555555555555?api-version=2022-04-01"
        );
        let role = azure.id(&format!(
            "providers/Microsoft.Authorization/roleDefinitions/{READER}"
        ));
        let body = json!({ "properties": { "roleDefinitionId": role, "principalId": principal } });
        (azure.put(&path, body).await, path)
    };
    let (made, path) = assign('1', &principal).await;
    made.expect(201);
    assign('2', TOLD).await.0.expect(201);
    assign('3', UNKNOWN).await.0.refused(400, "PrincipalNotFound");
    // An assignment outlives its principal, but not its scope.
    azure.delete(&identity("id-1")).await.expect(200);
    azure.get(&path).await.expect(200);
    assign('3', &principal).await.0.refused(400, "PrincipalNotFound");
    azure.delete(&group("rg")).await.expect(202);
    azure.group("rg").await;
    azure.get(&path).await.refused(404, "RoleAssignmentNotFound");
}
