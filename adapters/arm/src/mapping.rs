//! The one place where an error of ARM becomes an error of the domain, with what a user can do about it.

use std::fmt::Write as _;

use kompox_domain::{Error, ErrorKind};

use crate::error::{ArmError, ServiceError, clip};

/// The kind of a refusal. By code where the code says more than the status.
fn kind_of(error: &ServiceError) -> ErrorKind {
    match error.code.as_str() {
        "AuthorizationFailed" | "LinkedAuthorizationFailed" => ErrorKind::PermissionDenied,
        "ScopeLocked"
        | "RequestDisallowedByPolicy"
        | "OperationNotAllowed"
        | "MissingSubscriptionRegistration"
        | "AnotherOperationInProgress"
        | "OperationPreempted"
        | "DeploymentStackInNonTerminalState"
        | "ReadOnlyDisabledSubscription" => {
            if mentions_quota(error) {
                ErrorKind::QuotaExceeded
            } else {
                ErrorKind::Precondition
            }
        }
        "QuotaExceeded" | "ResourceQuotaExceeded" | "SkuNotAvailable" => ErrorKind::QuotaExceeded,
        "ExpiredAuthenticationToken" | "InvalidAuthenticationToken" | "AuthenticationFailed" => {
            ErrorKind::Unauthenticated
        }
        _ => match error.status {
            400 | 405 | 413 | 415 | 422 => ErrorKind::InvalidInput,
            401 => ErrorKind::Unauthenticated,
            403 => ErrorKind::PermissionDenied,
            404 | 410 => ErrorKind::NotFound,
            409 => ErrorKind::Conflict,
            412 => ErrorKind::Precondition,
            429 => ErrorKind::Throttled,
            408 | 500..=599 => ErrorKind::Unavailable,
            // An operation that failed late comes with status 200.
            _ => ErrorKind::Failed,
        },
    }
}

fn mentions_quota(error: &ServiceError) -> bool {
    error.message.to_ascii_lowercase().contains("quota")
}

/// What a user can do about a code.
fn hint_of(error: &ServiceError) -> Option<String> {
    let hint = match error.code.as_str() {
        "AuthorizationFailed" | "LinkedAuthorizationFailed" => {
            "ask for a role that holds the action named above; a role given just now takes some minutes to work"
        }
        "ScopeLocked" => {
            "a management lock forbids it; remove the lock with `az lock delete`, or leave it be"
        }
        "RequestDisallowedByPolicy" => "an Azure Policy forbids it; its owner can exempt the scope",
        "MissingSubscriptionRegistration" => {
            "register the resource provider once: az provider register --namespace <the one named above>"
        }
        "SubscriptionNotFound" | "InvalidSubscriptionId" => {
            "check AZURE_SUBSCRIPTION_ID, and that the identity has a role in that subscription"
        }
        "ReadOnlyDisabledSubscription" => "the subscription is disabled; reactivate it in the Azure portal",
        "ExpiredAuthenticationToken" | "InvalidAuthenticationToken" | "InvalidAuthenticationTokenTenant" => {
            "sign in again, and check AZURE_TENANT_ID"
        }
        "QuotaExceeded" | "ResourceQuotaExceeded" => {
            "ask for a larger quota, or delete what is no longer needed"
        }
        "SkuNotAvailable" => "choose another SKU or zone: az vm list-skus tells what the region offers",
        "AnotherOperationInProgress" | "OperationPreempted" => {
            "wait until the other operation has ended, then run it again"
        }
        "LocationNotAvailableForResourceType" | "LocationNotAvailableForResourceGroup" => {
            "check AZURE_LOCATION"
        }
        "InvalidResourceGroupLocation" => {
            "the group exists in another region; use that region or another group name"
        }
        _ => match error.status {
            429 => "wait a little, or raise --timeout so that the wait fits in",
            500..=599 => "Azure has trouble on its side; try again, and see https://azure.status.microsoft",
            _ => return None,
        },
    };
    Some(hint.to_owned())
}

impl From<ArmError> for Error {
    fn from(error: ArmError) -> Self {
        match error {
            ArmError::Service(service) => from_service(*service, None),
            ArmError::Operation { state, error } => from_service(*error, Some(&state)),
            ArmError::Transport { ref source, .. } => {
                let hint = if matches!(source.kind(), azure_core::error::ErrorKind::Connection) {
                    "check the network, HTTPS_PROXY and NO_PROXY, and AZURE_CA_FILE where the cloud has a private CA"
                } else {
                    "the connection broke; run it again"
                };
                Self::new(ErrorKind::Unavailable, error.to_string())
                    .with_hint(hint)
                    .with_source(error_chain(source))
            }
            ArmError::Credential { ref source } => Self::new(credential_kind(source), error.to_string())
                .with_hint(credential_hint(source))
                .with_source(error_chain(source)),
            ArmError::Deadline { retry_after, .. } => {
                let hint = retry_after.map_or_else(
                    || "give it more time with --timeout".to_owned(),
                    |wait| {
                        format!(
                            "Azure asks to wait {} s; give it more time with --timeout",
                            wait.as_secs()
                        )
                    },
                );
                Self::new(ErrorKind::Timeout, error.to_string()).with_hint(hint)
            }
            ArmError::Protocol { .. } => Self::new(ErrorKind::Unavailable, error.to_string())
                .with_hint("a proxy may have answered in Azure's place; check HTTPS_PROXY and NO_PROXY"),
        }
    }
}

fn from_service(service: ServiceError, late: Option<&str>) -> Error {
    // The status of an answer that reports a late failure is that of the report; only the code says more.
    let kind = if late.is_some() {
        kind_of(&ServiceError {
            status: 200,
            ..service.clone()
        })
    } else {
        kind_of(&service)
    };
    let hint = hint_of(&service);
    let mut message = service.message;
    if !service.policies.is_empty() {
        let _ = write!(message, " (policies: {})", service.policies.join(", "));
    }
    if let Some(state) = late {
        message = format!("Azure ended the operation as {state}: {message}");
    }
    let mut error = Error::new(kind, message).with_code(service.code);
    if let Some(target) = service.target {
        error = error.with_target(target);
    }
    if let Some(id) = service.correlation_id {
        error = error.with_correlation_id(id);
    }
    if let Some(hint) = hint {
        error = error.with_hint(hint);
    }
    error
}

/// A refused sign-in is the user's to mend; an Entra that cannot be reached is not.
fn credential_kind(error: &azure_core::Error) -> ErrorKind {
    use azure_core::error::ErrorKind as Core;
    let mut current: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = current {
        if let Some(core) = cause.downcast_ref::<azure_core::Error>()
            && matches!(core.kind(), Core::Connection | Core::Io)
        {
            return ErrorKind::Unavailable;
        }
        current = cause.source();
    }
    ErrorKind::Unauthenticated
}

fn credential_hint(error: &azure_core::Error) -> String {
    let text = chain_text(error);
    let hint = if text.contains("AADSTS7000215") || text.contains("AADSTS7000222") {
        "the client secret is wrong or has expired; make a new one and put it where AZURE_CLIENT_SECRET points"
    } else if text.contains("AADSTS700016") {
        "there is no such application in the tenant; check AZURE_CLIENT_ID and AZURE_TENANT_ID"
    } else if text.contains("AADSTS90002") || text.contains("AADSTS900023") {
        "there is no such tenant; check AZURE_TENANT_ID"
    } else if text.contains("AADSTS70021") || text.contains("AADSTS700211") || text.contains("AADSTS700213") {
        "no federated credential matches the token's issuer, subject and audience; a new one takes some seconds to work"
    } else if text.contains("AADSTS700212") {
        "the token has the wrong audience; it must be api://AzureADTokenExchange"
    } else if text.contains("az login") || text.contains("Azure CLI") {
        "run az login, or choose another AZURE_AUTH_METHOD"
    } else if text.contains("azd") {
        "run azd auth login, or choose another AZURE_AUTH_METHOD"
    } else if credential_kind(error) == ErrorKind::Unavailable {
        "the sign-in service cannot be reached; check the network, HTTPS_PROXY and NO_PROXY, and AZURE_CA_FILE"
    } else {
        "check AZURE_AUTH_METHOD and the settings that go with it"
    };
    hint.to_owned()
}

fn chain_text(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut current = error.source();
    while let Some(cause) = current {
        let _ = write!(text, "\n{cause}");
        current = cause.source();
    }
    text
}

/// The causes of an SDK error as a chain of plain texts, each said once: the SDK repeats its sources.
fn error_chain(error: &azure_core::Error) -> Cause {
    let mut texts: Vec<String> = Vec::new();
    let mut current: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = current {
        let text = clip(cause.to_string().trim());
        if !text.is_empty() && !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        current = cause.source();
    }
    let mut chain: Option<Box<Cause>> = None;
    while let Some(text) = texts.pop() {
        chain = Some(Box::new(Cause { text, source: chain }));
    }
    chain.map_or_else(
        || Cause {
            text: "unknown".to_owned(),
            source: None,
        },
        |cause| *cause,
    )
}

/// One text in a chain of causes.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Cause {
    text: String,
    source: Option<Box<Cause>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(status: u16, code: &str, message: &str) -> Error {
        let error = ServiceError {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
            ..ServiceError::default()
        };
        ArmError::Service(Box::new(error)).into()
    }

    #[test]
    fn the_code_decides_the_kind_where_it_says_more_than_the_status() {
        assert_eq!(domain(409, "ScopeLocked", "").kind(), ErrorKind::Precondition);
        assert_eq!(
            domain(409, "OperationNotAllowed", "attached").kind(),
            ErrorKind::Precondition
        );
        assert_eq!(
            domain(409, "OperationNotAllowed", "exceeds Quota").kind(),
            ErrorKind::QuotaExceeded
        );
        assert_eq!(domain(409, "Anything", "").kind(), ErrorKind::Conflict);
        assert_eq!(
            domain(403, "AuthorizationFailed", "").kind(),
            ErrorKind::PermissionDenied
        );
        assert_eq!(domain(404, "ResourceNotFound", "").kind(), ErrorKind::NotFound);
        assert_eq!(domain(429, "TooManyRequests", "").kind(), ErrorKind::Throttled);
        assert_eq!(domain(503, "ServerBusy", "").kind(), ErrorKind::Unavailable);
        assert_eq!(
            domain(401, "ExpiredAuthenticationToken", "").kind(),
            ErrorKind::Unauthenticated
        );
    }

    #[test]
    fn a_policy_denial_names_the_policies() {
        let body = br#"{"error":{"code":"RequestDisallowedByPolicy","message":"no","additionalInfo":[
            {"type":"PolicyViolation","info":{"policyDefinitionDisplayName":"Allowed locations"}}]}}"#;
        let error: Error = ArmError::Service(Box::new(ServiceError::parse(403, body))).into();
        assert_eq!(error.kind(), ErrorKind::Precondition);
        assert!(error.to_string().contains("Allowed locations"));
    }
}
