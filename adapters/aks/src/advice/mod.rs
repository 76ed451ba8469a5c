//! Errors of ARM about the driver's resources: their kind, and what a user can do about them.

mod codes;
mod phrases;

use kompox_arm::{ArmError, ErrorDetail, ServiceError};
use kompox_domain::{Error, ErrorKind, Hint};

use self::codes::TABLE;
use self::phrases::{Anchor, PHRASES, unquoted};

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

/// The error of a request about a cluster. Where the general mapping knows no advice, the table of clusters may.
pub(crate) fn to_domain(error: ArmError) -> Error {
    let detail = match error.last() {
        ArmError::Service(service) | ArmError::Operation { error: service, .. } => Some(ErrorDetail {
            code: service.code.clone(),
            message: service.message.clone(),
            ..ErrorDetail::default()
        }),
        _ => None,
    };
    let error = Error::from(error);
    match (error.hints(), detail) {
        ([], Some(detail)) => error.with_hints(advice(&detail).1),
        _ => error,
    }
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
