//! What a user can do about an error that brings no advice of its own.

use kompox_domain::ErrorKind;

/// Advice for a kind of error; none where only the message itself can tell.
#[must_use]
pub(crate) const fn for_kind(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::InvalidInput => {
            Some("correct what the message names; `kompoxops check` tells what is wrong with a configuration")
        }
        ErrorKind::Unauthenticated => Some(
            "check AZURE_AUTH_METHOD and its credential in the provider's settings: an expired secret, a wrong tenant, \
             or no `az login`",
        ),
        ErrorKind::PermissionDenied => Some(
            "ask for the permission that the message names, at the resource group or subscription it names; a new role \
             assignment may take a few minutes to have effect",
        ),
        ErrorKind::QuotaExceeded => {
            Some("ask Azure for more quota, or delete disks and snapshots that are not needed")
        }
        ErrorKind::Throttled => {
            Some("Azure has had too many requests of this subscription: wait a minute and run it again")
        }
        ErrorKind::Unavailable => Some(
            "check network, proxy (HTTPS_PROXY, NO_PROXY) and, with AZURE_CLOUD: Custom, the endpoints and \
             AZURE_CA_FILE; then run it again",
        ),
        ErrorKind::Timeout => Some("give it longer with --timeout, for example --timeout 10m"),
        ErrorKind::Unsupported => Some("use a driver, or a kind of volume, that supports it"),
        ErrorKind::Internal => Some(
            "this is a fault of kompoxops: run it again with --log-level debug and report what it prints",
        ),
        ErrorKind::Failed => Some(
            "correct what the causes name and run it again; the correlation id finds the request in Azure's activity log",
        ),
        ErrorKind::NotFound => {
            Some("look at what there is, with `kompoxops disk list`, `snapshot list` or `cluster status`")
        }
        ErrorKind::Conflict => {
            Some("look at what there is, with `kompoxops disk list` or `cluster status`, and run it again")
        }
        ErrorKind::Precondition => Some("change the state that the message names and run it again"),
    }
}
