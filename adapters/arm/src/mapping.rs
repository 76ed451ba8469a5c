//! The one place where an error of ARM becomes an error of the domain, with what a user can do about it.

use std::fmt::Write as _;

use kompox_domain::{Argument, Error, ErrorKind, Hint};

use crate::codes::{ARM, KindBy, Row, WAIT, find};
use crate::error::{ArmError, ServiceError};
use crate::shown::clip;
use crate::texts::{is_about_quota, sign_in_hints};

/// The kind of a refusal: by code where the code says more than the status.
fn kind_of(error: &ServiceError, row: Option<&Row>) -> ErrorKind {
    if is_about_quota(&error.code, &error.message) {
        return ErrorKind::QuotaExceeded;
    }
    let late = match row.map(|row| row.kind) {
        Some(KindBy::Code(kind)) => return kind,
        Some(KindBy::Status { late }) => late,
        None => ErrorKind::Failed,
    };
    match error.status {
        400 | 405 | 413 | 415 | 422 => ErrorKind::InvalidInput,
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::PermissionDenied,
        404 | 410 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        412 => ErrorKind::Precondition,
        429 => ErrorKind::Throttled,
        408 | 500..=599 => ErrorKind::Unavailable,
        // An operation that failed late comes with status 200.
        _ => late,
    }
}

/// What a user can do about a refusal.
fn hints_of(error: &ServiceError, row: Option<&Row>) -> Vec<Hint> {
    match row.map(|row| row.advice) {
        Some(advice) if !advice.is_empty() => return advice.to_vec(),
        _ => {}
    }
    match error.status {
        429 => WAIT.to_vec(),
        500..=599 => {
            vec!["Azure has trouble on its side; try again, and see https://azure.status.microsoft".into()]
        }
        _ => Vec::new(),
    }
}

impl ServiceError {
    /// What kind of error it is, and what a user can do about it: as the rows of a driver say, else as those of ARM.
    #[must_use]
    pub fn kind_and_advice(&self, additions: &[Row]) -> (ErrorKind, Vec<Hint>) {
        let row = find(additions, &self.code).or_else(|| find(ARM, &self.code));
        (kind_of(self, row), hints_of(self, row))
    }
}

impl ArmError {
    /// The error of the domain, by the rows of a driver before those of ARM.
    #[must_use]
    pub fn into_domain(self, additions: &[Row]) -> Error {
        let text = self.to_string();
        let (error, id) = match self {
            Self::Service(service) => return from_service(*service, None, additions),
            Self::Operation { state, error } => return from_service(*error, Some(&state), additions),
            Self::Unsettled(last) => return last.into_domain(additions),
            Self::Unfollowed { source, .. } => {
                let error = source.into_domain(additions);
                // What was accepted and cannot be read is not therefore missing.
                if error.kind() != ErrorKind::NotFound {
                    return error.context(text);
                }
                return Error::new(ErrorKind::Unavailable, text)
                    .with_hint("look whether it is there, and run it again")
                    .with_source(error);
            }
            Self::Transport {
                source,
                correlation_id,
                ..
            } => {
                let hint = if is_about_certificates(&source) {
                    "the certificate is not trusted; name the CA of a private cloud or proxy in AZURE_CA_FILE"
                } else if matches!(source.kind(), azure_core::error::ErrorKind::Connection) {
                    "check the network, HTTPS_PROXY and NO_PROXY, and AZURE_CA_FILE where the cloud has a private CA"
                } else {
                    "the connection broke; run it again"
                };
                let error = Error::new(ErrorKind::Unavailable, text);
                (
                    error.with_hint(hint).with_source(error_chain(&source)),
                    correlation_id,
                )
            }
            Self::Credential {
                source,
                correlation_id,
            } => {
                let error = Error::new(credential_kind(&source), text);
                (
                    error
                        .with_hints(credential_hints(&source))
                        .with_source(error_chain(&source)),
                    correlation_id,
                )
            }
            Self::Deadline {
                retry_after,
                correlation_id,
                ..
            } => {
                let asked =
                    retry_after.map(|wait| Hint::text(format!("Azure asks to wait {} s", wait.as_secs())));
                let more = Hint::argument("give it more time", Argument::Timeout);
                (
                    Error::new(ErrorKind::Timeout, text).with_hints(asked.into_iter().chain([more])),
                    correlation_id,
                )
            }
            Self::Protocol { correlation_id, .. } => {
                let hint = "a proxy may have answered in Azure's place; check HTTPS_PROXY and NO_PROXY";
                (
                    Error::new(ErrorKind::Unavailable, text).with_hint(hint),
                    correlation_id,
                )
            }
        };
        match id {
            Some(id) => error.with_correlation_id(id),
            None => error,
        }
    }
}

impl From<ArmError> for Error {
    fn from(error: ArmError) -> Self {
        error.into_domain(&[])
    }
}

fn from_service(service: ServiceError, late: Option<&str>, additions: &[Row]) -> Error {
    let (mut kind, hints) = service.kind_and_advice(additions);
    // The status of an answer that reports a late failure is that of the report; only the code says more.
    if late.is_some() {
        let without_status = ServiceError {
            status: 200,
            ..service.clone()
        };
        kind = without_status.kind_and_advice(additions).0;
    }
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
    error.with_hints(hints)
}

/// Every cause of an error, itself first.
fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |cause| cause.source())
}

/// Whether it is no refusal that kept us from a token, but an Entra that cannot be reached or has trouble.
fn is_outage(error: &azure_core::Error) -> bool {
    use azure_core::error::ErrorKind as Core;
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<azure_core::Error>())
        .any(|core| match core.kind() {
            Core::Connection | Core::Io => true,
            Core::HttpResponse { status, .. } => {
                let status = u16::from(*status);
                status == 408 || status == 429 || status >= 500
            }
            _ => false,
        })
}

/// Whether signing in is worth another try.
pub(crate) fn sign_in_may_work_later(error: &azure_core::Error) -> bool {
    is_outage(error) && !is_about_certificates(error)
}

/// Whether the other side's certificate is the trouble.
pub(crate) fn is_about_certificates(error: &azure_core::Error) -> bool {
    causes(error).any(is_a_certificate)
}

/// By the type of one cause. An error of TLS is inside one of I/O, where it is not among the sources.
fn is_a_certificate(cause: &(dyn std::error::Error + 'static)) -> bool {
    use rustls::Error as Tls;
    if let Some(io) = cause.downcast_ref::<std::io::Error>() {
        return io.get_ref().is_some_and(|inner| is_a_certificate(inner));
    }
    matches!(
        cause.downcast_ref(),
        Some(Tls::InvalidCertificate(_) | Tls::NoCertificatesPresented)
    )
}

/// A refused sign-in is the user's to mend; an Entra that cannot be reached is not.
fn credential_kind(error: &azure_core::Error) -> ErrorKind {
    if is_outage(error) {
        ErrorKind::Unavailable
    } else {
        ErrorKind::Unauthenticated
    }
}

fn credential_hints(error: &azure_core::Error) -> Vec<Hint> {
    if let Some(told) = causes(error).find_map(|cause| sign_in_hints(&cause.to_string())) {
        return told.to_vec();
    }
    let hint = if is_about_certificates(error) {
        "the certificate of the sign-in service is not trusted; name the CA of a private cloud or proxy in AZURE_CA_FILE"
    } else if is_outage(error) {
        "the sign-in service cannot be reached; check the network, HTTPS_PROXY and NO_PROXY, and AZURE_CA_FILE"
    } else {
        "check AZURE_AUTH_METHOD and the settings that go with it"
    };
    vec![hint.into()]
}

/// The causes of an SDK error as a chain of plain texts, each said once: the SDK repeats its sources.
fn error_chain(error: &azure_core::Error) -> Cause {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = without_queries(&clip(cause.to_string().trim()));
        if !text.is_empty() && !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
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

/// A text without the queries of the URLs in it: a monitor's holds more than anybody should see.
fn without_queries(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut hidden = false;
    for c in text.chars() {
        if c == '?' {
            hidden = true;
        } else if hidden && (c.is_whitespace() || matches!(c, ')' | '"' | '\'')) {
            hidden = false;
        }
        if !hidden {
            shown.push(c);
        }
    }
    shown
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

    #[test]
    fn the_query_of_a_url_is_not_shown() {
        let text = "error sending request for url (https://management.azure.com/op?p=1&t=secret): timed out";
        assert_eq!(
            without_queries(text),
            "error sending request for url (https://management.azure.com/op): timed out"
        );
    }

    fn transport(inner: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> azure_core::Error {
        let io = std::io::Error::other(inner);
        azure_core::Error::with_error(azure_core::error::ErrorKind::Io, io, "GET /disks/certificate-azd")
    }

    #[test]
    fn a_certificate_is_told_by_the_type_of_the_error_and_by_no_name() {
        let untrusted = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let inside = transport(std::io::Error::other(untrusted));
        let named = transport("the connection to certificate.azd.example broke");
        assert!(is_about_certificates(&inside) && !is_about_certificates(&named));
        assert!(!sign_in_may_work_later(&inside) && sign_in_may_work_later(&named));
        assert!(format!("{:?}", credential_hints(&inside)).contains("AZURE_CA_FILE"));
        let hint = format!("{:?}", credential_hints(&named));
        assert!(
            hint.contains("cannot be reached") && !hint.contains("azd"),
            "{hint}"
        );
    }

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
            domain(409, "OperationNotAllowed", "it exceeds Quota").kind(),
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
    fn what_was_accepted_and_cannot_be_read_is_not_told_as_missing() {
        let refusal = |status| {
            Box::new(ArmError::Service(Box::new(ServiceError {
                status,
                ..ServiceError::default()
            })))
        };
        let unfollowed = |status| {
            Error::from(ArmError::Unfollowed {
                request: "PUT /x".to_owned(),
                source: refusal(status),
            })
        };
        assert_eq!(unfollowed(404).kind(), ErrorKind::Unavailable);
        assert_eq!(unfollowed(403).kind(), ErrorKind::PermissionDenied);
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
