//! Errors of ARM about the driver's resources: their kind, and what a user can do about them.

mod codes;
mod phrases;

use kompox_arm::codes::find;
use kompox_arm::{ArmError, ErrorDetail, ServiceError};
use kompox_domain::{Error, ErrorKind, Hint};

use self::codes::{RESOURCES, ROLE_ASSIGNMENTS};
use self::phrases::by_phrase;

/// What kind of failure it is, and what can be done about it. It failed late: it has no status of its own.
pub(crate) fn kind_and_advice(detail: &ErrorDetail) -> (ErrorKind, Vec<Hint>) {
    if let Some((kind, hints)) = by_phrase(&detail.code, &detail.message) {
        return (kind, hints.to_vec());
    }
    let failed = ServiceError {
        status: 200,
        code: detail.code.clone(),
        message: detail.message.clone(),
        ..ServiceError::default()
    };
    let (kind, mut hints) = failed.kind_and_advice(RESOURCES);
    if !hints.is_empty() && !detail.policies.is_empty() {
        hints.push(Hint::text(format!("policies: {}", detail.policies.join(", "))));
    }
    (kind, hints)
}

/// The error of a request about a resource of the driver.
pub(crate) fn to_domain(error: ArmError) -> Error {
    let said = match error.last() {
        ArmError::Service(service) | ArmError::Operation { error: service, .. } => {
            by_phrase(&service.code, &service.message).map(|(_, hints)| hints)
        }
        _ => None,
    };
    let error = error.into_domain(RESOURCES);
    match said {
        Some(hints) => error.with_hints(hints.to_vec()),
        None => error,
    }
}

/// The error of a request about a role assignment.
pub(crate) fn of_role_assignment(error: ArmError) -> Error {
    let rows = match error.code() {
        Some(code) if find(ROLE_ASSIGNMENTS, code).is_some() => ROLE_ASSIGNMENTS,
        _ => RESOURCES,
    };
    error.into_domain(rows)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kompox_arm::codes::ARM;
    use kompox_domain::hint::in_words;

    use super::phrases::{PHRASES, unquoted};
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
        let (kind, hints) = kind_and_advice(&ErrorDetail {
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
        let (_, hints) = kind_and_advice(&ErrorDetail {
            code: "RequestDisallowedByPolicy".to_owned(),
            policies: vec!["Allowed locations".to_owned()],
            ..ErrorDetail::default()
        });
        assert!(format!("{hints:?}").contains("Allowed locations"));
    }

    #[test]
    fn every_code_has_one_kind_and_advice_but_for_those_that_mean_more_where_they_come_from() {
        // A size of machines is set elsewhere than that of disks; who assigns roles needs a permission that is known.
        let told_twice = [
            "SkuNotAvailable",
            "AuthorizationFailed",
            "LinkedAuthorizationFailed",
        ];
        let mut known: BTreeSet<&str> = ARM.iter().flat_map(|row| row.codes.iter().copied()).collect();
        for row in RESOURCES.iter().chain(ROLE_ASSIGNMENTS) {
            assert!(!row.advice.is_empty(), "{:?}", row.codes);
            for code in row.codes {
                assert_eq!(known.insert(code), !told_twice.contains(code), "{code}");
                if let Some(general) = find(ARM, code) {
                    assert_eq!(row.kind, general.kind, "{code}");
                }
            }
        }
        for code in told_twice {
            assert!(known.contains(code), "{code}");
        }
    }

    #[test]
    fn a_code_has_the_same_advice_whether_azure_refuses_at_once_or_fails_late() {
        for row in RESOURCES {
            for code in row.codes {
                let refused = to_domain(ArmError::Service(Box::new(ServiceError {
                    status: 409,
                    code: (*code).to_owned(),
                    ..ServiceError::default()
                })));
                assert_eq!(in_words(refused.hints()), of(code, "").1, "{code}");
            }
        }
    }
}
