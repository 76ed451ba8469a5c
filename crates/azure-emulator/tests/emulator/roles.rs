//! Role definitions and assignments.

use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, Options, ReplicationLag};
use serde_json::{Value, json};

use crate::client::{Azure, empty_disk, group};

const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const A: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const B: &str = "bbbbbbbb-0000-4000-8000-000000000002";
const NAME: &str = "11111111-2222-4333-8444-555555555555";
const OTHER: &str = "66666666-2222-4333-8444-555555555555";

fn assignment(scope: &str, name: &str) -> String {
    format!("~/{scope}providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01")
}

fn grant(azure: &Azure, role: &str, principal: &str) -> Value {
    json!({ "properties": {
        "roleDefinitionId": azure.id(&format!("providers/Microsoft.Authorization/roleDefinitions/{role}")),
        "principalId": principal, "principalType": "ServicePrincipal", "description": "d" } })
}

const RG: &str = "resourceGroups/rg/";

#[tokio::test]
async fn an_assignment_is_made_once_per_scope_role_and_principal() {
    let azure = Azure::with_group(Options::default()).await;
    let made = azure
        .put(&assignment(RG, NAME), grant(&azure, ACR_PULL, A))
        .await
        .expect(201);
    assert_eq!(made.body["properties"]["scope"], azure.id("resourceGroups/rg"));
    azure
        .put(&assignment(RG, NAME), grant(&azure, ACR_PULL, A))
        .await
        .expect(200);
    let answer = azure
        .put(&assignment(RG, OTHER), grant(&azure, ACR_PULL, A))
        .await
        .refused(409, "RoleAssignmentExists");
    assert_eq!(
        answer.message(),
        format!(
            "The role assignment already exists. The ID of the conflicting role assignment is {}.",
            NAME.replace('-', "")
        )
    );
    azure
        .put(&assignment(RG, NAME), grant(&azure, ACR_PULL, B))
        .await
        .refused(400, "RoleAssignmentUpdateNotPermitted");
    azure
        .put(&assignment("", NAME), grant(&azure, ACR_PULL, A))
        .await
        .refused(400, "RoleAssignmentUpdateNotPermitted");
    azure.get(&assignment(RG, NAME)).await.expect(200);
    azure.delete(&assignment(RG, NAME)).await.expect(200);
    azure.delete(&assignment(RG, NAME)).await.expect(204);
    azure
        .get(&assignment(RG, NAME))
        .await
        .refused(404, "RoleAssignmentNotFound");
}

#[tokio::test]
async fn an_unknown_principal_needs_its_type() {
    let azure = Azure::with_group(Options {
        principals: vec![B.to_owned()],
        ..Options::default()
    })
    .await;
    let without = |principal: &str| {
        let mut body = grant(&azure, ACR_PULL, principal);
        body["properties"]
            .as_object_mut()
            .unwrap()
            .remove("principalType");
        body
    };
    let answer = azure
        .put(&assignment(RG, NAME), without(A))
        .await
        .refused(400, "PrincipalNotFound");
    assert!(
        answer
            .message()
            .starts_with(&format!("Principal {} does not exist", A.replace('-', "")))
    );
    azure.put(&assignment(RG, NAME), without(B)).await.expect(201);
    azure
        .put(&assignment(RG, OTHER), grant(&azure, ACR_PULL, A))
        .await
        .expect(201);
}

#[tokio::test]
async fn replication_lag_hides_a_principal_for_a_while() {
    let azure = Azure::with_group(Options::default()).await;
    let lag = FaultAction::ReplicationLag(ReplicationLag::PrincipalNotFound);
    azure
        .emulator
        .set_faults(FaultPlan::new([FaultRule::new(
            "PUT",
            "**/roleAssignments/*",
            lag,
        )
        .times(2)]))
        .unwrap();
    for _ in 0..2 {
        azure
            .put(&assignment(RG, NAME), grant(&azure, ACR_PULL, A))
            .await
            .refused(400, "PrincipalNotFound");
    }
    azure
        .put(&assignment(RG, NAME), grant(&azure, ACR_PULL, A))
        .await
        .expect(201);
}

#[tokio::test]
async fn nonsense_is_refused() {
    let azure = Azure::with_group(Options::default()).await;
    azure
        .put(&assignment(RG, "no-guid"), grant(&azure, ACR_PULL, A))
        .await
        .refused(400, "InvalidRoleAssignmentId");
    azure
        .put(&assignment(RG, NAME), grant(&azure, OTHER, A))
        .await
        .refused(400, "RoleDefinitionDoesNotExist");
    azure
        .put(&assignment(RG, NAME), json!({}))
        .await
        .refused(400, "InvalidCreateRoleAssignmentRequest");
    let gone = assignment("resourceGroups/gone/", NAME);
    azure
        .put(&gone, grant(&azure, ACR_PULL, A))
        .await
        .refused(404, "ResourceGroupNotFound");
}

#[tokio::test]
async fn lists_look_up_down_and_at_a_principal() {
    let azure = Azure::with_group(Options::default()).await;
    azure.disk("d1", empty_disk()).await;
    let disk = format!("{RG}providers/Microsoft.Compute/disks/d1/");
    let names = ["1", "2", "3"].map(|n| format!("{n}1111111-2222-4333-8444-555555555555"));
    azure
        .put(&assignment("", &names[0]), grant(&azure, READER, A))
        .await
        .expect(201);
    azure
        .put(&assignment(RG, &names[1]), grant(&azure, READER, A))
        .await
        .expect(201);
    azure
        .put(&assignment(&disk, &names[2]), grant(&azure, READER, B))
        .await
        .expect(201);
    let list = async |scope: &str, filter: &str| {
        let path = format!(
            "~/{scope}providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01{filter}"
        );
        let mut found: Vec<String> = azure
            .get(&path)
            .await
            .expect(200)
            .names()
            .into_iter()
            .map(str::to_owned)
            .collect();
        found.sort();
        found.iter().map(|name| name[..1].to_owned()).collect::<String>()
    };
    assert_eq!(list(RG, "").await, "123");
    assert_eq!(list(RG, "&$filter=atScope()").await, "12");
    assert_eq!(list("", "&$filter=atScope()").await, "1");
    assert_eq!(list(RG, &format!("&$filter=principalId%20eq%20'{B}'")).await, "3");
    assert_eq!(
        list(RG, &format!("&$filter=atScope()%20and%20assignedTo('{A}')")).await,
        "12"
    );
    azure.delete(&group("rg")).await.expect(202);
    assert_eq!(list("", "").await, "1", "assignments go with their scope");
}

#[tokio::test]
async fn definitions_are_found_by_name_and_guid() {
    let azure = Azure::new().await;
    let path = "~/providers/Microsoft.Authorization/roleDefinitions";
    let found = azure
        .get(&format!(
            "{path}?api-version=2022-04-01&$filter=roleName%20eq%20'AcrPull'"
        ))
        .await
        .expect(200);
    assert_eq!(found.names(), [ACR_PULL]);
    let one = azure
        .get(&format!("{path}/{ACR_PULL}?api-version=2022-04-01"))
        .await
        .expect(200);
    assert_eq!(one.body["properties"]["roleName"], "AcrPull");
    azure
        .get(&format!("{path}/{NAME}?api-version=2022-04-01"))
        .await
        .refused(404, "RoleDefinitionDoesNotExist");
}
