//! What the codes mean that the driver's requests bring, in rows of the form of `kompox_arm::codes`. They come before
//! those of ARM, which tell the codes of every service.

use kompox_arm::codes::{KindBy, Row};
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

/// The codes of what the driver makes.
pub(super) const RESOURCES: &[Row] = &[
    Row {
        codes: &["K8sVersionNotSupported", "AgentPoolK8sVersionNotSupported"],
        kind: KindBy::Status {
            late: ErrorKind::InvalidInput,
        },
        advice: &[
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
    },
    Row {
        codes: &["ErrCode_InsufficientVCPUQuota", "InsufficientVCPUQuota"],
        kind: KindBy::Status {
            late: ErrorKind::QuotaExceeded,
        },
        advice: &[
            Hint::fixed("ask for more cores of that family", None),
            Hint::fixed(
                "see how many there are",
                Some(Means::foreign("az vm list-usage --location <region>")),
            ),
            OTHER_SIZE,
        ],
    },
    // learn.microsoft.com/troubleshoot/azure/azure-kubernetes/error-code-poddrainfailure
    Row {
        codes: &["UpgradeFailed", "PodDrainFailure", "UnsatisfiablePDB"],
        kind: KindBy::Status {
            late: ErrorKind::Failed,
        },
        advice: &[
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
    },
    Row {
        codes: &["PublicIPCountLimitReached"],
        kind: KindBy::Status {
            late: ErrorKind::QuotaExceeded,
        },
        advice: &[Hint::fixed(
            "ask for more public addresses in the region, or delete what is no longer needed",
            None,
        )],
    },
    Row {
        codes: &["NotAllAgentPoolOrchestratorVersionSpecifiedAndUnchanged"],
        kind: KindBy::Status {
            late: ErrorKind::Precondition,
        },
        advice: &[Hint::fixed(
            "AKS wants control plane and node pools upgraded in one request: do it once with its own command, then run \
             this again",
            Some(Means::foreign(
                "az aks upgrade --resource-group <group> --name <cluster> --kubernetes-version <version>",
            )),
        )],
    },
    Row {
        codes: &["SubscriptionNotEnabledEncryptionAtHost"],
        kind: KindBy::Status {
            late: ErrorKind::Precondition,
        },
        advice: &[Hint::fixed(
            "register the subscription once; it takes some minutes",
            Some(Means::foreign(
                "az feature register --namespace Microsoft.Compute --name EncryptionAtHost",
            )),
        )],
    },
    Row {
        codes: &["VMSizeNotSupported", "VMSizeDoesNotSupportEncryptionAtHost"],
        kind: KindBy::Status {
            late: ErrorKind::InvalidInput,
        },
        advice: &[Hint::fixed("set another", Some(SIZES)), OFFERED],
    },
    Row {
        codes: &["SkuNotAvailable"],
        kind: KindBy::Code(ErrorKind::QuotaExceeded),
        advice: &[
            Hint::fixed("set another", Some(SIZES)),
            Hint::fixed("or other zones in", Some(ZONES)),
            OFFERED,
        ],
    },
    Row {
        codes: &["AvailabilityZoneNotSupported"],
        kind: KindBy::Status {
            late: ErrorKind::InvalidInput,
        },
        advice: &[Hint::fixed(
            "choose zones in which the region offers that size, in",
            Some(ZONES),
        )],
    },
    Row {
        codes: &[
            "AllocationFailed",
            "ZonalAllocationFailed",
            "OverconstrainedAllocationRequest",
            "OverconstrainedZonalAllocationRequest",
        ],
        kind: KindBy::Status {
            late: ErrorKind::Unavailable,
        },
        advice: &[Hint::fixed(
            "Azure has no such machines left there just now: run it again later, or choose another size or zone",
            None,
        )],
    },
    Row {
        codes: &["VaultAlreadyExists"],
        kind: KindBy::Status {
            late: ErrorKind::Conflict,
        },
        advice: &[
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
    },
    Row {
        codes: &["AlreadyInUse"],
        kind: KindBy::Status {
            late: ErrorKind::Conflict,
        },
        advice: &[Hint::fixed(
            "somebody has that name, which must be unique in all of Azure; give the cluster another name or resource group",
            None,
        )],
    },
    Row {
        codes: &["RoleAssignmentUpdateNotPermitted"],
        kind: KindBy::Status {
            late: ErrorKind::Conflict,
        },
        advice: &[Hint::fixed(
            "an assignment of that name stands for something else: delete it, then run it again",
            Some(Means::foreign("az role assignment delete --ids <the id above>")),
        )],
    },
    Row {
        codes: &["RoleAssignmentExists"],
        kind: KindBy::Status {
            late: ErrorKind::Conflict,
        },
        advice: &[Hint::fixed(
            "somebody gave the same role under another name: delete that assignment, or leave the role out",
            None,
        )],
    },
    Row {
        codes: &["PrincipalNotFound"],
        kind: KindBy::Status {
            late: ErrorKind::Precondition,
        },
        advice: &[
            Hint::fixed(
                "check that these are object ids, not client ids, in",
                Some(Means::settings(&["AZURE_AKS_ADMIN_PRINCIPAL_IDS"])),
            ),
            Hint::fixed(
                "a principal made just now takes some minutes to be known everywhere: then run it again",
                None,
            ),
        ],
    },
    Row {
        codes: &["ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"],
        kind: KindBy::Status {
            late: ErrorKind::Conflict,
        },
        advice: &[Hint::fixed(
            "somebody else is changing that identity's credentials: run it again",
            None,
        )],
    },
    Row {
        codes: &["SubnetIsFull", "InsufficientSubnetSize"],
        kind: KindBy::Status {
            late: ErrorKind::Precondition,
        },
        advice: &[Hint::fixed(
            "the subnet of AZURE_AKS_VNET_SUBNET_ID has too few free addresses: make it larger, or choose another",
            None,
        )],
    },
    Row {
        codes: &["CustomPrivateDNSZoneMissingPermissionError"],
        kind: KindBy::Status {
            late: ErrorKind::PermissionDenied,
        },
        advice: &[Hint::fixed(
            "the cluster's identity needs Private DNS Zone Contributor on the zone of AZURE_AKS_PRIVATE_DNS_ZONE, and Network Contributor on the virtual network",
            None,
        )],
    },
    Row {
        codes: &[
            "VMExtensionError_OutboundConnFail",
            "OutboundConnFailVMExtensionError",
            "VMExtensionError_K8SAPIServerConnFail",
            "K8SAPIServerConnFailVMExtensionError",
            "VMExtensionProvisioningError",
            "VMExtensionError_K8SAPIServerDNSLookupFail",
            "K8SAPIServerDNSLookupFailVMExtensionError",
        ],
        kind: KindBy::Status {
            late: ErrorKind::Precondition,
        },
        advice: &[Hint::fixed(
            "the nodes do not reach what they need: check AZURE_AKS_OUTBOUND_TYPE, the routes, DNS servers and firewall of the subnet, and AZURE_AKS_HTTPS_PROXY",
            None,
        )],
    },
    Row {
        codes: &["PropertyChangeNotAllowed"],
        kind: KindBy::Status {
            late: ErrorKind::Precondition,
        },
        advice: &[Hint::fixed(
            "that cannot be changed after creation: set it back, or deprovision the cluster and provision it anew",
            None,
        )],
    },
    Row {
        codes: &["ResourceGroupBeingDeleted"],
        kind: KindBy::Status {
            late: ErrorKind::Precondition,
        },
        advice: &[Hint::fixed(
            "the resource group is being deleted: wait until it is gone, then run it again",
            None,
        )],
    },
    Row {
        codes: &[
            "ReferencedResourceNotProvisioned",
            "RetryableError",
            "RetryableErrorDueToAnotherOperation",
        ],
        kind: KindBy::Status {
            late: ErrorKind::Conflict,
        },
        advice: &[Hint::fixed(
            "something else was still being made or changed: run it again",
            None,
        )],
    },
    Row {
        codes: &["DeploymentActive"],
        kind: KindBy::Status {
            late: ErrorKind::Precondition,
        },
        advice: &[WAIT],
    },
    Row {
        codes: &["DeploymentQuotaExceeded"],
        kind: KindBy::Status {
            late: ErrorKind::QuotaExceeded,
        },
        advice: &[Hint::fixed(
            "the history holds 800 deployments, of the subscription or of the group: delete old ones",
            Some(Means::foreign(
                "az deployment sub delete, az deployment group delete",
            )),
        )],
    },
    Row {
        codes: &["DeploymentStackInNonTerminalState"],
        kind: KindBy::Code(ErrorKind::Precondition),
        advice: &[
            WAIT,
            Hint::fixed(
                "let one go that is stuck for hours",
                Some(Means::foreign(
                    "az stack sub delete --action-on-unmanage detachAll",
                )),
            ),
        ],
    },
    Row {
        codes: &["DeploymentStackDeleteResourcesFailed"],
        kind: KindBy::Status {
            late: ErrorKind::Failed,
        },
        advice: &[Hint::fixed(
            "look at what could not be deleted (a lock, something that is still in use), then run it again",
            None,
        )],
    },
    Row {
        codes: &["DeploymentStackDeploymentFailed", "DeploymentFailed"],
        kind: KindBy::Status {
            late: ErrorKind::Failed,
        },
        advice: &[Hint::fixed(
            "Azure does not say why; look at the deployment in the portal under Subscriptions, Deployments, then run it again",
            None,
        )],
    },
    Row {
        codes: &[
            "InvalidTemplate",
            "InvalidTemplateDeployment",
            "MultipleErrorsOccurred",
        ],
        kind: KindBy::Status {
            late: ErrorKind::Failed,
        },
        advice: &[Hint::fixed(
            "what Azure says above tells which setting it does not accept; look at the usual ones",
            Some(Means::operation(Operation::ClusterCheck)),
        )],
    },
    Row {
        codes: &["ResourceNotFound", "ParentResourceNotFound", "NotFound"],
        kind: KindBy::Status {
            late: ErrorKind::Precondition,
        },
        advice: &[Hint::fixed(
            "check that what the settings name is there and that this identity may read it; something made just now may take a moment: run it again",
            None,
        )],
    },
    Row {
        codes: &["ResourceGroupNotFound"],
        kind: KindBy::Status {
            late: ErrorKind::Precondition,
        },
        advice: &[
            Hint::fixed("check", Some(Means::settings(&["AZURE_RESOURCE_GROUP_NAME"]))),
            Hint::fixed(
                "a group made just now may take a moment to be known everywhere: run it again",
                None,
            ),
        ],
    },
    Row {
        codes: &["DeploymentStackNotFound"],
        kind: KindBy::Status {
            late: ErrorKind::NotFound,
        },
        advice: &[Hint::fixed(
            "there is no such cluster; make it",
            Some(Means::operation(Operation::ClusterProvision)),
        )],
    },
    Row {
        codes: &["KubernetesPerformanceError"],
        kind: KindBy::Status {
            late: ErrorKind::Unavailable,
        },
        advice: &[Hint::fixed(
            "the command found no room in the cluster: look at its nodes, then run it again",
            None,
        )],
    },
    Row {
        codes: &["KubernetesOperationError"],
        kind: KindBy::Status {
            late: ErrorKind::Precondition,
        },
        advice: &[Hint::fixed(
            "something in the cluster refused the command: look at its admission policies",
            None,
        )],
    },
    Row {
        codes: &["RoleAssignmentLimitExceeded"],
        kind: KindBy::Status {
            late: ErrorKind::QuotaExceeded,
        },
        advice: &[Hint::fixed(
            "the subscription has no room for more role assignments: delete those that nobody needs",
            None,
        )],
    },
    Row {
        codes: &["RoleDefinitionDoesNotExist"],
        kind: KindBy::Status {
            late: ErrorKind::Precondition,
        },
        advice: &[Hint::fixed(
            "this cloud does not have that built-in role: give the identity the right in another way",
            None,
        )],
    },
];

/// What the codes of every service mean where a role is assigned: which permission that takes is known then.
pub(super) const ROLE_ASSIGNMENTS: &[Row] = &[Row {
    codes: &["AuthorizationFailed", "LinkedAuthorizationFailed"],
    kind: KindBy::Code(ErrorKind::PermissionDenied),
    advice: &[Hint::fixed(
        "giving rights needs Microsoft.Authorization/roleAssignments/write there: Role Based Access Control \
         Administrator or User Access Administrator; or ask who has it to make this assignment",
        None,
    )],
}];
