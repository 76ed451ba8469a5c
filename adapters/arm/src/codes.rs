//! What the codes of ARM mean: one table of the kind of error and of what a user can do, by code. A driver has the codes
//! of its own resources in rows of the same form, and hands them to [`ArmError::into_domain`](crate::ArmError::into_domain).

use std::borrow::Cow;

use kompox_domain::hint::Means;
use kompox_domain::{Argument, ErrorKind, Hint};

/// By what the kind of an error is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KindBy {
    /// The code says more than the status: this kind.
    Code(ErrorKind),
    /// The status says it. What failed late has none of its own, and is of this kind.
    Status {
        /// The kind of what failed late.
        late: ErrorKind,
    },
}

/// What some codes mean.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The codes. They compare without case.
    pub codes: &'static [&'static str],
    /// Of which kind the error is.
    pub kind: KindBy,
    /// What a user can do. Nothing: the status says it, where it does.
    pub advice: &'static [Hint],
}

impl Row {
    /// The kind of what failed late.
    #[must_use]
    pub const fn late_kind(&self) -> ErrorKind {
        match self.kind {
            KindBy::Code(kind) | KindBy::Status { late: kind } => kind,
        }
    }
}

/// The row of a code.
#[must_use]
pub fn find<'a>(rows: &'a [Row], code: &str) -> Option<&'a Row> {
    rows.iter()
        .find(|row| row.codes.iter().any(|known| known.eq_ignore_ascii_case(code)))
}

/// What can be done about a token that ARM does not take.
const SIGN_IN: &[Hint] = &[
    Hint::fixed("sign in again", None),
    Hint::fixed("check", Some(Means::settings(&["AZURE_TENANT_ID"]))),
];

/// What can be done about too many requests.
pub(crate) const WAIT: &[Hint] = &[
    Hint::fixed("wait a little", None),
    Hint::fixed(
        "let the wait fit in",
        Some(Means::Arguments(Cow::Borrowed(&[Argument::Timeout]))),
    ),
];

/// The codes of every ARM service.
pub const ARM: &[Row] = &[
    Row {
        codes: &["AuthorizationFailed", "LinkedAuthorizationFailed"],
        kind: KindBy::Code(ErrorKind::PermissionDenied),
        advice: &[Hint::fixed(
            "ask for a role that holds the action named above; a role given just now takes some minutes to work",
            None,
        )],
    },
    Row {
        codes: &["ScopeLocked"],
        kind: KindBy::Code(ErrorKind::Precondition),
        advice: &[Hint::fixed(
            "a management lock forbids it; leave it be, or remove the lock",
            Some(Means::foreign("az lock delete")),
        )],
    },
    Row {
        codes: &["RequestDisallowedByPolicy"],
        kind: KindBy::Code(ErrorKind::Precondition),
        advice: &[Hint::fixed(
            "an Azure Policy forbids it; its owner can exempt the scope",
            None,
        )],
    },
    Row {
        codes: &["OperationNotAllowed"],
        kind: KindBy::Code(ErrorKind::Precondition),
        advice: &[],
    },
    Row {
        codes: &["MissingSubscriptionRegistration"],
        kind: KindBy::Code(ErrorKind::Precondition),
        advice: &[Hint::fixed(
            "register the resource provider once",
            Some(Means::foreign(
                "az provider register --namespace <the one named above>",
            )),
        )],
    },
    Row {
        codes: &["SubscriptionNotFound", "InvalidSubscriptionId"],
        kind: KindBy::Status {
            late: ErrorKind::Failed,
        },
        advice: &[
            Hint::fixed("check", Some(Means::settings(&["AZURE_SUBSCRIPTION_ID"]))),
            Hint::fixed("see that the identity has a role in that subscription", None),
        ],
    },
    Row {
        codes: &["ReadOnlyDisabledSubscription"],
        kind: KindBy::Code(ErrorKind::Precondition),
        advice: &[Hint::fixed(
            "the subscription is disabled; reactivate it in the Azure portal",
            None,
        )],
    },
    Row {
        codes: &["ExpiredAuthenticationToken", "InvalidAuthenticationToken"],
        kind: KindBy::Code(ErrorKind::Unauthenticated),
        advice: SIGN_IN,
    },
    Row {
        codes: &["InvalidAuthenticationTokenTenant"],
        kind: KindBy::Status {
            late: ErrorKind::Failed,
        },
        advice: SIGN_IN,
    },
    Row {
        codes: &["AuthenticationFailed"],
        kind: KindBy::Code(ErrorKind::Unauthenticated),
        advice: &[],
    },
    Row {
        codes: &["QuotaExceeded", "ResourceQuotaExceeded"],
        kind: KindBy::Code(ErrorKind::QuotaExceeded),
        advice: &[Hint::fixed(
            "ask for a larger quota, or delete what is no longer needed",
            None,
        )],
    },
    Row {
        codes: &["SkuNotAvailable"],
        kind: KindBy::Code(ErrorKind::QuotaExceeded),
        advice: &[
            Hint::fixed("choose another SKU or zone", None),
            Hint::fixed(
                "see what the region offers",
                Some(Means::foreign("az vm list-skus")),
            ),
        ],
    },
    Row {
        codes: &["AnotherOperationInProgress", "OperationPreempted"],
        kind: KindBy::Code(ErrorKind::Precondition),
        advice: &[Hint::fixed(
            "wait until the other operation has ended, then run it again",
            None,
        )],
    },
    Row {
        codes: &[
            "LocationNotAvailableForResourceType",
            "LocationNotAvailableForResourceGroup",
        ],
        kind: KindBy::Status {
            late: ErrorKind::Failed,
        },
        advice: &[Hint::fixed("check", Some(Means::settings(&["AZURE_LOCATION"])))],
    },
    Row {
        codes: &["InvalidResourceGroupLocation"],
        kind: KindBy::Status {
            late: ErrorKind::Failed,
        },
        advice: &[Hint::fixed(
            "the group exists in another region; use that region or another group name",
            None,
        )],
    },
    Row {
        codes: &["TooManyRequests"],
        kind: KindBy::Status {
            late: ErrorKind::Throttled,
        },
        advice: WAIT,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_in_the_table_once_and_has_advice_or_a_reason_to_have_none() {
        // An attached disk and a thousand other things; a sign-in that is explained by what Entra ID says.
        let without = ["OperationNotAllowed", "AuthenticationFailed"];
        let mut seen = std::collections::BTreeSet::new();
        for row in ARM {
            for code in row.codes {
                assert!(seen.insert(code.to_ascii_lowercase()), "{code}");
                assert_eq!(row.advice.is_empty(), without.contains(code), "{code}");
            }
        }
    }

    #[test]
    fn a_code_is_found_in_any_case() {
        assert_eq!(
            find(ARM, "scopelocked").map(Row::late_kind),
            Some(ErrorKind::Precondition)
        );
        assert!(find(ARM, "Whatever").is_none());
    }
}
