//! What is told when a cluster cannot be made.

use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, OperationFault, Outcome as Fate, Respond};
use kompox_domain::cluster::Plan;
use kompox_domain::error::FailedOperation;
use kompox_domain::hint::in_words;
use kompox_domain::progress::Outcome;
use kompox_domain::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::clusters::{World, whole};

async fn failing(rules: impl IntoIterator<Item = FaultRule>) -> (World, Error) {
    let world = World::new().await;
    world.emulator.set_faults(FaultPlan::new(rules)).unwrap();
    let error = world.operator(&[]).provision().await.unwrap_err();
    (world, error)
}

fn leaf(error: &Error) -> &FailedOperation {
    let leaves = error.failures()[0].leaves();
    assert_eq!(leaves.len(), 1, "{:#?}", error.failures());
    leaves[0]
}

fn refuse(path: &str, status: u16, code: &str, message: &str) -> FaultRule {
    FaultRule::new("PUT", path, FaultAction::respond(status, code, message))
}

#[tokio::test]
async fn b31_the_root_cause_comes_out_with_resource_code_message_correlation_id_and_hint() {
    let (world, error) = failing([refuse(
        "**/managedClusters/*",
        400,
        "ErrCode_InsufficientVCPUQuota",
        "Insufficient vcpu quota requested 8, remaining 4 for family standardDSv5Family for region japaneast.",
    )])
    .await;
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{}", whole(&error));
    assert!(
        error
            .to_string()
            .starts_with("cannot provision cluster c1: managed cluster aks-"),
        "{error}"
    );
    assert!(error.to_string().contains("requested 8, remaining 4"), "{error}");
    assert!(in_words(error.hints()).contains("AZURE_AKS_USER_VM_SIZE"));
    let leaf = leaf(&error);
    assert_eq!(leaf.code, "ErrCode_InsufficientVCPUQuota");
    assert!(leaf.resource.contains("/managedClusters/aks-"));
    let stack = world.stack().await;
    assert_eq!(
        leaf.correlation_id.as_deref(),
        stack["properties"]["correlationId"].as_str()
    );
    // From the outside to where it began: stack, nested deployment, resource.
    let root = &error.failures()[0];
    assert_eq!(root.code, "DeploymentStackDeploymentFailed");
    assert!(
        root.causes[0].resource.contains("/deployments/cluster-"),
        "{root:#?}"
    );
}

#[tokio::test]
async fn what_fails_late_is_found_too() {
    let late = FaultAction::fail_late(
        "SkuNotAvailable",
        "The requested size is not available in zone 1.",
    );
    let (_, error) = failing([FaultRule::new("PUT", "**/managedClusters/*", late)]).await;
    assert_eq!(error.code(), Some("SkuNotAvailable"), "{:#?}", error.failures());
    assert!(error.to_string().contains("not available in zone 1"), "{error}");
    let hint = in_words(&leaf(&error).hints);
    assert!(hint.contains("az vm list-skus"), "{hint}");
}

#[tokio::test]
async fn a_missing_permission_is_a_missing_permission() {
    let message = "The client does not have authorization to perform action 'Microsoft.Authorization/roleAssignments/write'.";
    let (_, error) = failing([refuse(
        "**/roleAssignments/*",
        403,
        "AuthorizationFailed",
        message,
    )])
    .await;
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{}", whole(&error));
    assert!(error.to_string().contains("roleAssignments/write"), "{error}");
}

#[tokio::test]
async fn a_policy_is_named() {
    let body = json!({"error": {"code": "RequestDisallowedByPolicy", "message": "Disallowed.", "additionalInfo": [
        {"type": "PolicyViolation", "info": {"policyDefinitionDisplayName": "Allowed registries"}}]}});
    let answer = Respond {
        status: 403,
        body: Some(body.to_string()),
        ..Respond::default()
    };
    let (_, error) = failing([FaultRule::new(
        "PUT",
        "**/registries/*",
        FaultAction::Respond(answer),
    )])
    .await;
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert!(error.to_string().contains("Allowed registries"), "{error}");
    assert!(in_words(error.hints()).contains("Allowed registries"));
}

#[tokio::test]
async fn json_inside_a_message_is_read() {
    let inner =
        json!({"error": {"code": "VaultAlreadyExists", "message": "The vault name is taken."}}).to_string();
    let (_, error) = failing([refuse("**/vaults/*", 409, "Conflict", &inner)]).await;
    assert_eq!(
        error.code(),
        Some("VaultAlreadyExists"),
        "{:#?}",
        error.failures()
    );
    assert!(in_words(error.hints()).contains("purge"));
}

#[tokio::test]
async fn several_failures_are_all_told() {
    let (_, error) = failing([
        refuse(
            "**/vaults/*",
            409,
            "VaultAlreadyExists",
            "The vault name is taken.",
        ),
        refuse("**/workspaces/*", 403, "AuthorizationFailed", "You may not."),
    ])
    .await;
    let codes: Vec<String> = error.failures()[0]
        .leaves()
        .iter()
        .map(|leaf| leaf.code.clone())
        .collect();
    assert!(
        codes.contains(&"VaultAlreadyExists".to_owned()) && codes.contains(&"AuthorizationFailed".to_owned()),
        "{codes:?}"
    );
    assert!(error.to_string().contains("one more failure"), "{error}");
}

#[tokio::test]
async fn operations_that_may_not_be_read_leave_what_the_stack_itself_tells() {
    let (_, error) = failing([
        refuse(
            "**/vaults/*",
            409,
            "VaultAlreadyExists",
            "The vault name is taken.",
        ),
        FaultRule::new(
            "GET",
            "**/operations",
            FaultAction::respond(403, "AuthorizationFailed", "Not these."),
        ),
    ])
    .await;
    assert_eq!(
        error.code(),
        Some("VaultAlreadyExists"),
        "{:#?}",
        error.failures()
    );
    assert!(
        error.failures()[0].message.contains("Not these."),
        "{:#?}",
        error.failures()
    );
}

#[tokio::test]
async fn a_failed_run_leaves_no_step_open_and_the_next_one_converges_with_the_same_ulid() {
    let world = World::new().await;
    world.fault(refuse(
        "**/managedClusters/*",
        409,
        "AllocationFailed",
        "No room.",
    ));
    let first = world.operator(&[]);
    first.provision().await.unwrap_err();
    let steps = first.steps();
    assert!(steps.iter().all(|(_, end)| end.is_some()), "{steps:#?}");
    let cluster = steps
        .iter()
        .find(|(step, _)| step.starts_with("create managed cluster"))
        .unwrap();
    assert_eq!(cluster.1, Some(Outcome::Failed));
    let created = |stack: Value| stack["tags"]["kompox-created"].clone();
    let before = created(world.stack().await);

    // Waiting says nothing about what is over.
    assert_eq!(first.wait().await.unwrap(), None);
    world.mend();
    let second = world.operator(&[]);
    assert!(!second.provision().await.unwrap().is_empty());
    assert_eq!(created(world.stack().await), before);
    assert_eq!(second.plan().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn a_canceled_deployment_is_a_failure_and_is_put_again() {
    let cancel = OperationFault {
        outcome: Fate::Cancel,
        ..OperationFault::default()
    };
    let (world, error) = failing([FaultRule::new(
        "PUT",
        "**/deploymentStacks/*",
        FaultAction::Operation(cancel),
    )])
    .await;
    assert_eq!(error.kind(), ErrorKind::Failed, "{}", whole(&error));
    world.mend();
    let operator = world.operator(&[]);
    operator.provision().await.unwrap();
    assert_eq!(operator.plan().await.unwrap(), Plan::default());
}
