//! What can be done about the errors that making a cluster brings: one table, beside the general one of the ARM client.

use kompox_arm::{ErrorDetail, ServiceError};
use kompox_domain::ErrorKind;

/// Kind and advice by code. The codes of every ARM service that the client knows are not here.
const TABLE: &[(&[&str], ErrorKind, &str)] = &[
    (
        &["K8sVersionNotSupported", "AgentPoolK8sVersionNotSupported"],
        ErrorKind::InvalidInput,
        "choose a version that the region offers in AZURE_AKS_KUBERNETES_VERSION (az aks get-versions --location <region>); one that is for long-term support only needs AZURE_AKS_SKU_TIER: Premium",
    ),
    (
        &["ErrCode_InsufficientVCPUQuota", "InsufficientVCPUQuota"],
        ErrorKind::QuotaExceeded,
        "ask for more cores of that family (az vm list-usage --location <region> tells how many there are), or set another AZURE_AKS_SYSTEM_VM_SIZE or AZURE_AKS_USER_VM_SIZE",
    ),
    (
        &["PublicIPCountLimitReached"],
        ErrorKind::QuotaExceeded,
        "ask for more public addresses in the region, or delete what is no longer needed",
    ),
    (
        &["VMSizeNotSupported"],
        ErrorKind::InvalidInput,
        "set another AZURE_AKS_SYSTEM_VM_SIZE or AZURE_AKS_USER_VM_SIZE: az vm list-skus --location <region> tells what there is",
    ),
    (
        &["SkuNotAvailable"],
        ErrorKind::QuotaExceeded,
        "set another AZURE_AKS_SYSTEM_VM_SIZE or AZURE_AKS_USER_VM_SIZE, or other zones in AZURE_AKS_SYSTEM_VM_ZONES and AZURE_AKS_USER_VM_ZONES: az vm list-skus --location <region> tells what there is",
    ),
    (
        &["AvailabilityZoneNotSupported"],
        ErrorKind::InvalidInput,
        "set AZURE_AKS_SYSTEM_VM_ZONES and AZURE_AKS_USER_VM_ZONES to zones in which the region offers that size",
    ),
    (
        &[
            "AllocationFailed",
            "ZonalAllocationFailed",
            "OverconstrainedAllocationRequest",
            "OverconstrainedZonalAllocationRequest",
        ],
        ErrorKind::Unavailable,
        "Azure has no such machines left there just now: run it again later, or choose another size or zone",
    ),
    (
        &["VaultAlreadyExists"],
        ErrorKind::Conflict,
        "a vault of that name is there already, or was deleted and is still kept: purge it with az keyvault purge, or recover it with az keyvault recover",
    ),
    (
        &["AlreadyInUse"],
        ErrorKind::Conflict,
        "somebody has that name, which must be unique in all of Azure; give the cluster another name or resource group",
    ),
    (
        &["RoleAssignmentUpdateNotPermitted"],
        ErrorKind::Conflict,
        "an assignment of that name stands for another principal: delete it with az role assignment delete --ids <the id above>, then run it again",
    ),
    (
        &["RoleAssignmentExists"],
        ErrorKind::Conflict,
        "somebody gave the same role under another name: delete that assignment, or leave the role out",
    ),
    (
        &["PrincipalNotFound"],
        ErrorKind::Precondition,
        "check AZURE_AKS_ADMIN_PRINCIPAL_IDS (object ids, not client ids); a principal made just now takes some minutes to be known everywhere: then run it again",
    ),
    (
        &["ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"],
        ErrorKind::Conflict,
        "somebody else is changing that identity's credentials: run it again",
    ),
    (
        &["SubnetIsFull", "InsufficientSubnetSize"],
        ErrorKind::Precondition,
        "the subnet of AZURE_AKS_VNET_SUBNET_ID has too few free addresses: make it larger, or choose another",
    ),
    (
        &["CustomPrivateDNSZoneMissingPermissionError"],
        ErrorKind::PermissionDenied,
        "the cluster's identity needs Private DNS Zone Contributor on the zone of AZURE_AKS_PRIVATE_DNS_ZONE, and Network Contributor on the virtual network",
    ),
    (
        &[
            "VMExtensionError_OutboundConnFail",
            "OutboundConnFailVMExtensionError",
            "VMExtensionError_K8SAPIServerConnFail",
            "K8SAPIServerConnFailVMExtensionError",
            "VMExtensionProvisioningError",
            "VMExtensionError_K8SAPIServerDNSLookupFail",
            "K8SAPIServerDNSLookupFailVMExtensionError",
        ],
        ErrorKind::Precondition,
        "the nodes do not reach what they need: check AZURE_AKS_OUTBOUND_TYPE, the routes, DNS servers and firewall of the subnet, and AZURE_AKS_HTTPS_PROXY",
    ),
    (
        &["PropertyChangeNotAllowed"],
        ErrorKind::Precondition,
        "that cannot be changed after creation: set it back, or deprovision the cluster and provision it anew",
    ),
    (
        &["ResourceGroupBeingDeleted"],
        ErrorKind::Precondition,
        "the resource group is being deleted: wait until it is gone, then run it again",
    ),
    (
        &[
            "ReferencedResourceNotProvisioned",
            "RetryableError",
            "RetryableErrorDueToAnotherOperation",
        ],
        ErrorKind::Conflict,
        "something else was still being made or changed: run it again",
    ),
    (
        &["DeploymentActive"],
        ErrorKind::Precondition,
        "a deployment of that name is still under way: kompoxops cluster wait, then run it again",
    ),
    (
        &["DeploymentQuotaExceeded"],
        ErrorKind::QuotaExceeded,
        "the history holds 800 deployments: delete old ones with az deployment sub delete or az deployment group delete",
    ),
    (
        &["DeploymentStackInNonTerminalState"],
        ErrorKind::Precondition,
        "another operation holds the stack: kompoxops cluster wait, then run it again; one that is stuck for hours is let go with az stack sub delete --action-on-unmanage detachAll",
    ),
    (
        &["DeploymentStackDeleteResourcesFailed"],
        ErrorKind::Failed,
        "look at what could not be deleted (a lock, something that is still in use), then run it again",
    ),
    (
        &["DeploymentStackDeploymentFailed", "DeploymentFailed"],
        ErrorKind::Failed,
        "Azure does not say why; look at the deployment in the portal under Subscriptions, Deployments, then run it again",
    ),
    (
        &[
            "InvalidTemplate",
            "InvalidTemplateDeployment",
            "MultipleErrorsOccurred",
        ],
        ErrorKind::Failed,
        "what Azure says above tells which setting it does not accept; kompoxops check --online looks at the usual ones",
    ),
    (
        &["ResourceNotFound", "ParentResourceNotFound", "NotFound"],
        ErrorKind::Precondition,
        "check that what the settings name is there and that this identity may read it; something made just now may take a moment: run it again",
    ),
    (
        &["ResourceGroupNotFound"],
        ErrorKind::Precondition,
        "check AZURE_RESOURCE_GROUP_NAME; a group made just now may take a moment to be known everywhere: run it again",
    ),
    (
        &["DeploymentStackNotFound"],
        ErrorKind::NotFound,
        "there is no such cluster: kompoxops cluster provision makes it",
    ),
    (
        &["TooManyRequests"],
        ErrorKind::Throttled,
        "wait a little, then run it again",
    ),
    (
        &["KubernetesPerformanceError"],
        ErrorKind::Unavailable,
        "the command found no room in the cluster: look at its nodes, then run it again",
    ),
    (
        &["KubernetesOperationError"],
        ErrorKind::Precondition,
        "something in the cluster refused the command: look at its admission policies",
    ),
];

/// Where a phrase counts.
#[derive(Debug, Clone, Copy)]
enum Anchor {
    /// Under these codes.
    Codes(&'static [&'static str]),
    /// Under any code, as ARM publishes none: where the message begins so, and goes on with the phrase.
    Begins(&'static str),
}

/// The codes with which services refuse a name that something deleted still has: Key Vault
/// (learn.microsoft.com/azure/key-vault/general/key-vault-recovery), Cognitive Services
/// (learn.microsoft.com/azure/ai-services/recover-purge-resources), and any that says no more than 409.
const STILL_KEPT: Anchor = Anchor::Codes(&["ConflictError", "FlagMustBeSetForRestore", "Conflict"]);

/// Kind and advice by what is said, where the code tells too little. Each phrase has a blank, as no name and no address
/// has; what a message quotes does not count.
const PHRASES: &[(Anchor, &str, ErrorKind, &str)] = &[
    (
        // learn.microsoft.com/azure/azure-resource-manager/bicep/deployment-stacks
        Anchor::Begins("the deployment stack "),
        "might not have an accurate list of managed resources",
        ErrorKind::Precondition,
        "look at what the stack and the resource group hold, then run it again with --force; only if that fails and nothing else is in the stack, az stack sub create with --bypass-stack-out-of-sync-error sets it right",
    ),
    (
        STILL_KEPT,
        "already exists in deleted state",
        ErrorKind::Conflict,
        "it was deleted and is still kept: purge it with az keyvault purge, or recover it with az keyvault recover",
    ),
    (
        STILL_KEPT,
        "been soft-deleted",
        ErrorKind::Conflict,
        "it was deleted and is still kept: purge it, or recover it",
    ),
    (
        STILL_KEPT,
        "is soft-deleted",
        ErrorKind::Conflict,
        "it was deleted and is still kept: purge it, or recover it",
    ),
    (
        STILL_KEPT,
        "soft-deleted state",
        ErrorKind::Conflict,
        "it was deleted and is still kept: purge it, or recover it",
    ),
    (
        // learn.microsoft.com/azure/aks/manage-local-accounts-managed-azure-ad
        Anchor::Codes(&["BadRequest"]),
        "Getting static credential isn't allowed",
        ErrorKind::Precondition,
        "local accounts are off: use --cred user",
    ),
    (
        // learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-resource-quota
        Anchor::Codes(&["OperationNotAllowed", "QuotaExceeded"]),
        "vCPU quota",
        ErrorKind::QuotaExceeded,
        "ask for more cores of that family (az vm list-usage --location <region> tells how many there are), or set another AZURE_AKS_SYSTEM_VM_SIZE or AZURE_AKS_USER_VM_SIZE",
    ),
    (
        // learn.microsoft.com/azure/aks/start-stop-cluster
        Anchor::Codes(&["OperationNotAllowed", "BadRequest"]),
        "stopped power state",
        ErrorKind::Precondition,
        "start the cluster first: az aks start",
    ),
];

/// What kind of error it is, and what can be done about it.
pub(crate) fn advice(detail: &ErrorDetail) -> (ErrorKind, Option<String>) {
    let own = unquoted(&detail.message).to_ascii_lowercase();
    let named = |codes: &[&str]| codes.iter().any(|code| code.eq_ignore_ascii_case(&detail.code));
    let says = |anchor: Anchor, phrase: &str| {
        let phrase = phrase.to_ascii_lowercase();
        match anchor {
            Anchor::Codes(codes) => named(codes) && own.contains(&phrase),
            // What is quoted between the two is gone, and its blank stays.
            Anchor::Begins(begin) => own
                .strip_prefix(begin)
                .is_some_and(|rest| rest.trim_start().starts_with(&phrase)),
        }
    };
    if let Some((.., kind, hint)) = PHRASES.iter().find(|(anchor, phrase, ..)| says(*anchor, phrase)) {
        return (*kind, Some((*hint).to_owned()));
    }
    if let Some((_, kind, hint)) = TABLE.iter().find(|(codes, ..)| named(codes)) {
        return (*kind, Some((*hint).to_owned()));
    }
    let general = ServiceError {
        // What failed late has no status of its own.
        status: 200,
        code: detail.code.clone(),
        message: detail.message.clone(),
        ..ServiceError::default()
    };
    let mut hint = general.hint();
    if let (Some(hint), false) = (&mut hint, detail.policies.is_empty()) {
        *hint = format!("{hint} (policies: {})", detail.policies.join(", "));
    }
    (general.kind(), hint)
}

/// A message without what stands in quotes. An apostrophe within a word is none.
fn unquoted(message: &str) -> String {
    let mut own = String::with_capacity(message.len());
    let (mut quote, mut before) = (None, ' ');
    for character in message.chars() {
        let is_quote = matches!(character, '\'' | '"' | '`');
        match quote {
            Some(open) if open == character => quote = None,
            Some(_) => {}
            None if is_quote && !before.is_alphanumeric() => quote = Some(character),
            None => own.push(character),
        }
        before = character;
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_what_azure_says_and_no_name_that_it_quotes() {
        for (_, phrase, ..) in PHRASES {
            assert!(phrase.trim().contains(' '), "{phrase} may be a name");
        }
        for message in [
            "Resource 'soft-deleted' has trouble with soft-deleted.",
            "The tag 'stopped power state' is odd.",
            "\"Getting static credential isn't allowed\" is no name.",
        ] {
            assert_eq!(of("Whatever", message).1, None, "{message}");
        }
        assert_eq!(unquoted("isn't 'a b' done"), "isn't  done");
    }

    #[test]
    fn a_phrase_counts_only_where_azure_puts_it() {
        for (code, message) in [
            (
                "ConflictError",
                "A vault with the same name already exists in deleted state.",
            ),
            (
                "FlagMustBeSetForRestore",
                "An existing resource with ID '/x' has been soft-deleted.",
            ),
            ("BadRequest", "Getting static credential isn't allowed because"),
            (
                "OperationNotAllowed",
                "exceeding approved Total Regional vCPU quota",
            ),
            ("OperationNotAllowed", "The cluster is in stopped power state."),
        ] {
            assert!(of(code, message).1.is_some(), "{code}: {message}");
            assert_eq!(of("Whatever", message), (ErrorKind::Failed, None), "{message}");
        }
        // ARM publishes no code for this one: it is known by how its message begins.
        let unsynchronized = "might not have an accurate list of managed resources.";
        assert!(
            of("Odd", &format!("The deployment stack 'x' {unsynchronized}"))
                .1
                .is_some()
        );
        for elsewhere in [
            format!("He says that the stack {unsynchronized}"),
            format!("The deployment stack 'x' is well. Others {unsynchronized}"),
        ] {
            assert_eq!(of("Odd", &elsewhere).1, None, "{elsewhere}");
        }
    }

    fn of(code: &str, message: &str) -> (ErrorKind, Option<String>) {
        advice(&ErrorDetail {
            code: code.to_owned(),
            message: message.to_owned(),
            ..ErrorDetail::default()
        })
    }

    #[test]
    fn every_code_that_azure_documents_for_this_has_advice() {
        for code in [
            "ResourceNotFound",
            "ResourceGroupNotFound",
            "ParentResourceNotFound",
            "DeploymentStackNotFound",
            "ScopeLocked",
            "RoleAssignmentExists",
            "RoleAssignmentUpdateNotPermitted",
            "PrincipalNotFound",
            "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
            "DeploymentStackInNonTerminalState",
            "DeploymentStackDeleteResourcesFailed",
            "DeploymentStackDeploymentFailed",
            "DeploymentFailed",
            "RequestDisallowedByPolicy",
            "TooManyRequests",
            "AuthorizationFailed",
            "LinkedAuthorizationFailed",
            "KubernetesPerformanceError",
            "KubernetesOperationError",
            "MissingSubscriptionRegistration",
            "K8sVersionNotSupported",
            "QuotaExceeded",
            "ErrCode_InsufficientVCPUQuota",
            "SkuNotAvailable",
            "VMSizeNotSupported",
            "AvailabilityZoneNotSupported",
            "VaultAlreadyExists",
            "SubnetIsFull",
            "CustomPrivateDNSZoneMissingPermissionError",
            "AnotherOperationInProgress",
            "OperationPreempted",
            "InvalidAuthenticationToken",
            "InvalidTemplate",
        ] {
            assert!(of(code, "m").1.is_some(), "{code}");
        }
        assert_eq!(of("Whatever", "m").1, None);
        let unsynchronized = "The deployment stack 'x' might not have an accurate list of managed resources.";
        assert!(of("Odd", unsynchronized).1.unwrap().contains("out-of-sync"));
        assert!(
            of("BadRequest", "Getting static credential isn't allowed because")
                .1
                .is_some()
        );
        assert!(
            of(
                "OperationNotAllowed",
                "exceeding approved Total Regional vCPU quota"
            )
            .1
            .is_some()
        );
    }

    #[test]
    fn the_kind_says_what_a_script_must_know() {
        for (code, kind) in [
            ("ErrCode_InsufficientVCPUQuota", ErrorKind::QuotaExceeded),
            ("QuotaExceeded", ErrorKind::QuotaExceeded),
            ("AuthorizationFailed", ErrorKind::PermissionDenied),
            ("RequestDisallowedByPolicy", ErrorKind::Precondition),
            ("K8sVersionNotSupported", ErrorKind::InvalidInput),
            ("ScopeLocked", ErrorKind::Precondition),
            ("Whatever", ErrorKind::Failed),
        ] {
            assert_eq!(of(code, "m").0, kind, "{code}");
        }
    }

    #[test]
    fn a_policy_is_named_in_the_advice() {
        let (_, hint) = advice(&ErrorDetail {
            code: "RequestDisallowedByPolicy".to_owned(),
            policies: vec!["Allowed locations".to_owned()],
            ..ErrorDetail::default()
        });
        assert!(hint.unwrap().contains("Allowed locations"));
    }

    #[test]
    fn no_code_stands_in_the_table_twice() {
        let mut codes: Vec<&str> = TABLE
            .iter()
            .flat_map(|(codes, ..)| codes.iter().copied())
            .collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }
}
