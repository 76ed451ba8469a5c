//! Why a stack failed: from what ARM tells at the top down to where it began.

use std::collections::HashSet;

use kompox_arm::{ErrorDetail, ServiceError};
use kompox_domain::error::FailedOperation;
use kompox_domain::{Error, ErrorKind};

use super::operations::{Deployment, Operation, Reader};
use crate::advice::kind_and_advice;
use crate::observe::stack::Stack;
use crate::resource_name::title;
use crate::session::Session;

/// Codes that only say that something beneath failed.
const WRAPPERS: &[&str] = &[
    "DeploymentStackDeploymentFailed",
    "DeploymentStackDeleteResourcesFailed",
    "DeploymentFailed",
    "InvalidTemplateDeployment",
    "MultipleErrorsOccurred",
    "ResourceDeploymentFailure",
    "Conflict",
    "BadRequest",
    "Forbidden",
    "Failed",
];

/// The tree of what failed in a stack.
pub(crate) async fn of_stack(session: Session<'_>, stack: &Stack) -> FailedOperation {
    let deployment = match &stack.properties.deployment_id {
        Some(id) => Some(Reader::default().read(session, id).await),
        None => None,
    };
    tree(stack, deployment.as_ref())
}

/// The tree, from what was read.
pub(crate) fn tree(stack: &Stack, deployment: Option<&Deployment>) -> FailedOperation {
    let correlation = stack.properties.correlation_id.as_deref();
    let told = stack
        .properties
        .error
        .as_ref()
        .and_then(|error| ErrorDetail::parse(&error.to_string()));
    let mut causes = deployment
        .map(|deployment| of_operations(deployment, correlation))
        .unwrap_or_default();
    let mut known = HashSet::new();
    causes.iter().for_each(|cause| remember(cause, &mut known));

    // What only the stack tells: resources that it could not delete, and whatever its deployment does not repeat.
    for failed in &stack.properties.failed_resources {
        let Some(error) = failed
            .error
            .as_ref()
            .and_then(|error| ErrorDetail::parse(&error.to_string()))
        else {
            continue;
        };
        add(
            of_detail(&error, &failed.id, correlation),
            &mut causes,
            &mut known,
        );
    }
    let mut root = of_detail(
        told.as_ref().unwrap_or(&ErrorDetail::default()),
        &stack.id,
        correlation,
    );
    for cause in std::mem::take(&mut root.causes) {
        add(cause, &mut causes, &mut known);
    }
    if let Some(why) = deployment.and_then(|deployment| deployment.unread.as_ref()) {
        remark(&mut root, why);
    }
    if root.code.is_empty() {
        "DeploymentStackFailed".clone_into(&mut root.code);
    }
    if root.message.is_empty() {
        root.message = format!("the deployment stack ended as {}", stack.state_word());
    }
    root.causes = causes;
    if !root.causes.is_empty() {
        root.hints.clear();
    }
    root
}

/// What ARM finds wrong before anything is done.
pub(crate) fn of_findings(
    finding: &ErrorDetail,
    resource: &str,
    correlation: Option<&str>,
) -> FailedOperation {
    of_detail(finding, resource, correlation)
}

/// The same for a refusal.
pub(crate) fn of_refusal(error: &ServiceError, resource: &str) -> FailedOperation {
    let detail = ErrorDetail {
        code: error.code.clone(),
        message: error.message.clone(),
        target: error.target.clone(),
        policies: error.policies.clone(),
        details: error.details.clone(),
    };
    of_detail(&detail, resource, error.correlation_id.as_deref())
}

/// The error that a tree makes: kind, code and advice are those of where it began.
pub(crate) fn error(doing: &str, root: FailedOperation) -> Error {
    let leaves = root.leaves();
    let judged: Vec<(&FailedOperation, ErrorKind)> = leaves
        .iter()
        .map(|leaf| (*leaf, kind_and_advice(&detail_of(leaf)).0))
        .collect();
    // Where several things failed at once, one that says why is worth more than one that says only that.
    let first = judged
        .iter()
        .find(|(_, kind)| *kind != ErrorKind::Failed)
        .or_else(|| judged.first());
    let Some((leaf, kind)) = first else {
        return Error::new(ErrorKind::Failed, format!("{doing}: Azure gives no reason"))
            .with_failures(vec![root]);
    };
    let more = match judged.len() - 1 {
        0 => String::new(),
        1 => " (and one more failure)".to_owned(),
        more => format!(" (and {more} more failures)"),
    };
    let mut error = Error::new(
        *kind,
        format!("{doing}: {}: {}{more}", title(&leaf.resource), leaf.message),
    )
    .with_code(leaf.code.clone())
    .with_target(leaf.resource.clone());
    if let Some(id) = leaf.correlation_id.as_ref().or(root.correlation_id.as_ref()) {
        error = error.with_correlation_id(id.clone());
    }
    error = error.with_hints(leaf.hints.iter().cloned());
    error.with_failures(vec![root])
}

fn detail_of(failed: &FailedOperation) -> ErrorDetail {
    ErrorDetail {
        code: failed.code.clone(),
        message: failed.message.clone(),
        ..ErrorDetail::default()
    }
}

fn of_operations(deployment: &Deployment, correlation: Option<&str>) -> Vec<FailedOperation> {
    deployment
        .operations
        .iter()
        .filter(|operation| operation.failed())
        .map(|operation| of_operation(operation, correlation))
        .collect()
}

fn of_operation(operation: &Operation, correlation: Option<&str>) -> FailedOperation {
    let mut failed = operation.error.as_ref().map_or_else(
        || FailedOperation {
            resource: operation.resource.clone(),
            code: operation.state.clone(),
            message: "Azure gives no reason".to_owned(),
            ..FailedOperation::default()
        },
        |error| of_detail(error, &operation.resource, correlation),
    );
    failed.correlation_id = correlation
        .map(str::to_owned)
        .or_else(|| operation.request_id.clone());
    let Some(nested) = &operation.nested else {
        return failed;
    };
    let beneath = of_operations(nested, correlation);
    if let Some(why) = &nested.unread {
        remark(&mut failed, why);
    }
    if !beneath.is_empty() {
        let mut causes = beneath;
        let mut known = HashSet::new();
        causes.iter().for_each(|cause| remember(cause, &mut known));
        for told in std::mem::take(&mut failed.causes) {
            add(told, &mut causes, &mut known);
        }
        failed.causes = causes;
        failed.hints.clear();
    }
    failed
}

fn of_detail(detail: &ErrorDetail, resource: &str, correlation: Option<&str>) -> FailedOperation {
    let resource = detail
        .target
        .as_deref()
        .filter(|target| target.starts_with('/'))
        .unwrap_or(resource);
    let causes: Vec<FailedOperation> = detail
        .details
        .iter()
        .filter(|inner| !(inner.code.is_empty() && inner.message.is_empty() && inner.details.is_empty()))
        .map(|inner| of_detail(inner, resource, correlation))
        .collect();
    let mut message = detail.message.clone();
    if !detail.policies.is_empty() {
        message = format!("{message} (policies: {})", detail.policies.join(", "));
    }
    FailedOperation {
        resource: resource.to_owned(),
        code: detail.code.clone(),
        message,
        correlation_id: correlation.map(str::to_owned),
        // What follows from something else is mended there.
        hints: if causes.is_empty() {
            kind_and_advice(detail).1
        } else {
            Vec::new()
        },
        causes,
    }
}

/// Adds what is not known yet. One that only wraps what is known says nothing new.
fn add(failed: FailedOperation, causes: &mut Vec<FailedOperation>, known: &mut HashSet<(String, String)>) {
    let new = |leaf: &&FailedOperation| {
        let says_something = known.is_empty() || !is_wrapper(leaf);
        says_something && !known.contains(&key(leaf))
    };
    if failed.leaves().iter().any(new) {
        remember(&failed, known);
        causes.push(failed);
    }
}

fn is_wrapper(failed: &FailedOperation) -> bool {
    WRAPPERS
        .iter()
        .any(|code| code.eq_ignore_ascii_case(&failed.code))
}

fn remember(failed: &FailedOperation, known: &mut HashSet<(String, String)>) {
    known.insert(key(failed));
    failed.causes.iter().for_each(|cause| remember(cause, known));
}

/// Code and message: the same error is told of different resources, on the way up.
fn key(failed: &FailedOperation) -> (String, String) {
    (failed.code.to_lowercase(), failed.message.to_lowercase())
}

fn remark(failed: &mut FailedOperation, why: &str) {
    failed.message = format!("{} (its operations cannot be read: {why})", failed.message);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn detail(code: &str, message: &str, details: Vec<ErrorDetail>) -> ErrorDetail {
        ErrorDetail {
            code: code.to_owned(),
            message: message.to_owned(),
            details,
            ..ErrorDetail::default()
        }
    }

    fn failed(resource: &str, error: ErrorDetail, nested: Option<Deployment>) -> Operation {
        Operation {
            resource: resource.to_owned(),
            state: "Failed".to_owned(),
            error: Some(error),
            nested,
            ..Operation::default()
        }
    }

    fn deployment(operations: Vec<Operation>) -> Deployment {
        Deployment {
            operations,
            ..Deployment::default()
        }
    }

    fn stack(properties: &serde_json::Value) -> Stack {
        serde_json::from_value(json!({"id": "/stack", "properties": properties})).unwrap()
    }

    const AKS: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks-1";

    #[test]
    fn b31_the_error_says_what_the_deepest_operation_says_and_not_what_stands_at_the_top() {
        let quota = detail("ErrCode_InsufficientVCPUQuota", "4 cores left, 8 needed", vec![]);
        let wrapped = detail("ResourceDeploymentFailure", "ended as Failed", vec![quota]);
        let nested = deployment(vec![failed(AKS, wrapped, None)]);
        let top = deployment(vec![failed(
            "/nested",
            detail("DeploymentFailed", "at least one", vec![]),
            Some(nested),
        )]);
        let stack = stack(&json!({"provisioningState": "failed", "correlationId": "c-1",
            "error": {"code": "DeploymentStackDeploymentFailed", "message": "one or more",
                "details": [{"code": "DeploymentFailed", "message": "at least one resource", "target": "/deployment"}]}}));
        let root = tree(&stack, Some(&top));
        let leaves = root.leaves();
        assert_eq!(leaves.len(), 1, "{root:#?}");
        assert_eq!(
            (leaves[0].resource.as_str(), leaves[0].code.as_str()),
            (AKS, "ErrCode_InsufficientVCPUQuota")
        );
        assert_eq!(leaves[0].correlation_id.as_deref(), Some("c-1"));
        assert!(root.hints.is_empty());
        let error = error("cannot provision cluster c1", root);
        assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
        assert_eq!(
            error.to_string(),
            "cannot provision cluster c1: managed cluster aks-1: 4 cores left, 8 needed"
        );
        assert_eq!((error.target(), error.correlation_id()), (Some(AKS), Some("c-1")));
        assert!(format!("{:?}", error.hints()).contains("VM_SIZE"));
    }

    #[test]
    fn what_only_the_stack_tells_is_told_too() {
        let stack = stack(&json!({"provisioningState": "failed",
            "error": {"code": "DeploymentStackDeleteResourcesFailed", "message": "some could not be deleted"},
            "failedResources": [{"id": "/vault", "error": {"code": "ScopeLocked", "message": "a lock"}}]}));
        let root = tree(&stack, Some(&Deployment::default()));
        assert_eq!(
            (root.causes.len(), root.causes[0].resource.as_str()),
            (1, "/vault")
        );
        assert_eq!(error("x", root).kind(), ErrorKind::Precondition);
    }

    #[test]
    fn the_same_failure_is_told_once() {
        let denied = || detail("AuthorizationFailed", "no", vec![]);
        let top = deployment(vec![failed(AKS, denied(), None)]);
        let stack = stack(&json!({"provisioningState": "failed",
            "failedResources": [{"id": AKS, "error": {"code": "AuthorizationFailed", "message": "No"}}],
            "error": {"code": "DeploymentStackDeploymentFailed", "message": "m", "details": [
                {"code": "DeploymentFailed", "message": "m", "details": [{"code": "AuthorizationFailed", "message": "no"}]}]}}));
        let root = tree(&stack, Some(&top));
        assert_eq!(root.leaves().len(), 1, "{root:#?}");
        assert_eq!(error("x", root).kind(), ErrorKind::PermissionDenied);
    }

    #[test]
    fn operations_that_cannot_be_read_are_a_remark_and_what_the_stack_knows_is_still_told() {
        let unread = Deployment {
            unread: Some("not allowed".to_owned()),
            ..Deployment::default()
        };
        let stack = stack(
            &json!({"provisioningState": "failed", "error": {"code": "DeploymentStackDeploymentFailed",
            "message": "one or more", "details": [{"code": "SkuNotAvailable", "message": "no such size"}]}}),
        );
        let root = tree(&stack, Some(&unread));
        assert!(
            root.message.contains("one or more") && root.message.contains("not allowed"),
            "{root:?}"
        );
        assert_eq!(error("x", root).code(), Some("SkuNotAvailable"));
    }

    #[test]
    fn a_stack_that_says_nothing_at_all_still_makes_an_error_with_a_code() {
        let root = tree(&stack(&json!({"provisioningState": "canceled"})), None);
        assert!(root.message.contains("canceled") && !root.code.is_empty());
        assert!(!error("x", root).to_string().is_empty());
    }

    #[test]
    fn of_several_failures_the_one_that_says_why_comes_first_and_the_others_are_counted() {
        let top = deployment(vec![
            failed("/a", detail("Conflict", "something", vec![]), None),
            failed(AKS, detail("AuthorizationFailed", "may not", vec![]), None),
        ]);
        let error = error(
            "x",
            tree(&stack(&json!({"provisioningState": "failed"})), Some(&top)),
        );
        assert_eq!(
            error.to_string(),
            "x: managed cluster aks-1: may not (and one more failure)"
        );
        assert_eq!(error.failures()[0].leaves().len(), 2);
    }

    #[test]
    fn a_policy_stands_in_message_and_advice() {
        let mut denied = detail("RequestDisallowedByPolicy", "disallowed", vec![]);
        denied.policies = vec!["Allowed locations".to_owned()];
        let root = of_findings(&denied, "/stack", None);
        assert!(
            root.message.contains("Allowed locations")
                && format!("{:?}", root.hints).contains("Allowed locations")
        );
    }
}
