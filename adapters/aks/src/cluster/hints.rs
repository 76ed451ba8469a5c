//! What can be done about the errors that making a cluster brings: one table, beside the general one of the ARM client.

use std::borrow::Cow;

use kompox_arm::{ErrorDetail, ServiceError};
use kompox_domain::hint::Means;
use kompox_domain::{Argument, ErrorKind, Hint, Operation};

const SIZES: Means = Means::settings(&["AZURE_AKS_SYSTEM_VM_SIZE", "AZURE_AKS_USER_VM_SIZE"]);
const ZONES: Means = Means::settings(&["AZURE_AKS_SYSTEM_VM_ZONES", "AZURE_AKS_USER_VM_ZONES"]);
const OTHER_SIZE: Hint = Hint::fixed("or set another", Some(SIZES));
const OFFERED: Hint = Hint::fixed(
    "see what there is",
    Some(Means::foreign("az vm list-skus --location <region>")),
);
const WAIT: Hint = Hint::fixed(
    "another operation is still under way: run it again once it has ended; wait for it",
    Some(Means::operation(Operation::ClusterWait)),
);

/// Kind and advice by code. The codes of every ARM service that the client knows are not here.
const TABLE: &[(&[&str], ErrorKind, &[Hint])] = &[
    (
        &["K8sVersionNotSupported", "AgentPoolK8sVersionNotSupported"],
        ErrorKind::InvalidInput,
        &[
            Hint::fixed(
                "choose a version that the region offers in",
                Some(Means::settings(&["AZURE_AKS_KUBERNETES_VERSION"])),
            ),
            Hint::fixed(
                "see the versions there are",
                Some(Means::foreign("az aks get-versions --location <region>")),
            ),
            Hint::fixed(
                "one that is for long-term support only needs AZURE_AKS_SKU_TIER: Premium",
                None,
            ),
        ],
    ),
    (
        &["ErrCode_InsufficientVCPUQuota", "InsufficientVCPUQuota"],
        ErrorKind::QuotaExceeded,
        &[
            Hint::fixed("ask for more cores of that family", None),
            Hint::fixed(
                "see how many there are",
                Some(Means::foreign("az vm list-usage --location <region>")),
            ),
            OTHER_SIZE,
        ],
    ),
    (
        // learn.microsoft.com/troubleshoot/azure/azure-kubernetes/error-code-poddrainfailure
        &["UpgradeFailed", "PodDrainFailure", "UnsatisfiablePDB"],
        ErrorKind::Failed,
        &[
            Hint::fixed(
                "let the pod that is named be moved: a PodDisruptionBudget that allows no disruption keeps its node from \
                 being drained",
                None,
            ),
            Hint::fixed(
                "see the budgets there are",
                Some(Means::foreign("kubectl get pdb --all-namespaces")),
            ),
        ],
    ),
    (
        &["PublicIPCountLimitReached"],
        ErrorKind::QuotaExceeded,
        &[Hint::fixed(
            "ask for more public addresses in the region, or delete what is no longer needed",
            None,
        )],
    ),
    (
        &["NotAllAgentPoolOrchestratorVersionSpecifiedAndUnchanged"],
        ErrorKind::Precondition,
        &[Hint::fixed(
            "AKS wants control plane and node pools upgraded in one request: do it once with its own command, then run \
             this again",
            Some(Means::foreign(
                "az aks upgrade --resource-group <group> --name <cluster> --kubernetes-version <version>",
            )),
        )],
    ),
    (
        &["SubscriptionNotEnabledEncryptionAtHost"],
        ErrorKind::Precondition,
        &[Hint::fixed(
            "register the subscription once; it takes some minutes",
            Some(Means::foreign(
                "az feature register --namespace Microsoft.Compute --name EncryptionAtHost",
            )),
        )],
    ),
    (
        &["VMSizeNotSupported", "VMSizeDoesNotSupportEncryptionAtHost"],
        ErrorKind::InvalidInput,
        &[Hint::fixed("set another", Some(SIZES)), OFFERED],
    ),
    (
        &["SkuNotAvailable"],
        ErrorKind::QuotaExceeded,
        &[
            Hint::fixed("set another", Some(SIZES)),
            Hint::fixed("or other zones in", Some(ZONES)),
            OFFERED,
        ],
    ),
    (
        &["AvailabilityZoneNotSupported"],
        ErrorKind::InvalidInput,
        &[Hint::fixed(
            "choose zones in which the region offers that size, in",
            Some(ZONES),
        )],
    ),
    (
        &[
            "AllocationFailed",
            "ZonalAllocationFailed",
            "OverconstrainedAllocationRequest",
            "OverconstrainedZonalAllocationRequest",
        ],
        ErrorKind::Unavailable,
        &[Hint::fixed(
            "Azure has no such machines left there just now: run it again later, or choose another size or zone",
            None,
        )],
    ),
    (
        &["VaultAlreadyExists"],
        ErrorKind::Conflict,
        &[
            Hint::fixed(
                "a vault of that name is there already, or was deleted and is still kept",
                None,
            ),
            Hint::fixed("purge it", Some(Means::foreign("az keyvault purge"))),
            Hint::fixed("or recover it", Some(Means::foreign("az keyvault recover"))),
            Hint::fixed(
                "or, where a deprovisioning of this cluster was cut short, let it end",
                Some(Means::operation(Operation::ClusterDeprovision)),
            ),
        ],
    ),
    (
        &["AlreadyInUse"],
        ErrorKind::Conflict,
        &[Hint::fixed(
            "somebody has that name, which must be unique in all of Azure; give the cluster another name or resource group",
            None,
        )],
    ),
    (
        &["RoleAssignmentUpdateNotPermitted"],
        ErrorKind::Conflict,
        &[Hint::fixed(
            "an assignment of that name stands for another principal: run it again after deleting that one",
            Some(Means::foreign("az role assignment delete --ids <the id above>")),
        )],
    ),
    (
        &["RoleAssignmentExists"],
        ErrorKind::Conflict,
        &[Hint::fixed(
            "somebody gave the same role under another name: delete that assignment, or leave the role out",
            None,
        )],
    ),
    (
        &["PrincipalNotFound"],
        ErrorKind::Precondition,
        &[
            Hint::fixed(
                "check that these are object ids, not client ids, in",
                Some(Means::settings(&["AZURE_AKS_ADMIN_PRINCIPAL_IDS"])),
            ),
            Hint::fixed(
                "a principal made just now takes some minutes to be known everywhere: then run it again",
                None,
            ),
        ],
    ),
    (
        &["ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"],
        ErrorKind::Conflict,
        &[Hint::fixed(
            "somebody else is changing that identity's credentials: run it again",
            None,
        )],
    ),
    (
        &["SubnetIsFull", "InsufficientSubnetSize"],
        ErrorKind::Precondition,
        &[Hint::fixed(
            "the subnet of AZURE_AKS_VNET_SUBNET_ID has too few free addresses: make it larger, or choose another",
            None,
        )],
    ),
    (
        &["CustomPrivateDNSZoneMissingPermissionError"],
        ErrorKind::PermissionDenied,
        &[Hint::fixed(
            "the cluster's identity needs Private DNS Zone Contributor on the zone of AZURE_AKS_PRIVATE_DNS_ZONE, and Network Contributor on the virtual network",
            None,
        )],
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
        &[Hint::fixed(
            "the nodes do not reach what they need: check AZURE_AKS_OUTBOUND_TYPE, the routes, DNS servers and firewall of the subnet, and AZURE_AKS_HTTPS_PROXY",
            None,
        )],
    ),
    (
        &["PropertyChangeNotAllowed"],
        ErrorKind::Precondition,
        &[Hint::fixed(
            "that cannot be changed after creation: set it back, or deprovision the cluster and provision it anew",
            None,
        )],
    ),
    (
        &["ResourceGroupBeingDeleted"],
        ErrorKind::Precondition,
        &[Hint::fixed(
            "the resource group is being deleted: wait until it is gone, then run it again",
            None,
        )],
    ),
    (
        &[
            "ReferencedResourceNotProvisioned",
            "RetryableError",
            "RetryableErrorDueToAnotherOperation",
        ],
        ErrorKind::Conflict,
        &[Hint::fixed(
            "something else was still being made or changed: run it again",
            None,
        )],
    ),
    (&["DeploymentActive"], ErrorKind::Precondition, &[WAIT]),
    (
        &["DeploymentQuotaExceeded"],
        ErrorKind::QuotaExceeded,
        &[Hint::fixed(
            "the history holds 800 deployments, of the subscription or of the group: delete old ones",
            Some(Means::foreign(
                "az deployment sub delete, az deployment group delete",
            )),
        )],
    ),
    (
        &["DeploymentStackInNonTerminalState"],
        ErrorKind::Precondition,
        &[
            WAIT,
            Hint::fixed(
                "let one go that is stuck for hours",
                Some(Means::foreign(
                    "az stack sub delete --action-on-unmanage detachAll",
                )),
            ),
        ],
    ),
    (
        &["DeploymentStackDeleteResourcesFailed"],
        ErrorKind::Failed,
        &[Hint::fixed(
            "look at what could not be deleted (a lock, something that is still in use), then run it again",
            None,
        )],
    ),
    (
        &["DeploymentStackDeploymentFailed", "DeploymentFailed"],
        ErrorKind::Failed,
        &[Hint::fixed(
            "Azure does not say why; look at the deployment in the portal under Subscriptions, Deployments, then run it again",
            None,
        )],
    ),
    (
        &[
            "InvalidTemplate",
            "InvalidTemplateDeployment",
            "MultipleErrorsOccurred",
        ],
        ErrorKind::Failed,
        &[Hint::fixed(
            "what Azure says above tells which setting it does not accept; look at the usual ones",
            Some(Means::operation(Operation::ClusterCheck)),
        )],
    ),
    (
        &["ResourceNotFound", "ParentResourceNotFound", "NotFound"],
        ErrorKind::Precondition,
        &[Hint::fixed(
            "check that what the settings name is there and that this identity may read it; something made just now may take a moment: run it again",
            None,
        )],
    ),
    (
        &["ResourceGroupNotFound"],
        ErrorKind::Precondition,
        &[
            Hint::fixed("check", Some(Means::settings(&["AZURE_RESOURCE_GROUP_NAME"]))),
            Hint::fixed(
                "a group made just now may take a moment to be known everywhere: run it again",
                None,
            ),
        ],
    ),
    (
        &["DeploymentStackNotFound"],
        ErrorKind::NotFound,
        &[Hint::fixed(
            "there is no such cluster; make it",
            Some(Means::operation(Operation::ClusterProvision)),
        )],
    ),
    (
        &["TooManyRequests"],
        ErrorKind::Throttled,
        &[Hint::fixed("wait a little, then run it again", None)],
    ),
    (
        &["KubernetesPerformanceError"],
        ErrorKind::Unavailable,
        &[Hint::fixed(
            "the command found no room in the cluster: look at its nodes, then run it again",
            None,
        )],
    ),
    (
        &["KubernetesOperationError"],
        ErrorKind::Precondition,
        &[Hint::fixed(
            "something in the cluster refused the command: look at its admission policies",
            None,
        )],
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
const PHRASES: &[(Anchor, &str, ErrorKind, &[Hint])] = &[
    (
        // learn.microsoft.com/azure/azure-resource-manager/bicep/deployment-stacks
        Anchor::Begins("the deployment stack "),
        "might not have an accurate list of managed resources",
        ErrorKind::Precondition,
        &[
            Hint::fixed(
                "look at what the stack and the resource group hold, then run it again",
                Some(Means::arguments(&[Argument::Force])),
            ),
            Hint::fixed(
                "only if that fails and nothing else is in the stack, set it right",
                Some(Means::foreign(
                    "az stack sub create --bypass-stack-out-of-sync-error",
                )),
            ),
        ],
    ),
    (
        STILL_KEPT,
        "already exists in deleted state",
        ErrorKind::Conflict,
        &[
            Hint::fixed("it was deleted and is still kept", None),
            Hint::fixed("purge it", Some(Means::foreign("az keyvault purge"))),
            Hint::fixed("or recover it", Some(Means::foreign("az keyvault recover"))),
            Hint::fixed(
                "or, where a deprovisioning of this cluster was cut short, let it end",
                Some(Means::operation(Operation::ClusterDeprovision)),
            ),
        ],
    ),
    (
        STILL_KEPT,
        "been soft-deleted",
        ErrorKind::Conflict,
        &[Hint::fixed(
            "it was deleted and is still kept: purge it, or recover it",
            None,
        )],
    ),
    (
        STILL_KEPT,
        "is soft-deleted",
        ErrorKind::Conflict,
        &[Hint::fixed(
            "it was deleted and is still kept: purge it, or recover it",
            None,
        )],
    ),
    (
        STILL_KEPT,
        "soft-deleted state",
        ErrorKind::Conflict,
        &[Hint::fixed(
            "it was deleted and is still kept: purge it, or recover it",
            None,
        )],
    ),
    (
        // learn.microsoft.com/azure/aks/manage-local-accounts-managed-azure-ad
        Anchor::Codes(&["BadRequest"]),
        "Getting static credential isn't allowed",
        ErrorKind::Precondition,
        &[Hint::fixed(
            "local accounts are off: sign in as yourself",
            Some(Means::arguments(&[Argument::Credential(Cow::Borrowed("user"))])),
        )],
    ),
    (
        // learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-resource-quota
        Anchor::Codes(&["OperationNotAllowed", "QuotaExceeded"]),
        "vCPU quota",
        ErrorKind::QuotaExceeded,
        &[
            Hint::fixed("ask for more cores of that family", None),
            Hint::fixed(
                "see how many there are",
                Some(Means::foreign("az vm list-usage --location <region>")),
            ),
            OTHER_SIZE,
        ],
    ),
    (
        // learn.microsoft.com/azure/aks/start-stop-cluster
        Anchor::Codes(&["OperationNotAllowed", "BadRequest"]),
        "stopped power state",
        ErrorKind::Precondition,
        &[Hint::fixed(
            "start the cluster first",
            Some(Means::foreign("az aks start")),
        )],
    ),
];

/// What kind of error it is, and what can be done about it.
pub(crate) fn advice(detail: &ErrorDetail) -> (ErrorKind, Vec<Hint>) {
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
    if let Some((.., kind, hints)) = PHRASES.iter().find(|(anchor, phrase, ..)| says(*anchor, phrase)) {
        return (*kind, hints.to_vec());
    }
    if let Some((_, kind, hints)) = TABLE.iter().find(|(codes, ..)| named(codes)) {
        return (*kind, hints.to_vec());
    }
    let general = ServiceError {
        // What failed late has no status of its own.
        status: 200,
        code: detail.code.clone(),
        message: detail.message.clone(),
        ..ServiceError::default()
    };
    let mut hints = general.hints();
    if !hints.is_empty() && !detail.policies.is_empty() {
        hints.push(Hint::text(format!("policies: {}", detail.policies.join(", "))));
    }
    (general.kind(), hints)
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
    use kompox_domain::hint::in_words;

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
            assert_eq!(of("Whatever", message).1, "", "{message}");
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
            assert!(!of(code, message).1.is_empty(), "{code}: {message}");
            assert_eq!(
                of("Whatever", message),
                (ErrorKind::Failed, String::new()),
                "{message}"
            );
        }
        // ARM publishes no code for this one: it is known by how its message begins.
        let unsynchronized = "might not have an accurate list of managed resources.";
        assert!(
            !of("Odd", &format!("The deployment stack 'x' {unsynchronized}"))
                .1
                .is_empty()
        );
        for elsewhere in [
            format!("He says that the stack {unsynchronized}"),
            format!("The deployment stack 'x' is well. Others {unsynchronized}"),
        ] {
            assert_eq!(of("Odd", &elsewhere).1, "", "{elsewhere}");
        }
    }

    fn of(code: &str, message: &str) -> (ErrorKind, String) {
        let (kind, hints) = advice(&ErrorDetail {
            code: code.to_owned(),
            message: message.to_owned(),
            ..ErrorDetail::default()
        });
        (kind, in_words(&hints))
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
            "VMSizeDoesNotSupportEncryptionAtHost",
            "SubscriptionNotEnabledEncryptionAtHost",
            "NotAllAgentPoolOrchestratorVersionSpecifiedAndUnchanged",
            "AvailabilityZoneNotSupported",
            "VaultAlreadyExists",
            "SubnetIsFull",
            "CustomPrivateDNSZoneMissingPermissionError",
            "AnotherOperationInProgress",
            "OperationPreempted",
            "InvalidAuthenticationToken",
            "InvalidTemplate",
        ] {
            assert!(!of(code, "m").1.is_empty(), "{code}");
        }
        assert_eq!(of("Whatever", "m").1, "");
        let unsynchronized = "The deployment stack 'x' might not have an accurate list of managed resources.";
        assert!(of("Odd", unsynchronized).1.contains("out-of-sync"));
        assert!(
            !of("BadRequest", "Getting static credential isn't allowed because")
                .1
                .is_empty()
        );
        assert!(
            !of(
                "OperationNotAllowed",
                "exceeding approved Total Regional vCPU quota"
            )
            .1
            .is_empty()
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
        let (_, hints) = advice(&ErrorDetail {
            code: "RequestDisallowedByPolicy".to_owned(),
            policies: vec!["Allowed locations".to_owned()],
            ..ErrorDetail::default()
        });
        assert!(format!("{hints:?}").contains("Allowed locations"));
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
