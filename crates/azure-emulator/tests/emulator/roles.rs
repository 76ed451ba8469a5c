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

const VAULT: &str = "resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-one";
const SECRETS_USER: &str = "4633458b-17de-408a-b874-0445c86b69e6";

async fn with_vault() -> Azure {
    let azure = Azure::with_group(Options::default()).await;
    let body = json!({ "location": "japaneast", "properties": {
        "tenantId": A, "sku": { "family": "A", "name": "standard" }, "enableRbacAuthorization": true } });
    azure
        .put(&format!("~/{VAULT}?api-version=2023-07-01"), body)
        .await
        .expect(201);
    azure
}

#[tokio::test]
async fn a_role_on_one_secret_of_a_vault_is_assigned_read_listed_and_deleted() {
    let azure = with_vault().await;
    let secret = format!("{VAULT}/secrets/tls-one/");
    let made = azure
        .put(&assignment(&secret, NAME), grant(&azure, SECRETS_USER, A))
        .await
        .expect(201);
    let scope = azure.id(secret.trim_end_matches('/'));
    assert_eq!(made.body["properties"]["scope"], scope);
    azure
        .put(&assignment(&secret, OTHER), grant(&azure, SECRETS_USER, A))
        .await
        .refused(409, "RoleAssignmentExists");
    azure
        .get(&assignment(&secret.to_uppercase(), NAME))
        .await
        .expect(200);
    let list = async |scope: &str, filter: &str| {
        let path = format!(
            "~/{scope}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01{filter}"
        );
        azure.get(&path).await.expect(200).names().len()
    };
    let at_scope = "&$filter=atScope()";
    assert_eq!(list(secret.trim_end_matches('/'), at_scope).await, 1);
    assert_eq!(list(&format!("{VAULT}/secrets/tls-two"), at_scope).await, 0);
    assert_eq!(list(VAULT, at_scope).await, 0);
    assert_eq!(list(VAULT, "").await, 1, "below the vault");
    azure.delete(&assignment(&secret, NAME)).await.expect(200);
    azure
        .get(&assignment(&secret, NAME))
        .await
        .refused(404, "RoleAssignmentNotFound");
}

#[tokio::test]
async fn what_is_in_a_vault_needs_the_vault_and_a_kind_that_a_vault_holds() {
    let azure = with_vault().await;
    let gone = VAULT.replace("kv-one", "kv-two");
    let body = grant(&azure, SECRETS_USER, A);
    for scope in [
        format!("{gone}/secrets/tls-one/"),
        format!("{VAULT}/sockets/one/"),
    ] {
        azure
            .put(&assignment(&scope, NAME), body.clone())
            .await
            .refused(404, "ResourceNotFound");
    }
    for kind in ["secrets", "certificates", "keys"] {
        let scope = format!("{VAULT}/{kind}/one/");
        let name = name_for(kind);
        azure
            .put(&assignment(&scope, &name), body.clone())
            .await
            .expect(201);
    }
    azure
        .delete(&format!("~/{VAULT}?api-version=2023-07-01"))
        .await
        .expect(200);
    let all = "~/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01";
    assert!(
        azure.get(all).await.expect(200).names().is_empty(),
        "they go with the vault"
    );
}

fn name_for(kind: &str) -> String {
    format!("{:08x}-2222-4333-8444-555555555555", kind.len())
}

#[tokio::test]
async fn roles_are_assigned_on_zones_and_registries_wherever_they_are() {
    let azure = Azure::with_group(Options::default()).await;
    azure
        .put(
            "~/resourceGroups/rg/providers/Microsoft.Network/dnsZones/example.com?api-version=2018-05-01",
            json!({ "location": "global" }),
        )
        .await
        .expect(201);
    azure
        .put(
            "~/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/registry1?api-version=2025-11-01",
            json!({ "location": "japaneast", "sku": { "name": "Basic" } }),
        )
        .await
        .expect(201);
    let zone = "resourceGroups/rg/providers/Microsoft.Network/dnsZones/example.com/";
    let registry = "resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/registry1/";
    for (scope, name, role) in [
        (zone, NAME, "befefa01-2a29-4197-83a8-272ff33ce314"),
        (registry, OTHER, ACR_PULL),
    ] {
        azure
            .put(&assignment(scope, name), grant(&azure, role, A))
            .await
            .expect(201);
    }
    let gone = zone.replace("example.com", "example.org");
    azure
        .put(
            &assignment(&gone, NAME),
            grant(&azure, "befefa01-2a29-4197-83a8-272ff33ce314", A),
        )
        .await
        .refused(404, "ResourceNotFound");
}

#[tokio::test]
async fn a_read_only_lock_forbids_an_assignment_and_a_lock_against_deletion_only_its_end() {
    let azure = with_vault().await;
    let secret = format!("{VAULT}/secrets/tls-one/");
    let lock = "~/resourceGroups/rg/providers/Microsoft.Authorization/locks/l?api-version=2020-05-01";
    let level = |level: &str| json!({ "properties": { "level": level } });
    azure.put(lock, level("ReadOnly")).await.expect(201);
    for scope in [RG, &secret] {
        let answer = azure
            .put(&assignment(scope, NAME), grant(&azure, SECRETS_USER, A))
            .await
            .refused(409, "ScopeLocked");
        assert!(
            answer.message().contains("cannot perform write operation"),
            "{}",
            answer.message()
        );
    }
    azure.put(lock, level("CanNotDelete")).await.expect(200);
    azure
        .put(&assignment(&secret, NAME), grant(&azure, SECRETS_USER, A))
        .await
        .expect(201);
    azure
        .delete(&assignment(&secret, NAME))
        .await
        .refused(409, "ScopeLocked");
    azure.delete(lock).await.expect(200);
    azure.delete(&assignment(&secret, NAME)).await.expect(200);
}

#[tokio::test]
async fn who_may_not_write_assignments_is_told_which_action_is_missing_and_where() {
    let azure = with_vault().await;
    let secret = format!("{VAULT}/secrets/tls-one/");
    azure
        .emulator
        .restrict_caller(Some(vec!["*/read".to_owned(), "Microsoft.KeyVault/*".to_owned()]));
    let answer = azure
        .put(&assignment(&secret, NAME), grant(&azure, SECRETS_USER, A))
        .await
        .refused(403, "AuthorizationFailed");
    let told = answer.message();
    assert!(
        told.contains("'Microsoft.Authorization/roleAssignments/write'"),
        "{told}"
    );
    assert!(told.contains("/secrets/tls-one"), "{told}");
    azure
        .get(&assignment(&secret, NAME))
        .await
        .refused(404, "RoleAssignmentNotFound");
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
    for (name, guid) in [
        ("DNS Zone Contributor", "befefa01-2a29-4197-83a8-272ff33ce314"),
        (
            "Private DNS Zone Contributor",
            "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
        ),
        (
            "Container Registry Repository Reader",
            "b93aa761-3e63-49ed-ac28-beffa264f7ac",
        ),
        ("Key Vault Secrets User", SECRETS_USER),
        (
            "Key Vault Certificate User",
            "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
        ),
        ("Disk Restore Operator", "b50d9833-a0cb-478e-945f-707fcc997c13"),
    ] {
        let found = azure
            .get(&format!("{path}/{guid}?api-version=2022-04-01"))
            .await
            .expect(200);
        assert_eq!(found.body["properties"]["roleName"], name);
    }
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
