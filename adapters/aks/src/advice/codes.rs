//! What can be done about the errors that the driver's requests bring, by code. The codes of every ARM service that the
//! client knows are not here.

use kompox_domain::hint::Means;
use kompox_domain::{ErrorKind, Hint, Operation};

const SIZES: Means = Means::settings(&["AZURE_AKS_SYSTEM_VM_SIZE", "AZURE_AKS_USER_VM_SIZE"]);
const ZONES: Means = Means::settings(&["AZURE_AKS_SYSTEM_VM_ZONES", "AZURE_AKS_USER_VM_ZONES"]);
pub(super) const OTHER_SIZE: Hint = Hint::fixed("or set another", Some(SIZES));
const OFFERED: Hint = Hint::fixed(
    "see what there is",
    Some(Means::foreign("az vm list-skus --location <region>")),
);
const WAIT: Hint = Hint::fixed(
    "another operation is still under way: run it again once it has ended; wait for it",
    Some(Means::operation(Operation::ClusterWait)),
);

/// Kind and advice by code. The codes of every ARM service that the client knows are not here.
pub(super) const TABLE: &[(&[&str], ErrorKind, &[Hint])] = &[
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
